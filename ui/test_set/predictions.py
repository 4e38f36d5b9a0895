"""A labelled data set with the predictions of one network, or two."""

from dataclasses import dataclass

import numpy as np

from model.learning.data import MNIST_TEST, Dataset
from model.learning.evaluation import DISPUTED
from ui.formatting import percent
from ui.test_set.image_grid import Tile


@dataclass(frozen=True)
class Predictions:
    """A labelled data set with its predictions.

    Attributes:
        data: The images and their labels.
        probabilities: The served network's, `float32` array of shape `(n, 10)`.
        other_probabilities: Another network's, or `None`.
        other_name: The other network's run, or `""`.
    """

    data: Dataset
    probabilities: np.ndarray
    other_probabilities: np.ndarray | None = None
    other_name: str = ""

    @property
    def predicted(self) -> np.ndarray:
        """The served network's predicted labels, `(n,)`."""
        return self.probabilities.argmax(axis=1)

    @property
    def is_wrong(self) -> np.ndarray:
        """Which predictions are wrong, a `bool` array of shape `(n,)`."""
        return self.predicted != self.data.labels

    @property
    def disputed(self) -> tuple[int, ...]:
        """The images whose label is disputed; known for MNIST's test images only."""
        return DISPUTED if self.data.name == MNIST_TEST else ()

    def tiles(self, which: np.ndarray) -> list[Tile]:
        """The buttons of some images; misread ones have a mark and a dashed frame.

        Args:
            which: Their indices.
        """
        is_wrong = self.is_wrong
        return [
            Tile(index, self.caption(index), self.description(index), bool(is_wrong[index]))
            for index in which.tolist()
        ]

    def caption(self, index: int) -> str:
        """A mark, the prediction, the true label in brackets if it differs, and how sure."""
        row, label = self.probabilities[index], self.data.labels[index]
        predicted = row.argmax()
        text = f"✓ {predicted}" if predicted == label else f"✗ {predicted} ({label})"
        if self.other_probabilities is not None:
            return f"{text} | {self.other_probabilities[index].argmax()}"
        return f"{text} · {row[predicted]:.0%}"

    def description(self, index: int) -> str:
        """The same in words, for screen readers."""
        row, label = self.probabilities[index], self.data.labels[index]
        predicted = row.argmax()
        text = f"Image {index}: a {label}, read as {predicted}, {percent(row[predicted])} sure"
        if self.other_probabilities is not None:
            text += f", by {self.other_name} as {self.other_probabilities[index].argmax()}"
        return text + ("" if predicted == label else ", wrong")
