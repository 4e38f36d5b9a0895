"""Finds the lines that are printed or ruled on paper, and takes them out of the ink.

A line runs across or upright, nearly straight; a bar of a 4 or 7 is shorter than any line. Where
a stroke crosses a line, the stroke stays whole.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from model.ink.sheet import shrink

# A candidate is a thin run of ink, sought with straight pieces of this share of the sheet's side; a
# gap of less than so many pieces does not end it. Long lines, and the short ones of frames:
LONG_PIECE, LONG_GAP = 1 / 18, 1.2
SHORT_PIECE, SHORT_GAP = 1 / 34, 0.6
SMALLEST_PIECE = 20  # pixels
DRIFT = 3  # pixels up or down that a line may wander within such a piece
COVERED = 0.6  # of a line's length; less ink than that is a row of strokes
LONG = 0.42  # of the sheet's width or height; a longer candidate is a line
SHORTEST = 0.35  # of the longer side; the stem of a 1 is shorter
SLIM, SHORT_SLIM = 9.0, 4.5  # times as long as thick, at least; the sides of a frame
THICKEST = 1 / 15  # of the sheet's longer side
REACH = 3  # pixels, plus half of both thicknesses; so near to another one a frame's line ends
STRAY = 3  # pixels that ink may stand out from a line and still belong to it
DARKER = 1.35  # times a line's own ink; ink so dark on it is a stroke that runs along it
SHORTEST_SIDE = 36  # pixels, of a frame; the round of a small 0 is smaller
WAVERING = 1.5  # pixels, and a fifth of the thickness, by which a printed line wavers
WRITTEN = (0.02, 0.6)  # of the area inside a frame that ink covers
MAX_CANDIDATES = 200  # the longest, each way; more are a pattern
TILT_SIDE = 600  # pixels; the tilt is measured on a mask of this size
MOST_INK = 0.3  # of the sheet; more is a pattern, in which no line can be told
TILTED = 0.35  # of the longer side; shorter lines don't tell the tilt
LARGEST_TILT = 20.0  # degrees
REGULAR = 4  # lines at least that make a sheet of ruled paper
BELOW = 0.6  # steps below the last line that may still be written on
WIDE_STEPS = 4  # steps that a ruled sheet is wide, at least
STEPS_ALIKE = 0.3  # of the median step; distances of ruled lines differ by less


@dataclass(frozen=True)
class Line:
    """A line that runs across; an upright one is described on the sheet with its axes swapped.

    Attributes:
        start: First x, pixels.
        places: The y of its middle at each x from `start` on, `float64` of shape `(length,)`.
        thickness: Pixels.
        is_straight: Whether it keeps to a straight line and to one thickness, as printed ones do.
    """

    start: int
    places: np.ndarray
    thickness: float
    is_straight: bool = True

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
        frames: The openings of frames: left, top, right and bottom, pixels.
    """

    across: tuple[Line, ...] = ()
    upright: tuple[Line, ...] = ()
    frames: tuple[tuple[int, int, int, int], ...] = ()

    def walls_at(self, y: float, length: float) -> list[float]:
        """The x, at a y, of upright lines that are at least so long."""
        return [
            float(line.places[int(y) - line.start])
            for line in self.upright
            if len(line.places) >= length and line.start <= int(y) < line.end
        ]

    def encloses(self, box) -> bool:
        """Whether a frame, or lines on all four sides, is around a box."""
        left, top, right, bottom = box
        for x0, y0, x1, y1 in self.frames:
            if x0 <= left and y0 <= top and right <= x1 and bottom <= y1:
                return True
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
        for line in self.across:
            for other in self.upright:
                _clear_crossing(cleaned, line, other)
        return cleaned


def find_ruling(mask: np.ndarray) -> Ruling:
    """Finds long lines, and shorter ones that make frames with others.

    Args:
        mask: `bool` array of shape `(rows, cols)`, true where there is ink.
    """
    longer = max(mask.shape)
    short = [_candidates(each, SHORT_PIECE, SHORT_GAP, SHORT_SLIM) for each in (mask, mask.T)]
    framing = _framing(*short)
    holding = [
        line
        for line in short[0]
        if id(line) in framing
        and any(_hold_ink(mask, line, other) for other in short[0] if id(other) in framing)
    ]
    framing = _framing(holding, short[1])
    found = []
    for each, of_frames in zip((mask, mask.T), short, strict=True):
        long = [
            line
            for line in _candidates(each, LONG_PIECE, LONG_GAP, SLIM)
            if len(line.places) > max(LONG * each.shape[1], SHORTEST * longer)
            and line.thickness < THICKEST * longer
            and len(line.places) > 2 * SLIM * line.thickness
        ]
        frames = [line for line in of_frames if id(line) in framing]
        found.append(tuple(sorted((*long, *frames), key=lambda line: line.middle)))
    return Ruling(*found)


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
    lines = [line for line in lines if len(line.places) > WIDE_STEPS * step]
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


