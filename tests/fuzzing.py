"""Bad input for everything that comes from outside, and what must come of it: answer or sentence.

A maker takes a `random.Random`, so that Hypothesis can steer and shrink what it makes; a check
feeds one input to what reads it in the app and returns `ANSWER` or `SENTENCE`. Whatever else
comes of an input, an exception above all, is a failure. `benchmarks/fuzz.py` watches time and
memory besides.
"""

import contextlib
import functools
import gzip
import io
import itertools
import json
import os
import random
import shutil
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from streamlit.testing.v1 import AppTest

import train
from benchmarks.sheets import sheet
from model.errors import DigitError
from model.files import artifacts, promotion
from model.files.artifacts import (
    CARD_FILE,
    CHECKPOINT_FILE,
    CONFIG_FILE,
    HISTORY_FILE,
    LOOKALIKES_FILE,
    ONNX_FILE,
    REPORT_FILE,
    TRAINED,
)
from model.ink.frame import draw_canvas, draw_strokes, strokes_to_mnist, to_mnist
from model.ink.keyboard_grid import NUM_CELLS
from model.ink.layout import find_digits
from model.ink.other_preparations import OTHERS
from model.ink.sheet import decode
from model.ink.strokes import drawing_of_strokes, strokes_of_canvas
from model.learning import config, data, glyphs
from model.learning.upload import read_upload
from model.reading.counterfactual import smallest_change
from model.reading.explanation import contrast, tint
from model.reading.keyboard_grid import read_cells
from model.reading.numbers import read_digits
from model.reading.recognizer import Recognizer
from ops import corrections, corrections_export, training_jobs
from ops.corrections import Corrections
from ui.draw import replay
from ui.owner import training_run
from ui.resources import boxed, picture_url
from ui.results import report_charts, report_tables, run_tables

ROOT = Path(__file__).parent.parent
ANSWER, SENTENCE = "answer", "sentence"
LONGEST_SENTENCE = 1500  # characters; what is longer is no sentence
CANVAS_SIDE, PEN_WIDTH = 280, 20  # as in ui/canvas.py, which only a page may import

# What JSON, a form or a table may hold where something else is expected.
ODD = (
    *(None, True, False, 0, -1, 7, 2**31, 2**63, -(2**64), 10**400),
    *(0.5, -0.0, 1e-320, 1e308, -1e308, float("nan"), float("inf"), float("-inf")),
    *("", "7", "nan", "\x00", "\ud800", "é" * 40, "../..", "..", "a" * 5000, "a\nb", "<b>*x*</b>"),
    *([], {}, [[]], [None], [0] * 10, [[0] * 10] * 10, {"": None}, {"a": {"b": [1]}}),
)


@dataclass(frozen=True)
class Target:
    """Something that reads what comes from outside.

    Attributes:
        make: Makes an input that can be pickled.
        check: Feeds one to the app's code, with an empty folder to work in.
        share: How many of a hundred inputs are its.
        load: What others make of an input before the app's code gets it; not counted.
    """

    make: Callable[[random.Random], object]
    check: Callable[[object, Path], str]
    share: int
    load: Callable[[object], object] = lambda content: content


def told(action: Callable[[], object]) -> str:
    """`ANSWER`, or `SENTENCE` if a `DigitError` says what is wrong in one that can be shown."""
    try:
        action()
    except DigitError as error:
        text = str(error)
        text.encode()  # a browser gets UTF-8
        if not 10 < len(text) <= LONGEST_SENTENCE or "\n" in text:
            raise ValueError(f"no sentence: {text[:300]!r}") from error
        return SENTENCE
    return ANSWER


def all_told(*actions: Callable[[], object]) -> str:
    """`SENTENCE` if one of several actions ends in one."""
    return min([told(action) for action in actions], key=(SENTENCE, ANSWER).index)


# Mutations that every format shares.


def odd(rng: random.Random) -> object:
    """A value that is seldom expected."""
    return rng.choice(ODD)


def chance(rng: random.Random, share: float) -> bool:
    return rng.random() < share


def mutated(rng: random.Random, content: object, times: int = 1) -> object:
    """JSON-like content with something replaced, left out, doubled or added; a copy."""
    for _ in range(times):
        content = _mutated_once(rng, content)
    return content


def _mutated_once(rng: random.Random, content: object) -> object:
    if not isinstance(content, dict | list) or not content or chance(rng, 0.15):
        if isinstance(content, dict) and chance(rng, 0.5):
            return content | {str(rng.choice(list(content) or ["a"])) + "x": odd(rng)}
        return odd(rng)
    if isinstance(content, dict):
        key = rng.choice(list(content))
        if chance(rng, 0.2):
            return {name: value for name, value in content.items() if name != key}
        return content | {key: _mutated_once(rng, content[key])}
    at = rng.randrange(len(content))
    part = rng.choice(["change", "change", "change", "leave out", "double", "many"])
    if part == "change":
        return [*content[:at], _mutated_once(rng, content[at]), *content[at + 1 :]]
    times = {"leave out": 0, "double": 2, "many": rng.choice([100, 1000])}[part]
    return content[:at] + [content[at]] * times + content[at + 1 :]


def damaged(rng: random.Random, content: bytes) -> bytes:
    """Bytes cut, flipped, zeroed, doubled, put in or swapped."""
    for _ in range(rng.choice([1, 1, 2, 5])):
        at = rng.randrange(len(content) + 1) if chance(rng, 0.7) else rng.randrange(200)
        length = rng.choice([1, 2, 4, 8, 100, 5000])
        noise = np.random.default_rng(rng.getrandbits(32)).bytes(length)
        content = {
            "cut": lambda c, at, n, noise: c[:at],
            "head": lambda c, at, n, noise: c[at:],
            "flip": lambda c, at, n, noise: _flip(c, at),
            "zero": lambda c, at, n, noise: c[:at] + bytes(n) + c[at + n :],
            "ones": lambda c, at, n, noise: c[:at] + b"\xff" * n + c[at + n :],
            "noise": lambda c, at, n, noise: c[:at] + noise + c[at + n :],
            "put in": lambda c, at, n, noise: c[:at] + noise + c[at:],
            "leave out": lambda c, at, n, noise: c[:at] + c[at + n :],
            "double": lambda c, at, n, noise: c[:at] + c[max(at - n, 0) :],
        }[
            rng.choice(
                ("cut", "head", "zero", "ones", "noise", "put in", "leave out", "double")
                if chance(rng, 0.7)
                else ("flip",)
            )
        ](content, at, length, noise)
    return content


def _flip(content: bytes, at: int) -> bytes:
    if not content:
        return content
    at %= len(content)
    return content[:at] + bytes([content[at] ^ 1 << at % 8]) + content[at + 1 :]


def as_text(content: object) -> str:
    """JSON text as Python writes and a browser may: NaN and lone surrogates stay in."""
    return json.dumps(content)


# 1. The canvas' drawing, and the cells of the grid.


def make_drawing(rng: random.Random) -> str:
    """The text of a drawing: an ordinary one mutated, nonsense, or a huge one."""
    kind = rng.choice(["mutated"] * 16 + ["digits"] * 8 + ["lines"] * 4 + ["odd", "odd", "many"])
    if kind == "odd":
        return as_text(rng.choice([odd(rng), {"objects": odd(rng)}, {"objects": [odd(rng)]}]))
    if kind == "many":
        return trap(rng, "drawings")
    if kind == "lines":
        return as_text({"objects": _lines(rng)})
    generator = np.random.default_rng(rng.getrandbits(32))
    strokes = []
    for place in range(rng.choice([1, 1, 1, 2, 3])):
        some = glyphs.draw_digit(int(generator.integers(10)), generator)
        strokes += [stroke * rng.choice([20, 60, 150]) + 60 * place for stroke in some]
    drawing = drawing_of_strokes(strokes, PEN_WIDTH, "#ffffff")
    if kind == "mutated":
        drawing = mutated(rng, drawing, rng.choice([1, 1, 2, 4]))
    return as_text(drawing)


