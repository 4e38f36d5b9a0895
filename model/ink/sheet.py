"""Decodes a picture file, evens out the light and separates ink from paper.

Files are untrusted: their size, number of parts and the memory for decoding are limited before they
are decoded.
"""

import contextlib
import io

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageOps

from model.errors import PictureError

MAX_BYTES = 10_000_000
MAX_PIXELS = 40_000_000  # what today's phones take; more is refused before decoding
MAX_SIDE = 65_535  # pixels; the longest side that a JPEG can have
MAX_DECODED = 170_000_000  # bytes while decoding; 200 MB with everything around it
MAX_PARTS = 20_000  # chunks or segments of a file; a usual PNG of 10 MB has 1,200
FORMATS = ("PNG", "JPEG", "WEBP")
KEPT_SIDE = 1600  # pixels; no more is worked on or shown
STRIP = 1_000_000  # pixels converted to RGB at once
_PNG_START, _JPEG_START = b"\x89PNG", b"\xff\xd8"
_JPEG_MARKER, _JPEG_SCAN = 0xFF, 0xDA  # a segment's first byte; the segment that ends the head

WORK_SIDE = 1200  # pixels; larger photos are scaled down to this first
DARK_GROUND = 110  # median grey level below which the ink is the lighter part
PAPER_SIDE = 1 / 12  # of the longer side; ink is narrower than this, shadows are wider
FAINTEST_STROKE = 0.12  # of the paper's brightness; fainter marks are shadow or dirt
# Straight runs longer than this are ruled lines; a large 1 is shorter.
LINE_LENGTHS = (0.5, 0.85)  # of the width across, of the height upright


def decode(content: bytes) -> np.ndarray:
    """Decodes a picture file and turns it upright as its EXIF orientation says.

    A large picture is made smaller while it is decoded, so that one of 40 megapixels takes
    less than 200 MB.

    Args:
        content: A PNG, JPEG or WebP file, at most 10 MB and 40 megapixels.

    Returns:
        `uint8` array of shape `(rows, cols, 3)`, RGB, each side at most 1600 pixels. What is
        transparent becomes white.

    Raises:
        PictureError: If the file has another format, is damaged or too large.
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
        most = min(MAX_PIXELS, MAX_DECODED // _bytes_per_pixel(picture))
        is_too_large = picture.width * picture.height > most or max(picture.size) > MAX_SIDE
        if not is_too_large:
            factor = min(1.0, WORK_SIDE / max(picture.size))
            picture.draft(None, tuple(max(1, round(side * factor)) for side in picture.size))
            picture.load()
            small = _on_white(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        most, is_too_large = MAX_PIXELS, True
    except Exception as error:  # Pillow raises a dozen types, depending on the damage
        raise PictureError(
            f"This is no whole PNG, JPEG or WebP picture ({type(error).__name__}): save it again "
            "or choose another."
        ) from error
    if is_too_large:
        raise PictureError(
            f"The picture has more than {most // 1_000_000} million pixels, or more than "
            f"{MAX_SIDE:,} on a side: make it smaller and try again."
        )
    return np.asarray(_turn_upright(small, picture))


def longer_side(content: bytes) -> int:
    """Returns the longer side, in pixels, of a picture file that `decode` accepts."""
    with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
        return max(picture.size)


def _has_too_many_parts(content: bytes) -> bool:
    """Tells whether a PNG or JPEG file has far more parts than a picture needs."""
    num = 0
    if content.startswith(_PNG_START):
        at = 8
        while at + 12 <= len(content) and num <= MAX_PARTS:
            at, num = at + 12 + int.from_bytes(content[at : at + 4], "big"), num + 1
    elif content.startswith(_JPEG_START):
        at = 2
        while at + 4 <= len(content) and content[at] == _JPEG_MARKER and num <= MAX_PARTS:
            if content[at + 1] == _JPEG_SCAN:
                break
            is_filling = content[at + 1] == _JPEG_MARKER
            length = 1 if is_filling else 2 + int.from_bytes(content[at + 2 : at + 4], "big")
            at, num = at + length, num + 1
    return num > MAX_PARTS


def _bytes_per_pixel(picture: Image.Image) -> int:
    """Returns how many bytes a pixel of the file takes at most while it is decoded."""
    if picture.format == "WEBP":
        return 16  # the decoder's two canvases, its result and Pillow's picture
    if picture.format != "PNG":
        # A baseline JPEG is read in parts and reduced at once; a progressive one is kept whole.
        return 2 * len(picture.getbands()) if "progressive" in picture.info else 1
    return 1 if picture.mode in ("1", "L", "P") else 4


def _on_white(picture: Image.Image) -> Image.Image:
    """Returns a decoded picture as RGB on white, its longer side at most `KEPT_SIDE`.

    It works in strips, so that memory never holds a second picture of the full size.
    """
    cols, rows = picture.size
    factor = max(1, max(picture.size) // KEPT_SIDE)
    across, down = min(factor, cols), min(factor, rows)
    small = Image.new("RGB", (-(-cols // across), -(-rows // down)))
    height = max(STRIP // cols // down, 1) * down
    for top in range(0, rows, height):
        strip = picture.crop((0, top, cols, min(top + height, rows)))
        if strip.mode.startswith("I"):  # 16 bits per pixel, of which the upper 8 matter
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


def _turn_upright(small: Image.Image, picture: Image.Image) -> Image.Image:
    """Turns a picture as its file's EXIF orientation says, if that can be read."""
    with contextlib.suppress(Exception):  # there is none, or it is damaged
        orientation = picture.getexif()[ExifTags.Base.Orientation]
        small.getexif()[ExifTags.Base.Orientation] = orientation
        return ImageOps.exif_transpose(small)
    return small


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
