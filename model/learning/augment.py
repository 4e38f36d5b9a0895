"""Makes random training frames: digits in other ways of writing, and frames without a digit.

Every function takes a `numpy.random.Generator`, so the same seed gives the same frames.
"""

import cv2
import numpy as np

from model.errors import NothingDrawn
from model.ink.distort import distort
from model.ink.frame import BOX_SIDE, FRAME_SIDE, to_mnist
from model.ink.pen import PEN_WIDTH, SUPERSAMPLING, draw_strokes
from model.learning import glyphs

# Shares of a batch. The rest are MNIST's own frames; all are distorted afterwards.
REDRAWN_SHARE = 0.18  # the skeleton is redrawn with a pen, as on the canvas
GRAFTED_SHARE = 0.08  # a slash, flag, bar or curl is added
DRAWN_SHARE = 0.08  # drawn by code from scratch
THICKNESS_SHARE = 0.15  # made bolder or thinner
NEGATIVE_SHARE = 0.13  # frames that are no digit, in addition to the batch

FINE = 3  # times MNIST's resolution, at which skeletons are taken
PEN_WIDTHS = (1.5, 3.2)  # pixels of the 20-pixel box, around the app's own pen
HERSHEY_LETTERS = "ACEFGHJKLMNPRTUVWXYacdefhjkmnprtuvwxy"  # those not written like a digit
HERSHEY_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_PLAIN,
)

_MARGIN = 6  # pixels around a frame, for strokes that reach beyond it
_GRAFTS = {0: glyphs.slash, 1: glyphs.flag, 7: glyphs.crossbar, 9: glyphs.tail}
_SIDE = FRAME_SIDE * FINE


def variants(
    frames: np.ndarray, labels: np.ndarray, rng: np.random.Generator, strength: float = 1.0
) -> np.ndarray:
    """Returns the frames' digits as other people would write them, then distorted.

    Args:
        frames: `float32` array of shape `(n, 28, 28)`, 0 paper to 1 ink.
        labels: `(n,)`, 0 to 9.
        rng: The source of randomness.
        strength: Of the distortions, as in `distort`.

    Returns:
        A new array like `frames`, with the same labels.
    """
    frames = frames.copy()
    lot = rng.random(len(frames))
    redrawn = np.flatnonzero(lot < REDRAWN_SHARE)
    frames[redrawn] = redraw(_bitmaps(frames[redrawn]), rng)
    lot -= REDRAWN_SHARE
    for index in np.flatnonzero((lot >= 0) & (lot < GRAFTED_SHARE)):
        frames[index] = graft(frames[index], int(labels[index]), rng)
    lot -= GRAFTED_SHARE
    for index in np.flatnonzero((lot >= 0) & (lot < DRAWN_SHARE)):
        strokes = glyphs.draw_digit(int(labels[index]), rng)
        frames[index] = to_mnist(draw_strokes(strokes, _pen_width(rng)))
    lot -= DRAWN_SHARE
    for index in np.flatnonzero((lot >= 0) & (lot < THICKNESS_SHARE)):
        frames[index] = change_thickness(frames[index], rng)
    return distort(frames, rng, strength)


