"""Reads a drawing of several digits: groups strokes into digits, from left to right.

A group that is too wide for a digit, or is rejected as no digit, may be two digits that touch. It
is split if its parts are read with much more confidence.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from model.errors import DigitError, TooSmall
from model.ink.frame import strokes_to_mnist
from model.ink.pen import arc_length, resample
from model.ink.split import split_touching
from model.reading.confidence import Answer
from model.reading.recognizer import Recognizer

MARGIN = 0.05  # of the drawing's height; added to both sides of a stroke, so that an upright
# stroke has a width to share
SHARED_WIDTH = 0.5  # of the narrower stroke; strokes that share more belong together
TOUCHING = 0.04  # of the drawing's height; strokes that come closer belong together
MAX_GROUPS = 12  # more groups are a scribble
MAX_STROKES = 5 * MAX_GROUPS  # so are more strokes; each is compared with each
MAX_JOINED = 3  # groups that may make one digit
# Costs in nats, like the logarithms of probabilities. A cut through half of a stroke's width, or
# a join over a third of the height, outweighs a doubtful digit.
CUT_COST = 3.0  # for a cut through all of the narrower side's width
JOIN_COST = 10.0  # for a join over the drawing's height
FREE_GAP = 0.05  # of the height; a join over less costs nothing
# When a group is split. With these, 90 % of touching pairs made by code are read right, 3 % of
# letters and figures made by code are taken for two digits, and no digit is split. Narrower
# groups are letters more often than two digits.
WIDTH_OF_TWO = 0.9  # of the height; least width of two digits if the whole is no digit
WIDTH_OF_TWO_DESPITE = 1.2  # the same if the whole is a digit
SURE_OF_BOTH = 0.6  # least probability of the less sure part
GAIN = 0.4  # by which that probability must exceed the whole's
MAX_POINTS = 400  # that stand for a stroke when distances are measured


@dataclass(frozen=True)
class Digit:
    """One digit of a drawing.

    Attributes:
        strokes: Its strokes, arrays of shape `(num_points, 2)`, canvas pixels.
        frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.
        probabilities: `(10,)`.
        answer: Which digits it may be, and whether it is one.
        touching: Whether it was split from a neighbour that it touches, which is a guess.
    """

    strokes: list[np.ndarray]
    frame: np.ndarray
    probabilities: np.ndarray
    answer: Answer
    touching: bool = False

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom, canvas pixels."""
        points = np.concatenate(self.strokes)
        return *points.min(axis=0).tolist(), *points.max(axis=0).tolist()


def read_digits(
    strokes: list[np.ndarray], canvas_side: float, recognizer: Recognizer
) -> list[Digit]:
    """Reads a drawing as one digit, or as several from left to right.

    Strokes that certainly belong together are grouped first. Neighbouring groups may still be
    one digit, such as a 5 and its separate bar, so dynamic programming finds the best way to
    join them. Each digit scores the logarithm of its probability, each cut costs as much as its
    sides overlap, and each join costs as much as the gap that it spans. At last, groups that
    look like two touching digits are split.

    Args:
        strokes: Arrays of shape `(num_points, 2)`, canvas pixels.
        canvas_side: The canvas' side, canvas pixels.
        recognizer: Reads the digits.

    Returns:
        At least one digit.

    Raises:
        NothingDrawn, TooSmall: As `strokes_to_mnist`.

    Source: segmentation by recognition, R. Casey and E. Lecolinet, IEEE Trans. PAMI 18 (1996)
    690-706.
    """
    whole = strokes_to_mnist(strokes, canvas_side)
    groups = group_strokes(strokes)
    num = len(groups)
    spans = {(0, num): whole}
    if num <= MAX_GROUPS:
        for start in range(num):
            for end in range(start + 1, min(start + MAX_JOINED, num) + 1):
                try:
                    spans[start, end] = strokes_to_mnist(_join(groups, start, end), canvas_side)
                except TooSmall:  # a dot is no digit, but may be part of one
                    continue
    probabilities = dict(
        zip(spans, recognizer.probabilities(np.stack(list(spans.values()))), strict=True)
    )
    height = max(float(np.ptp(np.concatenate(strokes)[:, 1])), 1e-9)
    digits = [
        Digit(
            strokes=_join(groups, start, end),
            frame=spans[start, end],
            probabilities=probabilities[start, end],
            answer=recognizer.answer(probabilities[start, end]),
        )
        for start, end in _best_spans(groups, probabilities, height)
    ]
    return [part for digit in digits for part in _split(digit, canvas_side, recognizer)]


