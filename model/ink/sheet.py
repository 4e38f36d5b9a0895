"""Finds the sheet of paper in a photo, straightens it, and separates ink from paper."""

import itertools
from dataclasses import dataclass

import cv2
import numpy as np

WORK_SIDES = (500, 1400)  # pixels; the longer side of what is worked on
LARGEST_ENLARGEMENT = 4.0

# Finding the sheet.
SEARCH_SIDE = 320  # pixels; the sheet is looked for in a picture of this size
SMALLEST_PICTURE = 200  # pixels; a smaller one is a crop
SMALLEST_SHEET = 0.12  # of the picture's area
LARGEST_SHEET = 0.93  # of it; a larger one is all of the picture
BRIGHTER = 35  # grey levels by which paper is brighter than what lies around it
FILLED = (0.9, 1.12)  # area of the sheet's outline, times that of the four-sided figure around it
AT_EDGE = 1.5  # pixels; a mark so near to the edge of what was seen touches it
TRIMMED = 0.012  # of the sheet's sides, cut off all around, because its edge may be curled

# Separating ink from paper.
PAPER_SIDE = 1 / 12  # of the longer side; ink is narrower than this, shadows are wider
SMALLEST_PAPER_SIDE = 15  # pixels
PARTS = 6  # of the picture, each way, that vote on whether ink is dark or light
FAINTEST_INK = 0.06  # of the paper's brightness; fainter marks are shadow or dirt
NOISES = 4.5  # standard deviations of the paper's grain that ink exceeds
SMOOTHED = 0.4  # of the grain that smoothing leaves
SURE_INK = 1.8  # times the threshold; a mark of which nothing is darker is dirt
WEAK, STRONG = 0.3, 0.35  # ink's threshold, of what most ink has; black things count no more
FULL_INK = 0.8  # of a mark's darkest ink; as dark as this counts as full


