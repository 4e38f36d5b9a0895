"""The Draw, Keyboard and Handwriting pages."""
