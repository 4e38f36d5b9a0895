"""Two digits that touch: the places where a group of strokes may be cut in two."""

import numpy as np

from model.ink.strokes import resample

MIDDLE = (0.2, 0.8)  # of the width: where the cut lies
NUM_CUTS = 7  # places tried at most where strokes are cut
NUM_ORDERS = 4  # ways tried at most that leave strokes whole
APART = 0.05  # of the width: places nearer than this are one
BINS = 40  # columns in which ink is counted
WHOLE = 0.8  # of a stroke's ink on one side of the cut: it stays whole
MAX_STROKES = 12  # more are a scribble
STEP = 0.02  # of the larger side, between the points that stand for ink

Cut = tuple[list[np.ndarray], list[np.ndarray]]


def cuts(strokes: list[np.ndarray]) -> list[Cut]:
    """Ways to cut strokes into a left and a right part, some of them good.

    Whole strokes are told apart by where their middle is; besides, strokes are cut upright
    where little ink stands above itself, but one that lies nearly all on one side stays whole.
    A pen that goes on from one digit to the next crosses once between them: what would cut a
    stroke more often goes through a loop, and is left out.

    Args:
        strokes: Arrays of shape `(num_points, 2)`, at least two points in all.

    Returns:
        Pairs of lists of strokes, neither list empty; none for a scribble of many strokes.

    Source: cuts at minima of the vertical projection, R. Casey and E. Lecolinet, IEEE Trans.
    PAMI 18 (1996) 690-706.
    """
    if len(strokes) > MAX_STROKES:
        return []
    extent = np.ptp(np.concatenate(strokes), axis=0)
    ink = [_dense(stroke, STEP * max(float(extent.max()), 1e-9)) for stroke in strokes]
    ways = {}
    for in_left in [*_orders(ink), *(_sides(ink, x) for x in _thin_places(ink))]:
        ways[tuple(map(str, in_left))] = in_left
    found = [_cut(strokes, in_left) for in_left in ways.values()]
    return [way for way in found if way is not None]


def _dense(stroke: np.ndarray, step: float) -> np.ndarray:
    length = float(np.linalg.norm(np.diff(stroke, axis=0), axis=1).sum())
    return resample(stroke, int(min(length / step, 1000)) + 2)


def _orders(ink: list[np.ndarray]) -> list[list]:
    """Ways that leave strokes whole: for each stroke, whether it is in the left part."""
    middles = np.array([points[:, 0].mean() for points in ink])
    order = np.sort(middles)
    gaps = np.argsort(order[:-1] - order[1:], kind="stable")[:NUM_ORDERS]  # the widest first
    return [list(middles <= order[gap]) for gap in gaps if order[gap] < order[gap + 1]]


def _sides(ink: list[np.ndarray], x: float) -> list:
    """For each stroke, whether it is in the left part, or at which x it is cut."""
    shares = [float((points[:, 0] < x).mean()) for points in ink]
    return [True if share >= WHOLE else False if share <= 1 - WHOLE else x for share in shares]


def _thin_places(ink: list[np.ndarray]) -> list[float]:
    """The x with least ink above one another, near the middle."""
    across = np.concatenate(ink)[:, 0]
    left, width = float(across.min()), max(float(np.ptp(across)), 1e-9)
    counts = np.histogram(across, BINS, (left, left + width))[0]
    counts = np.convolve(np.pad(counts, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")
    centres = (np.arange(BINS) + 0.5) / BINS
    # Among equals, the one nearest to the middle comes first.
    order = np.lexsort((np.abs(centres - 0.5), counts))
    chosen: list[float] = []
    for at in centres[order]:
        if MIDDLE[0] <= at <= MIDDLE[1] and all(abs(at - other) >= APART for other in chosen):
            chosen.append(float(at))
    return [left + at * width for at in chosen[:NUM_CUTS]]


def _cut(strokes: list[np.ndarray], in_left: list) -> Cut | None:
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
    """The parts of a stroke between its crossings of an upright line, and which are left of it."""
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
