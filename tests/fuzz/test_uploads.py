"""Fuzzes a visitor's own images: a NumPy archive or two IDX files for the page Test images."""

import functools
import gzip
import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as np_st

from model.learning.upload import read_upload
from tests.fuzz import fuzzing

ODD_SHAPES = st.sampled_from(((), (0,), (0, 28, 28), (5, 28, 28, 1), (5, 20, 20), (1,) * 30))
ODD_DTYPES = st.just("V7") | np_st.scalar_dtypes() | np_st.unicode_string_dtypes()


def arrays(*shapes: tuple) -> st.SearchStrategy[np.ndarray]:
    """Arrays of digits, often of one of the shapes and a usual type."""

    def random_digits(seed: int, shape: tuple, dtype: str) -> np.ndarray:
        return np.random.default_rng(seed).integers(0, 10, shape).astype(dtype)

    types = st.sampled_from(("u1",) * 8 + ("i8", "f4"))
    usual = st.builds(random_digits, fuzzing.SEEDS, st.sampled_from(shapes), types)
    odd_shapes = st.builds(random_digits, fuzzing.SEEDS, ODD_SHAPES, types)
    odd_types = st.builds(np.zeros, st.sampled_from(shapes), ODD_DTYPES)
    return st.one_of(*[usual] * 6, odd_shapes, odd_types)


IMAGES = arrays((5, 28, 28))
LABELS = arrays((5,), (5,), (5, 1))


def idx(shape: tuple, body: bytes) -> bytes:
    """An IDX file of bytes, whether its body fits or not."""
    sizes = b"".join(min(size, 2**32 - 1).to_bytes(4, "big") for size in shape)
    return bytes([0, 0, 8, len(shape)]) + sizes + body


def idx_of(array: np.ndarray) -> bytes:
    return idx(array.shape, array.tobytes())


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, 1)


def gz_files(arrays: st.SearchStrategy[np.ndarray]) -> st.SearchStrategy[bytes]:
    """IDX files of arrays, damaged before or after they are packed, or not at all."""
    return (
        arrays.map(idx_of)
        .flatmap(fuzzing.maybe_damaged)
        .map(gzipped)
        .flatmap(fuzzing.maybe_damaged)
    )


NAMES = ("a.npz", "b.gz", "a.gz", "", "x" * 3000 + ".gz", "a\n.npz", "a.NPZ", "<b>.npz")
ARCHIVES = st.builds(
    lambda key, images, labels: fuzzing.npz(**{key: images, "labels": labels}),
    st.sampled_from(("images",) * 6 + ("x_test", "x")),
    IMAGES,
    LABELS,
)
UPLOADS = st.one_of(
    st.fixed_dictionaries({"own.npz": ARCHIVES.flatmap(fuzzing.maybe_damaged)}),
    st.fixed_dictionaries({"a.gz": gz_files(IMAGES), "b.gz": gz_files(LABELS)}),
    st.dictionaries(st.sampled_from(NAMES) | st.text(), st.binary(), max_size=3),
)


def npy(shape: tuple, kind: str, num_bytes: int = 0) -> bytes:
    """An array's file: a head that may promise anything, and some zeros."""
    buffer = io.BytesIO()
    head = {"descr": kind, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, head)
    return buffer.getvalue() + bytes(num_bytes)


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@functools.cache
def zip_with_a_long_table() -> bytes:
    """An archive whose table of contents fills 20 MB."""
    numbers = *(20, 20, 0, 0, 0, 0), *(0, 0, 0), *(1, 0, 0, 0, 0), 0, 0
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", *numbers) + b"a"
    num = 19_900_000 // len(entry)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, num % 65536, num % 65536, num * len(entry), 0, 0)
    return entry * num + end


def _npz(images: bytes, labels: bytes = b"", method: int = zipfile.ZIP_DEFLATED) -> dict:
    labels = labels or npy((5,), "|u1", 5)
    return {"own.npz": zipped({"images.npy": images, "labels.npy": labels}, method)}


