"""Drawings, pictures and photos in, 28x28 frames out."""
