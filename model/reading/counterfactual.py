"""Finds the smallest change to a drawing that would change the answer."""

from dataclasses import dataclass

import numpy as np

from model.errors import DigitError
from model.ink.frame import strokes_to_mnist
from model.ink.pen import arc_length, resample
from model.reading.recognizer import Recognizer

TRIMS = (0.15, 0.3, 0.45, 0.6)  # of a stroke's points, removed from either end
LONGEST_JOIN = 0.5  # of the drawing's longer side; a longer line would be another stroke
SURE = 0.5  # least probability of the new answer
NUM_POINTS = 40  # per stroke, evenly spaced, so that a share of points is a share of length
MAX_STROKES = 12  # a drawing with more is a scribble, with too many changes to try


@dataclass(frozen=True)
class Change:
    """A change to a drawing and the answer after it.

    Attributes:
        kind: `"remove"` a stroke or a part of one, or `"join"` two ends.
        part: The ink removed or added, `(num_points, 2)`, canvas pixels.
        digit: The new answer.
        probability: Its probability.
        size: Length of `part` as a share of the length of all ink.
    """

    kind: str
    part: np.ndarray
    digit: int
    probability: float
    size: float


def smallest_change(
    strokes: list[np.ndarray], canvas_side: float, recognizer: Recognizer
) -> Change | None:
    """Finds the shortest piece of ink whose removal or addition changes the answer.

    It tries to remove each stroke, to shorten each stroke at either end, and to join each pair
    of ends by a straight line. All changes are read in one batch.

    Args:
        strokes: Arrays of shape `(num_points, 2)`, canvas pixels.
        canvas_side: The canvas' side, canvas pixels.
        recognizer: Reads the drawing and its changes.

    Returns:
        The change, or `None` if none of them changes the answer.
    """
    if len(strokes) > MAX_STROKES:
        return None
    strokes = [resample(stroke, NUM_POINTS) for stroke in strokes]
    whole = sum(arc_length(stroke) for stroke in strokes)
    try:
        tried, frames = [], [strokes_to_mnist(strokes, canvas_side)]
    except DigitError:  # with evenly spaced points it is a dot
        return None
    for kind, part, changed in [*_removals(strokes), *_joins(strokes)]:
        try:
            frames.append(strokes_to_mnist(changed, canvas_side))
        except DigitError:  # nothing or a dot would be left
            continue
        tried.append((kind, part))
    probabilities = recognizer.probabilities(np.stack(frames))
    before = int(probabilities[0].argmax())
    changes = [
        Change(kind, part, int(row.argmax()), float(row.max()), arc_length(part) / max(whole, 1e-9))
        for (kind, part), row in zip(tried, probabilities[1:], strict=True)
        if row.argmax() != before and row.max() >= SURE
    ]
    return min(changes, key=lambda change: change.size, default=None)


def _removals(strokes: list[np.ndarray]):
    """Yields `"remove"`, the removed ink and the strokes without it."""
    for index, stroke in enumerate(strokes):
        others = strokes[:index] + strokes[index + 1 :]
        yield "remove", stroke, others
        for share in TRIMS:
            cut = int(len(stroke) * share)
            if 1 <= cut < len(stroke) - 1:
                yield "remove", stroke[: cut + 1], [*others, stroke[cut:]]
                yield "remove", stroke[-cut - 1 :], [*others, stroke[:-cut]]


def _joins(strokes: list[np.ndarray]):
    """Yields `"join"`, the added line and the strokes with it."""
    ends = [end for stroke in strokes for end in (stroke[0], stroke[-1])]
    extent = float(np.ptp(np.concatenate(strokes), axis=0).max())
    for index, end in enumerate(ends):
        for other in ends[index + 1 :]:
            if 0 < np.linalg.norm(other - end) <= LONGEST_JOIN * extent:
                line = np.stack([end, other])
                yield "join", line, [*strokes, line]
