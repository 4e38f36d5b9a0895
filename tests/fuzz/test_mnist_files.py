"""Fuzzes the files of a folder that should hold MNIST."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.learning import data
from tests.fuzz.target import SENTENCE, Target, few_examples, npz, outcome_of
from tests.fuzz.test_uploads import (
    IMAGES,
    LABELS,
    gz_files,
    gzipped,
    idx,
    maybe_damaged,
    npy,
    zip_with_a_long_table,
    zipped,
)

ARRAYS = {key: IMAGES if key[0] == "x" else LABELS for key in data.SHAPES}
FOLDERS = st.fixed_dictionaries(
    {"mnist.npz": st.fixed_dictionaries(ARRAYS).map(lambda all: npz(**all)).flatmap(maybe_damaged)}
) | st.fixed_dictionaries(
    {
        name: st.one_of(*[gz_files(ARRAYS[key])] * 9, st.none())
        for key, name in data.IDX_FILES.items()
    }
)


def _all_files(content: bytes) -> dict[str, bytes]:
    return dict.fromkeys(data.IDX_FILES.values(), content)


SPECIAL = {
    "gz bomb": lambda: _all_files(gzipped(bytes(200_000_000))),
    "900,000 gz files in one": lambda: _all_files(gzip.compress(b"") * 900_000),
    "200 axes": lambda: _all_files(gzipped(idx((1,) * 200, b"\0"))),
    "npz bomb": lambda: {"mnist.npz": zipped({"x_train.npy": npy((10**8,), "|u1", 10**8)})},
    "npz of a terabyte": lambda: {
        "mnist.npz": zipped({f"{key}.npy": npy((10**12,), "|u1") for key in data.SHAPES})
    },
    "100 MB": lambda: _all_files(bytes(100_000_000)),
    "a zip with a long table": lambda: {"mnist.npz": zip_with_a_long_table()},
}


def check(files: dict[str, bytes | None], folder: Path) -> str:
    """Loads MNIST from a folder of these files; `None` makes a folder of a file's name."""
    for name, content in files.items():
        (folder / name).mkdir() if content is None else (folder / name).write_bytes(content)
    return outcome_of(lambda: data.load_mnist(folder))


TARGET = Target(FOLDERS, check, share=9, ordinary=(), special=SPECIAL)


@few_examples(10)
@given(FOLDERS)
def test_files_that_are_not_mnist_are_refused_in_a_sentence(files):
    assert TARGET.run(files) == SENTENCE


@pytest.mark.parametrize("name", SPECIAL)
def test_mnist_files_that_exploit_their_format_are_refused(name):
    assert TARGET.run(SPECIAL[name]()) == SENTENCE
