"""Fuzzes picture files, as the page Paper and the endpoint read them."""

import functools
import io
import itertools
import struct
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from benchmarks.sheets import sheet
from model.errors import PictureError
from model.ink.decode import KEPT_SIDE, decode, decode_page
from model.ink.sheet import shrink
from model.reading.one_digit import read_one_digit
from model.reading.paper_export import page_of, workbook
from model.reading.paper_reader import read_paper
from model.reading.recognizer import Recognizer
from tests.fuzz import fuzzing
from ui.paper.documents import SHOWN_SIDE
from ui.pictures import jpeg

pillow_heif.register_heif_opener()  # so that Pillow can save it
pytestmark = pytest.mark.filterwarnings("ignore:Corrupt EXIF")

TURNED = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\1\0\0\0\6"
ODD_EXIF = b"Exif\0\0MM\0*\xff\xff\xff\xff" + bytes(99)
ANIMATED = {"save_all": True, "append_images": [Image.new("RGB", sheet().shape[1::-1])]}
FORMATS = [  # Pillow's format, mode and options
    *(("PNG", mode, {}) for mode in ("1", "L", "P", "LA", "RGB", "RGBA", "I;16")),
    *(("JPEG", mode, {}) for mode in ("L", "RGB", "CMYK")),
    *(("JPEG", "RGB", options) for options in ({"progressive": True}, {"exif": TURNED})),
    *(("WEBP", "RGB", {}), ("WEBP", "RGBA", {"lossless": True})),
    *(("GIF", "P", {}), ("BMP", "RGB", {}), ("JPEG", "RGB", {"exif": ODD_EXIF})),
    *(("TIFF", "RGB", {}), ("TIFF", "RGB", ANIMATED), ("TIFF", "1", {"compression": "group4"})),
    *(("TIFF", "RGB", {"compression": "jpeg"}), ("TIFF", "L", {"compression": "tiff_lzw"})),
    *(("AVIF", "RGB", {}), ("HEIF", "RGB", {}), ("PDF", "RGB", {}), ("PDF", "RGB", ANIMATED)),
    *(("PNG", "P", {"transparency": b"\x00\x80\xff"}), ("PNG", "RGB", ANIMATED)),
    ("WEBP", "RGB", ANIMATED),
]


