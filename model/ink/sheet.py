"""Evens out the light of a photo of paper and separates ink from paper."""

import cv2
import numpy as np

WORK_SIDE = 1200  # pixels; larger photos are scaled down to this first
DARK_GROUND = 110  # median grey level below which the ink is the lighter part
PAPER_SIDE = 1 / 12  # of the longer side; ink is narrower than this, shadows are wider
FAINTEST_STROKE = 0.12  # of the paper's brightness; fainter marks are shadow or dirt
# Straight runs longer than this are ruled lines; a large 1 is shorter.
LINE_LENGTHS = (0.5, 0.85)  # of the width across, of the height upright


def shrink(picture: np.ndarray, longest: int = WORK_SIDE) -> tuple[np.ndarray, float]:
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


def ink_on_paper(grey: np.ndarray) -> np.ndarray:
    """Returns ink relative to the paper's local brightness, which removes light and shadow.

    Args:
        grey: `uint8` array of shape `(rows, cols)`, dark on light or light on dark.

    Returns:
        `float32` array like it, 0 paper to 1 full ink.
    """
    if np.median(grey) < DARK_GROUND:  # a blackboard or a dark screen
        grey = 255 - grey
    side = max(3, int(max(grey.shape) * PAPER_SIDE) | 1)
    small = (
        cv2.medianBlur(cv2.resize(grey, None, fx=0.5, fy=0.5), 3) if min(grey.shape) > 8 else grey
    )
    half = max(3, (side // 2) | 1)
    paper = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((half, half), np.uint8))
    paper = cv2.GaussianBlur(paper, (0, 0), max(half / 3, 0.5))
    paper = cv2.resize(paper, grey.shape[::-1]).astype(np.float32)
    smooth = cv2.GaussianBlur(grey, (0, 0), 0.8).astype(np.float32)
    share = np.clip(1 - smooth / np.maximum(paper, 1), 0, 1)
    return share / max(float(share.max()), FAINTEST_STROKE)


def ink_threshold(ink: np.ndarray) -> float:
    """Returns Otsu's threshold, but never less than what dirt and noise reach.

    Source: N. Otsu, IEEE Trans. Systems, Man, and Cybernetics 9 (1979) 62-66.
    """
    level, _ = cv2.threshold(
        (ink * 255).astype(np.uint8), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU
    )
    return max(level / 255, 2 * FAINTEST_STROKE)


def remove_ruled_lines(mask: np.ndarray) -> np.ndarray:
    """Removes long straight lines and closes the gaps that this leaves in strokes.

    Args:
        mask: `bool` array of shape `(rows, cols)`, true where there is ink.

    Returns:
        A `bool` array like it.
    """
    across, upright = (
        max(15, int(side * share))
        for side, share in zip(mask.shape[::-1], LINE_LENGTHS, strict=True)
    )
    ink = mask.astype(np.uint8)
    lines = np.zeros_like(ink)
    for kernel in (np.ones((1, across), np.uint8), np.ones((upright, 1), np.uint8)):
        lines |= cv2.morphologyEx(ink, cv2.MORPH_OPEN, kernel)
    if not lines.any():
        return mask
    without = ink & ~cv2.dilate(lines, np.ones((3, 3), np.uint8))
    return cv2.morphologyEx(without, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8)) > 0
