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


def frames_as_mnist(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Prepares many images at once, as far as they already have MNIST's size and placement.

    Args:
        images: `uint8` array of shape `(n, 28, 28)`, grey, light on dark or dark on light.

    Returns:
        `float32` array of shape `(n, 28, 28)`, 0 paper to 1 ink, and a `bool` array of shape
        `(n,)`. Where that is true, `frame_of_picture` gives the same frame; other images need it.
    """
    shades = images * np.float32(1 / FULL_INK)
    borders = [shades[:, 0], shades[:, -1], shades[:, :, 0], shades[:, :, -1]]
    papers = np.median(np.concatenate(borders, axis=1), axis=1)[:, None, None]
    lightest, darkest = (shades.max(axis=(1, 2)), shades.min(axis=(1, 2)))
    above = shades - papers
    is_light = (lightest - papers[:, 0, 0] >= papers[:, 0, 0] - darkest)[:, None, None]
    # By how much full ink and paper differ at most; `ink_from_picture` does the same.
    ranges = np.where(is_light, 1 - papers, -papers)
    ranges = np.where(np.abs(ranges) < FAINTEST_INK, np.copysign(FAINTEST_INK, ranges), ranges)
    frames = np.clip(above / ranges.astype(np.float32), 0, 1)
    has_contrast = lightest - darkest >= np.float32(FAINTEST_INK)
    return frames, has_contrast & _are_as_mnist(frames)


def _are_as_mnist(frames: np.ndarray) -> np.ndarray:
    """What `is_as_mnist` says of each of many frames; `bool`, `(n,)`."""
    places = np.arange(FRAME_SIDE, dtype=np.float32)
    masses = frames.sum(axis=(1, 2))
    is_right = masses > 0
    longest = np.zeros(len(frames), np.int64)
    for axis in (1, 2):
        profiles = frames.sum(axis=3 - axis)
        inked = profiles > 0
        sides = FRAME_SIDE - inked.argmax(axis=1) - inked[:, ::-1].argmax(axis=1)
        longest = np.maximum(longest, sides)
        centres = profiles @ places / np.maximum(masses, FAINTEST_INK)
        is_right &= (centres >= LAST_CENTRE - 1 - ROUNDING) & (centres <= LAST_CENTRE + ROUNDING)
    return is_right & np.isin(longest, MNIST_SIDES)


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
