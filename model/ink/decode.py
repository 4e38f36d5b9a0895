"""Decodes a picture file: PNG, JPEG or WebP.

Files are untrusted: their size, number of parts, and the time and memory for decoding are limited
before they are decoded.
"""

import contextlib
import io

import numpy as np
from PIL import ExifTags, Image, ImageOps

from model.errors import PictureError

MAX_BYTES = 10_000_000
MAX_PIXELS = 40_000_000  # what today's phones take; more is refused before decoding
MAX_SIDE = 65_535  # pixels; the longest side that a JPEG can have
MAX_DECODED = 170_000_000  # bytes while decoding; 200 MB with everything around it
MAX_SCANNED = 500_000_000  # pixels, times the scans of a JPEG; they take four seconds
MAX_PARTS = 20_000  # chunks or segments of a file; a usual PNG of 10 MB has 1,200
FORMATS = ("PNG", "JPEG", "WEBP")
DECODED_SIDE = 1200  # pixels; a larger JPEG is made smaller while it is decoded, down to this
KEPT_SIDE = 1600  # pixels; no more is worked on or shown
STRIP = 1_000_000  # pixels converted to RGB at once
_PNG_START, _JPEG_START = b"\x89PNG", b"\xff\xd8"
_SCAN = b"\xff\xda"  # begins each scan of a JPEG; within a scan, 0 follows on 0xFF
_JPEG_MARKER, _JPEG_SCAN = 0xFF, 0xDA  # a segment's first byte; the segment that ends the head


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
    check_size(content)
    try:
        if _has_too_many_parts(content):
            raise ValueError("too many parts")
        picture = Image.open(io.BytesIO(content), formats=FORMATS)
        most = min(MAX_PIXELS, MAX_DECODED // _bytes_per_pixel(picture))
        is_too_large = picture.width * picture.height > most or max(picture.size) > MAX_SIDE
        num_scans = content.count(_SCAN) if picture.format == "JPEG" else 1
        has_too_many_scans = num_scans * picture.width * picture.height > MAX_SCANNED
        if not is_too_large and not has_too_many_scans:
            factor = min(1.0, DECODED_SIDE / max(picture.size))
            picture.draft(None, tuple(max(1, round(side * factor)) for side in picture.size))
            picture.load()
            small = _on_white(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        most, is_too_large, has_too_many_scans = MAX_PIXELS, True, False
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
    if has_too_many_scans:
        raise PictureError(
            f"This JPEG has {num_scans:,} scans, too many to decode in a moment: save it again as "
            "a plain JPEG."
        )
    return np.asarray(_turn_upright(small, picture))


def check_size(content: bytes) -> None:
    """Raises `PictureError` if a file has more than `MAX_BYTES`."""
    if len(content) > MAX_BYTES:
        raise PictureError(
            f"The picture has {len(content) / 1e6:.0f} MB and may have {MAX_BYTES / 1e6:.0f}: "
            "make it smaller and try again."
        )


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