def _candidates(mask: np.ndarray, piece_share: float, gap: float, slim: float) -> list[Line]:
    """Finds thin runs of ink that go across."""
    rows, cols = mask.shape
    piece = max(int(cols * piece_share), SMALLEST_PIECE)
    if piece > cols:
        return []
    thin = mask & (_runs_down(mask) <= max(THICKEST * max(rows, cols), 3))
    thick = cv2.dilate(thin.astype(np.uint8), np.ones((DRIFT, 1), np.uint8))
    runs = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, piece), np.uint8))
    bridge = np.ones((1, int(piece * gap)), np.uint8)
    linked = cv2.morphologyEx(runs, cv2.MORPH_CLOSE, bridge)
    num, names, stats, _ = cv2.connectedComponentsWithStats(linked, connectivity=8)
    found = []
    for name in np.argsort(-stats[1:num, cv2.CC_STAT_WIDTH])[:MAX_CANDIDATES] + 1:
        left, top, width, height, _ = stats[name]
        part = (names[top : top + height, left : left + width] == name) & (
            runs[top : top + height, left : left + width] > 0
        )
        line = _as_line(part, left, top, slim)
        if line is not None:
            found.append(line)
    return found


def _clear_crossing(cleaned: np.ndarray, across: Line, upright: Line) -> None:
    """Clears where two lines cross, in place: each alone takes the other for a stroke."""
    x = int(upright.middle)
    if not across.start - REACH <= x < across.end + REACH:
        return
    y = int(across.places[min(max(x - across.start, 0), len(across.places) - 1)])
    if not upright.start - REACH <= y < upright.end + REACH:
        return
    x = int(upright.places[min(max(y - upright.start, 0), len(upright.places) - 1)])
    high, wide = (int(line.thickness / 2) + STRAY for line in (across, upright))
    cleaned[max(y - high, 0) : y + high + 1, max(x - wide, 0) : x + wide + 1] = False


def _runs_down(mask: np.ndarray) -> np.ndarray:
    """Returns for each pixel of ink how long the upright run of ink is that it lies in."""
    places = np.arange(len(mask))[:, None]
    above = np.maximum.accumulate(np.where(mask, -1, places), axis=0)
    below = np.minimum.accumulate(np.where(mask, len(mask), places)[::-1], axis=0)[::-1]
    return below - above - 1


def _as_line(part: np.ndarray, left: int, top: int, slim: float) -> Line | None:
    """Describes a run of ink; `None` if it is too thick, too broken or bends too much."""
    counts = part.sum(axis=0)
    inked = np.flatnonzero(counts)
    length = part.shape[1]
    if len(inked) < COVERED * length:
        return None
    thickness = max(float(np.median(counts[inked])) - (DRIFT - 1), 1.0)
    if length < slim * thickness:
        return None
    thin = inked[counts[inked] <= thickness + 2 * DRIFT]  # elsewhere a stroke runs along it
    if len(thin) < 0.4 * length:
        return None
    middles = (part * np.arange(part.shape[0])[:, None]).sum(axis=0)[thin] / counts[thin]
    curve = np.polynomial.Polynomial.fit(thin, middles, 3 if length > 200 else 1)
    away = np.abs(curve(thin) - middles)
    if np.percentile(away, 80) > thickness + DRIFT:
        return None
    straight = np.polynomial.Polynomial.fit(thin, middles, 1)
    stray = np.percentile(np.abs(straight(thin) - middles), 90)
    spread = np.percentile(np.abs(counts[thin] - np.median(counts[thin])), 80)
    is_straight = bool(max(stray, spread) < WAVERING + 0.2 * thickness)
    return Line(int(left), top + curve(np.arange(length)), thickness, is_straight)


def _framing(across: list[Line], upright: list[Line]) -> set[int]:
    """Returns the ids of lines of which both ends lie on lines of the other direction."""
    left = {
        id(line): line
        for line in (*across, *upright)
        if line.is_straight and len(line.places) >= SHORTEST_SIDE
    }
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


def _hold_ink(mask: np.ndarray, one: Line, other: Line) -> bool:
    """Tells whether something is written between two lines across: an empty frame may be a 0."""
    upper, lower = sorted((one, other), key=lambda line: line.middle)
    start, end = max(one.start, other.start), min(one.end, other.end)
    top = int(upper.middle + upper.thickness / 2) + STRAY
    bottom = int(lower.middle - lower.thickness / 2) - STRAY
    if end - start < 2 * STRAY or bottom - top < 2 * STRAY:
        return False
    high = (bottom - top) // 5
    wide = (end - start) // 5
    inside = mask[top + high : bottom - high, start + wide : end - wide]
    return bool(inside.size and WRITTEN[0] < inside.mean() < WRITTEN[1])


def _meet(line: Line, at: int, other: Line) -> bool:
    """Tells whether a line's end at x lies on another line, which runs the other way."""
    y = float(line.places[at - line.start])
    reach = REACH + (line.thickness + other.thickness) / 2
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
