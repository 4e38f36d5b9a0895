"""A picture of 28 x 28 cells, each ink or paper, as it is filled in by keyboard.

Typed lines are one cell wide and run in stairs and square corners, which no pen does; they are
smoothed before they are prepared as any picture is.
"""

import cv2
import numpy as np

from model.errors import BadDrawing, NothingDrawn, TooSmall
from model.ink.frame import FRAME_SIDE, WORK_SIDE, to_mnist
from model.reading.recognizer import Recognizer

NUM_CELLS = FRAME_SIDE * FRAME_SIDE
SMALLEST = 4  # cells a digit's longer side needs; fewer hold no loop
# Widths of the Gaussian that smooths, shares of the digit's longer side: the first keeps what a
# hand drew, the second makes curves of square corners. The surer reading counts. Read right
# without smoothing, with the first, the second and both: ten digits typed in a 5 x 7 font and in
# seven segments, each in several sizes, 56, 50, 99 and 99 %; MNIST's training images as cells
# 98.4, 100, 97.1 and 100 %; thinned to lines of one cell 97.6, 98.0, 95.9 and 97.9 %. The widths
# were chosen on these, 70 patterns and 800 images, so new ones are read a little worse.
SMOOTHING = (0.03, 0.08)
# The smoothed ink becomes an edge again between these shares of its median.
EDGE = (0.5, 0.75)
ROOM = 0.3  # of the longer side, around the digit, for what the smoothing spreads


def ink_of_cells(cells: object) -> np.ndarray:
    """The picture that the browser sent as a string, trusted in nothing.

    Args:
        cells: 784 characters, row by row from the top left: "1" is ink, "0" is paper.

    Returns:
        `float32` array of shape `(28, 28)`, 0 paper to 1 ink.

    Raises:
        BadDrawing: If it is anything else.
    """
    if not isinstance(cells, str) or len(cells) != NUM_CELLS or not set(cells) <= {"0", "1"}:
        raise BadDrawing(
            f"This picture can't be read: clear the grid and fill its {FRAME_SIDE} × {FRAME_SIDE} "
            "cells again."
        )
    return np.array([cell == "1" for cell in cells], np.float32).reshape(FRAME_SIDE, FRAME_SIDE)


def cells_of_ink(ink: np.ndarray) -> str:
    """The cells that are at least half full: `ink_of_cells` undone.

    Args:
        ink: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.

    Example:
        >>> cells_of_ink(np.eye(28, dtype=np.float32))[:30]
        '100000000000000000000000000001'
    """
    return "".join("1" if inked else "0" for inked in (ink >= 0.5).ravel())


def read_cells(cells: object, recognizer: Recognizer) -> tuple[np.ndarray, np.ndarray]:
    """Reads a picture of cells as one digit.

    Args:
        cells: As `ink_of_cells` takes it.
        recognizer: Who reads.

    Returns:
        The `(28, 28)` frame that was read most surely, and its `(10,)` probabilities.

    Raises:
        BadDrawing, NothingDrawn: As the names say.
        TooSmall: If the ink is less than 4 cells high and wide.
    """
    ink = ink_of_cells(cells)
    frames = np.stack([to_mnist(_smooth(ink, width)) for width in SMOOTHING])
    probabilities = recognizer.probabilities(frames)
    surest = int(probabilities.max(axis=1).argmax())
    return frames[surest], probabilities[surest]


def _smooth(ink: np.ndarray, width: float) -> np.ndarray:
    """The digit, enlarged to about 160 pixels, its lines as if drawn by a hand."""
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