def _lines(rng: random.Random) -> list:
    """Straight strokes anywhere: dots, points on one another, far outside, all on one line."""
    reach = rng.choice([0, 1, 12, 280, 280, 3000, 1e5])

    def number():
        return rng.choice([0, reach, rng.uniform(-reach, reach), rng.uniform(0, reach)])

    return [
        line(*((number(), number()) for _ in range(rng.choice([1, 2, 2, 3, 40]))))
        for _ in range(rng.choice([1, 1, 2, 5, 13, 60]))
    ]


def line(*points: tuple[float, float], kind: str = "L", **fields) -> dict:
    """A stroke through points as the canvas has it."""
    first, *others = points
    path = [["M", *first], *([kind, *point] for point in others)]
    return {"type": "Path", "path": path, **fields}


def _text(*objects) -> str:
    return as_text({"objects": objects})


def _hatched(num: int) -> str:
    """Two groups of strokes whose widths overlap a little, and that nowhere touch."""
    upper = [line((0, 10), (100, 10 + at / num), (0, 20)) for at in range(num)]
    lower = [line((80, 200), (200, 200 + at / num), (80, 210)) for at in range(num)]
    return _text(*(stroke for pair in zip(upper, lower, strict=True) for stroke in pair))


def _spiral(num: int, kind: str) -> str:
    t = np.arange(num)
    points = 140 + np.stack([np.cos(t / 3), np.sin(t / 3)], axis=1) * (t / num * 130)[:, None]
    numbers = points.tolist()
    if kind == "Q":
        points = [(*a, *b) for a, b in itertools.pairwise(numbers)]
        return _text(line(numbers[0], *points, kind="Q"))
    return _text(line(*numbers))


def _jitter() -> str:
    """A stroke that reaches beyond a dot at one point only, which sampling passes by."""
    return _text(line(*[(100 + at % 2, 100) for at in range(499)], (112, 100), (100, 100)))


HUGE_DRAWINGS = {
    "50,000 strokes": lambda: _text(*[line((1, 2), (30, 40))] * 50_000),
    "a million points": lambda: _text(line(*[(1, 2)] * 1_000_000)),
    "a command of a million numbers": lambda: _text(line((0, 0), (1.5,) * 1_000_000)),
    "20 commands of 50,000 numbers": lambda: _text(line((0, 0), *[(1.5,) * 50_000] * 20)),
    "500 strokes apart": lambda: _hatched(250),
    "60 strokes apart": lambda: _hatched(30),
    "20,000 lines": lambda: _spiral(20_000, "L"),
    "20,000 long curves": lambda: _text(
        line((0, 0), *[(0, 500, 280, 0), (280, 500, 0, 0)] * 9_999, kind="Q")
    ),
    "20,000 short curves": lambda: _spiral(20_000, "Q"),
    "500 strokes of 40 curves": lambda: _text(
        *[line((at, 0), *[(at, 90, 280, at), (5, 5, at, 0)] * 19, kind="Q") for at in range(500)]
    ),
    "far outside": lambda: _text(line((9000, 9000), (9200, 9300), (9100, 9000))),
    "deep": lambda: '{"objects":[{"type":' + "[" * 900 + "]" * 900 + ',"path":[]}]}',
    "deeper": lambda: '{"objects":' + "[" * 50_000 + "]" * 50_000 + "}",
    "jitter": _jitter,
}


def load_drawing(text: str) -> object:
    """What Streamlit makes of the message; `None` where it refuses it itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def check_drawing(content: object, folder: Path) -> str:
    """What Draw, Lab and Handwriting make of a drawing, with all toggles on."""
    read = []

    def look():
        strokes = strokes_of_canvas(content)
        strokes_to_mnist(strokes, CANVAS_SIDE)
        read.extend((strokes, read_digits(strokes, CANVAS_SIDE, served())))

    said = told(look)
    if read:
        _show_drawing(*read)  # pages expect no error from here on
    return said


def _show_drawing(strokes: list[np.ndarray], digits: list) -> None:
    recognizer = served()
    ink = draw_canvas(strokes, PEN_WIDTH, CANVAS_SIDE)
    boxed(np.round(ink * 255).astype(np.uint8), [tuple(map(round, d.box)) for d in digits])
    corrections.strokes_json(strokes)
    draw_strokes(strokes, PEN_WIDTH / 10)
    smallest_change(strokes, CANVAS_SIDE, recognizer)
    _, frames = replay._frames(strokes, CANVAS_SIDE)
    recognizer.probabilities(np.stack(frames))
    if ink.any():
        recognizer.probabilities(np.stack([prepare(ink) for prepare in OTHERS.values()]))


@functools.cache
def served() -> Recognizer:
    return Recognizer.load()


def make_cells(rng: random.Random) -> object:
    """What a grid may send: ordinary cells, few or all of them inked, or nonsense."""
    if chance(rng, 0.3):
        return rng.choice([odd(rng), "0" * rng.randrange(2000), "1" * 783 + "\ud800", ["1"] * 784])
    share = rng.choice([0, 0.002, 0.01, 0.3, 0.9, 1])
    cells = "".join("1" if chance(rng, share) else "0" for _ in range(NUM_CELLS))
    return cells if chance(rng, 0.9) else cells[:-1] + rng.choice("2 x٣")


def check_cells(cells: object, folder: Path) -> str:
    return told(lambda: served().answer(read_cells(cells, served())[1]))


# 2. Pictures and uploads.


def make_picture(rng: random.Random) -> bytes:
    """A picture file: a sheet in some format, damaged or not; noise; one that is a trap."""
    kind = rng.choice(["sheet"] * 6 + ["damaged"] * 10 + ["noise"] * 3 + ["trap"] * 2)
    if kind == "trap":
        return trap(rng, "pictures")
    if kind == "noise":
        return _noise_picture(rng)
    content = _sheet_file(rng.choice(list(SHEET_FORMATS)), rng.randrange(3))
    return damaged(rng, content) if kind == "damaged" else content


_SECOND = Image.new("RGB", sheet().shape[1::-1])
SHEET_FORMATS = {
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
    "animated WebP": ("RGB", "WEBP", {"save_all": True, "append_images": [_SECOND]}),
    "animated PNG": ("RGB", "PNG", {"save_all": True, "append_images": [_SECOND]}),
    "GIF": ("P", "GIF", {}),
    "TIFF": ("RGB", "TIFF", {}),
    "turned JPEG": (
        "RGB",
        "JPEG",
        {"exif": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\1\0\0\0\6"},
    ),
    "JPEG with odd EXIF": ("RGB", "JPEG", {"exif": b"Exif\0\0MM\0*\xff\xff\xff\xff" + bytes(99)}),
}


@functools.lru_cache(100)
def _sheet_file(name: str, seed: int) -> bytes:
    mode, kind, options = SHEET_FORMATS[name]
    picture = sheet(seed=seed, noise=3)
    if mode == "I;16":
        image = Image.fromarray(picture[..., 0].astype(np.uint16) * 257)
    else:
        image = Image.fromarray(picture).convert(mode)
    return saved(image, kind, **options)


def saved(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _noise_picture(rng: random.Random) -> bytes:
    """Noise, coarse or fine, black and white or grey, of any shape."""
    generator = np.random.default_rng(rng.getrandbits(32))
    rows, cols = (rng.choice([1, 2, 3, 9, 40, 300, 900, 1400]) for _ in range(2))
    grain = rng.choice([1, 1, 2, 5, 13, 30])
    small = generator.integers(0, 256, (-(-rows // grain), -(-cols // grain)), np.uint8)
    if chance(rng, 0.5):
        small = np.where(small > rng.choice([20, 128, 230]), 255, 0).astype(np.uint8)
    picture = small.repeat(grain, 0).repeat(grain, 1)[:rows, :cols]
    kind, options = rng.choice(
        [("PNG", {"compress_level": 1}), ("JPEG", {}), ("WEBP", {"method": 0})]
    )
    return saved(Image.fromarray(picture), kind, **options)


@functools.cache
def _large(mode: str, kind: str, rows: int, cols: int, options: tuple = (), noisy=False) -> bytes:
    """A picture of many pixels whose file is small."""
    if noisy:
        tile = np.random.default_rng(0).integers(0, 256, (500, 500), np.uint8)
        image = Image.fromarray(np.tile(tile, (-(-rows // 500), -(-cols // 500)))[:rows, :cols])
        image = image.convert(mode)
    else:
        image = Image.new(mode, (cols, rows))
        image.paste(
            Image.new(mode, (max(cols // 9, 1), max(rows // 3, 1)), 1), (cols // 3, rows // 3)
        )
    return saved(image, kind, **{"compress_level": 1, **dict(options)})


def _marks() -> bytes:
    """As many little marks as fit, each just large enough to be a digit."""
    mark = np.full((27, 27), 255, np.uint8)
    mark[1:26, 8:14] = 0
    return saved(Image.fromarray(np.tile(mark, (44, 44))), "PNG")


def _tall_marks() -> bytes:
    """Marks of one column that join one by one."""
    picture = np.full((1200, 1200), 255, np.uint8)
    for row in range(0, 1170, 27):
        for col in range(0, 1190, 8):
            picture[row : row + 25, col : col + 5 - (row // 27) % 3] = 0
    return saved(Image.fromarray(picture), "PNG")


def png_file(rows: int, cols: int, *chunks: tuple[bytes, bytes], depth=8, color=0) -> bytes:
    """A PNG file of any size and chunks, whether they make sense or not."""
    head = struct.pack(">IIBBBBB", cols, rows, depth, color, 0, 0, 0)
    parts = [b"\x89PNG\r\n\x1a\n"]
    for name, body in ((b"IHDR", head), *chunks, (b"IEND", b"")):
        checksum = struct.pack(">I", zlib.crc32(name + body))
        parts += [struct.pack(">I", len(body)), name, body, checksum]
    return b"".join(parts)


def _bomb(num: int) -> bytes:
    """Zlib's form of many zeros."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(10**6)) for _ in range(num // 10**6)) + packer.flush()


