"""The words procedures are written in, and the ports through which they reach the world."""
