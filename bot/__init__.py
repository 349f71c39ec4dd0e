"""The upper floor: what makes the procedures run, and talks to people about it."""