@dataclass(frozen=True)
class Sheet:
    """A straightened sheet.

    Attributes:
        grey: `uint8` array of shape `(rows, cols)`.
        to_picture: `(3, 3)`; maps points x, y, 1 of the sheet to those of the picture.
        corners: `(4, 2)`, x and y of what was seen; beyond lies the ground that levelling added.
            Default: those of the sheet.
    """

    grey: np.ndarray
    to_picture: np.ndarray
    corners: np.ndarray | None = None

    def box_in_picture(self, box) -> tuple[int, int, int, int]:
        """The box of the picture around a box of the sheet: left, top, right and bottom."""
        left, top, right, bottom = box
        corners = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]], float)
        points = cv2.perspectiveTransform(corners, self.to_picture)[0]
        (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
        return int(np.floor(x0)), int(np.floor(y0)), int(np.ceil(x1)), int(np.ceil(y1))

    def is_at_edge(self, box) -> bool:
        """Whether a box of the sheet, left, top, right and bottom, touches the edge of what was
        seen."""
        corners = self._corners().astype(np.float32)
        left, top, right, bottom = box
        places = itertools.product((left, right), (top, bottom))
        return any(cv2.pointPolygonTest(corners, place, True) <= AT_EDGE for place in places)

    def _corners(self) -> np.ndarray:
        rows, cols = self.grey.shape
        whole = np.array([[0, 0], [cols, 0], [cols, rows], [0, rows]], float)
        return whole if self.corners is None else self.corners

    def turned(self, quarters: int) -> "Sheet":
        """The sheet turned anticlockwise by a number of quarter turns."""
        sheet = self
        for _ in range(quarters % 4):
            cols = sheet.grey.shape[1]
            back = np.array([[0, -1, cols], [1, 0, 0], [0, 0, 1]], float)
            grey = np.ascontiguousarray(np.rot90(sheet.grey))
            corners = cv2.perspectiveTransform(sheet._corners()[None], np.linalg.inv(back))[0]
            sheet = Sheet(grey, sheet.to_picture @ back, corners)
        return sheet

    def levelled(self, degrees: float) -> "Sheet":
        """The sheet turned clockwise by a small angle, on a larger ground of paper."""
        rows, cols = self.grey.shape
        turn = cv2.getRotationMatrix2D((cols / 2, rows / 2), -degrees, 1.0)
        wide = abs(turn[0, 0]) * cols + abs(turn[0, 1]) * rows
        high = abs(turn[0, 0]) * rows + abs(turn[0, 1]) * cols
        turn[:, 2] += (wide - cols) / 2, (high - rows) / 2
        grey = cv2.warpAffine(
            self.grey,
            turn,
            (round(wide), round(high)),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        turn = np.vstack([turn, [0, 0, 1]])
        corners = cv2.perspectiveTransform(self._corners()[None], turn)[0]
        return Sheet(grey, self.to_picture @ np.linalg.inv(turn), corners)


def shrink(picture: np.ndarray, longest: int) -> tuple[np.ndarray, float]:
    """Averages a picture down until its longer side is at most `longest`.

    Args:
        picture: `uint8` array of shape `(rows, cols)` or `(rows, cols, 3)`.
        longest: Pixels.

    Returns:
        The picture, and the factor by which its sides were multiplied, at most 1.
    """
    factor = longest / max(picture.shape[:2])
    if factor >= 1:
        return picture, 1.0
    rows, cols = (max(1, round(side * factor)) for side in picture.shape[:2])
    return cv2.resize(picture, (cols, rows), interpolation=cv2.INTER_AREA), factor


def whole_picture(picture: np.ndarray) -> Sheet:
    """All of a picture, scaled to a side that can be worked on.

    Args:
        picture: `uint8` array of shape `(rows, cols, 3)`, RGB.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    low, high = WORK_SIDES
    longer = max(grey.shape)
    factor = min(max(low / longer, min(1.0, high / longer)), LARGEST_ENLARGEMENT)
    if factor != 1:
        rows, cols = (max(1, round(side * factor)) for side in grey.shape)
        smooth = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
        grey = cv2.resize(grey, (cols, rows), interpolation=smooth)
    return Sheet(grey, np.diag([1 / factor, 1 / factor, 1.0]))


def find_sheet(picture: np.ndarray) -> Sheet | None:
    """Finds a sheet of paper that lies on something darker, and straightens it.

    Args:
        picture: `uint8` array of shape `(rows, cols, 3)`, RGB.

    Returns:
        The sheet, seen from straight above; `None` if the paper fills the picture, or nothing
        looks like a sheet.

    Source: four corners and a projective map, as in A. Criminisi, I. Reid and A. Zisserman,
    "A plane measuring device", Image and Vision Computing 17 (1999) 625-634.
    """
    if min(picture.shape[:2]) < SMALLEST_PICTURE:
        return None
    small, factor = shrink(picture, SEARCH_SIDE)
    corners = _corners_of_sheet(small)
    if corners is None:
        return None
    corners = _from_top_left(corners / factor)
    across = max(np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[2] - corners[3]))
    down = max(np.linalg.norm(corners[3] - corners[0]), np.linalg.norm(corners[2] - corners[1]))
    low, high = WORK_SIDES
    scale = min(max(low / max(across, down), 1.0), LARGEST_ENLARGEMENT, high / max(across, down))
    cols, rows = max(round(across * scale), 8), max(round(down * scale), 8)
    trim = TRIMMED * max(cols, rows)
    target = np.array(
        [[-trim, -trim], [cols + trim, -trim], [cols + trim, rows + trim], [-trim, rows + trim]]
    )
    to_sheet = cv2.getPerspectiveTransform(corners.astype(np.float32), target.astype(np.float32))
    grey = cv2.warpPerspective(
        cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY),
        to_sheet,
        (cols, rows),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return Sheet(grey, np.linalg.inv(to_sheet))


def find_panel(picture: np.ndarray) -> Sheet | None:
    """Finds a dark drawing area on a light page, as in a screenshot; like `find_sheet`."""
    return find_sheet(255 - picture)


def _corners_of_sheet(small: np.ndarray) -> np.ndarray | None:
    """Returns four corners x, y, `(4, 2)`, of the brightest four-sided area, or `None`."""
    # Paper is bright and has little colour.
    light = small.min(axis=2)
    side = max(3, max(light.shape) // 24 | 1)
    light = cv2.morphologyEx(light, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))  # no ink
    light = cv2.GaussianBlur(light, (0, 0), 1.5)
    _, bright = cv2.threshold(light, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    bright = cv2.morphologyEx(bright, cv2.MORPH_OPEN, np.ones((side, side), np.uint8))
    num, names, stats, _ = cv2.connectedComponentsWithStats(bright)
    if num < 2:
        return None
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    share = stats[largest, cv2.CC_STAT_AREA] / light.size
    if not SMALLEST_SHEET < share < LARGEST_SHEET:
        return None
    inside = (names == largest).astype(np.uint8)
    edge = cv2.dilate(inside, np.ones((9, 9), np.uint8)) - inside
    rim = inside - cv2.erode(inside, np.ones((9, 9), np.uint8))
    if not edge.any() or light[rim > 0].mean() - light[edge > 0].mean() < BRIGHTER:
        return None  # a change of light, not an edge
    outlines, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.convexHull(max(outlines, key=cv2.contourArea))
    corners = _four_sided(hull)
    if corners is None or not cv2.isContourConvex(corners.astype(np.float32)):
        return None
    area = cv2.contourArea(corners.astype(np.float32))
    filled = stats[largest, cv2.CC_STAT_AREA] / max(area, 1)
    return corners if FILLED[0] <= filled <= FILLED[1] else None


def _four_sided(hull: np.ndarray) -> np.ndarray | None:
    """Returns the corners `(4, 2)` of the four-sided figure nearest to a convex outline."""
    around = cv2.arcLength(hull, True)
    for share in np.linspace(0.01, 0.12, 23):
        corners = cv2.approxPolyDP(hull, share * around, True)[:, 0]
        if len(corners) == 4:
            return corners.astype(float)
        if len(corners) < 4:
            break
    return cv2.boxPoints(cv2.minAreaRect(hull)).astype(float)


def _from_top_left(corners: np.ndarray) -> np.ndarray:
    """Orders corners clockwise, beginning at the top left."""
    middle = corners.mean(axis=0)
    angles = np.arctan2(corners[:, 1] - middle[1], corners[:, 0] - middle[0])
    ordered = corners[np.argsort(angles)]  # clockwise, because y grows downwards
    return np.roll(ordered, -int(ordered.sum(axis=1).argmin()), axis=0)


def ink_on_paper(grey: np.ndarray) -> np.ndarray:
    """Returns how much darker than the paper around it each pixel is.

    Light, shadow and vignettes are removed. Whether the ink is dark or light is decided by which
    of both is rarer: a dark photo of white paper is no blackboard.

    Args:
        grey: `uint8` array of shape `(rows, cols)`.

    Returns:
        `float32` array like it, 0 paper to 1; ink need not reach 1.
    """
    if _is_light_on_dark(grey):
        grey = 255 - grey
    side = max(int(max(grey.shape) * PAPER_SIDE), SMALLEST_PAPER_SIDE) // 2 | 1
    rows, cols = grey.shape
    half = cv2.resize(grey, (max(cols // 2, 1), max(rows // 2, 1)), interpolation=cv2.INTER_AREA)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    paper = cv2.morphologyEx(cv2.medianBlur(half, 3), cv2.MORPH_CLOSE, kernel)
    paper = cv2.resize(cv2.GaussianBlur(paper, (0, 0), 3), (cols, rows)).astype(np.float32)
    smooth = cv2.GaussianBlur(grey, (0, 0), 0.8).astype(np.float32)
    share = 1 - smooth / np.maximum(paper, 8)
    # Closing follows the brightest grain, so that bare paper is a little above 0.
    return np.clip(share - np.median(share), 0, 1).astype(np.float32)


def _is_light_on_dark(grey: np.ndarray) -> bool:
    """Tells whether the rare shades are the light ones.

    Each part of the picture votes with the third moment of its shades, so that a lamp or a dark
    thing beside the paper does not decide.
    """
    small = shrink(grey, 400)[0].astype(np.float32)
    away = small - cv2.GaussianBlur(small, (0, 0), max(max(small.shape) / 10, 1))
    votes = [
        np.cbrt((part**3).mean())
        for strip in np.array_split(away, PARTS, axis=0)
        for part in np.array_split(strip, PARTS, axis=1)
        if part.size
    ]
    return float(np.sum(votes)) > 0


def grain(grey: np.ndarray) -> float:
    """Returns the standard deviation of the paper's grain, as `ink_on_paper` shows it.

    Source: J. Immerkaer, "Fast noise variance estimation", CVIU 64 (1996) 300-302, with the median
    in place of the mean, because strokes are no noise.
    """
    if min(grey.shape) < 3:
        return 0.0
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    rough = np.abs(cv2.filter2D(grey.astype(np.float32), cv2.CV_32F, kernel))
    deviation = float(np.median(rough)) / 0.6745 / 6
    return SMOOTHED * deviation / max(float(np.median(grey)), 8.0)


def ink_masks(ink: np.ndarray, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns which pixels are ink, and which may belong to a faint line.

    A mark counts from a low threshold on if part of it exceeds a higher one, so that faint ends of
    strokes stay and dirt goes. Printed lines are often fainter than what is written between them.

    Args:
        ink: As `ink_on_paper` returns it.
        noise: As `grain` returns it.

    Returns:
        Two `bool` arrays like it.

    Source: hysteresis, J. Canny, IEEE Trans. PAMI 8 (1986) 679-698.
    """
    low = max(FAINTEST_INK, NOISES * noise)
    faint = ink > max(FAINTEST_INK / 2, NOISES / 2 * noise)
    marked = ink > low
    if not marked.any():
        return marked, faint
    low = max(low, WEAK * min(float(np.percentile(ink[marked], 90)), STRONG))
    num, names = cv2.connectedComponents((ink > low).astype(np.uint8), connectivity=8)
    peaks = np.zeros(num, np.float32)
    np.maximum.at(peaks, names.ravel(), ink.ravel())
    keep = peaks > SURE_INK * low
    keep[0] = False
    return keep[names], faint


def ink_threshold(ink: np.ndarray) -> float:
    """Returns Otsu's threshold of a picture's ink, but never less than what dirt reaches.

    Source: N. Otsu, IEEE Trans. Systems, Man, and Cybernetics 9 (1979) 62-66.
    """
    level, _ = cv2.threshold(
        (ink * 255).astype(np.uint8), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU
    )
    return max(level / 255, 0.24)
