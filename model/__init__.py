"""The digit model: code, and in `trained/` the shipped network."""
