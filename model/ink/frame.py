"""Turns a picture or pen strokes into MNIST's 28x28 format: the app's only preprocessing.

In frames, 0 is paper and 1 is ink. Frames have axes row, column. The points of strokes are x, y in
canvas pixels.
"""

import cv2
import numpy as np

from model.errors import NothingDrawn, TooSmall
from model.ink.pen import BOX_SIDE, PEN_WIDTH, draw_strokes

FRAME_SIDE = 28  # pixels; the side of an MNIST image
# MNIST pastes the digit so that its centre of mass, in pixel-index coordinates, falls into
# (13.5, 14.5] on each axis. This holds for all 70,000 images.
LAST_CENTRE = 14.5
FAINTEST_INK = 0.1  # of the full range; a picture with less contrast is blank
MAX_SIDE = 4096  # pixels; larger pictures are refused before any work is done

DOT = 0.04  # of the canvas' side; a shorter drawing is a dot, not a digit

# Thinner or bolder strokes in a picture are brought into this range, which holds most of
# MNIST's strokes (5th to 80th percentile), before the picture is scaled down.
STROKE_WIDTHS = (1.8, 3.2)  # pixels of the 20-pixel box
WORK_SIDE = 160  # pixels; a larger box is averaged down to this first (8 pixels for each of 20)

# A digit of so few pixels is enlarged smoothly first. Of UCI's 8x8 digits, 97.4 % instead of
# 92.7 % are then read right; of those with 16 pixels and more, no more than before.
FEW_PIXELS = 14
ENLARGED = 8  # times
RINGING = 0.06  # of the peak; what enlarging adds beside strokes is fainter

_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


def ink_from_picture(picture: np.ndarray) -> np.ndarray:
    """Returns the ink of a grey or RGB picture, light on dark or dark on light.

    Args:
        picture: `uint8` array of shape `(rows, cols)` or `(rows, cols, 3)`, values 0-255.

    Returns:
        `float32` array of shape `(rows, cols)`; 0 is bare paper, 1 is full ink.

    Raises:
        ValueError: If `picture` has another dtype or shape.
        NothingDrawn: If the whole picture has one shade.
    """
    is_picture = picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] == 3)
    if picture.dtype != np.uint8 or not picture.size or not is_picture:
        raise ValueError(
            "picture must be uint8 of shape (rows, cols) or (rows, cols, 3). "
            f"Received: {picture.dtype} {picture.shape}"
        )
    scale = np.float32(1 / 255)
    shade = picture * scale if picture.ndim == 2 else picture @ (_LUMINANCE * scale)
    return _ink_from_shade(shade.astype(np.float32))


def _ink_from_shade(shade: np.ndarray) -> np.ndarray:
    """Returns the ink of a `float32` picture, 0 black to 1 white.

    The paper is the median shade of the border, so it may be dark or light.
    """
    border = np.concatenate([shade[0], shade[-1], shade[:, 0], shade[:, -1]])
    paper = float(np.median(border))
    lightest, darkest = float(shade.max()), float(shade.min())
    if lightest - darkest < FAINTEST_INK:
        raise NothingDrawn
    if lightest - paper >= paper - darkest:
        ink = (shade - paper) / max(1 - paper, FAINTEST_INK)
    else:
        ink = (paper - shade) / max(paper, FAINTEST_INK)
    return np.clip(ink, 0, 1).astype(np.float32)