PICTURE_TRAPS = {
    **{
        f"24 million pixels, {mode} PNG": functools.partial(_large, mode, "PNG", 4000, 6000)
        for mode in ("1", "L", "P", "RGB", "RGBA")
    },
    **{
        f"40 million pixels, {mode} PNG": functools.partial(_large, mode, "PNG", 5000, 8000)
        for mode in ("1", "L", "I;16", "RGB", "RGBA")
    },
    "40 million pixels, JPEG": lambda: _large("RGB", "JPEG", 5000, 8000),
    "40 million pixels, CMYK JPEG": lambda: _large("CMYK", "JPEG", 5000, 8000),
    "40 million pixels, progressive": lambda: _large(
        "RGB", "JPEG", 5000, 8000, (("progressive", True), ("subsampling", 0))
    ),
    "24 million pixels, progressive": lambda: _large(
        "RGB", "JPEG", 4000, 6000, (("progressive", True), ("subsampling", 0))
    ),
    "40 million pixels of noise, JPEG": lambda: _large(
        "RGB", "JPEG", 5000, 8000, (("quality", 5),), noisy=True
    ),
    "24 million pixels of noise, PNG": lambda: _large("L", "PNG", 4000, 6000, noisy=True),
    "24 million pixels, WebP": lambda: _large("RGB", "WEBP", 4000, 6000, (("method", 0),)),
    "10 million pixels, WebP": lambda: _large("RGBA", "WEBP", 2500, 4000, (("method", 0),)),
    "1 x 40 million": lambda: _large("L", "PNG", 1, 40_000_000),
    "40 million x 1": lambda: _large("L", "PNG", 40_000_000, 1),
    "1 x 65,000 JPEG": lambda: _large("L", "JPEG", 1, 65_000),
    "65,000 x 3 JPEG": lambda: _large("RGB", "JPEG", 65_000, 3),
    "10,000 x 2 of noise": lambda: _large("L", "PNG", 10_000, 2, noisy=True),
    "marks": _marks,
    "tall marks": _tall_marks,
    "no pixels": lambda: png_file(0, 0, (b"IDAT", zlib.compress(b""))),
    "no rows": lambda: png_file(0, 9, (b"IDAT", zlib.compress(b""))),
    "four billion rows": lambda: png_file(2**31 - 1, 2**31 - 1, (b"IDAT", zlib.compress(b""))),
    "text bomb": lambda: png_file(
        9, 9, (b"zTXt", b"a\0\0" + _bomb(10**9)), (b"IDAT", zlib.compress(bytes(90)))
    ),
    "profile bomb": lambda: png_file(
        9, 9, (b"iCCP", b"a\0\0" + _bomb(10**9)), (b"IDAT", zlib.compress(bytes(90)))
    ),
    "pixel bomb": lambda: png_file(9, 9, (b"IDAT", _bomb(10**9))),
    "20 MB of zeros": lambda: bytes(20_000_000),
    "10 MB of noise": lambda: np.random.default_rng(0).bytes(9_999_999),
    "a PNG's head and 10 MB": lambda: png_file(9, 9) + bytes(9_900_000),
    "a JPEG of 9 MB of markers": lambda: b"\xff\xd8" + b"\xff\xe1\x00\x02" * 2_400_000,
    "a PNG of empty chunks": lambda: png_file(9, 9, *[(b"tEXt", b"a\0")] * 300_000),
    "nothing": bytes,
}


def check_picture(content: bytes, folder: Path) -> str:
    """What the Photo page makes of a file."""

    def read():
        picture = decode(content)
        found = find_digits(picture)
        frames = np.stack([item.frame for item in found])
        for row in served().probabilities(frames):
            served().answer(row)
        picture_url(boxed(picture, [item.box for item in found]))

    return told(read)


def make_upload(rng: random.Random) -> dict[str, bytes]:
    """Files as a visitor may send them."""
    kind = rng.choice(["npz"] * 6 + ["idx"] * 6 + ["odd", "trap"])
    if kind == "trap":
        return trap(rng, "uploads")
    if kind == "odd":
        names = ["a.npz", "b.gz", "a.gz", "", "x" * 3000 + ".gz", "a\n.npz", "a.NPZ", "<b>.npz"]
        return {
            rng.choice(names): bytes(rng.randrange(99)) for _ in range(rng.choice([0, 1, 2, 40]))
        }
    images, labels = _odd_array(rng, (5, 28, 28)), _odd_array(rng, (5,))
    if kind == "npz":
        content = npz(**{rng.choice(["images", "x_test", "x"]): images, "labels": labels})
        return {"own.npz": damaged(rng, content) if chance(rng, 0.6) else content}
    files = {}
    for name, array in (("a.gz", images), ("b.gz", labels)):
        content = idx(array.shape, array.tobytes())
        if chance(rng, 0.3):
            content = damaged(rng, content)
        content = gzip.compress(content, 1)
        files[name] = damaged(rng, content) if chance(rng, 0.3) else content
    return files


