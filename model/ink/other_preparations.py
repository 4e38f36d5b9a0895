"""Preprocesses drawings as other demos do, to show the effect on the answer.

Each function takes a canvas with ink, a `float32` array of shape `(side, side)`, 0 paper to 1
ink, and returns a `float32` array of shape `(28, 28)`. Only the page How it works uses them.
"""

import cv2
import numpy as np

from model.ink.frame import BOX_SIDE, FRAME_SIDE


def plain_resize(ink: np.ndarray) -> np.ndarray:
    """Scales the whole canvas down, as most demos do."""
    frame = cv2.resize(ink, (FRAME_SIDE, FRAME_SIDE), interpolation=cv2.INTER_LINEAR)
    return np.clip(frame, 0, 1)


def padded_box(ink: np.ndarray) -> np.ndarray:
    """Makes the ink's box square, pads it as browser demos do, and scales it down."""
    box = _box(ink)
    side = int(max(box.shape) * 1.4)
    square = np.zeros((side, side), np.float32)
    row, col = (side - box.shape[0]) // 2, (side - box.shape[1]) // 2
    square[row : row + box.shape[0], col : col + box.shape[1]] = box
    return np.clip(cv2.resize(square, (FRAME_SIDE,) * 2, interpolation=cv2.INTER_AREA), 0, 1)


def otsu_first(ink: np.ndarray) -> np.ndarray:
    """Scales down and then applies Otsu's threshold, as tutorials on photos do.

    Source: N. Otsu, IEEE Trans. Systems, Man, and Cybernetics 9 (1979) 62-66.
    """
    small = cv2.resize((ink * 255).astype(np.uint8), (FRAME_SIDE,) * 2)
    _, black_and_white = cv2.threshold(small, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return black_and_white.astype(np.float32) / 255


def centred_box(ink: np.ndarray) -> np.ndarray:
    """Scales the box to 20 pixels and centres it by its sides instead of its mass."""
    box = _box(ink)
    rows, cols = (max(1, round(side * BOX_SIDE / max(box.shape))) for side in box.shape)
    small = np.clip(cv2.resize(box, (cols, rows), interpolation=cv2.INTER_AREA), 0, 1)
    frame = np.zeros((FRAME_SIDE, FRAME_SIDE), np.float32)
    row, col = (FRAME_SIDE - rows) // 2, (FRAME_SIDE - cols) // 2
    frame[row : row + rows, col : col + cols] = small
    return frame


OTHERS = {
    "Plain resize": plain_resize,
    "Padded box": padded_box,
    "Black and white first": otsu_first,
    "Box centred by its sides": centred_box,
}


def _box(ink: np.ndarray) -> np.ndarray:
    """Cuts the ink's bounding box out."""
    rows, cols = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return np.ascontiguousarray(ink[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1])
