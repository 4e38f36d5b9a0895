"""Decodes a picture file, or one page of it.

Files are untrusted: their size, number of parts, and the time and memory for decoding are limited
before they are decoded.
"""

import contextlib
import io
import zlib

import cv2
import numpy as np
import pillow_heif
import pypdfium2
from PIL import ExifTags, Image, ImageOps

from model.errors import PictureError
from model.ink.file_kinds import KNOWN, kind_of

MAX_BYTES = 10_000_000
MAX_PIXELS = 40_000_000  # what today's phones take; more is refused before decoding
MAX_SIDE = 65_535  # pixels; the longest side that a JPEG can have
MAX_DECODED = 170_000_000  # bytes while decoding; 200 MB with everything around it
MAX_SCANNED = 500_000_000  # pixels, times the scans of a JPEG; they take four seconds
MAX_PARTS = 20_000  # chunks or segments of a file; a usual PNG of 10 MB has 1,200
MAX_PAGES = 50
HEIC_BYTES = 7  # a pixel: the decoder's planes, its result and Pillow's picture
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "AVIF")  # that Pillow decodes
DECODED_SIDE = 1200  # pixels; a larger JPEG is made smaller while it is decoded, down to this
KEPT_SIDE = 1600  # pixels; no more is worked on or shown
STRIP = 1_000_000  # pixels converted to RGB at once
SMALLEST_PAGE = 1.0  # points; a PDF's page may be any size
OPAQUE = 0.5  # share of a picture; one of which more is opaque is no ink on transparent ground
LIGHT_INK = 0.5  # mean brightness from which on transparent ground becomes black
_SCAN = b"\xff\xda"  # begins each scan of a JPEG; within a scan, 0 follows on 0xFF
_JPEG_MARKER, _JPEG_SCAN = 0xFF, 0xDA  # a segment's first byte; the segment that ends the head
# How a PNG file of 28x28 pixels begins, 8 bits of grey each, not interlaced; and its parts.
_PNG_PARTS = 8  # where its parts begin
_PLAIN_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x1c\0\0\0\x1c\x08\0\0\0\0"
_PLAIN_PARTS = {b"IHDR", b"IDAT", b"IEND"}
_TOO_LARGE = (
    f"The picture has more than {{}} million pixels, or more than {MAX_SIDE:,} on a side: make it "
    "smaller and try again."
)
_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32) / 255  # ITU-R BT.601


def decode(content: bytes, page: int = 0) -> np.ndarray:
    """Decodes a picture file and turns it upright as its EXIF orientation says.

    A large picture is made smaller while it is decoded, so that one of 40 megapixels takes
    less than 200 MB.

    Args:
        content: A file of a format in `model.ink.file_kinds.KNOWN`, at most 10 MB.
        page: Which page of a TIFF or PDF file, from 0.

    Returns:
        `uint8` array of shape `(rows, cols, 3)`, RGB, each side at most 1600 pixels. What is
        transparent becomes white, or black behind light ink.

    Raises:
        PictureError: If the file has another format, is damaged or too large.
    """
    return decode_page(content, page)[0]


