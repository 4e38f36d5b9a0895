"""Finds the digits on a sheet of paper: their boxes, their lines, and the reading order."""

from dataclasses import dataclass

import cv2
import numpy as np

from model.errors import NothingDrawn
from model.ink.frame import to_mnist
from model.ink.sheet import ink_on_paper, ink_threshold, remove_ruled_lines, shrink

SMALLEST_DIGIT = 0.02  # of the picture's longer side; smaller marks are specks
SMALLEST_AREA = 8  # pixels of ink; less is a speck
SMALLEST_OF_TALL = 0.3  # of the 80th percentile of heights; smaller marks are dots and commas
# Two boxes, one above the other, are one digit (a 5 and its bar) if they share this much of
# the narrower one's width and are at most this far apart.
SHARED_WIDTH = 0.5
LARGEST_GAP = 0.15  # of the taller one's height
MAX_DIGITS = 100
MAX_MARKS = 400  # four separate strokes for each digit; noise has thousands


@dataclass(frozen=True)
class LocatedDigit:
    """A digit on a sheet.

    Attributes:
        box: Left, top, right and bottom, pixels of the picture.
        frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.
    """

    box: tuple[int, int, int, int]
    frame: np.ndarray


def find_digits(picture: np.ndarray) -> list[LocatedDigit]:
    """Finds all digits on a sheet of paper, in reading order.

    Args:
        picture: `uint8` array of shape `(rows, cols, 3)`, RGB, each side at least 1.

    Returns:
        At least one digit; lines from top to bottom, each from left to right.

    Raises:
        NothingDrawn: If nothing could be a digit.
    """
    grey, factor = shrink(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
    ink = ink_on_paper(grey)
    mask = remove_ruled_lines(ink > ink_threshold(ink))
    boxes = _merge(_components(mask, max(grey.shape))[:MAX_MARKS])[:MAX_DIGITS]
    if not boxes:
        raise NothingDrawn(
            "No digit was found: write larger and darker, on plain paper, and fill the picture."
        )
    clean = np.where(cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0, ink, 0)
    found = []
    for left, top, right, bottom in _reading_order(boxes):
        frame = to_mnist(np.ascontiguousarray(clean[top:bottom, left:right]))
        box = tuple(round(value / factor) for value in (left, top, right, bottom))
        found.append(LocatedDigit(box, frame))
    return found


def _components(mask: np.ndarray, longer: int) -> list[list[int]]:
    """Returns boxes `[left, top, right, bottom]` of connected ink, without specks."""
    num, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    boxes = []
    for left, top, width, height, area in stats[1:num].tolist():
        if max(width, height) >= SMALLEST_DIGIT * longer and area >= SMALLEST_AREA:
            boxes.append([left, top, left + width, top + height])
    if not boxes:
        return []
    tall = float(np.percentile([box[3] - box[1] for box in boxes], 80))
    return [
        box for box in boxes if max(box[3] - box[1], box[2] - box[0]) >= SMALLEST_OF_TALL * tall
    ]


def _merge(boxes: list[list[int]]) -> list[list[int]]:
    """Joins boxes that lie above one another and close together."""
    boxes = list(boxes)
    merged = True
    while merged:
        merged = False
        for index in range(len(boxes)):
            if index + 1 >= len(boxes):
                break
            a, others = np.array(boxes[index]), np.array(boxes[index + 1 :])
            across = np.minimum(a[2], others[:, 2]) - np.maximum(a[0], others[:, 0])
            apart = np.maximum(a[1], others[:, 1]) - np.minimum(a[3], others[:, 3])
            narrower = np.minimum(a[2] - a[0], others[:, 2] - others[:, 0])
            height = np.maximum(a[3] - a[1], others[:, 3] - others[:, 1])
            is_near = (across > SHARED_WIDTH * narrower) & (apart < LARGEST_GAP * height)
            near = np.flatnonzero(is_near)
            if len(near):
                b = boxes.pop(index + 1 + int(near[0]))
                corners = (*map(min, a[:2], b[:2]), *map(max, a[2:], b[2:]))
                boxes[index] = [int(value) for value in corners]
                merged = True
    return boxes


def _reading_order(boxes: list[list[int]]) -> list[list[int]]:
    """Sorts boxes line by line.

    A box joins a line if its vertical centre lies between the line's mean top and bottom.
    """
    lines: list[list[list[int]]] = []
    for box in sorted(boxes, key=lambda box: (box[1] + box[3]) / 2):
        centre = (box[1] + box[3]) / 2
        for line in lines:
            top, bottom = np.mean([[other[1], other[3]] for other in line], axis=0)
            if top < centre < bottom:
                line.append(box)
                break
        else:
            lines.append([box])
    return [box for line in lines for box in sorted(line)]
