"""The Test set page."""
