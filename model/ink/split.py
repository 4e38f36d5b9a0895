"""Splits two digits that touch: proposes ways to divide a group of strokes in two."""

import numpy as np

from model.ink.pen import arc_length, resample

MIDDLE = (0.2, 0.8)  # of the width; a cut lies between these
NUM_CUTS = 7  # places tried at most where strokes are cut
NUM_ORDERS = 4  # ways tried at most that leave strokes whole
APART = 0.05  # of the width; places nearer than this count as one
BINS = 40  # columns in which ink is counted
WHOLE = 0.8  # of a stroke's ink on one side of the cut; then the stroke stays whole
MAX_STROKES = 12  # more are a scribble
STEP = 0.02  # of the larger side, between the points that stand for ink
MAX_POINTS = 1000  # that stand for a stroke's ink

Split = tuple[list[np.ndarray], list[np.ndarray]]


def split_touching(strokes: list[np.ndarray]) -> list[Split]:
    """Proposes ways to split strokes into a left and a right digit.

    Some ways leave all strokes whole and sort them by their centre. Others cut strokes
    vertically where little ink lies above itself, except strokes that lie almost wholly on
    one side. A cut that crosses a stroke more than once goes through a loop and is left out:
    a pen that goes on from one digit to the next crosses only once.

    Args:
        strokes: Arrays of shape `(num_points, 2)`, at least two points in all.

    Returns:
        Pairs of lists of strokes, no list empty. A scribble of many strokes has none.

    Source: cuts at minima of the vertical projection, R. Casey and E. Lecolinet, IEEE Trans.
    PAMI 18 (1996) 690-706.
    """
    if len(strokes) > MAX_STROKES:
        return []
    extent = np.ptp(np.concatenate(strokes), axis=0)
    step = STEP * max(float(extent.max()), 1e-9)
    ink = [
        resample(stroke, int(min(arc_length(stroke) / step, MAX_POINTS)) + 2) for stroke in strokes
    ]
    ways = {}
    for in_left in [*_whole_strokes(ink), *(_sides(ink, x) for x in _thin_places(ink))]:
        ways[tuple(map(str, in_left))] = in_left
    found = [_cut(strokes, in_left) for in_left in ways.values()]
    return [way for way in found if way is not None]


def _whole_strokes(ink: list[np.ndarray]) -> list[list]:
    """Returns ways that cut no stroke: for each stroke, whether it is in the left part."""
    centres = np.array([points[:, 0].mean() for points in ink])
    order = np.sort(centres)
    gaps = np.argsort(order[:-1] - order[1:], kind="stable")[:NUM_ORDERS]  # the widest first
    return [list(centres <= order[gap]) for gap in gaps if order[gap] < order[gap + 1]]


def _sides(ink: list[np.ndarray], x: float) -> list:
    """Returns for each stroke whether it is in the left part, or the x where it is cut."""
    shares = [float((points[:, 0] < x).mean()) for points in ink]
    return [True if share >= WHOLE else False if share <= 1 - WHOLE else x for share in shares]


def _thin_places(ink: list[np.ndarray]) -> list[float]:
    """Returns the x positions near the middle with the least ink above one another."""
    across = np.concatenate(ink)[:, 0]
    left, width = float(across.min()), max(float(np.ptp(across)), 1e-9)
    counts = np.histogram(across, BINS, (left, left + width))[0]
    counts = np.convolve(np.pad(counts, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")
    centres = (np.arange(BINS) + 0.5) / BINS
    order = np.lexsort((np.abs(centres - 0.5), counts))  # of equals, the nearest to the middle
    chosen: list[float] = []
    for at in centres[order]:
        if MIDDLE[0] <= at <= MIDDLE[1] and all(abs(at - other) >= APART for other in chosen):
            chosen.append(float(at))
    return [left + at * width for at in chosen[:NUM_CUTS]]


def _cut(strokes: list[np.ndarray], in_left: list) -> Split | None:
    """Splits strokes as `_sides` says; `None` if that is no split or goes through a loop."""
    left, right = [], []
    for stroke, where in zip(strokes, in_left, strict=True):
        if isinstance(where, float):
            parts = _clip(stroke, where)
            if len(parts) > 2:
                return None
            for part, is_left in parts:
                (left if is_left else right).append(part)
        else:
            (left if where else right).append(stroke)
    return (left, right) if left and right else None


def _clip(stroke: np.ndarray, x: float) -> list[tuple[np.ndarray, bool]]:
    """Cuts a stroke wherever it crosses x; returns the parts and whether each lies left of it."""
    is_left = stroke[:, 0] < x
    at = np.flatnonzero(is_left[1:] != is_left[:-1]) + 1
    before, after = stroke[at - 1], stroke[at]
    shares = (x - before[:, :1]) / (after[:, :1] - before[:, :1])
    crossings = before + (after - before) * shares
    parts = []
    for index, part in enumerate(np.split(stroke, at)):
        ends = crossings[index - 1 : index] if index else crossings[:0]
        side = bool(is_left[at[index - 1] if index else 0])
        parts.append((np.concatenate([ends, part, crossings[index : index + 1]]), side))
    return parts
