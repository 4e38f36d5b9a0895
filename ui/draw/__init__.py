"""The pages Draw and My handwriting."""
