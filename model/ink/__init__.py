"""Turns drawings, pictures and photos into 28x28 frames."""