def _split(digit: Digit, canvas_side: float, recognizer: Recognizer) -> list[Digit]:
    """Returns the digit, or the two digits that it seems to consist of."""
    left, top, right, bottom = digit.box
    width = (right - left) / max(bottom - top, 1e-9)
    if width < (WIDTH_OF_TWO_DESPITE if digit.answer.is_digit else WIDTH_OF_TWO):
        return [digit]
    ways, frames = [], []
    for way in split_touching(digit.strokes):
        try:
            frames.append([strokes_to_mnist(part, canvas_side) for part in way])
        except DigitError:  # a part is a dot
            continue
        ways.append(way)
    if not ways:
        return [digit]
    read = recognizer.probabilities(np.concatenate([np.stack(pair) for pair in frames]))
    read = read.reshape(len(ways), 2, -1)
    less_sure = read.max(axis=2).min(axis=1)
    if len(digit.strokes) == 1:
        # Two straight lines in one stroke are a 1 with a long flag, not two 1s.
        less_sure[(read.argmax(axis=2) == 1).all(axis=1)] = 0
    best = int(less_sure.argmax())
    if less_sure[best] < max(SURE_OF_BOTH, digit.probabilities.max() + GAIN):
        return [digit]
    return [
        Digit(part, frame, row, recognizer.answer(row), touching=True)
        for part, frame, row in zip(ways[best], frames[best], read[best], strict=True)
    ]


def _join(groups: list[list[np.ndarray]], start: int, end: int) -> list[np.ndarray]:
    return [stroke for group in groups[start:end] for stroke in group]


def _best_spans(
    groups: list[list[np.ndarray]], probabilities: dict, height: float
) -> list[tuple[int, int]]:
    """Returns the spans of groups, `(start, end)`, that make the likeliest number."""
    shared = [_shared(a, b, height) for a, b in itertools.pairwise(map(np.concatenate, groups))]
    best: list[tuple[float, list[tuple[int, int]]]] = [(0.0, [])]
    for end in range(1, len(groups) + 1):
        ways = [(-np.inf, [])]
        for start in range(end):
            if (start, end) not in probabilities:
                continue
            score = best[start][0] + float(np.log(probabilities[start, end].max()))
            if start > 0:
                score -= CUT_COST * max(shared[start - 1], 0)
            joins = shared[start : end - 1]
            score -= JOIN_COST * sum(max(-share - FREE_GAP, 0) for share in joins)
            ways.append((score, [*best[start][1], (start, end)]))
        best.append(max(ways, key=lambda way: way[0]))
    return best[-1][1]


def group_strokes(strokes: list[np.ndarray]) -> list[list[np.ndarray]]:
    """Groups the strokes of each digit, from left to right.

    Two strokes belong together if they overlap by more than half of the narrower one's width,
    if they touch, or if both belong to a third stroke.

    Args:
        strokes: Arrays of shape `(num_points, 2)`, at least one point each.

    Returns:
        Lists of strokes in the order drawn. A scribble of many strokes is one group.
    """
    if len(strokes) > MAX_STROKES:
        return [strokes]
    points = np.concatenate(strokes)
    height = max(float(np.ptp(points[:, 1])), 1e-9)
    group_of = list(range(len(strokes)))
    for index, stroke in enumerate(strokes):
        for other in range(index):
            if group_of[index] != group_of[other] and _belong(stroke, strokes[other], height):
                old, new = group_of[index], group_of[other]
                group_of = [new if group == old else group for group in group_of]
    groups = [
        [stroke for stroke, group in zip(strokes, group_of, strict=True) if group == name]
        for name in dict.fromkeys(group_of)
    ]
    return sorted(groups, key=lambda group: float(np.concatenate(group)[:, 0].mean()))


def _belong(a: np.ndarray, b: np.ndarray, height: float) -> bool:
    """Tells whether two strokes belong together."""
    shared = _shared(a, b, height)
    if shared > SHARED_WIDTH:
        return True
    if shared < 0:
        return False
    step = TOUCHING * height
    between = _dense(a, step)[:, None] - _dense(b, step)[None]
    return bool((np.hypot(between[..., 0], between[..., 1]) < step).any())


def _shared(a: np.ndarray, b: np.ndarray, height: float) -> float:
    """Returns the overlap of two strokes' widths as a share of the narrower one's width.

    A gap between them is negative, as a share of the drawing's height.
    """
    margin = MARGIN * height
    left, right = np.array([[p[:, 0].min() - margin, p[:, 0].max() + margin] for p in (a, b)]).T
    overlap = float(right.min() - left.max())
    return overlap / float((right - left).min()) if overlap > 0 else overlap / height


def _dense(stroke: np.ndarray, step: float) -> np.ndarray:
    """Returns the stroke with points at most about a step apart."""
    return resample(stroke, int(min(max(arc_length(stroke) / step, 1), MAX_POINTS)) + 1)
