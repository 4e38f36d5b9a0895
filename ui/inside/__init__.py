"""The Lab page: each step from the pen to the answer."""