def _odd_array(rng: random.Random, shape: tuple) -> np.ndarray:
    """An array that is often as wanted, and else of another shape or kind."""
    if chance(rng, 0.4):
        shape = rng.choice([(), (0,), (0, 28, 28), (5, 28, 28, 1), (5, 20, 20), (1,) * 30, (5, 1)])
    kind = rng.choice(["u1"] * 5 + ["i8", "f4", "f8", "?", "c16", "U3", "S5", "M8[s]", "V7", "i1"])
    return np.ones(shape, "u1").astype(kind)


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def npy_head(shape: tuple, kind: str) -> bytes:
    """The head of an array's file, and nothing behind it."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": kind, "fortran_order": False, "shape": shape}
    )
    return buffer.getvalue()


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def idx(shape: tuple, body: bytes, rank: int | None = None) -> bytes:
    """An IDX file of bytes, whether its body fits or not."""
    sizes = b"".join(min(size, 2**32 - 1).to_bytes(4, "big") for size in shape)
    return bytes([0, 0, 8, min(len(shape) if rank is None else rank, 255)]) + sizes + body


def _npz_of(images: bytes, labels: bytes = b"", method: int = zipfile.ZIP_DEFLATED) -> dict:
    labels = labels or npy_head((5,), "|u1") + bytes(5)
    return {"own.npz": zipped({"images.npy": images, "labels.npy": labels}, method)}


def _pair(images: bytes, labels: bytes = b"") -> dict[str, bytes]:
    return {
        "a.gz": gzip.compress(images, 1),
        "b.gz": gzip.compress(labels or idx((5,), bytes(5)), 1),
    }


@functools.cache
def _crowded_zip() -> bytes:
    """An archive whose table of contents fills 20 MB."""
    entry = struct.pack(
        "<4s6H3L5H2L", b"PK\1\2", *(20, 20, 0, 0, 0, 0), *(0, 0, 0), *(1, 0, 0, 0, 0), 0, 0
    )
    num = 19_900_000 // (len(entry) + 1)
    table = (entry + b"a") * num
    return table + struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, num % 65536, num % 65536, len(table), 0, 0
    )


UPLOAD_TRAPS = {
    "20,000 images of 8 bytes and as many labels": lambda: _npz_of(
        npy_head((20_000, 28, 28), "<f8") + bytes(20_000 * 784 * 8),
        npy_head((20_000, 784), "<f8") + bytes(20_000 * 784 * 8),
    ),
    "20,000 images": lambda: _npz_of(
        npy_head((20_000, 28, 28), "|u1") + bytes(20_000 * 784),
        npy_head((20_000,), "<i8") + bytes(160_000),
    ),
    "a head that promises a terabyte": lambda: _npz_of(npy_head((10**9, 28, 28), "|u1")),
    "a head of 10**30": lambda: _npz_of(npy_head((10**30, 28, 28), "|u1")),
    "a head of letters": lambda: _npz_of(npy_head((5, 28, 28), "<U999999")),
    "negative sizes": lambda: _npz_of(npy_head((-5, 28, 28), "|u1") + bytes(9999)),
    "a pickle": lambda: {"own.npz": npz(images=np.array([{}], object), labels=np.zeros(1))},
    "deep head": lambda: _npz_of(b"\x93NUMPY\1\0\xe0\x2e" + b"(" * 12_000),
    "zip bomb": lambda: _npz_of(npy_head((5, 28, 28), "|u1") + bytes(400_000_000)),
    "bzip2": lambda: _npz_of(npy_head((5, 28, 28), "|u1") + bytes(3920), b"", zipfile.ZIP_BZIP2),
    "lzma": lambda: _npz_of(npy_head((5, 28, 28), "|u1") + bytes(3920), b"", zipfile.ZIP_LZMA),
    "lzma bomb": lambda: _npz_of(
        npy_head((20_000, 28, 28), "<f8") + bytes(120_000_000), b"", zipfile.ZIP_LZMA
    ),
    "a crowded archive": lambda: {"own.npz": _crowded_zip()},
    "gz bomb": lambda: {"a.gz": gzip.compress(bytes(500_000_000), 1), "b.gz": b""},
    "a million gz files in one": lambda: {"a.gz": gzip.compress(b"") * 900_000, "b.gz": b""},
    "200 axes": lambda: _pair(idx((1,) * 200, b"\0")),
    "no images of any size": lambda: _pair(idx((0, *[2**32 - 1] * 30), b"")),
    "no rows": lambda: _pair(idx((5, 0, 28), b"")),
    "an empty array": lambda: _pair(idx((0,), b"")),
    "21 MB": lambda: {"own.npz": bytes(21_000_000)},
    "1,000 files": lambda: {f"{'long' * 20}{at}.gz": b"" for at in range(1000)},
}


def check_upload(files: dict[str, bytes], folder: Path) -> str:
    return told(lambda: read_upload(files))


# 3. The files of `model/trained`.


def make_network(rng: random.Random) -> tuple[bytes, bool]:
    """An ONNX file, damaged or strange, and whether a report vouches for the whole one."""
    kind = rng.choice(["damaged"] * 3 + ["bit"] * 2 + ["notes"] * 3 + ["other"] * 2)
    whole = (TRAINED / ONNX_FILE).read_bytes()
    if kind == "bit":
        return _flip(whole, rng.randrange(len(whole))), True
    if kind == "damaged":
        return damaged(rng, whole), chance(rng, 0.2)
    if kind == "notes":
        notes = {"temperature": 1.0, "set_threshold": 0.1, "refusal_threshold": 0.4}
        text = as_text(mutated(rng, notes, rng.choice([0, 1, 2])))
        run = rng.choice(["a run", "", "<b>", "é" * 9])
        return _noted(rng.choice([text, text, "", "{", "[" * 5000]), run), False
    return trap(rng, "networks"), chance(rng, 0.2)


@functools.lru_cache(1)
def _shipped() -> onnx.ModelProto:
    return onnx.load(TRAINED / ONNX_FILE)


def _noted(confidence: str, run: str = "a run") -> bytes:
    other = onnx.ModelProto()
    other.CopyFrom(_shipped())
    del other.metadata_props[:]
    helper.set_model_props(other, {"confidence": confidence, "run": run})
    return other.SerializeToString()


def network(
    nodes: list, shape: list, outputs: tuple[str, ...] = ("y",), opset: int = 15, constants=()
) -> bytes:
    """An ONNX file from `x` of a shape to some outputs."""
    graph = helper.make_graph(
        nodes,
        "other",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in constants],
    )
    imports = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8).SerializeToString()


def _plain(
    num_classes: int = 10, batch: object = "n", bias: float = 0.0, scale: float = 0.0, more=()
) -> bytes:
    """A linear network with a softmax, and more outputs, each its name and its node."""
    flatten = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weights", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["y"]),
    ]
    constants = [
        ("weights", np.full((784, num_classes), scale, np.float32)),
        ("bias", np.full(num_classes, bias, np.float32)),
        ("shape", np.array([-1, 2, 2, 7], np.int64)),
    ]
    nodes = [*flatten, *(node for _, node in more)]
    outputs = ("y", *(name for name, _ in more))
    return network(nodes, [batch, 28, 28, 1], outputs, constants=constants)


def _maps(kind: str, *inputs: str) -> bytes:
    names = ("layer_1", "layer_2", "last_map", "class_maps")
    return _plain(more=[(name, helper.make_node(kind, list(inputs), [name])) for name in names])


OTHER_NETWORKS = {
    "another opset": lambda: network(
        [helper.make_node("Flatten", ["x"], ["y"])], ["n", 28, 28, 1], opset=99
    ),
    "an old opset": lambda: network(
        [helper.make_node("Flatten", ["x"], ["y"])], ["n", 28, 28, 1], opset=1
    ),
    "three classes": lambda: _plain(3),
    "a thousand classes": lambda: _plain(1000),
    "one frame at a time": lambda: _plain(batch=1),
    "seven frames at a time": lambda: _plain(batch=7),
    "plain": _plain,
    "NaN": lambda: _plain(bias=float("nan")),
    "NaN where there is ink": lambda: _plain(scale=float("inf")),
    "flat maps": lambda: _maps("Identity", "flat"),
    "maps of no batch": lambda: _maps("ReduceSum", "flat"),
    "small maps": lambda: _maps("Identity", "x"),
    "four axes": lambda: _maps("Reshape", "logits", "shape"),
    "a list": lambda: network(
        [helper.make_node("SequenceConstruct", ["x"], ["y"])], ["n", 28, 28, 1]
    ),
    "words": lambda: network(
        [helper.make_node("Cast", ["x"], ["y"], to=TensorProto.STRING)], ["n", 28, 28, 1]
    ),
    "no outputs": lambda: network([helper.make_node("Flatten", ["x"], ["y"])], [1, 28, 28, 1], ()),
    "no size": lambda: network(
        [helper.make_node("ReduceSum", ["x"], ["y"], keepdims=0)], ["n", 28, 28, 1]
    ),
    "negative and adding up to 1": lambda: network(
        [helper.make_node("Identity", ["bias"], ["y"])],
        ["n", 28, 28, 1],
        constants=[("bias", np.array([[9, -8] + [0] * 8], np.float32))],
    ),
    "sizes that are not there": lambda: _huge_constant(),
}


def _huge_constant() -> bytes:
    """A constant that promises a trillion numbers and holds none."""
    model = onnx.load_from_string(_plain())
    model.graph.initializer[0].dims[:] = [10**6, 10**6]
    return model.SerializeToString()


def check_network(payload: tuple[bytes, bool], folder: Path) -> str:
    """Loads a network as the app does, and has it do all that it may be asked for."""
    content, has_report = payload
    (folder / ONNX_FILE).write_bytes(content)
    if has_report:
        shutil.copy(TRAINED / REPORT_FILE, folder)
    promotion.origin(folder)
    is_changed = content != (TRAINED / ONNX_FILE).read_bytes()
    said = told(lambda: _use(folder))
    if has_report and is_changed and said == ANSWER:
        raise ValueError("a network that its report does not vouch for is served")
    return said


def _use(folder: Path) -> None:
    recognizer = Recognizer.load(folder)
    rng = np.random.default_rng(0)
    frames = rng.uniform(0, 1, (3, 28, 28)).astype(np.float32)
    probabilities = recognizer.probabilities(frames)
    if not np.allclose(probabilities.sum(axis=1), 1, atol=1e-3) or probabilities.min() < 0:
        raise ValueError(f"no probabilities: {probabilities}")
    recognizer.version.encode()
    answer = recognizer.answer(probabilities[0])
    if not set(answer.digits) <= set(range(10)):
        raise ValueError(f"no digits: {answer}")
    tint(frames[0], contrast(recognizer.maps("class_maps", frames[:1])[0], 3, 5))
    for name in ("layer_1", "layer_2"):
        maps = recognizer.maps(name, frames[:1])[0]
        maps[..., maps.shape[-1] - 1]
    features = recognizer.features(frames)
    placed = artifacts.load_lookalikes(TRAINED)
    placed.places_of(placed.coordinates_of(features))
    placed.nearest(features[0])


# 4. Reports, histories, cards, look-alikes, runs and the note on the last one.


def make_trained(rng: random.Random) -> dict[str, bytes]:
    """One changed file of `model/trained`."""
    name = rng.choice([REPORT_FILE] * 5 + [HISTORY_FILE] * 2 + [CARD_FILE] + [LOOKALIKES_FILE] * 2)
    if name == LOOKALIKES_FILE and chance(rng, 0.7):
        return {name: _odd_lookalikes(rng)}
    return {name: _odd_file(rng, name, (TRAINED / name).read_bytes())}


def _odd_file(rng: random.Random, name: str, content: bytes) -> bytes:
    if name.endswith(".json"):
        kind = rng.choice(["changed"] * 8 + ["damaged", "odd", "deep", "large"])
        if kind == "changed":
            changed = mutated(rng, json.loads(content), rng.choice([1, 1, 2, 5, 10]))
            return as_text(changed).encode()
        if kind == "odd":
            return as_text(odd(rng)).encode()
        if kind == "deep":
            deep = '{"a":' * 900 + "1" + "}" * 900
            return rng.choice([b"[" * 100_000, f'{{"config": {deep}}}'.encode()])
        if kind == "large":
            return rng.choice(
                [b'{"a": 1' + b"0" * 5000 + b"}", b'{"a":"' + b"a" * 6_000_000 + b'"}']
            )
    if name.endswith(".csv") and chance(rng, 0.6):
        lines = content.decode().splitlines()
        at = rng.randrange(len(lines))
        fields = lines[at].split(",")
        fields[rng.randrange(len(fields))] = str(
            rng.choice(["nan", "inf", "-1", "1e308", "1e999", "", "x", "0", '"'])
        )
        lines[at] = ",".join(fields)
        return ("\n".join(lines) * rng.choice([1, 1, 1, 300])).encode()
    return damaged(rng, content)


def _odd_lookalikes(rng: random.Random) -> bytes:
    """Look-alikes of the served network with one array changed."""
    arrays = dict(_lookalikes())
    name = rng.choice(list(arrays))
    array = arrays[name]
    change = rng.choice(["kind", "nan", "short", "flat", "odd", "gone", "more", "large"])
    if change == "gone":
        del arrays[name]
    elif change == "more":
        arrays["more"] = array
    elif change == "large":
        arrays[rng.choice([name, "more"])] = np.zeros(10**8, np.uint8)
    elif change == "kind" and array.ndim:
        arrays[name] = array.astype(rng.choice(["U9", "f8", "?", "c8", "S3"]))
    elif change == "nan" and array.dtype.kind == "f":
        arrays[name] = array * array.dtype.type("nan")
    elif change == "flat":
        arrays[name] = array.ravel()[:100]
    elif change == "odd":
        arrays[name] = np.full(array.shape, rng.choice([-1, 99, 2**31]))
    elif array.ndim:
        num = rng.choice([0, 3, 100])
        for key in ("coordinates", "places", "labels"):
            arrays[key] = arrays[key][:num]
    return npz(**arrays)


@functools.cache
def _lookalikes() -> dict[str, np.ndarray]:
    with np.load(TRAINED / LOOKALIKES_FILE) as file:
        return {key: file[key] for key in file.files}


def lay(folder: Path, files: dict[str, bytes | None]) -> Path:
    """Puts files into a folder; `None` is a folder, and what it lacks comes from `TRAINED`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        if content is None:
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(content)
    for path in TRAINED.iterdir():
        if path.name not in files:
            (folder / path.name).symlink_to(path)
    return folder


