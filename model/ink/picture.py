"""Prepares a picture of one digit, or 28x28 numbers, for the network."""

import numpy as np

from model.errors import NothingDrawn
from model.ink.frame import (
    BOX_SIDE,
    FAINTEST_INK,
    FRAME_SIDE,
    LAST_CENTRE,
    ink_from_picture,
    to_mnist,
)
from model.ink.sheet import ink_threshold, shrink

MAX_SIDE = 1200  # pixels; a larger picture is averaged down first
FULL_INK = 255  # in an array, as in MNIST's files
# Ink fainter than this share of Otsu's threshold is grain, blur or shadow. Of 2,000 MNIST test
# images enlarged onto paper with a grain of 8 grey levels, 72.5 % are read right with a share
# of 0, 99.4 % with 0.5 and 99.2 % with 1. Clean images are read equally well with 0 and 0.5.
GRAIN = 0.5
# In all 70,000 MNIST images, the longer side and how far rounding moves the centre of mass.
MNIST_SIDES = (BOX_SIDE - 1, BOX_SIDE)
ROUNDING = 0.05  # pixels


def frame_of_picture(picture: np.ndarray) -> np.ndarray:
    """Prepares a picture of one digit, dark on light or light on dark, of any size.

    A picture that already has MNIST's size and placement is returned unchanged.

    Args:
        picture: `uint8` array of shape `(rows, cols)` or `(rows, cols, 3)`, grey or RGB.

    Returns:
        `float32` array of shape `(28, 28)`, 0 paper to 1 ink.

    Raises:
        NothingDrawn: If the whole picture has one shade.
    """
    try:
        ink = ink_from_picture(shrink(picture, MAX_SIDE)[0])
    except NothingDrawn:
        raise NothingDrawn("There is no digit in the picture: all of it has one shade.") from None
    if is_as_mnist(ink):
        return ink
    return to_mnist(np.where(ink < GRAIN * ink_threshold(ink), np.float32(0), ink))


def is_as_mnist(ink: np.ndarray) -> bool:
    """Tells whether ink already has MNIST's size and placement.

    Args:
        ink: `float32` array of shape `(rows, cols)`, 0 paper to 1 ink.
    """
    if ink.shape != (FRAME_SIDE, FRAME_SIDE):
        return False
    sides, centres = [], []
    for axis in (0, 1):
        inked = np.flatnonzero(ink.any(axis=1 - axis))
        if not len(inked):
            return False
        sides.append(inked[-1] - inked[0] + 1)
        centres.append(ink.sum(axis=1 - axis) @ np.arange(FRAME_SIDE) / ink.sum())
    return max(sides) in MNIST_SIDES and all(
        LAST_CENTRE - 1 - ROUNDING <= centre <= LAST_CENTRE + ROUNDING for centre in centres
    )


def frame_of_array(numbers: np.ndarray) -> np.ndarray:
    """Scales 28x28 numbers to a frame, without any other change.

    Args:
        numbers: Array of shape `(28, 28)`, 0 paper to 255 full ink, as in MNIST's files.

    Returns:
        `float32` array of shape `(28, 28)`, 0 paper to 1 ink.

    Raises:
        NothingDrawn: If no number reaches a tenth of full ink.
        ValueError: If the shape differs or a number is outside 0 to 255.

    Example:
        >>> float(frame_of_array(np.eye(28) * 255).max())
        1.0
    """
    ink = np.asarray(numbers, np.float64) / FULL_INK
    if ink.shape != (FRAME_SIDE, FRAME_SIDE) or not (ink.min() >= 0 and ink.max() <= 1):
        raise ValueError(f"numbers must be (28, 28), from 0 to 255. Received: {ink.shape}")
    if ink.max() < FAINTEST_INK:
        raise NothingDrawn(
            f"There is no digit in the array: its largest number is {np.max(numbers):g}, and ink "
            f"goes from {FAINTEST_INK * FULL_INK:g} to {FULL_INK}."
        )
    return ink.astype(np.float32)
