"""Finds the lines that are printed or ruled on paper, and takes them out of the ink.

A line runs across or upright, nearly straight; a bar of a 4 or 7 is shorter than any line. Where
a stroke crosses a line, the stroke stays whole.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from model.ink.sheet import shrink

# A candidate is a thin run of ink, sought with a straight piece of this share of the sheet's side.
PIECE = 1 / 18
SMALLEST_PIECE = 24  # pixels
DRIFT = 3  # pixels up or down that a line may wander within such a piece
GAP = 1.2  # of the piece; a shorter gap does not end a line
COVERED = 0.6  # of a line's length; less ink than that is a row of strokes
LONG = 0.42  # of the sheet's width or height; a longer candidate is a line
SHORTEST = 0.25  # of the longer side; the stem of a 1 is shorter
SLIM = 9.0  # times as long as thick, at least
THICKEST = 1 / 15  # of the sheet's longer side
REACH = 6  # pixels, plus its thickness; a shorter line ends at another one this near
STRAY = 3  # pixels that ink may stand out from a line and still belong to it
DARKER = 1.35  # times a line's own ink; ink so dark on it is a stroke that runs along it
MAX_CANDIDATES = 200  # the longest, each way; more are a pattern
TILT_SIDE = 600  # pixels; the tilt is measured on a mask of this size
MOST_INK = 0.3  # of the sheet; more is a pattern, in which no line can be told
TILTED = 0.35  # of the longer side; shorter lines don't tell the tilt
LARGEST_TILT = 20.0  # degrees
REGULAR = 4  # lines at least that make a sheet of ruled paper
BELOW = 0.6  # steps below the last line that may still be written on
STEPS_ALIKE = 0.3  # of the median step; distances of ruled lines differ by less


@dataclass(frozen=True)
class Line:
    """A line that runs across; an upright one is described on the sheet with its axes swapped.

    Attributes:
        start: First x, pixels.
        places: The y of its middle at each x from `start` on, `float64` of shape `(length,)`.
        thickness: Pixels.
    """

    start: int
    places: np.ndarray
    thickness: float

    @property
    def end(self) -> int:
        """One more than its last x."""
        return self.start + len(self.places)

    @property
    def middle(self) -> float:
        """Its mean y."""
        return float(self.places.mean())


@dataclass(frozen=True)
class Ruling:
    """All lines of a sheet.

    Attributes:
        across: Those that run from left to right, from the top.
        upright: Those that run down, from the left.
    """

    across: tuple[Line, ...] = ()
    upright: tuple[Line, ...] = ()

    def encloses(self, box) -> bool:
        """Whether lines run on all four sides of a box: left, top, right and bottom."""
        left, top, right, bottom = box
        x, y = (left + right) / 2, (top + bottom) / 2
        across = [line.middle for line in self.across if line.start <= x < line.end]
        upright = [line.middle for line in self.upright if line.start <= y < line.end]
        return all(
            any(place < middle for place in places) and any(place > middle for place in places)
            for places, middle in ((across, y), (upright, x))
        )

    def without_lines(self, mask: np.ndarray, ink: np.ndarray) -> np.ndarray:
        """Takes the lines out of ink.

        Args:
            mask: `bool` array of shape `(rows, cols)`, true where there is ink.
            ink: How dark it is, `float32` array like it.

        Returns:
            A `bool` array like it.
        """
        cleaned = mask.copy()
        for line in self.across:
            _erase(mask, ink, cleaned, line)
        for line in self.upright:
            _erase(mask.T, ink.T, cleaned.T, line)
        return cleaned


def find_ruling(mask: np.ndarray) -> Ruling:
    """Finds long lines, and shorter ones that make frames with others.

    Args:
        mask: `bool` array of shape `(rows, cols)`, true where there is ink.
    """
    across, upright = _candidates(mask), _candidates(mask.T)
    rows, cols = mask.shape
    longer = max(rows, cols)
    framing = _framing(across, upright)
    is_long = {
        id(line): len(line.places) > max(LONG * side, SHORTEST * longer)
        and line.thickness < THICKEST * longer
        and len(line.places) > 2 * SLIM * line.thickness
        for lines, side in ((across, cols), (upright, rows))
        for line in lines
    }
    return Ruling(
        *(
            tuple(
                sorted(
                    (line for line in lines if is_long[id(line)] or id(line) in framing),
                    key=lambda line: line.middle,
                )
            )
            for lines in (across, upright)
        )
    )


def tilt(mask: np.ndarray) -> float:
    """Returns by how many degrees long lines rise to the right; 0 if there are none.

    Source: the Hough transform, J. Matas, C. Galambos and J. Kittler, "Robust detection of lines
    using the progressive probabilistic Hough transform", CVIU 78 (2000) 119-137.
    """
    ink = shrink(mask.astype(np.uint8) * 255, TILT_SIDE)[0]
    if (ink > 60).mean() > MOST_INK:
        return 0.0
    rows, cols = ink.shape
    shortest = TILTED * max(rows, cols)
    found = cv2.HoughLinesP(
        (ink > 60).astype(np.uint8),
        1,
        np.pi / 720,
        int(0.6 * shortest),
        minLineLength=shortest,
        maxLineGap=0.02 * cols,
    )
    if found is None:
        return 0.0
    x0, y0, x1, y1 = found.reshape(-1, 4).astype(float).T
    angles = np.rad2deg(np.arctan2(y0 - y1, x1 - x0))
    angles = (angles + 45) % 90 - 45  # upright lines tilt as those across do
    lengths = np.hypot(x1 - x0, y1 - y0)
    near = np.abs(angles) <= LARGEST_TILT
    if not near.any():
        return 0.0
    order = np.argsort(angles[near])
    weights = np.cumsum(lengths[near][order])
    return float(angles[near][order][np.searchsorted(weights, weights[-1] / 2)])


def ruled_area(ruling: Ruling) -> np.ndarray | None:
    """Returns the outline `(num, 1, 2)`, points x, y, around regular lines, or `None`.

    Paper with regular lines lies where the lines are, however it is held.
    """
    lines = [line for line in ruling.across if len(line.places) > 0]
    if len(lines) < REGULAR:
        return None
    steps = np.diff([line.middle for line in lines])
    step = float(np.median(steps))
    if step <= 0 or (np.abs(steps - step) < STEPS_ALIKE * step).mean() < 0.6:
        return None
    points = []
    for line in lines:
        first, last = line.places[0], line.places[-1]
        points += [(line.start, first - step), (line.end, last - step)]
        points += [(line.start, first + BELOW * step), (line.end, last + BELOW * step)]
    return cv2.convexHull(np.array(points, np.float32))


def _candidates(mask: np.ndarray) -> list[Line]:
    """Finds thin runs of ink that go across."""
    rows, cols = mask.shape
    piece = max(int(cols * PIECE), SMALLEST_PIECE)
    if piece > cols:
        return []
    thin = mask & (_runs_down(mask) <= max(THICKEST * max(rows, cols), 3))
    thick = cv2.dilate(thin.astype(np.uint8), np.ones((DRIFT, 1), np.uint8))
    runs = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, piece), np.uint8))
    bridge = np.ones((1, int(piece * GAP)), np.uint8)
    linked = cv2.morphologyEx(runs, cv2.MORPH_CLOSE, bridge)
    num, names, stats, _ = cv2.connectedComponentsWithStats(linked, connectivity=8)
    found = []
    for name in np.argsort(-stats[1:num, cv2.CC_STAT_WIDTH])[:MAX_CANDIDATES] + 1:
        left, top, width, height, _ = stats[name]
        part = (names[top : top + height, left : left + width] == name) & (
            runs[top : top + height, left : left + width] > 0
        )
        line = _as_line(part, left, top)
        if line is not None:
            found.append(line)
    return found


def _runs_down(mask: np.ndarray) -> np.ndarray:
    """Returns for each pixel of ink how long the upright run of ink is that it lies in."""
    places = np.arange(len(mask))[:, None]
    above = np.maximum.accumulate(np.where(mask, -1, places), axis=0)
    below = np.minimum.accumulate(np.where(mask, len(mask), places)[::-1], axis=0)[::-1]
    return below - above - 1


def _as_line(part: np.ndarray, left: int, top: int) -> Line | None:
    """Describes a run of ink; `None` if it is too thick, too broken or bends too much."""
    counts = part.sum(axis=0)
    inked = np.flatnonzero(counts)
    length = part.shape[1]
    if len(inked) < COVERED * length:
        return None
    thickness = max(float(np.median(counts[inked])) - (DRIFT - 1), 1.0)
    if length < SLIM * thickness:
        return None
    thin = inked[counts[inked] <= thickness + 2 * DRIFT]  # elsewhere a stroke runs along it
    if len(thin) < 0.4 * length:
        return None
    middles = (part * np.arange(part.shape[0])[:, None]).sum(axis=0)[thin] / counts[thin]
    curve = np.polynomial.Polynomial.fit(thin, middles, 3 if length > 200 else 1)
    away = np.abs(curve(thin) - middles)
    if np.percentile(away, 80) > thickness + DRIFT:
        return None
    return Line(int(left), top + curve(np.arange(length)), thickness)


def _framing(across: list[Line], upright: list[Line]) -> set[int]:
    """Returns the ids of lines of which both ends lie on lines of the other direction."""
    left = {id(line): line for line in (*across, *upright)}
    while True:
        gone = [
            id(line)
            for lines, others in ((across, upright), (upright, across))
            for line in lines
            if id(line) in left
            and not all(
                any(id(other) in left and _meet(line, at, other) for other in others)
                for at in (line.start, line.end - 1)
            )
        ]
        if not gone:
            break
        for name in gone:
            del left[name]
    return set(left)


def _meet(line: Line, at: int, other: Line) -> bool:
    """Tells whether a line's end at x lies on another line, which runs the other way."""
    y = float(line.places[at - line.start])
    reach = REACH + line.thickness + other.thickness
    if not other.start - reach <= y < other.end + reach:
        return False
    place = other.places[min(max(int(y) - other.start, 0), len(other.places) - 1)]
    return abs(place - at) <= reach