def _pair(images: bytes) -> dict[str, bytes]:
    return {"a.gz": gzipped(images), "b.gz": gzipped(idx((5,), bytes(5)))}


NUM_BYTES = 20_000 * 784
REFUSED = {
    "200 axes": lambda: _pair(idx((1,) * 200, b"\0")),
    "no images of any size": lambda: _pair(idx((0, *[2**32 - 1] * 30), b"")),
    "no rows": lambda: _pair(idx((5, 0, 28), b"")),
    "an empty array": lambda: _pair(idx((0,), b"")),
    "900,000 gz files in one": lambda: {"a.gz": gzip.compress(b"") * 900_000, "b.gz": b""},
    "a zip with a long table": lambda: {"own.npz": zip_with_a_long_table()},
    "lzma": lambda: _npz(npy((5, 28, 28), "|u1", 3920), method=zipfile.ZIP_LZMA),
    "bzip2": lambda: _npz(npy((5, 28, 28), "|u1", 3920), method=zipfile.ZIP_BZIP2),
    "20,000 images of 8 bytes a pixel and as many labels": lambda: _npz(
        npy((20_000, 28, 28), "<f8", NUM_BYTES * 8), npy((20_000, 784), "<f8", NUM_BYTES * 8)
    ),
    "1,000 files": lambda: {f"{'long' * 20}{at}.gz": b"" for at in range(1000)},
    "a head that promises a terabyte": lambda: _npz(npy((10**9, 28, 28), "|u1")),
    "a head of 10**30": lambda: _npz(npy((10**30, 28, 28), "|u1")),
    "a head of letters": lambda: _npz(npy((5, 28, 28), "<U999999")),
    "negative sizes": lambda: _npz(npy((-5, 28, 28), "|u1", 9999)),
    "a pickle": lambda: {"own.npz": fuzzing.npz(images=np.array([{}], object), labels=np.zeros(1))},
    "a deep head": lambda: _npz(b"\x93NUMPY\1\0\xe0\x2e" + b"(" * 12_000),
    "21 MB": lambda: {"own.npz": bytes(21_000_000)},
}
SPECIAL = {
    **REFUSED,
    "20,000 images": lambda: _npz(
        npy((20_000, 28, 28), "|u1", NUM_BYTES), npy((20_000,), "<i8", 160_000)
    ),
    "zip bomb": lambda: _npz(npy((5, 28, 28), "|u1", 400_000_000)),
    "lzma bomb": lambda: _npz(npy((20_000, 28, 28), "<f8", 120_000_000), method=zipfile.ZIP_LZMA),
    "gz bomb": lambda: {"a.gz": gzipped(bytes(500_000_000)), "b.gz": b""},
}


def check(files: dict[str, bytes], folder: Path) -> str:
    return fuzzing.outcome_of(lambda: read_upload(files))


TARGET = fuzzing.Target(
    UPLOADS,
    check,
    share=15,
    ordinary=(
        {"own.npz": fuzzing.npz(images=np.zeros((5, 28, 28), "u1"), labels=np.zeros(5, "u1"))},
        _pair(idx((5, 28, 28), bytes(3920))),
    ),
    special=SPECIAL,
)


@fuzzing.few_examples(25)
@given(UPLOADS)
def test_any_upload_is_read_or_refused_in_a_sentence(files):
    TARGET.run(files)


@pytest.mark.parametrize("name", REFUSED)
def test_uploads_that_exploit_their_format_are_refused(name):
    assert TARGET.run(REFUSED[name]()) == fuzzing.SENTENCE


def test_gz_files_of_several_members_are_read_as_one():
    contents = idx((2, 28, 28), bytes(2 * 784)), idx((2,), bytes([3, 4]))
    halves = [gzipped(content[:9]) + gzipped(content[9:]) for content in contents]
    assert read_upload({"a.gz": halves[0], "b.gz": halves[1]}).labels.tolist() == [3, 4]
