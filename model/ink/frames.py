"""Finds printed frames around writing: form boxes, combs, closed tables."""

import cv2
import numpy as np

SMALLEST_CELL = 14  # pixels of width and height
RECTANGULAR = 0.8  # of its box that a frame's opening fills; a round of a 0 fills less
WRITTEN_HEIGHT = 0.25  # of the opening's height that something inside it has, at least
WIDER, SPARE = 2.0, 3  # times the mean width of a frame's sides, and pixels, that are cleared
LARGEST = 0.42  # of the sheet's width or height; a larger frame has lines that are long enough
MAX_CONTOURS = 6000  # more are a pattern

Box = tuple[int, int, int, int]  # left, top, right and bottom, pixels


def take_frames_out(mask: np.ndarray) -> tuple[np.ndarray, list[Box]]:
    """Takes frames out of ink.

    A frame is connected ink with a rectangular opening in which something is written. Only what
    lies close around the opening goes: a digit that touches the frame stays.

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
            # An opening's contour lies on the frame.
            box = int(left) + 1, int(top) + 1, int(left + width) - 1, int(top + height) - 1
            openings.setdefault(int(tree[0, index, 3]), []).append(box)
    if not openings:
        return mask, []
    _, names, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    cleaned, taken = mask.copy(), []
    for index, found in openings.items():
        x, y = contours[index][0, 0]
        name = names[y, x]
        across, down = stats[name, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]] / mask.shape[::-1]
        if max(across, down) > LARGEST:
            continue
        taken += found
        sides = sum(2 * (right - left + bottom - top) for left, top, right, bottom in found)
        wide = int(WIDER * stats[name, cv2.CC_STAT_AREA] / sides) + SPARE
        band = np.zeros(mask.shape, np.uint8)
        for left, top, right, bottom in found:
            cv2.rectangle(band, (left - wide, top - wide), (right + wide, bottom + wide), 1, -1)
        for left, top, right, bottom in found:
            band[top:bottom, left:right] = 0
        cleaned &= ~((band > 0) & (names == name))
    return cleaned, taken
