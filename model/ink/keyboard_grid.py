"""Turns a grid of 28x28 cells, filled in by keyboard, into frames.

Lines filled in by keyboard are one cell wide and have steps and square corners, unlike a pen's.
They are smoothed, then preprocessed like any picture.
"""

import cv2
import numpy as np

from model.errors import BadDrawing, NothingDrawn, TooSmall
from model.ink.frame import FRAME_SIDE, WORK_SIDE, to_mnist

NUM_CELLS = FRAME_SIDE * FRAME_SIDE
SMALLEST = 4  # cells; a digit with a shorter longer side has no room for a loop
# Standard deviations of the Gaussian that smooths, as shares of the digit's longer side. The
# first keeps what was filled in with care, the second rounds square corners; the surer of the
# two readings is used. Read right without smoothing, with the first, the second and both:
#   ten digits in a 5x7 font and in seven segments, several sizes    56, 50, 99 and 99 %
#   MNIST training images as cells                                   98.4, 100, 97.1 and 100 %
#   the same thinned to lines of one cell                            97.6, 98.0, 95.9 and 97.9 %
# The widths were chosen on these 70 patterns and 800 images, so new ones do a little worse.
SMOOTHING = (0.03, 0.08)
EDGE = (0.5, 0.75)  # of the smoothed ink's median; between these it becomes an edge again
ROOM = 0.3  # of the longer side; left around the digit for the smoothing to spread into


def ink_from_cells(cells: object) -> np.ndarray:
    """Checks and converts the string that the browser sends.

    Args:
        cells: 784 characters, row by row from the top left: "1" is ink, "0" is paper.

    Returns:
        `float32` array of shape `(28, 28)`, 0 paper or 1 ink.

    Raises:
        BadDrawing: If `cells` is anything else.
    """
    if not isinstance(cells, str) or len(cells) != NUM_CELLS or not set(cells) <= {"0", "1"}:
        raise BadDrawing(
            f"This picture can't be read: clear the grid and fill its {FRAME_SIDE} × {FRAME_SIDE} "
            "cells again."
        )
    return np.array([cell == "1" for cell in cells], np.float32).reshape(FRAME_SIDE, FRAME_SIDE)


def cells_from_ink(ink: np.ndarray) -> str:
    """Fills the cells that are at least half ink; the inverse of `ink_from_cells`.

    Args:
        ink: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.

    Example:
        >>> cells_from_ink(np.eye(28, dtype=np.float32))[:30]
        '100000000000000000000000000001'
    """
    return "".join("1" if inked else "0" for inked in (ink >= 0.5).ravel())


def frames_from_cells(cells: object) -> np.ndarray:
    """Prepares one digit, smoothed a little and smoothed more.

    Args:
        cells: As in `ink_from_cells`.

    Returns:
        `float32` array of shape `(2, 28, 28)`, 0 paper to 1 ink; one frame for each width in
        `SMOOTHING`.

    Raises:
        BadDrawing: If `cells` is not a grid.
        NothingDrawn: If no cell is filled.
        TooSmall: If the ink is less than 4 cells high and wide.
    """
    ink = ink_from_cells(cells)
    return np.stack([to_mnist(_smooth(ink, width)) for width in SMOOTHING])


def _smooth(ink: np.ndarray, width: float) -> np.ndarray:
    """Enlarges the digit to about 160 pixels and smooths its lines."""
    rows, cols = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        raise NothingDrawn
    digit = ink[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    longer = max(digit.shape)
    if longer < SMALLEST:
        raise TooSmall
    factor = round(WORK_SIDE / longer)
    large = np.pad(digit.repeat(factor, 0).repeat(factor, 1), round(ROOM * longer * factor))
    spread = cv2.GaussianBlur(large, (0, 0), width * longer * factor)
    shares = spread / float(np.median(spread[large > 0]))
    return np.clip((shares - EDGE[0]) / (EDGE[1] - EDGE[0]), 0, 1).astype(np.float32)
