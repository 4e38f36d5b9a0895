"""Draws pen strokes, and measures them.

A stroke is an array of shape `(num_points, 2)`, points x, y; y grows downwards.
"""

import cv2
import numpy as np

BOX_SIDE = 20  # pixels; MNIST scales a digit's longer side to this
# Every stroke is drawn with this pen, whatever pen the visitor chose: it gives MNIST's mean
# ink (0.131) and its median stroke width.
PEN_WIDTH = 2.27  # pixels of the 20-pixel box
SUPERSAMPLING = 8  # strokes are drawn this much larger and averaged down, because OpenCV's
# own anti-aliased lines come out too thick
CANVAS_SUPERSAMPLING = 4  # the same for a whole canvas, whose lines are wider
SUBPIXEL_BITS = 4  # OpenCV takes fixed-point coordinates with this many fractional bits


def draw_canvas(strokes: list[np.ndarray], pen_width: float, side: int) -> np.ndarray:
    """Draws strokes as the browser's canvas shows them.

    Args:
        strokes: Arrays of shape `(num_points, 2)`, points x, y in canvas pixels; may be empty.
        pen_width: Width of the round pen, canvas pixels.
        side: The canvas' side, pixels.

    Returns:
        `float32` array of shape `(side, side)`, 0 paper to 1 ink.
    """
    factor = CANVAS_SUPERSAMPLING
    large = np.zeros((side * factor, side * factor), np.uint8)
    _draw_lines(large, strokes, pen_width * factor, factor, np.zeros(2))
    small = cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / 255


def draw_strokes(strokes: list[np.ndarray], pen_width: float) -> np.ndarray:
    """Draws strokes so that their ink, pen width included, fills the 20-pixel box.

    Args:
        strokes: At least one array of shape `(num_points, 2)`, points x, y in any unit.
        pen_width: Width of the round pen in pixels of the 20-pixel box.

    Returns:
        `float32` array of shape `(rows, cols)`, 0 to 1, its longer side 20 pixels.
    """
    points = np.concatenate(strokes)
    corner = points.min(axis=0)
    size = points.max(axis=0) - corner
    scale = (BOX_SIDE - pen_width) / max(float(size.max()), 1e-9)
    sides = np.clip(np.ceil(size * scale + pen_width - 1e-6), 1, BOX_SIDE).astype(int)
    start = (sides - size * scale) / 2  # centres the shorter side in its whole pixels
    cols, rows = map(int, sides)
    large = np.zeros((rows * SUPERSAMPLING, cols * SUPERSAMPLING), np.uint8)
    _draw_lines(
        large,
        strokes,
        pen_width * SUPERSAMPLING,
        scale * SUPERSAMPLING,
        start * SUPERSAMPLING - corner * scale * SUPERSAMPLING,
    )
    small = cv2.resize(large, (cols, rows), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / 255


def _draw_lines(
    picture: np.ndarray, strokes: list[np.ndarray], width: float, scale: float, shift: np.ndarray
) -> None:
    """Draws strokes, scaled and then shifted, into a `uint8` picture with a round pen."""
    points = [(stroke * scale + shift - 0.5) * 2**SUBPIXEL_BITS for stroke in strokes]
    lines = [np.round(line).astype(np.int32).reshape(-1, 1, 2) for line in points]
    thickness = max(1, round(width))
    cv2.polylines(picture, lines, False, 255, thickness, cv2.LINE_8, shift=SUBPIXEL_BITS)


def partial_drawings(strokes: list[np.ndarray], num: int) -> list[list[np.ndarray]]:
    """Returns the drawing at `num` moments, spaced evenly along the pen's path.

    Args:
        strokes: Arrays of shape `(num_points, 2)`, at least one point in all.
        num: How many moments; the last is the whole drawing.

    Returns:
        `num` lists of strokes, each a part of the next.
    """
    ends = [len(stroke) for stroke in strokes]
    steps = [
        np.concatenate([[0.0], np.linalg.norm(np.diff(stroke, axis=0), axis=1)])
        for stroke in strokes
    ]
    travelled = np.cumsum(np.concatenate(steps))
    moments = []
    for share in np.arange(1, num + 1) / num:
        # The tolerance covers rounding: many steps don't add up exactly to the whole.
        left = int(np.searchsorted(travelled, share * travelled[-1] + 1e-6, side="right"))
        part = []
        for stroke, end in zip(strokes, ends, strict=True):
            if left <= 0:
                break
            part.append(stroke[: min(left, end)])
            left -= end
        moments.append(part)
    return moments


def arc_length(stroke: np.ndarray) -> float:
    """Returns the length of a stroke, `(num_points, 2)`, in its own unit."""
    return float(np.linalg.norm(np.diff(stroke, axis=0), axis=1).sum())


def resample(stroke: np.ndarray, num: int) -> np.ndarray:
    """Returns a stroke, `(num_points, 2)`, with `num` points evenly spaced along it."""
    travelled = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(stroke, axis=0), axis=1))])
    at = np.linspace(0, travelled[-1], num)
    return np.stack([np.interp(at, travelled, stroke[:, axis]) for axis in range(2)], axis=1)
