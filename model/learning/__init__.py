"""Data, glyphs, augmentation, training and evaluation; the only folder that uses Keras."""
