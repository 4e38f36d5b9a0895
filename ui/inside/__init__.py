"""The page How it works: each step from the pen to the answer."""
