"""The smallest change to a drawing that would change its answer."""

from dataclasses import dataclass

import numpy as np

from model.errors import DigitError
from model.ink.frame import strokes_to_mnist
from model.ink.strokes import resample
from model.reading.recognizer import Recognizer

TRIMS = (0.15, 0.3, 0.45, 0.6)  # of a stroke's points, from either end
LONGEST_JOIN = 0.5  # of the drawing's longer side; a longer line is another stroke
SURE = 0.5  # the new answer is at least this probable
NUM_POINTS = 40  # of a stroke, evenly spaced: a share of points is a share of length
MAX_STROKES = 12  # beyond this a scribble, and too many changes to try


@dataclass(frozen=True)
class Change:
    """A change and what it makes of the drawing.

    Attributes:
        kind: `"remove"` a stroke or a part of one, or `"join"` two ends.
        part: The ink taken away or added, `(num_points, 2)`, canvas pixels.
        digit: The answer after it.
        probability: How probable that is.
        size: The length of `part` as a share of all ink's length.
    """

    kind: str
    part: np.ndarray
    digit: int
    probability: float
    size: float


def smallest_change(
    strokes: list[np.ndarray], canvas_side: float, recognizer: Recognizer
) -> Change | None:
    """Finds the shortest piece of ink whose loss or addition flips the answer.

    Tried are: each stroke taken away, each stroke shortened at either end, and each pair of
    ends joined by a straight line; all in one batch.

    Args:
        strokes: Arrays of shape `(num_points, 2)`, canvas pixels.
        canvas_side: As `strokes_to_mnist` takes it.
        recognizer: Who reads.

    Returns:
        The change, or `None` if none of those tried flips it.
    """
    if len(strokes) > MAX_STROKES:
        return None
    strokes = [resample(stroke, NUM_POINTS) for stroke in strokes]
    whole = sum(_length(stroke) for stroke in strokes)
    try:
        tried, frames = [], [strokes_to_mnist(strokes, canvas_side)]
    except DigitError:  # its points evenly spaced, it is a dot
        return None
    for kind, part, changed in [*_removals(strokes), *_joins(strokes)]:
        try:
            frames.append(strokes_to_mnist(changed, canvas_side))
        except DigitError:  # nothing, or a dot, would be left
            continue
        tried.append((kind, part))
    probabilities = recognizer.probabilities(np.stack(frames))
    before = int(probabilities[0].argmax())
    changes = [
        Change(kind, part, int(row.argmax()), float(row.max()), _length(part) / max(whole, 1e-9))
        for (kind, part), row in zip(tried, probabilities[1:], strict=True)
        if row.argmax() != before and row.max() >= SURE
    ]
    return min(changes, key=lambda change: change.size, default=None)


def _removals(strokes: list[np.ndarray]):
    for index, stroke in enumerate(strokes):
        others = strokes[:index] + strokes[index + 1 :]
        yield "remove", stroke, others
        for share in TRIMS:
            cut = int(len(stroke) * share)
            if 1 <= cut < len(stroke) - 1:
                yield "remove", stroke[: cut + 1], [*others, stroke[cut:]]
                yield "remove", stroke[-cut - 1 :], [*others, stroke[:-cut]]


def _joins(strokes: list[np.ndarray]):
    ends = [end for stroke in strokes for end in (stroke[0], stroke[-1])]
    extent = float(np.ptp(np.concatenate(strokes), axis=0).max())
    for index, end in enumerate(ends):
        for other in ends[index + 1 :]:
            if 0 < np.linalg.norm(other - end) <= LONGEST_JOIN * extent:
                line = np.stack([end, other])
                yield "join", line, [*strokes, line]


def _length(stroke: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(stroke, axis=0), axis=1).sum())