def to_mnist(ink: np.ndarray) -> np.ndarray:
    """Scales and places ink as MNIST does.

    The ink's bounding box is scaled by area averaging to a longer side of 20 pixels and a
    peak of 1. It is then pasted by whole pixels, so that its centre of mass lies where MNIST
    has it. From 80 pixels on, strokes thinner or bolder than MNIST's are corrected first.

    Args:
        ink: `float32` array of shape `(rows, cols)`, 0 paper to 1 ink, each side 1 to 4096.

    Returns:
        `float32` array of shape `(28, 28)`, 0 paper to 1 ink.

    Raises:
        ValueError: If `ink` is not two-dimensional, is too large or is not finite.
        NothingDrawn: If there is no ink.

    Source: MNIST's preparation as reconstructed by C. Yadav and L. Bottou, "Cold case: the
    lost MNIST digits", arXiv:1905.10498.
    """
    if ink.ndim != 2 or not ink.size or max(ink.shape) > MAX_SIDE:
        raise ValueError(
            f"ink must be two-dimensional, 1 to {MAX_SIDE} pixels a side. Received: {ink.shape}"
        )
    if not np.isfinite(ink).all():
        raise ValueError("ink must be finite. Received: an array with NaN or infinity")
    peak = float(ink.max(initial=0.0))
    if peak < FAINTEST_INK:
        raise NothingDrawn
    rows = np.flatnonzero((ink > 0).any(axis=1))
    cols = np.flatnonzero((ink > 0).any(axis=0))
    box = ink[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    return _paste(_to_box(_correct_stroke_width(np.ascontiguousarray(box, np.float32))))


def _correct_stroke_width(box: np.ndarray) -> np.ndarray:
    """Thickens or thins a box of grey ink to stroke widths that MNIST has.

    The stroke width is twice the median distance from the strokes' ridge to their edge.

    Source: the distance transform, G. Borgefors, Computer Vision, Graphics, and Image
    Processing 34 (1986) 344-371.
    """
    longer = max(box.shape)
    if longer < WORK_SIDE / 2:
        return box
    if longer > WORK_SIDE:
        rows, cols = (max(1, round(side * WORK_SIDE / longer)) for side in box.shape)
        box = cv2.resize(box, (cols, rows), interpolation=cv2.INTER_AREA)
        longer = WORK_SIDE
    inked = np.pad(box > box.max() / 2, 1).astype(np.uint8)
    depth = cv2.distanceTransform(inked, cv2.DIST_L2, 5)
    ridge = (depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8))) & (inked > 0)
    width = (2 * float(np.median(depth[ridge])) - 1) * BOX_SIDE / longer if ridge.any() else 0
    change = (min(max(width, STROKE_WIDTHS[0]), STROKE_WIDTHS[1]) - width) / 2  # at each edge
    radius = round(abs(change) * longer / BOX_SIDE)
    if radius == 0:
        return box
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)
    if change > 0:
        return cv2.dilate(np.pad(box, radius), kernel)
    thinned = cv2.erode(box, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    if thinned.max() < box.max() / 2:
        return box  # a blot, of which nothing would be left
    inner = np.nonzero(thinned > 0)
    return np.ascontiguousarray(
        thinned[inner[0].min() : inner[0].max() + 1, inner[1].min() : inner[1].max() + 1]
    )


def _to_box(box: np.ndarray) -> np.ndarray:
    """Scales a box of ink to a longer side of 20 pixels and a peak of 1."""
    if max(box.shape) <= FEW_PIXELS:
        box = _enlarge(box)
    longer = max(box.shape)
    if longer < BOX_SIDE:
        # Area averaging needs pixels to average, so a small box is enlarged first.
        factor = -(-BOX_SIDE // longer)
        box = cv2.resize(box, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
        longer *= factor
    rows, cols = (max(1, round(side * BOX_SIDE / longer)) for side in box.shape)
    if box.shape != (rows, cols):
        box = cv2.resize(box, (cols, rows), interpolation=cv2.INTER_AREA)
    box = np.clip(box, 0, None)
    return box / box.max()


def _enlarge(box: np.ndarray) -> np.ndarray:
    """Enlarges a box of few pixels smoothly, so that its steps become strokes again.

    Source: Lanczos resampling, C. Duchon, J. Applied Meteorology 18 (1979) 1016-1022.
    """
    large = cv2.resize(
        np.pad(box, 1), None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_LANCZOS4
    )
    inked = np.nonzero(large > RINGING * large.max())
    rows, cols = (slice(places.min(), places.max() + 1) for places in inked)
    return np.where(large > RINGING * large.max(), large, np.float32(0))[rows, cols]


def _paste(box: np.ndarray) -> np.ndarray:
    """Pastes a box of at most 20x20 pixels into a frame by its centre of mass."""
    frame = np.zeros((FRAME_SIDE, FRAME_SIDE), np.float32)
    mass = box.sum()
    starts = []
    for axis, side in enumerate(box.shape):
        centre = float(box.sum(axis=1 - axis) @ np.arange(side)) / mass
        start = int(np.floor(LAST_CENTRE - centre))
        # Lopsided ink, such as an L, would reach past the frame. MNIST cuts it there; here it
        # stays at the border, because the ink is what is to be read.
        starts.append(min(max(start, 0), FRAME_SIDE - side))
    row, col = starts
    frame[row : row + box.shape[0], col : col + box.shape[1]] = box
    return frame


def strokes_to_mnist(strokes: list[np.ndarray], canvas_side: float) -> np.ndarray:
    """Redraws pen strokes in MNIST's format and with MNIST's stroke width.

    The pen's width is proportional to the digit's size, so the frame depends neither on the
    visitor's pen nor on the digit's size or place on the canvas.

    Args:
        strokes: Arrays of shape `(num_points, 2)`, points x, y in canvas pixels; y grows
            downwards.
        canvas_side: The canvas' side, canvas pixels.

    Returns:
        `float32` array of shape `(28, 28)`, 0 paper to 1 ink.

    Raises:
        NothingDrawn: If there is no point.
        TooSmall: If the drawing is a dot, shorter than 4 % of the canvas.
    """
    strokes = [np.asarray(stroke, np.float64) for stroke in strokes if len(stroke)]
    if not strokes:
        raise NothingDrawn
    if float(np.ptp(np.concatenate(strokes), axis=0).max()) < DOT * canvas_side:
        raise TooSmall
    return to_mnist(draw_strokes(strokes, PEN_WIDTH))