def negatives(num: int, frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns frames of no digit: letters, figures, scribbles, dots and two joined digits.

    Args:
        num: How many.
        frames: Frames of digits to join, `(n, 28, 28)`.
        rng: The source of randomness.

    Returns:
        `float32` array of shape `(num, 28, 28)`, 0 paper to 1 ink.
    """
    made = np.empty((num, FRAME_SIDE, FRAME_SIDE), np.float32)
    kinds = rng.choice(4, num, p=(0.55, 0.15, 0.15, 0.15))
    typed = np.flatnonzero(kinds == 1)
    made[typed] = redraw(
        np.array([_typed(rng) for _ in typed], bool).reshape(-1, _SIDE, _SIDE), rng
    )
    for index in np.flatnonzero(kinds != 1):
        if kinds[index] == 3:
            made[index] = join(*frames[rng.integers(len(frames), size=2)], rng)
        else:
            draw = glyphs.draw_letter_or_shape if kinds[index] == 0 else glyphs.scribble
            made[index] = to_mnist(draw_strokes(draw(rng), _pen_width(rng)))
    return distort(made, rng)


def graft(frame: np.ndarray, label: int, rng: np.random.Generator) -> np.ndarray:
    """Adds a stroke that people add: a slash to 0, a flag to 1, a bar to 7, a curl to 9.

    Args:
        frame: `float32` array of shape `(28, 28)`.
        label: The digit; other digits than 0, 1, 7 and 9 come back unchanged.
        rng: The source of randomness.

    Returns:
        A frame in MNIST's format, `float32` of shape `(28, 28)`.
    """
    if label not in _GRAFTS:
        return frame
    rows, cols = np.nonzero(frame > 0.4)
    extent = np.array([[cols.min(), rows.min()], [cols.max(), rows.max()]], float)
    if label in (1, 9):  # where the stem begins and ends
        extent[1, 0] = cols[rows == rows.max()].mean()
    if label == 1:
        extent[0, 0] = cols[rows == rows.min()].mean()
    strokes = _GRAFTS[label](extent, rng)
    side = FRAME_SIDE + 2 * _MARGIN
    large = np.zeros((side * SUPERSAMPLING,) * 2, np.uint8)
    lines = [
        np.round((stroke + _MARGIN + 0.5) * SUPERSAMPLING).astype(np.int32).reshape(-1, 1, 2)
        for stroke in strokes
    ]
    # Nearly the pen that wrote the rest.
    width = np.clip(_stroke_width(frame) * rng.uniform(0.8, 1.2), 1.2, 4)
    cv2.polylines(large, lines, False, 255, round(width * SUPERSAMPLING), cv2.LINE_8)
    added = cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA) / np.float32(255)
    return to_mnist(np.maximum(np.pad(frame, _MARGIN), added))


def change_thickness(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Makes a digit's strokes bolder or thinner by up to a pixel or so.

    Source: the perturbations of Morpho-MNIST, D. Castro et al., JMLR 20 (2019) 178.
    """
    fine = cv2.resize(frame, (_SIDE, _SIDE), interpolation=cv2.INTER_LINEAR)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    change = cv2.dilate if rng.random() < 0.5 else cv2.erode
    fine = change(fine, kernel, iterations=int(rng.integers(1, 3)))
    changed = cv2.resize(fine, (FRAME_SIDE, FRAME_SIDE), interpolation=cv2.INTER_AREA)
    return changed if changed.max() > 0.7 else frame  # a thin digit would fade away


def join(left: np.ndarray, right: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns two digits side by side as one frame in MNIST's format."""
    gap = int(rng.integers(-2, 4))
    parts = [frame[:, np.flatnonzero(frame.any(axis=0))] for frame in (left, right)]
    wide = np.zeros((FRAME_SIDE, parts[0].shape[1] + parts[1].shape[1] + gap), np.float32)
    wide[:, : parts[0].shape[1]] = parts[0]
    start = wide.shape[1] - parts[1].shape[1]
    wide[:, start:] = np.maximum(wide[:, start:], parts[1])
    return to_mnist(wide)


def redraw(bitmaps: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Redraws figures' skeletons with a round pen, as the canvas would.

    Args:
        bitmaps: `bool` array of shape `(n, 84, 84)`, true where there is ink.
        rng: The source of randomness.

    Returns:
        `float32` array of shape `(n, 28, 28)` in MNIST's format.
    """
    frames = np.zeros((len(bitmaps), FRAME_SIDE, FRAME_SIDE), np.float32)
    for frame, skeleton in zip(frames, thin(bitmaps), strict=True):
        rows, cols = np.nonzero(skeleton)
        extent = max(np.ptp(rows), np.ptp(cols)) + 1 if len(rows) else 1
        width = _pen_width(rng)
        # In pixels of this bitmap. The 20-pixel box includes the pen, hence the subtraction.
        radius = width * extent / (BOX_SIDE - width) / 2
        far = cv2.distanceTransform((~np.pad(skeleton, 12)).astype(np.uint8), cv2.DIST_L2, 5)
        try:
            frame[:] = to_mnist(np.clip(radius - far + 0.5, 0, 1))
        except NothingDrawn:  # a figure thinner than a pixel has no skeleton
            continue
    return frames


def thin(bitmaps: np.ndarray) -> np.ndarray:
    """Thins figures to lines one pixel wide, all at once.

    Args:
        bitmaps: `bool` array of shape `(n, rows, cols)`.

    Returns:
        A `bool` array like it.

    Source: T. Y. Zhang and C. Y. Suen, Communications of the ACM 27 (1984) 236-239.
    """
    ink = np.pad(bitmaps, ((0, 0), (1, 1), (1, 1)))
    changed = True
    while changed:
        changed = False
        for first in (True, False):
            core = ink[:, 1:-1, 1:-1]
            # The eight neighbours, clockwise from above.
            n, _, e, _, s, _, w, _ = ring = [
                ink[:, 1 + row : ink.shape[1] - 1 + row, 1 + col : ink.shape[2] - 1 + col]
                for row, col in (
                    *((-1, 0), (-1, 1), (0, 1), (1, 1)),
                    *((1, 0), (1, -1), (0, -1), (-1, -1)),
                )
            ]
            count = sum(neighbour.view(np.uint8) for neighbour in ring)
            starts = sum((~a & b).view(np.uint8) for a, b in zip(ring, [*ring[1:], n], strict=True))
            open_side = ~(n & e & s) & ~(e & s & w) if first else ~(n & e & w) & ~(n & s & w)
            gone = core & (count >= 2) & (count <= 6) & (starts == 1) & open_side
            if gone.any():
                changed = True
                core &= ~gone
    return ink[:, 1:-1, 1:-1]


def _bitmaps(frames: np.ndarray) -> np.ndarray:
    """Returns frames at three times the resolution, `bool`."""
    fine = [cv2.resize(f, (_SIDE, _SIDE), interpolation=cv2.INTER_LINEAR) > 0.45 for f in frames]
    return np.array(fine, bool).reshape(-1, _SIDE, _SIDE)


def _typed(rng: np.random.Generator) -> np.ndarray:
    """Returns a letter of one of OpenCV's fonts, `bool` of shape `(84, 84)`."""
    letter = HERSHEY_LETTERS[rng.integers(len(HERSHEY_LETTERS))]
    font = HERSHEY_FONTS[rng.integers(len(HERSHEY_FONTS))]
    canvas = np.zeros((_SIDE, _SIDE), np.uint8)
    scale = 3.6 if font == cv2.FONT_HERSHEY_PLAIN else 1.8
    cv2.putText(canvas, letter, (16, 58), font, scale, 255, 3)
    return canvas > 100


def _stroke_width(frame: np.ndarray) -> float:
    """Returns the mean stroke width in pixels: the ink's area over half its edge."""
    ink = frame > 0.4
    area = float(frame.sum())
    edge = int((ink[:, 1:] != ink[:, :-1]).sum() + (ink[1:] != ink[:-1]).sum())
    return 2 * area / max(edge * np.pi / 4, 1)


def _pen_width(rng: np.random.Generator) -> float:
    """Returns a random pen width near the app's own, pixels of the 20-pixel box."""
    return float(np.clip(rng.normal(PEN_WIDTH, 0.4), *PEN_WIDTHS))
