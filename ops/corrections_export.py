"""Packs corrections into archives that other programs read, in MNIST's two formats."""

import gzip
import io
import zipfile

import numpy as np

from ops.correction_rows import Correction, as_dataset

IDX_NAMES = ("images-idx3-ubyte.gz", "labels-idx1-ubyte.gz")
_UNSIGNED_BYTES = 8  # IDX's code for the type of the data


def as_npz(corrections: list[Correction]) -> bytes:
    """A NumPy archive with the arrays of `as_dataset`, named `images` and `labels`."""
    images, labels = as_dataset(corrections)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, images=images, labels=labels)
    return buffer.getvalue()


def as_idx(corrections: list[Correction]) -> bytes:
    """A zip archive with MNIST's two gzipped IDX files, named as in `IDX_NAMES`.

    Source: the format is described at http://yann.lecun.com/exdb/mnist/.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in zip(IDX_NAMES, as_dataset(corrections), strict=True):
            sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
            header = bytes([0, 0, _UNSIGNED_BYTES, array.ndim]) + sizes
            archive.writestr(name, gzip.compress(header + array.tobytes(), mtime=0))
    return buffer.getvalue()
