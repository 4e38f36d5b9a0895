"""Reads a visitor's own labelled images: a NumPy archive or two IDX files in MNIST's format.

The files are untrusted: sizes are checked before anything is unpacked, and pickles are never
read.
"""

import io
import re
import zipfile
import zlib

import numpy as np

from model.errors import DataError
from model.ink.frame import FRAME_SIDE
from model.learning.array_files import check_entries, parse_idx, read_archive, unpack_gzip
from model.learning.data import Dataset

MAX_BYTES = 20_000_000  # of a file; MNIST's own archive has 11.5 million
MAX_IMAGES = 20_000  # the network reads them in a few seconds
KEYS = (("images", "labels"), ("x_test", "y_test"))  # in an archive; its first pair is read
MAX_NAMED = 5  # files named in a message
MAX_NAME = 60  # characters of each name
IDX_HEADER = 64  # bytes; more than any header has
MAX_UNPACKED = MAX_IMAGES * FRAME_SIDE**2 * 8 + 1000  # bytes: 8-byte numbers and a header

WANTED = (
    "Give one .npz file with images and labels (or x_test and y_test), or two .gz files in IDX "
    "format, images and labels."
)


def read_upload(files: dict[str, bytes]) -> Dataset:
    """Reads labelled images.

    Args:
        files: Content by name: one NumPy archive, or two gzipped IDX files in any order.

    Returns:
        The data set, 1 to 20,000 images, named after the first file.

    Raises:
        DataError: If the files are anything else; the message says what to send.
    """
    names = sorted(files)
    shown = ", ".join(map(_shown, names[:MAX_NAMED])) or "Nothing"
    if any(len(content) > MAX_BYTES for content in files.values()):
        raise DataError(f"A file is larger than {MAX_BYTES // 1_000_000} MB: send fewer images.")
    if len(names) == 1 and names[0].lower().endswith(".npz"):
        images, labels = _from_npz(shown, files[names[0]])
    elif len(names) == 2 and all(name.lower().endswith(".gz") for name in names):
        # Images have three axes and labels one, so the files' order doesn't matter.
        arrays = [_from_idx(_shown(name), files[name]) for name in names]
        images, labels = sorted(arrays, key=lambda array: -array.ndim)
    elif names and all(name.lower().endswith(".gz") for name in names):
        raise DataError(f"There are {len(names)} IDX files where a pair should be. {WANTED}")
    else:
        raise DataError(f"{shown} can't be read together. {WANTED}")
    return Dataset(*_checked(images, labels), _shown(names[0]))


def _shown(name: str) -> str:
    """Returns a file's name on one line, short enough for a message."""
    return re.sub(r"\s", " ", name.encode(errors="replace").decode())[:MAX_NAME]


def _from_npz(name: str, content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Returns images and labels of a NumPy archive."""
    try:
        check_entries(content)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sizes = {item.filename: item.file_size for item in archive.infolist()}
        pair = next((pair for pair in KEYS if all(f"{key}.npy" in sizes for key in pair)), None)
        if pair and max(sizes[f"{key}.npy"] for key in pair) > MAX_UNPACKED:
            raise DataError(f"{name} holds more than {MAX_IMAGES:,} images: send fewer.")
        if pair:
            # An array that is too large for bytes has the wrong dtype; only that is needed then.
            arrays = read_archive(content, pair, MAX_IMAGES * FRAME_SIDE**2)
            return arrays[pair[0]], arrays[pair[1]]
        held = ", ".join(file.removesuffix(".npy") for file in sizes)[:80] or "nothing"
    except DataError:
        raise
    except Exception as error:  # zipfile and NumPy raise a dozen types, depending on the damage
        raise DataError(
            f"{name} is not a whole NumPy archive ({type(error).__name__}). {WANTED}"
        ) from error
    raise DataError(f"{name} holds {held}, not images and labels. {WANTED}")


def _from_idx(name: str, content: bytes) -> np.ndarray:
    """Returns the array of a gzipped IDX file."""
    limit = MAX_IMAGES * FRAME_SIDE**2 + IDX_HEADER
    try:
        unpacked = unpack_gzip(content, limit)
    except (EOFError, ValueError, zlib.error) as error:
        raise DataError(f"{name} is not a whole gzip file. {WANTED}") from error
    if len(unpacked) > limit:
        raise DataError(f"{name} holds more than {MAX_IMAGES:,} images: send fewer.")
    array = parse_idx(unpacked)
    if array is None:
        raise DataError(f"{name} is not a whole IDX file of bytes. {WANTED}")
    return array


def _checked(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the arrays as `Dataset` needs them; raises `DataError` if they differ."""
    # A structured dtype's name is long: it names all its columns.
    kinds = [str(array.dtype)[:40] for array in (images, labels)]
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if images.shape[1:] != (FRAME_SIDE, FRAME_SIDE) or images.dtype != np.uint8:
        raise DataError(
            f"Images should be bytes (uint8) of shape (n, 28, 28) but are {kinds[0]} of shape "
            f"{images.shape}: 0 is paper and 255 is ink."
        )
    if labels.shape != (len(images),) or labels.dtype.kind not in "iu":
        raise DataError(
            f"There should be {len(images):,} labels, whole numbers, but they are {kinds[1]} "
            f"of shape {labels.shape}."
        )
    if not len(images):
        raise DataError("The file holds no images: send at least one.")
    if len(images) > MAX_IMAGES:
        raise DataError(f"There are more than {MAX_IMAGES:,} images: send fewer.")
    if labels.min() < 0 or labels.max() > 9:
        raise DataError(f"Labels should be 0 to 9 but go from {labels.min()} to {labels.max()}.")
    return images, labels.astype(np.uint8)
