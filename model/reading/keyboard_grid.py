"""Reads a digit that was filled into the keyboard grid."""

import numpy as np

from model.ink.keyboard_grid import frames_from_cells
from model.reading.recognizer import Recognizer


def read_cells(cells: object, recognizer: Recognizer) -> tuple[np.ndarray, np.ndarray]:
    """Reads the grid as one digit.

    Args:
        cells: As in `model.ink.keyboard_grid.ink_from_cells`.
        recognizer: Reads the frames.

    Returns:
        Of the smoothed frames the one that was read most surely, `(28, 28)`, and its
        probabilities, `(10,)`.

    Raises:
        BadDrawing, NothingDrawn, TooSmall: As `model.ink.keyboard_grid.frames_from_cells`.
    """
    frames = frames_from_cells(cells)
    probabilities = recognizer.probabilities(frames)
    surest = int(probabilities.max(axis=1).argmax())
    return frames[surest], probabilities[surest]