def check_trained(files: dict[str, bytes], folder: Path) -> str:
    """What dashboard, look-alikes and promotion make of a folder with a network."""
    lay(folder, files)
    return all_told(
        lambda: _show_report(folder),
        lambda: artifacts.load_card(folder).encode(),
        lambda: _place(folder),
        lambda: promotion.objection(artifacts.load_report(folder), TRAINED),
        lambda: promotion.objection(artifacts.load_report(TRAINED), folder),
        lambda: promotion.is_served(artifacts.load_report(folder), TRAINED),
        lambda: promotion.served_accuracy(folder),
        lambda: training_jobs.Desk(folder / "none", folder).seconds_per_epoch("digitpad"),
    )


def _place(folder: Path) -> None:
    placed = artifacts.load_lookalikes(folder)
    features = served().features(np.zeros((2, 28, 28), np.float32) + np.float32(0.5))
    placed.places_of(placed.coordinates_of(features))
    if not (placed.labels[placed.nearest(features[0])] <= 9).all():
        raise ValueError("labels")


def _show_report(folder: Path) -> None:
    report, history = artifacts.load_report(folder), artifacts.load_history(folder / HISTORY_FILE)
    texts: list[str] = []
    all_told(
        lambda: texts.append(report_tables.summary(report)),
        lambda: texts.extend(report_tables.headline(report).values()),
        lambda: texts.append(report_tables.about_curves(report)),
        lambda: texts.append(report_tables.about_pen(report)),
        lambda: texts.extend(report_tables.settings_table(report).to_numpy().ravel()),
        lambda: report_tables.pen_table(report),
        lambda: report_tables.widths_table(report),
        lambda: report_charts.reliability_chart(*report_tables.reliability_table(report)),
    )
    for weight, log in ((0.0, False), (0.9, True)):
        table = run_tables.curves({"": history}, weight, log)
        for measure in table["measure"].unique():
            report_charts.curves_chart(table[table["measure"] == measure], "unit", "title", log)
    counts = report_tables.confusion(report)
    report_charts.confusion_chart(counts, share=True)
    report_tables.confusion_table(counts)
    report_tables.per_class_table(counts)
    for text in texts:
        text.encode()


