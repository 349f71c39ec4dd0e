"""The ground floor: what a procedure is, and the procedures themselves. Pure; does no I/O."""