def decode_page(content: bytes, page: int = 0) -> tuple[np.ndarray, int]:
    """As `decode`; also returns how many pages the file has.

    Of an animation, the first picture is the only page.
    """
    check_size(content)
    kind = kind_of(content)
    if kind not in KNOWN:
        raise PictureError(
            f"{kind} can't be read here: save it as PNG, JPEG or PDF, or take a photo of it."
        )
    try:
        if kind == "PDF":
            return _pdf_page(content, page)
        return _picture(content, kind, page)
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError(_TOO_LARGE.format(MAX_PIXELS // 1_000_000)) from error
    except Exception as error:  # the libraries raise a dozen types, depending on the damage
        raise PictureError(
            f"This is no whole {kind} file ({type(error).__name__}): save it again or choose "
            "another."
        ) from error


def decode_plain_png(content: bytes) -> np.ndarray | None:
    """Decodes a grey PNG file of 28x28 pixels; ten times as fast as `decode`.

    Args:
        content: Any bytes.

    Returns:
        `uint8` array of shape `(28, 28)`; `None` if the file is damaged or another, so that
        `decode` has to see what it is.
    """
    if not content.startswith(_PLAIN_PNG):
        return None
    at, parts = _PNG_PARTS, []
    while at < len(content):
        length = int.from_bytes(content[at : at + 4])
        end = at + 8 + length  # of what the checksum is about
        if zlib.crc32(content[at + 4 : end]) != int.from_bytes(content[end : end + 4]):
            return None  # OpenCV would print a line
        parts.append(content[at + 4 : at + 8])
        at = end + 4
    if at != len(content) or parts[-1] != b"IEND" or not set(parts) <= _PLAIN_PARTS:
        return None  # there is a transparent shade, an orientation or an animation
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)


def file_scale(content: bytes, page: int, picture: np.ndarray) -> float:
    """By how much the sides of a file's own picture exceed those of the decoded one.

    Args:
        content: A file that was decoded.
        page: Which page of it.
        picture: What `decode` returned.

    Returns:
        At least 1; 1 for a PDF, which has no pixels of its own.
    """
    kind = kind_of(content)
    if kind == "PDF":
        return 1.0
    if kind == "HEIC":
        sides = pillow_heif.open_heif(io.BytesIO(content)).size
    else:
        with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            if page:
                opened.seek(page)
            sides = opened.size
    return max(sides) / max(picture.shape)


def check_size(content: bytes) -> None:
    """Raises `PictureError` if a file has more than `MAX_BYTES`."""
    if len(content) > MAX_BYTES:
        raise PictureError(
            f"The picture has {len(content) / 1e6:.0f} MB and may have {MAX_BYTES / 1e6:.0f}: "
            "make it smaller and try again."
        )


def _picture(content: bytes, kind: str, page: int) -> tuple[np.ndarray, int]:
    """A page of a file that Pillow or libheif decodes."""
    if _has_too_many_parts(content):
        raise ValueError("too many parts")
    if kind == "HEIC":
        picture = _opened_heif(content)
    else:
        picture = Image.open(io.BytesIO(content), formats=FORMATS)
    num_pages = 1
    if kind == "TIFF":
        num_pages = _checked_number(picture.n_frames)
        picture.seek(page)
    most = min(MAX_PIXELS, MAX_DECODED // _bytes_per_pixel(picture, kind))
    if picture.width * picture.height > most or max(picture.size) > MAX_SIDE:
        raise PictureError(_TOO_LARGE.format(most // 1_000_000))
    num_scans = content.count(_SCAN) if kind == "JPEG" else 1
    if num_scans * picture.width * picture.height > MAX_SCANNED:
        raise PictureError(
            f"This JPEG has {num_scans:,} scans, too many to decode in a moment: save it again as "
            "a plain JPEG."
        )
    factor = min(1.0, DECODED_SIDE / max(picture.size))
    picture.draft(None, tuple(max(1, round(side * factor)) for side in picture.size))
    picture.load()
    return np.asarray(_turn_upright(_on_ground(picture), picture)), num_pages


def _opened_heif(content: bytes) -> Image.Image:
    """A HEIC picture whose pixels are not decoded before its size was checked."""
    pillow_heif.options.DECODE_THREADS = 1
    head = pillow_heif.open_heif(io.BytesIO(content), convert_hdr_to_8bit=True)
    most = MAX_DECODED // HEIC_BYTES
    if head.size[0] * head.size[1] > most:
        raise PictureError(_TOO_LARGE.format(most // 1_000_000))
    return head.to_pillow()


def _pdf_page(content: bytes, page: int) -> tuple[np.ndarray, int]:
    """A page of a PDF, drawn so that its longer side has `KEPT_SIDE` pixels."""
    document = pypdfium2.PdfDocument(content)
    try:
        num_pages = _checked_number(len(document))
        sheet = document[page]
        sides = sheet.get_size()
        if min(sides) < SMALLEST_PAGE:
            raise ValueError("a page without size")
        bitmap = sheet.render(scale=KEPT_SIDE / max(sides), rev_byteorder=True)
        drawn = bitmap.to_numpy()
        if drawn.ndim == 2:
            drawn = np.repeat(drawn[..., None], 3, axis=2)
        return np.ascontiguousarray(drawn[..., :3]), num_pages
    finally:
        document.close()


def _checked_number(num_pages: int) -> int:
    if num_pages > MAX_PAGES:
        raise PictureError(
            f"The file has {num_pages:,} pages and may have {MAX_PAGES}: split it and try again."
        )
    return num_pages


def _has_too_many_parts(content: bytes) -> bool:
    """Tells whether a PNG or JPEG file has far more parts than a picture needs."""
    num = 0
    if kind_of(content) == "PNG":
        at = 8
        while at + 12 <= len(content) and num <= MAX_PARTS:
            at, num = at + 12 + int.from_bytes(content[at : at + 4], "big"), num + 1
    elif kind_of(content) == "JPEG":
        at = 2
        while at + 4 <= len(content) and content[at] == _JPEG_MARKER and num <= MAX_PARTS:
            if content[at + 1] == _JPEG_SCAN:
                break
            is_filling = content[at + 1] == _JPEG_MARKER
            length = 1 if is_filling else 2 + int.from_bytes(content[at + 2 : at + 4], "big")
            at, num = at + length, num + 1
    return num > MAX_PARTS


def _bytes_per_pixel(picture: Image.Image, kind: str) -> int:
    """Returns how many bytes a pixel of the file takes at most while it is decoded."""
    if kind == "HEIC":
        return HEIC_BYTES
    if kind in ("WebP", "AVIF"):
        return 16  # the decoder's canvases, its result and Pillow's picture
    if kind == "JPEG":
        # A baseline JPEG is read in parts and reduced at once; a progressive one is kept whole.
        return 2 * len(picture.getbands()) if "progressive" in picture.info else 1
    if kind == "TIFF":
        return 8  # libtiff's strips may be as large as the picture
    return 1 if picture.mode in ("1", "L", "P") else 4


def _on_ground(picture: Image.Image) -> Image.Image:
    """Returns a decoded picture as RGB on its ground, its longer side at most `KEPT_SIDE`.

    It works in strips, so that memory never holds a second picture of the full size.
    """
    cols, rows = picture.size
    factor = max(1, max(picture.size) // KEPT_SIDE)
    across, down = min(factor, cols), min(factor, rows)
    small = Image.new("RGB", (-(-cols // across), -(-rows // down)))
    height = max(STRIP // cols // down, 1) * down
    tops = range(0, rows, height)

    def strip_at(top: int) -> Image.Image:
        strip = picture.crop((0, top, cols, min(top + height, rows)))
        if strip.mode.startswith("I"):  # 16 bits per pixel, of which the upper 8 matter
            strip = Image.fromarray((np.asarray(strip) >> 8).clip(0, 255).astype(np.uint8))
        return strip.convert("RGBA")

    ground = "white"
    if picture.has_transparency_data:
        ground = _ground_of(strip_at(top) for top in tops)
    for top in tops:
        strip = strip_at(top)
        behind = Image.new("RGBA", strip.size, ground)
        strip = Image.alpha_composite(behind, strip).convert("RGB").reduce((across, down))
        small.paste(strip, (0, top // down))
    factor = min(1.0, KEPT_SIDE / max(small.size))
    if factor < 1:
        size = tuple(max(1, round(side * factor)) for side in small.size)
        small = small.resize(size, Image.Resampling.BOX)
    return small


def _ground_of(strips) -> str:
    """The colour behind a transparent picture on which its ink shows."""
    ink = light = num = 0.0
    for strip in strips:
        pixels = np.asarray(strip)
        alpha = pixels[..., 3].astype(np.float32) / 255
        ink += float(alpha.sum())
        light += float(((pixels[..., :3] @ _LUMINANCE) * alpha).sum())
        num += alpha.size
    is_ink = 0 < ink < OPAQUE * num
    return "black" if is_ink and light > LIGHT_INK * ink else "white"


def _turn_upright(small: Image.Image, picture: Image.Image) -> Image.Image:
    """Turns a picture as its file's EXIF orientation says, if that can be read."""
    with contextlib.suppress(Exception):  # there is none, or it is damaged
        orientation = picture.getexif()[ExifTags.Base.Orientation]
        small.getexif()[ExifTags.Base.Orientation] = orientation
        return ImageOps.exif_transpose(small)
    return small