RUN = "20260101-120000-digitpad"


def make_runs(rng: random.Random) -> dict[str, bytes | None]:
    """Files of a folder with runs: a run's, another's, and the note on the last one."""
    settings_text = as_text(vars(config.PRESETS["digitpad"])).encode()
    job = as_text(vars(training_jobs.Job(RUN, 60, 4_000_000, "123"))).encode()
    files: dict[str, bytes | None] = {
        f"{RUN}/{CONFIG_FILE}": settings_text,
        f"{RUN}/{HISTORY_FILE}": (TRAINED / HISTORY_FILE).read_bytes(),
        f"{RUN}/{CHECKPOINT_FILE}": b"",
        f"{RUN}/{training_jobs.LOG_FILE}": b"epoch 1\n",
        training_jobs.JOB_FILE: job,
    }
    if chance(rng, 0.5):
        files[f"{RUN}/{REPORT_FILE}"] = (TRAINED / REPORT_FILE).read_bytes()
        files[f"b/{CONFIG_FILE}"] = settings_text
    for name in rng.sample(sorted(files), rng.choice([1, 1, 2])):
        change = rng.choice(["odd"] * 8 + ["folder", "gone"])
        if change == "odd":
            files[name] = _odd_file(rng, name, files[name])
        elif change == "folder":
            files[name] = None
        else:
            del files[name]
    if chance(rng, 0.4):
        report = (TRAINED / REPORT_FILE).read_bytes()
        files[f"b/{REPORT_FILE}"] = _odd_file(rng, REPORT_FILE, report)
    if chance(rng, 0.1):
        files[f"{RUN}/{ONNX_FILE}"] = None
    if chance(rng, 0.3):
        odd_run = rng.choice(["..", ".", "", "\x00", "a" * 300, "a/b", "/", "\udcff", "é"])
        odd_pid = rng.choice([-1, 0, 1, 2**40, 10**30])
        note = vars(
            training_jobs.Job(rng.choice([RUN, odd_run]), rng.choice([60, -1, 10**400]), odd_pid)
        )
        files[training_jobs.JOB_FILE] = as_text(note).encode()
    if chance(rng, 0.1):
        files[os.fsdecode(b"\xff\xfe run")] = None
    return files


def lay_runs(folder: Path, files: dict[str, bytes | None]) -> None:
    """Puts runs into a folder; `None` is a folder."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        if content is None:
            path.mkdir()
        else:
            path.write_bytes(content)


def check_runs(files: dict[str, bytes | None], folder: Path) -> str:
    """What dashboard, Train page and `train.py --resume` make of a folder with runs."""
    lay_runs(folder, files)
    desk = training_jobs.Desk(folder, TRAINED)
    return all_told(
        lambda: _show_runs(folder),
        lambda: _show_status(desk),
        lambda: [run.name.encode() for run in desk.finished()],
        lambda: f"{desk.seconds_per_epoch('digitpad') or 0:.0f}",
        lambda: config.load_config(folder / RUN),
        lambda: artifacts.newest_unfinished(folder, "digitpad"),
        lambda: _stop(desk),
        lambda: promotion.objection(artifacts.load_report(folder / "b"), folder / RUN),
    )


def _show_runs(folder: Path) -> None:
    runs = artifacts.load_runs(folder)
    run_tables.runs_table(runs)
    for row in run_tables.differing_settings(runs).to_numpy().ravel():
        row.encode()
    for run in runs:
        run.problem.encode()
        run.name.encode()
        run_tables.curves({run.name: run.history})
        run_tables.difference(runs[0], run).encode()


def _show_status(desk: training_jobs.Desk) -> None:
    status = desk.status()
    training_run.progress_words(status).encode()
    f"{status.run} {status.epochs} {status.problem}".encode()
    "\n".join(desk.log(status.run)).encode()
    training_run.finished_words(status).encode()


def _stop(desk: training_jobs.Desk) -> None:
    """Stops a run that seems to be on, without a real signal."""

    def kill(pid: int, _signal: int) -> None:
        if pid <= 1:
            raise ValueError(f"everything would have been killed: {pid}")

    with (
        mock.patch.dict(os.environ, {training_jobs.TRAINING_VARIABLE: "on"}),
        mock.patch.object(training_jobs, "_kill_late", lambda *_: None),
        mock.patch.object(training_jobs.Desk, "_is_on", lambda _: True),
        mock.patch.object(os, "kill", kill),
    ):
        desk.stop()


# 5. MNIST's files.


def make_mnist(rng: random.Random) -> dict[str, bytes | None]:
    """Files under MNIST's names that are not MNIST."""
    if chance(rng, 0.05):
        return trap(rng, "MNIST")
    arrays = {key: _odd_array(rng, (5, 28, 28) if key[0] == "x" else (5,)) for key in data.SHAPES}
    if chance(rng, 0.4):
        content = npz(**arrays)
        return {"mnist.npz": damaged(rng, content) if chance(rng, 0.7) else content}
    files: dict[str, bytes | None] = {}
    for key, name in data.IDX_FILES.items():
        content = gzip.compress(idx(arrays[key].shape, arrays[key].tobytes()), 1)
        files[name] = damaged(rng, content) if chance(rng, 0.5) else content
    if chance(rng, 0.2):
        files[rng.choice(list(files))] = None
    return files


def _mnist_with(images: bytes) -> dict[str, bytes]:
    return dict.fromkeys(data.IDX_FILES.values(), images)


MNIST_TRAPS = {
    "gz bomb": lambda: _mnist_with(gzip.compress(bytes(200_000_000), 1)),
    "many gz files in one": lambda: _mnist_with(gzip.compress(b"") * 900_000),
    "200 axes": lambda: _mnist_with(gzip.compress(idx((1,) * 200, b"\0"))),
    "npz bomb": lambda: {
        "mnist.npz": zipped(
            {f"{key}.npy": npy_head((10**8,), "|u1") + bytes(10**8) for key in ("x_train",)}
        )
    },
    "npz of a terabyte": lambda: {
        "mnist.npz": zipped({f"{key}.npy": npy_head((10**12,), "|u1") for key in data.SHAPES})
    },
    "100 MB": lambda: _mnist_with(bytes(100_000_000)),
    "crowded": lambda: {"mnist.npz": _crowded_zip()},
}


def check_mnist(files: dict[str, bytes | None], folder: Path) -> str:
    for name, content in files.items():
        if content is None:
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(content)
    return told(lambda: data.load_mnist(folder))


# 6. Options, variables, and the settings of a run.

OPTIONS = (
    *("--preset", "--epochs", "--batch-size", "--seed", "--learning-rate", "--weight-decay"),
    *("--data", "--out", "--runs", "--resume", "--corrections", "--min-accuracy", "--tensorboard"),
    *("--force", "--no-publish", "--x", "-", "--", "--help"),
)
WORDS = (
    *("1", "0", "-1", "nan", "inf", "1e999", "1e-9", "9" * 5000, "tutorial", "digitpad", "x", ""),
    *("/dev/null", "/dev/null/x", "a" * 300, "a/" * 3000, "é", "\udcff", "..", "/", "~", "\n", "٣"),
)
VARIABLES = (
    data.FOLDER_VARIABLE,
    "DIGITPAD_CORRECTIONS",
    "KERAS_HOME",
    training_jobs.TRAINING_VARIABLE,
)


