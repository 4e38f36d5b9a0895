"""Draws photos of sheets of paper with handwritten digits, as input for tests."""

import cv2
import numpy as np

from model.learning import glyphs

ROWS = ((3, 1, 7), (4, 0, 2))


def sheet(rows=ROWS, seed=0, ground=225, ink=50, gradient=0, noise=0, ruled=False) -> np.ndarray:
    """A photo of a sheet of paper with digits.

    Args:
        rows: The digits, line by line.
        seed: Of the handwriting and the noise.
        ground: Grey of the paper, 0 to 255.
        ink: Grey of the ink, 0 to 255.
        gradient: How much darker the right edge is, 0 to 1.
        noise: Standard deviation of the noise, in grey levels.
        ruled: Whether the paper has lines.

    Returns:
        `uint8` array of shape `(rows, cols, 3)`, RGB.
    """
    rng = np.random.default_rng(seed)
    height, width = 220 * len(rows) + 60, 200 * max(map(len, rows)) + 80
    grey = np.full((height, width), float(ground))
    if ruled:
        for row in range(40, height, 48):
            grey[row : row + 2] = ground - 45
    written = np.zeros((height, width), np.uint8)
    for line, digits in enumerate(rows):
        for place, digit in enumerate(digits):
            strokes = glyphs.draw_digit(digit, rng)
            points = np.concatenate(strokes)
            size = 130 / np.ptp(points, axis=0).max()
            shift = np.array([70 + 200 * place, 50 + 220 * line]) - points.min(axis=0) * size
            lines = [np.round(stroke * size + shift).astype(np.int32) for stroke in strokes]
            cv2.polylines(written, lines, False, 255, 9, cv2.LINE_AA)
    grey += (ink - ground) * (written / 255)
    light = 1 - gradient * np.linspace(0, 1, width)[None, :]
    grey = cv2.GaussianBlur(grey * light, (0, 0), 1.2) + rng.normal(0, noise, grey.shape)
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
