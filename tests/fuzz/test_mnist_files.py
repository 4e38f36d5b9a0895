"""Fuzzes the files of a folder that should hold MNIST."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.learning import data
from tests.fuzz import fuzzing
from tests.fuzz import test_uploads as uploads

ARRAYS = {key: uploads.IMAGES if key[0] == "x" else uploads.LABELS for key in data.SHAPES}
ARCHIVES = st.fixed_dictionaries(ARRAYS).map(lambda arrays: fuzzing.npz(**arrays))
FOLDERS = st.fixed_dictionaries(
    {"mnist.npz": ARCHIVES.flatmap(fuzzing.maybe_damaged)}
) | st.fixed_dictionaries(
    {
        name: st.one_of(*[uploads.gz_files(ARRAYS[key])] * 9, st.none())
        for key, name in data.IDX_FILES.items()
    }
)


def _all_files(content: bytes) -> dict[str, bytes]:
    return dict.fromkeys(data.IDX_FILES.values(), content)


SPECIAL = {
    "gz bomb": lambda: _all_files(uploads.gzipped(bytes(200_000_000))),
    "900,000 gz files in one": lambda: _all_files(gzip.compress(b"") * 900_000),
    "200 axes": lambda: _all_files(uploads.gzipped(uploads.idx((1,) * 200, b"\0"))),
    "npz bomb": lambda: {
        "mnist.npz": uploads.zipped({"x_train.npy": uploads.npy((10**8,), "|u1", 10**8)})
    },
    "npz of a terabyte": lambda: {
        "mnist.npz": uploads.zipped(
            {f"{key}.npy": uploads.npy((10**12,), "|u1") for key in data.SHAPES}
        )
    },
    "100 MB": lambda: _all_files(bytes(100_000_000)),
    "a zip with a long table": lambda: {"mnist.npz": uploads.zip_with_a_long_table()},
}


def check(files: dict[str, bytes | None], folder: Path) -> str:
    """Loads MNIST from a folder of these files; `None` makes a folder of a file's name."""
    for name, content in files.items():
        (folder / name).mkdir() if content is None else (folder / name).write_bytes(content)
    return fuzzing.outcome_of(lambda: data.load_mnist(folder))


TARGET = fuzzing.Target(FOLDERS, check, share=9, ordinary=(), special=SPECIAL)


@fuzzing.few_examples(10)
@given(FOLDERS)
def test_files_that_are_not_mnist_are_refused_in_a_sentence(files):
    assert TARGET.run(files) == fuzzing.SENTENCE


@pytest.mark.parametrize("name", SPECIAL)
def test_mnist_files_that_exploit_their_format_are_refused(name):
    assert TARGET.run(SPECIAL[name]()) == fuzzing.SENTENCE
