"""A visitor's own images are read in MNIST's format; anything else is refused."""

import gzip
import io
import zipfile

import numpy as np
import pytest

from model.errors import DataError
from model.learning import upload
from model.learning.upload import read_upload

IMAGES = np.arange(3 * 784).reshape(3, 28, 28).astype(np.uint8)
LABELS = np.array([7, 0, 9], np.uint8)


def npz(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def idx(array: np.ndarray) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return gzip.compress(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes())


@pytest.mark.parametrize(
    "files",
    [
        {"mine.npz": npz(images=IMAGES, labels=LABELS)},
        {"mine.npz": npz(x_test=IMAGES, y_test=LABELS, x_train=IMAGES[:1], y_train=LABELS[:1])},
        {"mine.npz": npz(images=IMAGES[..., None], labels=LABELS.astype(np.int64))},
        {"a-images.gz": idx(IMAGES), "b-labels.gz": idx(LABELS)},
        {"a-labels.gz": idx(LABELS), "b-images.gz": idx(IMAGES)},
    ],
    ids=range(5),
)
def test_an_archive_or_two_idx_files_are_read(files):
    data = read_upload(files)
    assert np.array_equal(data.images, IMAGES) and data.images.dtype == np.uint8
    assert np.array_equal(data.labels, LABELS) and data.labels.dtype == np.uint8
    assert data.name == min(files)


def bomb() -> bytes:
    """An archive of a few kilobytes that would unpack to far more than is allowed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", bytes(upload.MAX_UNPACKED + 1))
        archive.writestr("labels.npy", b"")
    return buffer.getvalue()


BAD = {
    "nothing": ({}, "can't be read together"),
    "another kind": ({"picture.png": b"?"}, "can't be read together"),
    "one of a pair": ({"images.gz": idx(IMAGES)}, "1 IDX files where a pair"),
    "three": (dict.fromkeys(("a.gz", "b.gz", "c.gz"), idx(IMAGES)), "3 IDX files where a pair"),
    "no archive": ({"mine.npz": b"nothing"}, "not a whole NumPy archive"),
    "half an archive": (
        {"mine.npz": npz(images=IMAGES, labels=LABELS)[:300]},
        "not a whole NumPy archive",
    ),
    "other keys": ({"mine.npz": npz(pictures=IMAGES)}, "holds pictures, not images"),
    "a pickle": (
        {"mine.npz": npz(images=np.array([{}], object), labels=LABELS)},
        "not a whole NumPy archive",
    ),
    "a bomb": ({"mine.npz": bomb()}, "more than 20,000 images"),
    "a gzip bomb": ({"a.gz": gzip.compress(bytes(17_000_000)), "b.gz": b""}, "more than 20,000"),
    "no gzip": ({"a.gz": b"nothing", "b.gz": idx(LABELS)}, "a.gz is not a whole gzip file"),
    "half an idx": (
        {"a.gz": gzip.compress(gzip.decompress(idx(IMAGES))[:-1]), "b.gz": idx(LABELS)},
        "a.gz is not a whole IDX file",
    ),
    "floats": ({"mine.npz": npz(images=IMAGES / 255, labels=LABELS)}, r"bytes \(uint8\)"),
    "another size": ({"mine.npz": npz(images=IMAGES[:, 1:], labels=LABELS)}, r"\(3, 27, 28\)"),
    "two labels": ({"mine.npz": npz(images=IMAGES, labels=LABELS[:2])}, "3 labels"),
    "labels that are words": (
        {"mine.npz": npz(images=IMAGES, labels=np.array(list("709")))},
        "whole numbers",
    ),
    "a label of ten": ({"mine.npz": npz(images=IMAGES, labels=LABELS + 1)}, "from 1 to 10"),
    "no image": ({"mine.npz": npz(images=IMAGES[:0], labels=LABELS[:0])}, "no images"),
    "a number": ({"mine.npz": npz(images=np.uint8(1), labels=LABELS)}, r"shape \(\)"),
    "too large": ({"mine.npz": bytes(upload.MAX_BYTES + 1)}, "larger than 20 MB"),
}


@pytest.mark.parametrize("case", BAD)
def test_other_files_are_refused(case):
    files, message = BAD[case]
    with pytest.raises(DataError, match=message) as refused:
        read_upload(files)
    assert len(str(refused.value)) < 300
