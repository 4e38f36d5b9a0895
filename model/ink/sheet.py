"""Finds handwritten digits in a photo of paper: uneven light, shadows, ruled lines."""

import contextlib
import io
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from model.errors import NothingDrawn, PictureError
from model.ink.frame import to_mnist

MAX_BYTES = 10_000_000
MAX_PIXELS = 40_000_000  # what today's phones take; more is refused before it is decoded
MAX_SIDE = 65_535  # pixels; what a JPEG can have
MAX_DECODED = 170_000_000  # bytes while decoding, with what comes on top less than 200 MB
MAX_PARTS = 20_000  # of a file; 10 MB of PNG in the usual 8 kB have 1,200
FORMATS = ("PNG", "JPEG", "WEBP")
KEPT_SIDE = 1600  # pixels; more than is worked on or shown
STRIP = 1_000_000  # pixels turned to RGB at once
_ORIENTATION = 0x0112  # the EXIF tag
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
WORK_SIDE = 1200  # pixels; larger photos are scaled down to this first
PAPER_SIDE = 1 / 12  # of the longer side: ink is narrower than this, shadows are wider
FAINTEST_STROKE = 0.12  # of the paper's brightness; fainter marks are shadow or dirt
SMALLEST_DIGIT = 0.02  # of the longer side, in height
# Straight runs longer than this are ruled lines; a large 1 is not.
LINE_LENGTHS = (0.5, 0.85)  # of the width across, of the height upright
MAX_DIGITS = 100
MAX_MARKS = 400  # four strokes apart for each; noise has thousands


@dataclass(frozen=True)
class Found:
    """A digit in a photo.

    Attributes:
        box: Left, top, right and bottom, pixels of the picture given.
        frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.
    """

    box: tuple[int, int, int, int]
    frame: np.ndarray