def make_options(rng: random.Random) -> tuple[list[str], dict[str, str], bytes]:
    """A command line, variables, and the settings of a run to go on with."""
    words = []
    for _ in range(rng.choice([1, 1, 2, 4])):
        words.append(rng.choice(OPTIONS))
        if chance(rng, 0.8):
            words.append(rng.choice([*WORDS, "RUN"]))
    if chance(rng, 0.3):
        words = ["--resume", "RUN"]
    variables = {name: rng.choice(WORDS) for name in VARIABLES if chance(rng, 0.4)}
    settings_text = as_text(vars(config.PRESETS["digitpad"])).encode()
    return words, variables, _odd_file(rng, CONFIG_FILE, settings_text)


def check_options(payload: tuple[list[str], dict[str, str], bytes], folder: Path) -> str:
    """Runs `train.py` up to the first step of training, which would take minutes."""
    words, variables, config = payload
    (folder / "RUN").mkdir()
    (folder / "RUN" / CONFIG_FILE).write_bytes(config)
    here = os.getcwd()
    said = io.StringIO()
    with (
        mock.patch.dict(os.environ, variables),
        contextlib.redirect_stderr(said),
        contextlib.redirect_stdout(said),
        mock.patch.object(artifacts, "write_atomically", lambda path, _write: path.parent.exists()),
        mock.patch.object(artifacts, "make_folder", lambda path: not os.path.lexists(path)),
        mock.patch.object(artifacts, "save_json", lambda *_: None),
    ):
        os.chdir(folder)
        try:
            options = train.parse(words)
            return all_told(
                lambda: train.choose(options),
                lambda: data.needs_download() or data.load_mnist(options.data),
                lambda: Corrections(options.corrections).load(),
                lambda: Corrections().load(),
                lambda: options.out and promotion.served_accuracy(options.out),
                training_jobs.check_allowed,
            )
        except SystemExit as error:
            is_told = error.code == 0 or (error.code == 2 and "error: " in said.getvalue())
            if not is_told:
                raise ValueError(f"no sentence: {said.getvalue()[-300:]}") from error
            return SENTENCE
        finally:
            os.chdir(here)


# 8. The file of corrections.

SEVEN = [np.array([[80.0, 60], [200, 60], [120, 230]])]
_CELLS = (
    *(None, 0, -1, 7, 3.0, 3.5, 2**62, 1e308, float("nan"), "", "7", "x", b"", b"\xff\xfe", "\x00"),
    *("[[[1,2],[3,4]]]", "[[[1,1e400]]]", "[[[1," + "9" * 400 + "]]]", "[" * 5000, "{}", "null"),
    *("2026-01-01", "2026-01-01T00:00:00+00:00", "0001-01-01T00:00:00+14:00", "é" * 99),
    *(b"\0" * 784, b"\0" * 40, b"\xff" * 40, np.full(10, 0.1, "<f4").tobytes(), b"x" * 3_000_000),
)
COLUMNS = ("time", "strokes", "frame", "probabilities", "label", "network")


def make_corrections(rng: random.Random) -> dict:
    """What happened to a file of corrections."""
    kind = rng.choice(["rows"] * 12 + ["bytes"] * 5 + ["schema"] * 2 + ["place"])
    if kind == "rows":
        number = rng.choice([1, 1, 2, 6])
        return {
            "rows": [
                (rng.choice(COLUMNS), rng.randrange(3), rng.choice(_CELLS)) for _ in range(number)
            ]
        }
    if kind == "bytes":
        return {"bytes": rng.getrandbits(32)}
    return {kind: rng.choice(list(SCHEMAS if kind == "schema" else PLACES))}


SCHEMAS = {
    "newer": "PRAGMA user_version = 9",
    "negative": "PRAGMA user_version = -3",
    "another's": "PRAGMA user_version = 0",
    "no table": "DROP TABLE corrections",
    "a column less": "ALTER TABLE corrections DROP COLUMN network",
    "a column more": "ALTER TABLE corrections ADD COLUMN more TEXT",
    "other columns": "DROP TABLE corrections; CREATE TABLE corrections (a)",
    "an endless view": "DROP TABLE corrections; CREATE VIEW corrections AS WITH RECURSIVE "
    "n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT id, '' AS time, '' AS strokes, "
    "'' AS frame, '' AS probabilities, 1 AS label, '' AS network FROM n",
    "many rows": "DROP TABLE corrections; CREATE TABLE corrections (id INTEGER PRIMARY KEY, time, "
    "strokes, frame, probabilities, label, network); INSERT INTO corrections WITH RECURSIVE "
    "n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n LIMIT 50000) SELECT id, '2026-01-01', "
    "'[[[1,2],[3,4]]]', zeroblob(784), zeroblob(40), 1, '' FROM n",
    "a trigger": "CREATE TRIGGER t BEFORE INSERT ON corrections BEGIN "
    "SELECT RAISE(ABORT, 'no'); END",
    "ids that are words": "DROP TABLE corrections; CREATE TABLE corrections (id, time, strokes, "
    "frame, probabilities, label, network); INSERT INTO corrections VALUES ('a', 'b', 'c', 'd', "
    "'e', 'f', 'g')",
}


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def _dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("nowhere") / "x")


