"""A labelled data set together with what one network, or two, say of it."""

from dataclasses import dataclass

import numpy as np

from model.learning.data import MNIST_TEST, Dataset
from model.learning.evaluation import DISPUTED
from ui.words import percent


@dataclass(frozen=True)
class Reading:
    """A data set as it was read.

    Attributes:
        data: The images and their labels.
        probabilities: The served network's, `float32` array of shape `(n, 10)`.
        other: Another network's, or `None`.
        other_name: What that one is called.
    """

    data: Dataset
    probabilities: np.ndarray
    other: np.ndarray | None = None
    other_name: str = ""

    @property
    def predicted(self) -> np.ndarray:
        """The served network's answers, `(n,)`."""
        return self.probabilities.argmax(axis=1)

    @property
    def wrong(self) -> np.ndarray:
        """Which of them are wrong, a `bool` array of shape `(n,)`."""
        return self.predicted != self.data.labels

    @property
    def disputed(self) -> tuple[int, ...]:
        """The images whose label people dispute; known of MNIST's test images only."""
        return DISPUTED if self.data.name == MNIST_TEST else ()

    def caption(self, index: int) -> str:
        """A mark, the answer, the true label in brackets if it differs, and how sure."""
        row, label = self.probabilities[index], self.data.labels[index]
        answer = row.argmax()
        text = f"✓ {answer}" if answer == label else f"✗ {answer} ({label})"
        if self.other is not None:
            return f"{text} | {self.other[index].argmax()}"
        return f"{text} · {row[answer]:.0%}"

    def alt(self, index: int) -> str:
        """The same in words."""
        row, label = self.probabilities[index], self.data.labels[index]
        answer = row.argmax()
        text = f"Image {index}: a {label}, read as {answer}, {percent(row[answer])} sure"
        if self.other is not None:
            text += f", by {self.other_name} as {self.other[index].argmax()}"
        return text + ("" if answer == label else ", wrong")
