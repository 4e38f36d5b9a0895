"""Finds printed frames around writing: form boxes, combs, closed tables."""

import cv2
import numpy as np

SMALLEST_CELL = 14  # pixels of width and height
RECTANGULAR = 0.8  # of its box that a frame's opening fills; a round of a 0 fills less
WRITTEN_HEIGHT = 0.25  # of the opening's height that something inside it has, at least
MAX_CONTOURS = 6000  # more are a pattern

Box = tuple[int, int, int, int]  # left, top, right and bottom, pixels


def take_frames_out(mask: np.ndarray) -> tuple[np.ndarray, list[Box]]:
    """Takes frames that touch nothing else out of ink.

    A frame is connected ink with a rectangular opening in which something is written.

    Args:
        mask: `bool` array of shape `(rows, cols)`, true where there is ink.

    Returns:
        A `bool` array like it, and the boxes of the openings.
    """
    contours, tree = cv2.findContours(
        mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE
    )
    if tree is None or len(contours) > MAX_CONTOURS:
        return mask, []
    boxes = np.array([cv2.boundingRect(contour) for contour in contours])
    is_outer = tree[0, :, 3] < 0
    outer = boxes[is_outer]
    openings: dict[int, list[Box]] = {}  # by the contour that is around them
    for index in np.flatnonzero(~is_outer):
        left, top, width, height = boxes[index]
        if min(width, height) < SMALLEST_CELL:
            continue
        if cv2.contourArea(contours[index]) < RECTANGULAR * width * height:
            continue
        is_inside = (
            (outer[:, 0] > left)
            & (outer[:, 1] > top)
            & (outer[:, 0] + outer[:, 2] < left + width)
            & (outer[:, 1] + outer[:, 3] < top + height)
            & (outer[:, 3] > WRITTEN_HEIGHT * height)
        )
        if is_inside.any():
            box = int(left), int(top), int(left + width), int(top + height)
            openings.setdefault(int(tree[0, index, 3]), []).append(box)
    if not openings:
        return mask, []
    _, names = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    around = {int(names[contours[index][0, 0, 1], contours[index][0, 0, 0]]) for index in openings}
    return mask & ~np.isin(names, list(around)), [box for each in openings.values() for box in each]