def _file_above(path: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.write_text("a file where the folder should be")


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _nothing(path: Path) -> None:
    path.write_bytes(b"")


def _in_use(path: Path) -> None:
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN IMMEDIATE")
    _holders.append(holder)


_holders: list[sqlite3.Connection] = []  # who keep a file of corrections to themselves


def let_go() -> None:
    """Ends what keeps others from a file of corrections."""
    while _holders:
        _holders.pop().close()


PLACES = {
    "in use": _in_use,
    "a folder": _folder,
    "a loop of links": _loop,
    "a link to nowhere": _dangling,
    "a file above": _file_above,
    "a pipe": _pipe,
    "an empty file": _nothing,
}


def spoil_corrections(payload: dict, store: Corrections) -> None:
    """Keeps three corrections, and does to their file what happened to it."""
    for shift in range(3):
        _keep(store, shift)
    path = store.path
    for column, row, value in payload.get("rows", ()):
        _execute(path, f"UPDATE corrections SET {column} = ? WHERE id = ?", value, row + 1)
    if "bytes" in payload:
        content = path.read_bytes()
        path.write_bytes(damaged(random.Random(payload["bytes"]), content))
    if "schema" in payload:
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(SCHEMAS[payload["schema"]])
    if "place" in payload:
        PLACES[payload["place"]](path)


def check_corrections(payload: dict, folder: Path) -> str:
    """What Draw, Corrections, Test set and `train.py` make of a file of corrections."""
    store = Corrections(folder / "kept" / "corrections.sqlite3")
    spoil_corrections(payload, store)
    if payload.get("place") == "in use":
        try:
            return told(lambda: _keep(store, 9))  # what a tap waits for
        finally:
            let_go()
    if payload.get("schema") == "an endless view":
        return told(lambda: len(store))  # pages stop there
    if payload.get("schema") == "many rows":
        return all_told(lambda: len(store), lambda: _look(store))  # what one page waits for
    said = all_told(
        lambda: len(store),
        lambda: _look(store),
        store.load,
        lambda: _pack(store),
        lambda: _keep(store, 9),
        lambda: _delete_unreadable(store),
        lambda: store.delete([1]),
        store.delete_all,
    )
    if "rows" in payload and (told(lambda: _keep(store, 1)) != ANSWER or len(store.load()) != 1):
        raise ValueError("one damaged row spoils the file")
    return said


def _keep(store: Corrections, shift: float) -> None:
    store.add(
        [SEVEN[0] + shift], np.ones((28, 28), np.float32), np.full(10, 0.1, np.float32), 7, "run"
    )


def _execute(path: Path, statement: str, *values) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        with contextlib.suppress(sqlite3.IntegrityError, OverflowError):
            connection.execute(statement, values)


def _look(store: Corrections) -> None:
    readable, unreadable = store.load_readable(48)
    for each in readable:
        each.network.encode()
        f"said {each.predicted}, is {each.label:d}, {each.time}".encode()
    for each in unreadable:
        each.problem.encode()
    for each in readable:
        to_mnist(draw_strokes(each.strokes, 2.27))


def _pack(store: Corrections) -> None:
    readable, _ = store.load_readable(strokes=False)
    corrections_export.as_npz(readable)
    corrections_export.as_idx(readable)


def _delete_unreadable(store: Corrections) -> None:
    """After the unreadable ones are deleted, the others can all be read, and trained with."""
    _, unreadable = store.load_readable()
    if unreadable:
        store.delete([each.id for each in unreadable])
        store.load()


# 7. The pages, run by Streamlit's own harness.

PARAMETERS = {
    "view": ("Grid", "Map", "The tutorial's four"),
    "data": ("MNIST test", "Corrections", "Your own", "UCI"),
    "label": ("any", "4", "9"),
    "predicted": ("any", "4"),
    "result": ("all", "right", "wrong"),
    "sure": ("0", "50", "100"),
    "disputed": ("true", "false"),
    "order": ("Index", "Random", "Most typical first", "Sure mistakes first"),
    "seed": ("0", "7", "999999"),
    "page": ("1", "2", "3.5"),
    "image": ("0", "5", "1796"),
    "area": ("-1,1,-1,1", "-0.1,0.1,0,0.2", "nan,1,0,1", "0,0,0,0", "1,2", "1e999,2,0,1"),
    "color": ("by label", "by result"),
    "network": ("no other network", "../..", "a run"),
    "points": ("true",),
    "x": ("1",),
}
NONSENSE = (
    *("", "?", "-1", "1e9", "1e999", "-inf", "nan", "9" * 5000, "<b>", "\x00", "é", "٣", "0x1"),
    *("None", "[]", "{}", "1,2,3,4", "true", "../../etc", "a" * 20_000, "5 5", "+1", "1.5", "1_0"),
)
PAGES = ("test_set",) * 5 + ("draw",) * 4 + ("lab", "handwriting", "keyboard", "keyboard")
PAGES += ("dashboard", "dashboard", "train", "corrections", "corrections")


def make_page(rng: random.Random) -> dict:
    """A page and what comes to it from outside."""
    page = rng.choice(PAGES)
    payload: dict = {"page": page}
    if page == "test_set":
        names = rng.sample(list(PARAMETERS), rng.choice([1, 2, 4, 8]))
        payload["query"] = {name: _parameter(rng, name) for name in names}
        if chance(rng, 0.2):
            payload["state"] = {"opened": odd(rng)}
    elif page in ("draw", "lab", "handwriting"):
        raw = make_drawing(rng)
        sent = {"drawing": {"raw": "RAW", "data": None}}
        payload["state"] = mutated(rng, sent) if chance(rng, 0.3) else sent
        payload["raw"] = raw if len(raw) < 300_000 else "{}"
    elif page == "keyboard":
        sent = {"picture": {"command": 0, "cells": make_cells(rng)}}
        payload["state"] = mutated(rng, sent) if chance(rng, 0.5) else sent
    elif page == "dashboard":
        payload["files"], payload["runs"] = make_trained(rng), make_runs(rng)
    elif page == "train":
        payload["runs"] = make_runs(rng)
    else:
        payload["corrections"] = make_corrections(rng)
    return payload


def _parameter(rng: random.Random, name: str) -> str | list[str]:
    one = [rng.choice(PARAMETERS[name] if chance(rng, 0.6) else NONSENSE) for _ in range(3)]
    return one[: rng.choice([1, 2, 2, 3])] if name == "sure" or chance(rng, 0.1) else one[0]


def check_page(payload: dict, folder: Path) -> str:
    """Runs a page; a traceback on it is a failure, also one that Streamlit shows nicely."""
    page = payload["page"]
    trained, runs = folder / "trained", folder / "runs"
    (folder / "kept").mkdir()
    if "files" in payload:
        lay(trained, payload["files"])
    if "runs" in payload:
        lay_runs(runs, payload["runs"])
    with contextlib.ExitStack() as stack:
        variables = {
            "DIGITPAD_CORRECTIONS": str(folder / "kept" / "corrections.sqlite3"),
            training_jobs.TRAINING_VARIABLE: "on" if page == "train" else "off",
            data.FOLDER_VARIABLE: "nowhere",
            "DIGITPAD_CORRECTIONS_PAGE": "on",
        }
        stack.callback(let_go)
        stack.enter_context(mock.patch.dict(os.environ, variables))
        stack.enter_context(mock.patch.object(artifacts, "RUNS", runs))
        load_runs = functools.partial(artifacts.load_runs, runs)
        stack.enter_context(mock.patch.object(report_tables, "load_runs", load_runs))
        if "files" in payload:
            stack.enter_context(mock.patch.object(report_tables, "TRAINED", trained))
        if "corrections" in payload:
            spoil_corrections(payload["corrections"], Corrections())
        app = AppTest.from_file(str(ROOT / "app_pages" / f"{page}.py"), default_timeout=60)
        app.query_params.update(payload.get("query", {}))
        if "state" in payload:
            app.session_state[_COMPONENT[page]] = _with_raw(payload["state"], payload.get("raw"))
        settled(app.run())
        if page == "draw":
            for toggle in app.toggle:
                toggle.set_value(True)
            settled(app.run())
        if page == "corrections" and "rows" in payload["corrections"]:
            _delete_from_page(app)
        return SENTENCE if app.warning or app.info or app.error else ANSWER


def _delete_from_page(app: AppTest) -> None:
    """Ticks every correction and deletes what is ticked."""
    for box in app.checkbox:
        box.check()
    settled(app.run())
    delete = next(button for button in app.button if button.label.startswith("Delete"))
    settled(delete.click().run())
    if len(Corrections()):
        raise ValueError("what can't be read can't be deleted")


_COMPONENT = {
    "draw": "canvas",
    "lab": "canvas",
    "handwriting": "handwriting",
    "keyboard": "grid",
    "test_set": "tiles",
}


def _with_raw(state: object, raw: str | None) -> object:
    if state == "RAW":
        return load_drawing(raw)
    if isinstance(state, dict):
        return {key: _with_raw(value, raw) for key, value in state.items()}
    return state


def settled(app: AppTest) -> None:
    if app.exception:
        shown = app.exception[0]
        raise ValueError(f"{shown.value[:300]} {' '.join(shown.stack_trace)[-700:]}")


TRAPS = {
    "drawings": HUGE_DRAWINGS,
    "pictures": PICTURE_TRAPS,
    "uploads": UPLOAD_TRAPS,
    "MNIST": MNIST_TRAPS,
    "networks": OTHER_NETWORKS,
}


def trap(rng: random.Random, table: str) -> object:
    """One of the traps of a table; what takes seconds to make is made once."""
    return _trap(table, rng.choice(list(TRAPS[table])))


@functools.cache
def _trap(table: str, name: str) -> object:
    return TRAPS[table][name]()


def first_inputs(name: str) -> list:
    """Inputs that load what a process loads once."""
    if name == "pages":
        return [{"page": page, "corrections": {"rows": []}} for page in sorted(set(PAGES))]
    return [TARGETS[name].make(random.Random(f"{name} {number}")) for number in range(3)]


TARGETS = {
    "drawings": Target(make_drawing, check_drawing, 20, load_drawing),
    "grids of cells": Target(make_cells, check_cells, 15),
    "pictures": Target(make_picture, check_picture, 7),
    "uploads": Target(make_upload, check_upload, 15),
    "networks": Target(make_network, check_network, 6),
    "reports, histories, look-alikes": Target(make_trained, check_trained, 7),
    "runs and jobs": Target(make_runs, check_runs, 7),
    "MNIST's files": Target(make_mnist, check_mnist, 9),
    "options and variables": Target(make_options, check_options, 6),
    "corrections": Target(make_corrections, check_corrections, 6),
    "pages": Target(make_page, check_page, 2),
}
