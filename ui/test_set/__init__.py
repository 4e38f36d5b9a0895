"""The page Test images."""
