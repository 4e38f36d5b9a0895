"""Makes random training frames: digits in other ways of writing, and frames without a digit.

Every function takes a `numpy.random.Generator`, so the same seed gives the same frames.
"""

import cv2
import numpy as np

from model.errors import NothingDrawn
from model.ink.distort import distort
from model.ink.frame import BOX_SIDE, FRAME_SIDE, to_mnist
from model.ink.pen import PEN_WIDTH, SUPERSAMPLING, draw_strokes
from model.ink.skeleton import FINE, fine_bitmap, thin
from model.learning import glyphs
from model.learning.rare_glyphs import WAYS, draw_rare_digit

# Shares of a batch. The rest are MNIST's own frames; most are distorted afterwards.
REDRAWN_SHARE = 0.15  # the skeleton is redrawn with a pen, as on the canvas
GRAFTED_SHARE = 0.06  # a slash, flag, bar or curl is added
DRAWN_SHARE = 0.20  # drawn by code from scratch, two thirds of them in a rare way
THICKNESS_SHARE = 0.12  # made bolder or thinner
STRETCHED_SHARE = 0.08  # written wider or narrower
SHARP_SHARE = 0.2  # not distorted: a distorted frame is softer than any real one
ROUGH_SHARE = 0.12  # jagged, coarse, blurred or faint, after all else
NEGATIVE_SHARE = 0.18  # frames that are no digit, in addition to the batch

RARE_SHARE = 0.67  # of the digits drawn by code, where a digit has a rare way
WIDTHS = (0.6, 1.6)  # times the width of the digit
JAGGED_SIDES = (9, 40)  # pixels of the digit's longer side, each of them paper or ink
COARSE_SIDES = (8, 16)  # pixels, grey
BLURS = (0.4, 1.1)  # pixels, standard deviation
FAINTEST = 0.35  # of full ink, where a pen writes least
TURNED = (2, 3, 4, 5, 7, 9)  # are no digit when they lie on their side
MIRRORED = (3, 4, 9)  # are no digit in a mirror

PEN_WIDTHS = (1.4, 3.3)  # pixels of the 20-pixel box, around the app's own pen
ODD_PEN_WIDTHS = (1.0, 4.0)  # of a tenth of the drawings
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
    frames: np.ndarray, labels: np.ndarray, rng: np.random.Generator, distortion: float = 1.0
) -> np.ndarray:
    """Returns the frames' digits as other people would write them and other devices show them.

    Args:
        frames: `float32` array of shape `(n, 28, 28)`, 0 paper to 1 ink.
        labels: `(n,)`, 0 to 9.
        rng: The source of randomness.
        distortion: The strength of `distort`.

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
        frames[index] = _drawn(int(labels[index]), rng)
    lot -= DRAWN_SHARE
    for index in np.flatnonzero((lot >= 0) & (lot < THICKNESS_SHARE)):
        frames[index] = change_thickness(frames[index], rng)
    lot -= THICKNESS_SHARE
    for index in np.flatnonzero((lot >= 0) & (lot < STRETCHED_SHARE)):
        frames[index] = stretch(frames[index], rng)
    return _shown(frames, rng, distortion)


def _drawn(digit: int, rng: np.random.Generator) -> np.ndarray:
    """Returns a frame of a digit that code draws."""
    is_rare = digit in WAYS and rng.random() < RARE_SHARE
    strokes = (draw_rare_digit if is_rare else glyphs.draw_digit)(digit, rng)
    return to_mnist(draw_strokes(strokes, _pen_width(rng)))


def _shown(frames: np.ndarray, rng: np.random.Generator, distortion: float) -> np.ndarray:
    """Distorts most frames, in place, and roughens some."""
    bent = np.flatnonzero(rng.random(len(frames)) >= SHARP_SHARE)
    frames[bent] = distort(frames[bent], rng, distortion)
    for index in np.flatnonzero(rng.random(len(frames)) < ROUGH_SHARE):
        frames[index] = roughen(frames[index], rng)
    return frames


def negatives(
    num: int,
    frames: np.ndarray,
    labels: np.ndarray,
    rng: np.random.Generator,
    distortion: float = 1.0,
) -> np.ndarray:
    """Returns frames of no digit.

    They are letters, figures, scribbles, dots, two joined digits, and digits in a mirror or on
    their side.

    Args:
        num: How many.
        frames: Frames of digits to join and to turn, `(n, 28, 28)`.
        labels: `(n,)`, which digits they are.
        rng: The source of randomness.
        distortion: The strength of `distort`.

    Returns:
        `float32` array of shape `(num, 28, 28)`, 0 paper to 1 ink.
    """
    made = np.empty((num, FRAME_SIDE, FRAME_SIDE), np.float32)
    kinds = rng.choice(5, num, p=(0.53, 0.1, 0.12, 0.12, 0.13))
    typed = np.flatnonzero(kinds == 1)
    made[typed] = redraw(
        np.array([_typed(rng) for _ in typed], bool).reshape(-1, _SIDE, _SIDE), rng
    )
    for index in np.flatnonzero(kinds != 1):
        if kinds[index] == 3:
            made[index] = join(*frames[rng.integers(len(frames), size=2)], rng)
        elif kinds[index] == 4 and (turned := _turned(frames, labels, rng)) is not None:
            made[index] = turned
        else:
            draw = glyphs.scribble if kinds[index] == 2 else glyphs.draw_letter_or_shape
            made[index] = to_mnist(draw_strokes(draw(rng), _pen_width(rng)))
    return _shown(made, rng, distortion)


def _turned(frames: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """Returns one of the digits in a mirror or on its side; `None` if none is odd that way."""
    is_mirrored = rng.random() < 0.4
    which = np.flatnonzero(np.isin(labels, MIRRORED if is_mirrored else TURNED))
    if not len(which):
        return None
    frame = frames[rng.choice(which)]
    turned = frame[:, ::-1] if is_mirrored else np.rot90(frame, rng.choice([1, 3]))
    return to_mnist(np.ascontiguousarray(turned))


def stretch(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Makes a digit wider or narrower, by .6 to 1.6, and then fits it into the box again."""
    wide = np.exp(rng.uniform(*np.log(WIDTHS)))
    cols = max(3, round(FRAME_SIDE * FINE * wide))
    return to_mnist(cv2.resize(frame, (cols, _SIDE), interpolation=cv2.INTER_LINEAR))


