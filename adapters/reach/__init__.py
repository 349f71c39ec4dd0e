"""What every far end is reached through, whichever protocol it speaks: how long, how much, how often."""
