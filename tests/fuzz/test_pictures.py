"""Fuzzes picture files, as the Photo page reads them."""

import functools
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from benchmarks.sheets import sheet
from model.errors import PictureError
from model.ink.layout import find_digits
from model.ink.sheet import KEPT_SIDE, decode
from model.reading.recognizer import Recognizer
from tests.fuzz.target import (
    MAX_MB,
    SEEDS,
    Target,
    damaged,
    few_examples,
    outcome_of,
    shipped_recognizer,
)
from ui.resources import boxed, picture_url

_SECOND = {"save_all": True, "append_images": [Image.new("RGB", sheet().shape[1::-1])]}
_TURNED = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\1\0\0\0\6"
FORMATS = {  # mode, format and options of Pillow
    "PNG": ("RGB", "PNG", {}),
    "grey PNG": ("L", "PNG", {}),
    "palette PNG": ("P", "PNG", {}),
    "palette PNG, transparent": ("P", "PNG", {"transparency": b"\x00\x80\xff"}),
    "one-bit PNG": ("1", "PNG", {}),
    "grey and alpha PNG": ("LA", "PNG", {}),
    "RGBA PNG": ("RGBA", "PNG", {}),
    "16-bit PNG": ("I;16", "PNG", {}),
    "JPEG": ("RGB", "JPEG", {}),
    "grey JPEG": ("L", "JPEG", {}),
    "CMYK JPEG": ("CMYK", "JPEG", {}),
    "progressive JPEG": ("RGB", "JPEG", {"progressive": True}),
    "WebP": ("RGB", "WEBP", {}),
    "RGBA WebP": ("RGBA", "WEBP", {"lossless": True}),
    "animated WebP": ("RGB", "WEBP", _SECOND),
    "animated PNG": ("RGB", "PNG", _SECOND),
    "GIF": ("P", "GIF", {}),
    "TIFF": ("RGB", "TIFF", {}),
    "turned JPEG": ("RGB", "JPEG", {"exif": _TURNED}),
    "JPEG with odd EXIF": ("RGB", "JPEG", {"exif": b"Exif\0\0MM\0*\xff\xff\xff\xff" + bytes(99)}),
}


