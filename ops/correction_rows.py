"""Validates the rows of the corrections when they are read."""

import json
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from model.ink.canvas_json import MAX_COORDINATE, MAX_STROKES
from model.ink.frame import FRAME_SIDE

MAX_DRAWING_BYTES = 200_000  # of JSON; a hand-drawn digit takes about 5,000


@dataclass(frozen=True)
class Correction:
    """A drawing and its label.

    Attributes:
        id: Its number, never used twice.
        time: When it was labelled, UTC, ISO 8601.
        strokes: `float64` arrays of shape `(num_points, 2)`, points x, y in canvas pixels.
        frame: What the network saw, `uint8` array of shape `(28, 28)`, 0 paper to 255 ink.
        probabilities: The network's answer, `float32` array of shape `(10,)`.
        label: The visitor's label, 0 to 9.
        network: The run of the network that answered, `""` if not known.
    """

    id: int
    time: str
    strokes: list[np.ndarray]
    frame: np.ndarray
    probabilities: np.ndarray
    label: int
    network: str

    @property
    def predicted(self) -> int:
        """The likeliest digit by the network."""
        return int(self.probabilities.argmax())


@dataclass(frozen=True)
class Unreadable:
    """A row that something else changed, so that it can only be deleted.

    Attributes:
        id: Its number.
        problem: One sentence.
    """

    id: int
    problem: str


def as_dataset(corrections: list[Correction]) -> tuple[np.ndarray, np.ndarray]:
    """Images, `uint8` of shape `(n, 28, 28)`, and labels, `uint8` of shape `(n,)`."""
    images = np.array([each.frame for each in corrections], np.uint8)
    labels = np.array([each.label for each in corrections], np.uint8)
    return images.reshape(-1, FRAME_SIDE, FRAME_SIDE), labels


def strokes_json(strokes: list[np.ndarray]) -> str:
    """Strokes as JSON, rounded to 0.01 pixel, so that the same drawing gives the same text."""
    rounded = [np.round(stroke, 2).tolist() for stroke in strokes]
    return json.dumps(rounded, separators=(",", ":"), allow_nan=False)


def read_row(row: tuple, with_strokes: bool) -> Correction | Unreadable:
    """A row as a correction; checks all of it, because something else may have edited the file.

    Args:
        row: Id, time, strokes, frame, probabilities, label and network; texts may be bytes.
        with_strokes: Whether they are wanted, and were loaded.
    """
    number, time_of, drawing, frame, probabilities, label, network = row
    try:
        time_of, network = _text(time_of), _text(network)
        answered = np.frombuffer(probabilities, "<f4").astype(np.float32)
        if label not in range(10) or answered.shape != (10,):
            raise ValueError("label or probabilities")
        if not (answered.min() >= 0 and answered.max() <= 1.001):  # NaN fails both
            raise ValueError("probabilities out of range")
        datetime.fromisoformat(time_of)
        return Correction(
            number,
            time_of,
            _strokes_of(drawing) if with_strokes else [],
            np.frombuffer(frame, np.uint8).reshape(FRAME_SIDE, FRAME_SIDE),
            answered,
            label,
            network,
        )
    except (TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        why = str(error).replace("\n", " ")[:100]
        return Unreadable(
            number,
            f"Correction {number} can't be read ({why}): something else changed it. Delete "
            "it on the Corrections page.",
        )


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode()


def _strokes_of(drawing: str | bytes) -> list[np.ndarray]:
    if len(drawing) > MAX_DRAWING_BYTES:
        raise ValueError("too many points")
    strokes = [np.array(stroke, np.float64) for stroke in json.loads(drawing)]
    if not 0 < len(strokes) <= MAX_STROKES:
        raise ValueError("number of strokes")
    for stroke in strokes:
        if stroke.ndim != 2 or stroke.shape[1] != 2 or not len(stroke):
            raise ValueError("points of a stroke")
        if not (np.abs(stroke) <= MAX_COORDINATE).all():
            raise ValueError("coordinates out of range")
    return strokes