def roughen(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shows a frame as some devices do: as jagged or coarse pixels, blurred or partly faint.

    Args:
        frame: `float32` array of shape `(28, 28)`.
        rng: The source of randomness.

    Returns:
        A frame like it.
    """
    kind = rng.integers(4)
    if kind == 0:  # black and white, as drawn with a mouse or cut at a threshold
        side = round(FRAME_SIDE / BOX_SIDE * rng.uniform(*JAGGED_SIDES))
        small = cv2.resize(frame, (side, side), interpolation=cv2.INTER_LINEAR)
        bitmap = (small > rng.uniform(0.25, 0.55)).astype(np.float32)
        return to_mnist(bitmap) if bitmap.any() else frame
    if kind == 1:  # enlarged from few pixels
        side = round(FRAME_SIDE / BOX_SIDE * rng.uniform(*COARSE_SIDES))
        small = cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA)
        smooth = cv2.INTER_LINEAR if rng.random() < 0.7 else cv2.INTER_NEAREST
        large = np.where(small > 0.05, small, 0)
        return to_mnist(cv2.resize(large, (_SIDE, _SIDE), interpolation=smooth))
    if kind == 2:
        blurred = cv2.GaussianBlur(frame, (0, 0), rng.uniform(*BLURS))
        return blurred / max(float(blurred.max()), 1e-6)
    corners = rng.uniform(FAINTEST, 1, (3, 3)).astype(np.float32)
    ink = frame * cv2.resize(corners, (FRAME_SIDE, FRAME_SIDE), interpolation=cv2.INTER_LINEAR)
    return ink / max(float(ink.max()), 1e-6)


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


def _bitmaps(frames: np.ndarray) -> np.ndarray:
    """Returns frames at three times the resolution, `bool`."""
    return np.array([fine_bitmap(frame) for frame in frames], bool).reshape(-1, _SIDE, _SIDE)


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
    """Returns a random pen width, mostly near the app's own, pixels of the 20-pixel box."""
    if rng.random() < 0.1:
        return float(rng.uniform(*ODD_PEN_WIDTHS))
    return float(np.clip(rng.normal(PEN_WIDTH, 0.4), *PEN_WIDTHS))