def saved(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@functools.lru_cache(100)
def sheet_file(name: str, seed: int = 0) -> bytes:
    """A sheet with six digits in one of the formats."""
    mode, kind, options = FORMATS[name]
    picture = sheet(seed=seed, noise=3)
    if mode == "I;16":
        image = Image.fromarray(picture[..., 0].astype(np.uint16) * 257)
    else:
        image = Image.fromarray(picture).convert(mode)
    return saved(image, kind, **options)


def noise_file(seed: int, rows: int, cols: int, grain: int, threshold: int | None, kind: str):
    """Noise in squares of `grain` pixels, black and white if there is a threshold."""
    shape = -(-rows // grain), -(-cols // grain)
    noise = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    if threshold:
        noise = np.where(noise > threshold, 255, 0).astype(np.uint8)
    return saved(Image.fromarray(noise.repeat(grain, 0).repeat(grain, 1)[:rows, :cols]), kind)


SHEETS = st.builds(sheet_file, st.sampled_from(list(FORMATS)), st.integers(0, 2))
SIDES = st.sampled_from((1, 2, 3, 9, 40, 300, 900, 1400))
NOISE = st.builds(
    noise_file,
    SEEDS,
    SIDES,
    SIDES,
    st.sampled_from((1, 1, 2, 5, 13, 30)),
    st.sampled_from((None, None, None, 20, 128, 230)),
    st.sampled_from(("PNG", "JPEG", "WEBP")),
)
PICTURES = st.one_of(SHEETS, NOISE, SHEETS.flatmap(damaged), SHEETS.flatmap(damaged))


@functools.lru_cache(4)
def _large(
    mode: str, kind: str, rows: int = 5000, cols: int = 8000, noisy: bool = False, **options
) -> bytes:
    """A picture of many pixels whose file is small."""
    if noisy:
        tile = np.random.default_rng(0).integers(0, 256, (500, 500), np.uint8)
        image = Image.fromarray(np.tile(tile, (-(-rows // 500), -(-cols // 500)))[:rows, :cols])
        image = image.convert(mode)
    else:
        image = Image.new(mode, (cols, rows))
        image.paste(1, (cols // 3, rows // 3, cols // 3 + cols // 9 + 1, 2 * rows // 3 + 1))
    return saved(image, kind, **({"compress_level": 1} | options))


def _marks() -> bytes:
    """As many small marks as fit, each just large enough to be a digit."""
    mark = np.full((27, 27), 255, np.uint8)
    mark[1:26, 8:14] = 0
    return saved(Image.fromarray(np.tile(mark, (44, 44))), "PNG")


def _marks_in_columns() -> bytes:
    """Small marks below one another, which join one by one."""
    picture = np.full((1200, 1200), 255, np.uint8)
    for row in range(0, 1170, 27):
        for col in range(0, 1190, 8):
            picture[row : row + 25, col : col + 5 - (row // 27) % 3] = 0
    return saved(Image.fromarray(picture), "PNG")


def _png(rows: int, cols: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG file of any size and chunks, whether they make sense or not."""
    head = struct.pack(">IIBBBBB", cols, rows, 8, 0, 0, 0, 0)
    parts = [b"\x89PNG\r\n\x1a\n"]
    for name, body in ((b"IHDR", head), *chunks, (b"IEND", b"")):
        checksum = struct.pack(">I", zlib.crc32(name + body))
        parts += [struct.pack(">I", len(body)), name, body, checksum]
    return b"".join(parts)


@functools.cache
def _zlib_bomb() -> bytes:
    """A billion zeros, packed in a megabyte."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(10**6)) for _ in range(1000)) + packer.flush()


_PIXELS = (b"IDAT", zlib.compress(bytes(90)))
PROGRESSIVE = {"progressive": True, "subsampling": 0}
ODD_SHAPES = {
    "1 x 65,000 JPEG": lambda: _large("L", "JPEG", 1, 65_000),
    "65,000 x 3 JPEG": lambda: _large("RGB", "JPEG", 65_000, 3),
    "10,000 x 2 of noise": lambda: _large("L", "PNG", 10_000, 2, noisy=True),
    "marks": _marks,
    "marks in columns": _marks_in_columns,
    "a JPEG of 9 MB of markers": lambda: b"\xff\xd8" + b"\xff\xe1\x00\x02" * 2_400_000,
    "a PNG of empty chunks": lambda: _png(9, 9, *[(b"tEXt", b"a\0")] * 300_000),
    "no pixels": lambda: _png(0, 0, (b"IDAT", zlib.compress(b""))),
    "no rows": lambda: _png(0, 9, (b"IDAT", zlib.compress(b""))),
    "four billion rows": lambda: _png(2**31 - 1, 2**31 - 1, (b"IDAT", zlib.compress(b""))),
    "a PNG's head and 10 MB": lambda: _png(9, 9) + bytes(9_900_000),
    "20 MB of zeros": lambda: bytes(20_000_000),
    "nothing": bytes,
}
LARGE = {
    "40 million pixels, RGB PNG": lambda: _large("RGB", "PNG"),
    "40 million pixels, 1 PNG": lambda: _large("1", "PNG"),
    "40 million pixels, JPEG": lambda: _large("RGB", "JPEG"),
    "24 million pixels, progressive": lambda: _large("RGB", "JPEG", 4000, 6000, **PROGRESSIVE),
    "10 million pixels, WebP": lambda: _large("RGBA", "WEBP", 2500, 4000, method=0),
}
SPECIAL = {
    **ODD_SHAPES,
    **LARGE,
    **{
        f"40 million pixels, {mode} PNG": functools.partial(_large, mode, "PNG")
        for mode in ("L", "I;16", "RGBA")
    },
    **{
        f"24 million pixels, {mode} PNG": functools.partial(_large, mode, "PNG", 4000, 6000)
        for mode in ("1", "L", "P", "RGB", "RGBA")
    },
    "40 million pixels, CMYK JPEG": lambda: _large("CMYK", "JPEG"),
    "40 million pixels, progressive": lambda: _large("RGB", "JPEG", **PROGRESSIVE),
    "40 million pixels of noise, JPEG": lambda: _large("RGB", "JPEG", noisy=True, quality=5),
    "24 million pixels of noise, PNG": lambda: _large("L", "PNG", 4000, 6000, noisy=True),
    "24 million pixels, WebP": lambda: _large("RGB", "WEBP", 4000, 6000, method=0),
    "1 x 40 million": lambda: _large("L", "PNG", 1, 40_000_000),
    "40 million x 1": lambda: _large("L", "PNG", 40_000_000, 1),
    "text bomb": lambda: _png(9, 9, (b"zTXt", b"a\0\0" + _zlib_bomb()), _PIXELS),
    "profile bomb": lambda: _png(9, 9, (b"iCCP", b"a\0\0" + _zlib_bomb()), _PIXELS),
    "pixel bomb": lambda: _png(9, 9, (b"IDAT", _zlib_bomb())),
    "10 MB of noise": lambda: np.random.default_rng(0).bytes(9_999_999),
}


def check(content: bytes, folder: Path) -> str:
    """Does with a file what the Photo page does."""

    def read():
        picture = decode(content)
        found = find_digits(picture)
        frames = np.stack([digit.frame for digit in found])
        for row in shipped_recognizer().probabilities(frames):
            shipped_recognizer().answer(row)
        picture_url(boxed(picture, [digit.box for digit in found]))

    return outcome_of(read)


TARGET = Target(PICTURES, check, share=7, ordinary=(sheet_file("JPEG"),), special=SPECIAL)


@few_examples(10)
@given(PICTURES)
def test_any_picture_is_read_or_refused_in_a_sentence(content):
    TARGET.run(content)


@pytest.mark.parametrize("name", ODD_SHAPES)
def test_odd_pictures_take_less_than_two_seconds(name):
    TARGET.run(SPECIAL[name]())


def _memory(key: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key))


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux' /proc")
@pytest.mark.parametrize("name", LARGE)
def test_a_large_photo_takes_less_than_200_mb(name):
    content = LARGE[name]()
    Path("/proc/self/clear_refs").write_text("5")  # proc(5): forget the peak
    before = _memory("VmRSS")
    assert max(decode(content).shape) <= KEPT_SIDE
    assert _memory("VmHWM") - before < MAX_MB


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_large_turned_photo_reads_like_a_small_one(kind):
    large = np.rot90(sheet()).repeat(5, axis=0).repeat(5, axis=1)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    picture = decode(saved(Image.fromarray(large), kind, exif=exif))
    assert max(picture.shape) <= KEPT_SIDE < max(large.shape)

    def read(picture):
        frames = np.stack([found.frame for found in find_digits(picture)])
        return Recognizer.load().probabilities(frames).argmax(axis=1).tolist()

    assert read(picture) == read(sheet())


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("name", ["16-bit PNG", "JPEG with odd EXIF"])
def test_unusual_picture_files_are_read(name):
    assert len(find_digits(decode(sheet_file(name)))) == 6


@pytest.mark.parametrize("mode", ["RGB", "P", "L"])
def test_a_picture_with_a_very_long_side_is_refused(mode):
    with pytest.raises(PictureError, match="on a side"):
        decode(saved(Image.new(mode, (1, 70_000)), "PNG"))
