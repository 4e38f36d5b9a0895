"""Thins ink to lines, and follows these as a pen would."""

import cv2
import numpy as np

from model.ink.frame import FRAME_SIDE

FINE = 3  # times a frame's resolution, at which it is thinned
INKED = 0.45  # of full ink, from which a pixel of the enlarged frame counts
CANVAS_PIXEL = 10.0  # canvas pixels of a frame's pixel; a canvas has 280


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


def fine_bitmap(frame: np.ndarray) -> np.ndarray:
    """Returns a frame, `(28, 28)`, at three times its resolution: `bool` of shape `(84, 84)`."""
    side = FRAME_SIDE * FINE
    return cv2.resize(frame, (side, side), interpolation=cv2.INTER_LINEAR) > INKED


def strokes_of_frame(frame: np.ndarray) -> list[np.ndarray]:
    """Returns strokes that would draw a frame's digit.

    Args:
        frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink, not blank.

    Returns:
        At least one array of shape `(num_points, 2)`, points x, y in canvas pixels.
    """
    fine = fine_bitmap(frame)
    if not fine.any():  # a faint frame
        fine = cv2.resize(frame, fine.shape) >= frame.max() / 2
    left = {(int(row), int(col)) for row, col in np.argwhere(thin(fine[None])[0])}
    scale = CANVAS_PIXEL / FINE
    strokes = []
    while left:
        # Begin at an end of a line, if there is one.
        place = min(left, key=lambda each: (len(_neighbours(each, left)), each))
        path = [place]
        left.discard(place)
        while near := _neighbours(path[-1], left):
            path.append(near[0])
            left.discard(near[0])
        if len(path) > 1 or not strokes:
            strokes.append(np.array([(col + 0.5, row + 0.5) for row, col in path]) * scale)
    return strokes


def _neighbours(place: tuple[int, int], among: set) -> list[tuple[int, int]]:
    """The places beside one, straight ones first."""
    row, col = place
    steps = ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))
    return [near for down, right in steps if (near := (row + down, col + right)) in among]
