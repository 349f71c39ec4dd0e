"""What incidents (SOP-08) say at their ends, and of words meant for the public."""

NOTHING_HERE = "It goes on elsewhere: nothing of it is done, noted or opened again here."