def decode(content: bytes) -> np.ndarray:
    """Decodes an uploaded picture, upright as its EXIF note says.

    Large ones are made smaller while they are decoded, so that one of 40 megapixels takes less
    than 200 MB.

    Args:
        content: A PNG, JPEG or WebP file, at most 10 MB and 40 megapixels.

    Returns:
        `uint8` array of shape `(rows, cols, 3)`, RGB, each side at most 1600; what is
        transparent is white.

    Raises:
        PictureError: If it is another format, damaged or too large.
    """
    if len(content) > MAX_BYTES:
        raise PictureError(
            f"The picture has {len(content) / 1e6:.0f} MB and may have {MAX_BYTES / 1e6:.0f}: "
            "make it smaller and try again."
        )
    try:
        if _has_too_many_parts(content):
            raise ValueError("too many parts")
        picture = Image.open(io.BytesIO(content), formats=FORMATS)
        most = min(MAX_PIXELS, MAX_DECODED // _bytes_a_pixel(picture))
        is_too_large = picture.width * picture.height > most or max(picture.size) > MAX_SIDE
        if not is_too_large:
            factor = min(1.0, WORK_SIDE / max(picture.size))
            picture.draft(None, tuple(max(1, round(side * factor)) for side in picture.size))
            picture.load()
            small = _on_white(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        most, is_too_large = MAX_PIXELS, True
    except Exception as error:  # Pillow raises a dozen kinds, by what is damaged
        raise PictureError(
            f"This is no whole PNG, JPEG or WebP picture ({type(error).__name__}): save it again "
            "or choose another."
        ) from error
    if is_too_large:
        raise PictureError(
            f"The picture has more than {most // 1_000_000} million pixels, or more than "
            f"{MAX_SIDE:,} on a side: make it smaller and try again."
        )
    return np.asarray(_upright(small, picture))


def _has_too_many_parts(content: bytes) -> bool:
    """Whether a PNG or JPEG file is made of far more parts than a picture needs."""
    num = 0
    if content.startswith(b"\x89PNG"):
        at = 8
        while at + 12 <= len(content) and num <= MAX_PARTS:
            at, num = at + 12 + int.from_bytes(content[at : at + 4], "big"), num + 1
    elif content.startswith(b"\xff\xd8"):
        at = 2
        # Bytes without a marker's 255 and the scan's data (218) end the head.
        while at + 4 <= len(content) and content[at] == 255 and num <= MAX_PARTS:
            is_filling = content[at + 1] == 255
            if content[at + 1] == 218:
                break
            length = 1 if is_filling else 2 + int.from_bytes(content[at + 2 : at + 4], "big")
            at, num = at + length, num + 1
    return num > MAX_PARTS


def _bytes_a_pixel(picture: Image.Image) -> int:
    """What decoding takes at most, bytes a pixel of the whole picture."""
    if picture.format == "WEBP":
        return 16  # the decoder's two canvases, its answer and Pillow's picture
    if picture.format != "PNG":
        # Read in parts and made smaller at once, unless its parts are refined bit by bit.
        return 2 * len(picture.getbands()) if "progressive" in picture.info else 1
    return 1 if picture.mode in ("1", "L", "P") else 4


def _on_white(picture: Image.Image) -> Image.Image:
    """A decoded picture as RGB on white, its longer side at most `KEPT_SIDE`.

    Done in strips: at no time is there a second picture of that size.
    """
    cols, rows = picture.size
    factor = max(1, max(picture.size) // KEPT_SIDE)
    across, down = min(factor, cols), min(factor, rows)
    small = Image.new("RGB", (-(-cols // across), -(-rows // down)))
    height = max(STRIP // cols // down, 1) * down
    for top in range(0, rows, height):
        strip = picture.crop((0, top, cols, min(top + height, rows)))
        if strip.mode.startswith("I"):  # 16 bits a pixel, of which the upper 8 are seen
            strip = Image.fromarray((np.asarray(strip) >> 8).clip(0, 255).astype(np.uint8))
        strip = strip.convert("RGBA")
        white = Image.new("RGBA", strip.size, "white")
        strip = Image.alpha_composite(white, strip).convert("RGB").reduce((across, down))
        small.paste(strip, (0, top // down))
    factor = min(1.0, KEPT_SIDE / max(small.size))
    if factor < 1:
        size = tuple(max(1, round(side * factor)) for side in small.size)
        small = small.resize(size, Image.Resampling.BOX)
    return small


def _upright(small: Image.Image, picture: Image.Image) -> Image.Image:
    """A picture turned as the EXIF note of its file says, if there is one that can be read."""
    with contextlib.suppress(Exception):  # by what is damaged; then it stays as it is
        if turn := _TURNS.get(picture.getexif().get(_ORIENTATION)):
            return small.transpose(turn)
    return small


def find_digits(picture: np.ndarray) -> list[Found]:
    """Finds all digits on a sheet of paper, in reading order.

    Args:
        picture: `uint8` array of shape `(rows, cols, 3)`, RGB, each side at least 1.

    Returns:
        Digits line by line from above, in each line from the left; at least one.

    Raises:
        NothingDrawn: If there is nothing that could be a digit.
    """
    grey, factor = smaller(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
    ink = ink_on_paper(grey)
    mask = _without_ruled_lines(ink > threshold(ink))
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
        found.append(Found(box, frame))
    return found


def smaller(picture: np.ndarray, longest: int = WORK_SIDE) -> tuple[np.ndarray, float]:
    """A picture averaged down until its longer side is short enough, if it is not.

    Args:
        picture: `uint8` array of shape `(rows, cols)` or `(rows, cols, 3)`.
        longest: Pixels that the longer side may have.

    Returns:
        The picture, and by what its sides were multiplied: 1 or less.
    """
    factor = longest / max(picture.shape[:2])
    if factor >= 1:
        return picture, 1.0
    rows, cols = (max(1, round(side * factor)) for side in picture.shape[:2])
    return cv2.resize(picture, (cols, rows), interpolation=cv2.INTER_AREA), factor


def ink_on_paper(grey: np.ndarray) -> np.ndarray:
    """Ink as a share of the paper's local brightness, so that light and shadow drop out.

    Args:
        grey: `uint8` array of shape `(rows, cols)`.

    Returns:
        `float32` array like it, 0 paper to 1 full ink.
    """
    if np.median(grey) < 110:  # light ink on dark ground: a blackboard, a dark screen
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


def threshold(ink: np.ndarray) -> float:
    """Otsu's threshold, but never below what dirt and noise reach.

    Source: N. Otsu, IEEE Trans. Systems, Man, and Cybernetics 9 (1979) 62-66.
    """
    level, _ = cv2.threshold(
        (ink * 255).astype(np.uint8), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU
    )
    return max(level / 255, 2 * FAINTEST_STROKE)


def _without_ruled_lines(mask: np.ndarray) -> np.ndarray:
    """Takes long straight lines out and closes the cuts that this leaves in strokes."""
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


def _components(mask: np.ndarray, longer: int) -> list[list[int]]:
    """Boxes `[left, top, right, bottom]` of connected ink, specks left out."""
    num, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    boxes = []
    for left, top, width, height, area in stats[1:num].tolist():
        if max(width, height) >= SMALLEST_DIGIT * longer and area >= 8:
            boxes.append([left, top, left + width, top + height])
    if not boxes:
        return []
    tallest = float(np.percentile([box[3] - box[1] for box in boxes], 80))
    return [box for box in boxes if max(box[3] - box[1], box[2] - box[0]) >= 0.3 * tallest]


def _merge(boxes: list[list[int]]) -> list[list[int]]:
    """Joins boxes that lie above one another and near: a 5 and its bar."""
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
            near = np.flatnonzero((across > 0.5 * narrower) & (apart < 0.15 * height))
            if len(near):
                b = boxes.pop(index + 1 + int(near[0]))
                corners = (*map(min, a[:2], b[:2]), *map(max, a[2:], b[2:]))
                boxes[index] = [int(value) for value in corners]
                merged = True
    return boxes


def _reading_order(boxes: list[list[int]]) -> list[list[int]]:
    """Line by line from above; boxes are in a line if their middles are in each other."""
    lines: list[list[list[int]]] = []
    for box in sorted(boxes, key=lambda box: (box[1] + box[3]) / 2):
        middle = (box[1] + box[3]) / 2
        for line in lines:
            top, bottom = np.mean([[other[1], other[3]] for other in line], axis=0)
            if top < middle < bottom:
                line.append(box)
                break
        else:
            lines.append([box])
    return [box for line in lines for box in sorted(line)]