def _erase(mask: np.ndarray, ink: np.ndarray, cleaned: np.ndarray, line: Line) -> None:
    """Clears a line's pixels in place, except where a stroke crosses it or runs along it."""
    rows = mask.shape[0]
    reach = int(np.ceil(line.thickness / 2)) + STRAY
    tall = line.thickness + 2 * STRAY
    runs = []
    for x in range(max(line.start - STRAY, 0), min(line.end + STRAY, mask.shape[1])):
        y = line.places[min(max(x - line.start, 0), len(line.places) - 1)]
        top, bottom = max(int(y) - reach, 0), min(int(y) + reach + 1, rows)
        column = mask[top:bottom, x]
        if not column.any():
            continue
        first, last = top + int(column.argmax()), bottom - 1 - int(column[::-1].argmax())
        # How far the ink goes on above and below the strip.
        while first > 0 and first > y - 4 * tall and mask[first - 1, x]:
            first -= 1
        while last < rows - 1 and last < y + 4 * tall and mask[last + 1, x]:
            last += 1
        if last - first + 1 <= tall:
            runs.append((x, first, last + 1, float(ink[first : last + 1, x].max())))
    own = DARKER * float(np.median([dark for *_, dark in runs])) if runs else 0.0
    for x, first, end, dark in runs:
        if dark <= own or end - first <= line.thickness:
            cleaned[first:end, x] = False
