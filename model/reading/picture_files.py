"""What programs send, a picture's file or 28x28 numbers, and what is read from it.

The one way from bytes to predictions for `predict.py` and the endpoint beside the app.
"""

import io
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from model.errors import NothingDrawn
from model.ink.frame import (
    BOX_SIDE,
    FAINTEST_INK,
    FRAME_SIDE,
    LAST_CENTRE,
    ink_from_picture,
    to_mnist,
)
from model.ink.sheet import FORMATS, decode, find_digits, smaller, threshold
from model.reading.confidence import Answer
from model.reading.recognizer import Recognizer

FULL_INK = 255  # of an array's numbers, as in MNIST's files
# Ink fainter than this share of Otsu's threshold is grain, blur or shadow. Of 2,000 MNIST test
# images enlarged onto paper with a grain of 8 grey levels, 72.5 % are read right without it,
# 99.4 % with half of the threshold and 99.2 % with all of it; clean ones with half as well as ever.
GRAIN = 0.5
# MNIST's own images, all 70,000: the longer side, and how far rounding moves the centre of mass.
MNIST_SIDES = (BOX_SIDE - 1, BOX_SIDE)
ROUNDING = 0.05  # pixels
DECIMALS = 6  # of a probability that is written down; the network agrees with Keras to 1e-5


@dataclass(frozen=True)
class Prediction:
    """What a program is told of one digit.

    Attributes:
        probabilities: `float32` array of shape `(10,)`.
        answer: What to say of them.
        network: The name of the run that trained the network, `""` if its file does not say.
        box: Where it was found on a sheet: left, top, right and bottom, pixels of the picture;
            `None` if the picture is one digit.
    """

    probabilities: np.ndarray
    answer: Answer
    network: str
    box: tuple[int, int, int, int] | None = None

    @property
    def digits(self) -> tuple[int, ...]:
        """The digits that it may be, the likeliest first; none if it is no digit."""
        return self.answer.digits if self.answer.is_digit else ()

    def as_dict(self) -> dict:
        """The same in JSON's types, the one form of it that programs get."""
        written = {
            "digit": self.digits[0] if self.digits else None,
            "is_digit": self.answer.is_digit,
            "digits": list(self.digits),
            "probabilities": [round(float(value), DECIMALS) for value in self.probabilities],
            "network": self.network,
        }
        return written if self.box is None else {**written, "box": list(self.box)}


def frame_of_file(content: bytes) -> np.ndarray:
    """The frame of a picture of one digit.

    Args:
        content: A PNG, JPEG or WebP file, as `photo.decode` takes it.

    Returns:
        `float32` array of shape `(28, 28)`, 0 paper to 1 ink.

    Raises:
        PictureError, NothingDrawn: As the names say.
    """
    return frame_of_picture(decode(content))


def frame_of_picture(picture: np.ndarray) -> np.ndarray:
    """The frame of a picture of one digit, dark on light or light on dark, of any size.

    A picture that is in MNIST's form already, 28 pixels a side with the digit where MNIST has it,
    is its own frame.

    Args:
        picture: `uint8` array of shape `(rows, cols)` or `(rows, cols, 3)`, grey or RGB.

    Returns:
        `float32` array of shape `(28, 28)`, 0 paper to 1 ink.

    Raises:
        NothingDrawn: If all of the picture has one shade.
    """
    try:
        ink = ink_from_picture(smaller(picture)[0])
    except NothingDrawn:
        raise NothingDrawn("There is no digit in the picture: all of it has one shade.") from None
    if is_as_mnist(ink):
        return ink
    return to_mnist(np.where(ink < GRAIN * threshold(ink), np.float32(0), ink))


def is_as_mnist(ink: np.ndarray) -> bool:
    """Whether ink already has MNIST's size, and lies where MNIST would put it.

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
    """The frame that 28x28 numbers are, read as they stand.

    Args:
        numbers: Array of shape `(28, 28)`, 0 paper to 255 full ink, as MNIST's files have it.

    Returns:
        `float32` array of shape `(28, 28)`, 0 paper to 1 ink.

    Raises:
        NothingDrawn: If none of them reaches a tenth of full ink.
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


def read_frames(frames: list[np.ndarray], recognizer: Recognizer) -> list[Prediction]:
    """Reads frames, many at once.

    Args:
        frames: `float32` arrays of shape `(28, 28)`, 0 paper to 1 ink; at least one.
        recognizer: Who reads.
    """
    return [
        Prediction(row, recognizer.answer(row), recognizer.version)
        for row in recognizer.probabilities(np.stack(frames))
    ]


def read_file(content: bytes, recognizer: Recognizer) -> list[Prediction]:
    """Reads a picture of one digit; a list of one, as `read_sheet` gives several.

    Raises:
        PictureError, NothingDrawn: As `frame_of_file`.
    """
    return read_frames([frame_of_file(content)], recognizer)


def read_sheet(content: bytes, recognizer: Recognizer) -> list[Prediction]:
    """Finds and reads all digits on a photo of paper.

    Args:
        content: A PNG, JPEG or WebP file, as `photo.decode` takes it.
        recognizer: Who reads.

    Returns:
        Predictions with their boxes, in reading order; at least one.

    Raises:
        PictureError, NothingDrawn: As the names say.
    """
    picture = decode(content)
    found = find_digits(picture)
    scale = longer_side(content) / max(picture.shape)  # it may be decoded smaller than it is
    predictions = read_frames([item.frame for item in found], recognizer)
    return [
        replace(one, box=tuple(round(value * scale) for value in item.box))
        for one, item in zip(predictions, found, strict=True)
    ]


def longer_side(content: bytes) -> int:
    """A picture's longer side, pixels, however it is turned; of a file that can be decoded."""
    with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
        return max(picture.size)
