"""The digit model: pure code, and in `trained/` the files that training produced."""