def saved(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def sheet_file(kind: str, mode: str, options: dict, seed: int = 0) -> bytes:
    """A sheet with six digits."""
    picture = sheet(seed=seed, noise=3)
    if mode == "I;16":
        image = Image.fromarray(picture[..., 0].astype(np.uint16) * 257)
    else:
        image = Image.fromarray(picture).convert(mode)
    return saved(image, kind, **options)


SHEETS = st.builds(
    lambda args, seed: sheet_file(*args, seed), st.sampled_from(FORMATS), st.integers(0, 9)
)
NOISE = st.builds(
    lambda pixels, grain, kind: saved(
        Image.fromarray(pixels.repeat(grain, axis=0).repeat(grain, axis=1)), kind
    ),
    arrays(
        np.uint8,
        array_shapes(min_dims=2, max_dims=2, max_side=50),
        elements=st.integers(0, 255) | st.sampled_from((0, 255)),
    ),
    st.sampled_from((1, 2, 5, 13, 30)),
    st.sampled_from(("PNG", "JPEG", "WEBP")),
)
PICTURES = st.one_of(SHEETS, NOISE, *[SHEETS.flatmap(fuzzing.damaged)] * 2)


def _large(rows: int, cols: int, kind: str, mode: str, noisy: bool = False, **options) -> bytes:
    """A picture of many pixels whose file is small."""
    image = Image.new(mode, (cols, rows))
    image.paste(1, (cols // 3, rows // 3, cols // 3 + cols // 9 + 1, 2 * rows // 3 + 1))
    if noisy:
        tile = np.random.default_rng(0).integers(0, 256, (500, 500), np.uint8)
        image = Image.fromarray(np.tile(tile, (rows // 500 + 1, cols // 500 + 1))[:rows, :cols])
    return saved(image.convert(mode), kind, **({"compress_level": 1, "method": 0} | options))


def _marks(height: int, width: int, *ink_cols: int) -> bytes:
    """As many marks as fit, each just large enough to be a digit; widths alternate by row."""
    picture = np.full((1188, 1188), 255, np.uint8)
    for row, col in itertools.product(range(0, 1188, height), range(0, 1188, width)):
        start, stop = ink_cols[0], ink_cols[1 + row // height % (len(ink_cols) - 1)]
        picture[row + 1 : row + 26, col + start : col + stop] = 0
    return saved(Image.fromarray(picture), "PNG")


def _png(rows: int, cols: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG file of any size and chunks, whether they make sense or not."""
    head = struct.pack(">IIBBBBB", cols, rows, 8, 0, 0, 0, 0)
    parts = [b"\x89PNG\r\n\x1a\n"]
    for name, body in ((b"IHDR", head), *chunks, (b"IEND", b"")):
        checksum = struct.pack(">I", zlib.crc32(name + body))
        parts += [struct.pack(">I", len(body)), name, body, checksum]
    return b"".join(parts)


def _tiff_of_pages(num: int, circle: bool = False) -> bytes:
    """A TIFF file of empty pages of one pixel."""
    parts, at = [b"II*\0", struct.pack("<I", 8)], 8
    for page in range(num):
        tags = [(256, 3, 1, 1), (257, 3, 1, 1), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 0)]
        body = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags)
        following = at + len(body) + 4
        last = 8 if circle else 0
        parts.append(body + struct.pack("<I", last if page == num - 1 else following))
        at = following
    return b"".join(parts)


def _pdf(box: bytes) -> bytes:
    """A PDF file with an empty page."""
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R " + box + b">>endobj\ntrailer<</Root 1 0 R>>"
    )


@functools.cache
def _zlib_bomb() -> bytes:
    """A billion zeros, packed in a megabyte."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(10**6)) for _ in range(1000)) + packer.flush()


_PIXELS = (b"IDAT", zlib.compress(bytes(90)))
ODD_PICTURES = {
    "1 x 65,000 JPEG": lambda: _large(1, 65_000, "JPEG", "L"),
    "65,000 x 3 JPEG": lambda: _large(65_000, 3, "JPEG", "RGB"),
    "1,400 x 1,400 of noise": lambda: _large(1400, 1400, "PNG", "L", noisy=True),
    "10,000 x 2 of noise": lambda: _large(10_000, 2, "PNG", "L", noisy=True),
    "marks": lambda: _marks(27, 27, 8, 14),
    "marks whose columns join one by one": lambda: _marks(27, 8, 0, 5, 4, 3),
    "a JPEG of 9 MB of markers": lambda: b"\xff\xd8" + b"\xff\xe1\x00\x02" * 2_400_000,
    "a PNG of empty chunks": lambda: _png(9, 9, *[(b"tEXt", b"a\0")] * 300_000),
    "no pixels": lambda: _png(0, 0, (b"IDAT", zlib.compress(b""))),
    "no rows": lambda: _png(0, 9, (b"IDAT", zlib.compress(b""))),
    "four billion rows": lambda: _png(2**31 - 1, 2**31 - 1, (b"IDAT", zlib.compress(b""))),
    "a TIFF of 10,000 pages": lambda: _tiff_of_pages(10_000),
    "a TIFF whose pages go in a circle": lambda: _tiff_of_pages(2, circle=True),
    "a PDF of a million points": lambda: _pdf(b"/MediaBox [0 0 1000000 1000000]"),
    "a PDF without pages": lambda: _pdf(b"/MediaBox [0 0 0 0]"),
    "a PNG's head and 10 MB": lambda: _png(9, 9) + bytes(9_900_000),
    "20 MB of zeros": lambda: bytes(20_000_000),
    "nothing": bytes,
}
KINDS = [
    *(("PNG", mode, {}) for mode in ("1", "L", "P", "RGB", "RGBA", "I;16")),
    *(("JPEG", "RGB", {}), ("JPEG", "CMYK", {}), ("WEBP", "RGBA", {})),
    ("JPEG", "RGB", {"progressive": True, "subsampling": 0}),
    ("JPEG", "RGB", {"noisy": True, "quality": 5}),
    ("PNG", "L", {"noisy": True}),
]
LARGE = {
    f"{rows * cols:,} pixels, {mode} {kind} {' '.join(options)}".strip(): functools.partial(
        _large, rows, cols, kind, mode, **options
    )
    for rows, cols in ((2500, 4000), (4000, 6000), (5000, 8000))
    for kind, mode, options in KINDS
}
SPECIAL = {
    **ODD_PICTURES,
    **LARGE,
    "1 x 40 million": lambda: _large(1, 40_000_000, "PNG", "L"),
    "40 million x 1": lambda: _large(40_000_000, 1, "PNG", "L"),
    "text bomb": lambda: _png(9, 9, (b"zTXt", b"a\0\0" + _zlib_bomb()), _PIXELS),
    "profile bomb": lambda: _png(9, 9, (b"iCCP", b"a\0\0" + _zlib_bomb()), _PIXELS),
    "pixel bomb": lambda: _png(9, 9, (b"IDAT", _zlib_bomb())),
    "10 MB of noise": lambda: np.random.default_rng(0).bytes(9_999_999),
}


def check(content: bytes, folder: Path) -> str:
    """Does with a file what the page Paper and the endpoint do."""

    def read():
        picture, _ = decode_page(content)
        reading = read_paper(picture, fuzzing.shipped_recognizer())
        workbook([page_of("page", reading)])
        jpeg(shrink(picture, SHOWN_SIDE)[0])
        read_one_digit(picture, fuzzing.shipped_recognizer())

    return fuzzing.outcome_of(read)


TARGET = fuzzing.Target(
    PICTURES, check, share=7, ordinary=(sheet_file("JPEG", "RGB", {}),), special=SPECIAL
)


@fuzzing.few_examples(10)
@given(PICTURES)
def test_any_picture_is_read_or_refused_in_a_sentence(content):
    TARGET.run(content)


@pytest.mark.parametrize("name", ODD_PICTURES)
def test_odd_pictures_take_less_than_two_seconds(name):
    TARGET.run(ODD_PICTURES[name]())


def _memory(key: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key))


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux' /proc")
@pytest.mark.parametrize(
    "name",
    [
        *("40,000,000 pixels, RGB PNG", "40,000,000 pixels, 1 PNG", "40,000,000 pixels, RGB JPEG"),
        "24,000,000 pixels, RGB JPEG progressive subsampling",
        "10,000,000 pixels, RGBA WEBP",
    ],
)
def test_a_large_photo_takes_less_than_200_mb(name):
    content = LARGE[name]()
    Path("/proc/self/clear_refs").write_text("5")  # proc(5): forget the peak
    before = _memory("VmRSS")
    assert max(decode(content).shape) <= KEPT_SIDE
    assert _memory("VmHWM") - before < fuzzing.MAX_MB


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_large_turned_photo_reads_like_a_small_one(kind):
    large = np.rot90(sheet()).repeat(5, axis=0).repeat(5, axis=1)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    picture = decode(saved(Image.fromarray(large), kind, exif=exif))
    assert max(picture.shape) <= KEPT_SIDE < max(large.shape)

    def read(picture):
        return [digit.text for digit in read_paper(picture, Recognizer.load()).digits]

    assert read(picture) == read(sheet())


@pytest.mark.parametrize(
    "args", [("PNG", "I;16", {}), ("JPEG", "RGB", {"exif": ODD_EXIF})], ids=["16 bits", "odd EXIF"]
)
def test_unusual_picture_files_are_read(args):
    assert len(read_paper(decode(sheet_file(*args)), Recognizer.load()).digits) == 6


@pytest.mark.parametrize("mode", ["RGB", "P", "L"])
def test_a_picture_with_a_very_long_side_is_refused(mode):
    with pytest.raises(PictureError, match="on a side"):
        decode(saved(Image.new(mode, (1, 70_000)), "PNG"))
