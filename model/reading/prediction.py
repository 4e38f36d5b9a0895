"""The prediction for one frame, in the form that pages and programs use."""

from dataclasses import dataclass

import numpy as np

from model.reading.confidence import Answer
from model.reading.recognizer import Recognizer

DECIMALS = 6  # of a written probability; the network agrees with Keras to 1e-5


@dataclass(frozen=True)
class Prediction:
    """One digit as it was read.

    Attributes:
        frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.
        probabilities: `float32` array of shape `(10,)`.
        answer: Which digits it may be, and whether it is one.
        network: The name of the run that trained the network, `""` if its file has none.
        reason: Why it is no digit, and what to do; `""` if that is not known.
    """

    frame: np.ndarray
    probabilities: np.ndarray
    answer: Answer
    network: str
    reason: str = ""

    @property
    def digits(self) -> tuple[int, ...]:
        """The digits that it may be, the likeliest first; empty if it is no digit."""
        return self.answer.digits if self.answer.is_digit else ()

    def as_dict(self) -> dict:
        """Returns what programs get, in JSON's types."""
        return {
            "digit": self.digits[0] if self.digits else None,
            "is_digit": self.answer.is_digit,
            "is_sure": self.answer.is_sure,
            "digits": list(self.digits),
            "probabilities": [round(float(value), DECIMALS) for value in self.probabilities],
            "network": self.network,
            "reason": self.reason,
        }


def read_frames(frames: list[np.ndarray], recognizer: Recognizer) -> list[Prediction]:
    """Reads frames, many at once.

    Args:
        frames: `float32` arrays of shape `(28, 28)`, 0 paper to 1 ink; at least one.
        recognizer: Reads them.
    """
    probabilities = recognizer.probabilities(np.stack(frames))
    answers = recognizer.confidence.answers(probabilities)
    return [
        Prediction(frame, row, answer, recognizer.version)
        for frame, row, answer in zip(frames, probabilities, answers, strict=True)
    ]
