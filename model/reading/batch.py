"""Reads many 28x28 images at once: arrays in, arrays out."""

from dataclasses import dataclass

import numpy as np

from model.errors import NothingDrawn
from model.ink.frame import FRAME_SIDE
from model.ink.picture import frames_as_mnist
from model.reading.confidence import NUM_CLASSES, Answer
from model.reading.one_digit import NO_DIGIT, read_one_digit
from model.reading.recognizer import Recognizer

NONE = -1  # in place of a digit where there is none


@dataclass(frozen=True)
class BatchReading:
    """What was read of n images, row by row.

    Attributes:
        probabilities: `float32` array of shape `(n, 10)`; zeros for an image without ink.
        answers: For each image, which digits it may be; of one without ink, none.
        reasons: By row, why it is no digit.
    """

    probabilities: np.ndarray
    answers: list[Answer]
    reasons: dict[int, str]

    @property
    def is_digit(self) -> np.ndarray:
        """Whether each image is a digit; `bool` array of shape `(n,)`."""
        return np.fromiter((answer.is_digit for answer in self.answers), bool, len(self.answers))

    @property
    def digit(self) -> np.ndarray:
        """The likeliest digit of each image, -1 where there is none; `int8` array, `(n,)`."""
        digits = (answer.digits[0] if answer.is_digit else NONE for answer in self.answers)
        return np.fromiter(digits, np.int8, len(self.answers))


def read_batch(images: np.ndarray, recognizer: Recognizer) -> BatchReading:
    """Reads 28x28 images, as `read_one_digit` would read each of them as a grey picture.

    Images that have MNIST's format are prepared and read together, which is fast. Others are
    prepared one by one, and looked at more closely if that gives no sure digit.

    Args:
        images: `uint8` array of shape `(n, 28, 28)`, grey, light on dark or dark on light.
        recognizer: Reads them.

    Raises:
        ValueError: If `images` has another dtype or shape.

    Example:
        >>> images = np.zeros((2, 28, 28), np.uint8)
        >>> images[0, 4:24, 13:16] = 255
        >>> read_batch(images, Recognizer.load()).digit.tolist()
        [1, -1]
    """
    if images.dtype != np.uint8 or images.shape[1:] != (FRAME_SIDE, FRAME_SIDE):
        raise ValueError(
            f"images must be uint8 of shape (n, 28, 28). Received: {images.dtype} {images.shape}"
        )
    frames, is_as_mnist = frames_as_mnist(images)
    probabilities = np.zeros((len(images), NUM_CLASSES), np.float32)
    probabilities[is_as_mnist] = recognizer.probabilities(frames[is_as_mnist])
    reasons: dict[int, str] = {}
    without_ink = []
    for row in map(int, np.flatnonzero(~is_as_mnist)):
        try:
            other = read_one_digit(np.repeat(images[row][..., None], 3, axis=2), recognizer)
        except NothingDrawn as error:
            without_ink.append(row)
            reasons[row] = str(error)
        else:
            probabilities[row], reasons[row] = other.probabilities, other.reason
    answers = recognizer.confidence.answers(probabilities)
    for row in without_ink:
        answers[row] = Answer((), is_digit=False, is_sure=False)
    for row, answer in enumerate(answers):
        if not answer.is_digit:
            reasons.setdefault(row, NO_DIGIT)
    return BatchReading(probabilities, answers, {row: why for row, why in reasons.items() if why})
