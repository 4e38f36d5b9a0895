"""Reads all digits on a sheet of paper."""

from dataclasses import replace

import numpy as np

from model.ink.layout import find_digits
from model.reading.prediction import Prediction, read_frames
from model.reading.recognizer import Recognizer


def read_sheet(picture: np.ndarray, recognizer: Recognizer) -> list[Prediction]:
    """Finds and reads all digits on a sheet of paper.

    Args:
        picture: `uint8` array of shape `(rows, cols, 3)`, RGB, as `model.ink.sheet.decode`
            returns it.
        recognizer: Reads the digits.

    Returns:
        At least one prediction with its box, pixels of `picture`, in reading order.

    Raises:
        NothingDrawn: If nothing could be a digit.
    """
    found = find_digits(picture)
    predictions = read_frames([digit.frame for digit in found], recognizer)
    return [
        replace(prediction, box=digit.box)
        for prediction, digit in zip(predictions, found, strict=True)
    ]
