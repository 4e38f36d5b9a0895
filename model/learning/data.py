"""Loads MNIST, checked by its hash, and the digits that ship with the app.

MNIST comes from a folder that the user names, or else from the file that `keras.datasets.mnist`
keeps in the Keras folder; if it is missing, it is downloaded from the same address. Keras itself
is not imported, because that takes seconds.
"""

import contextlib
import hashlib
import math
import os
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from model.errors import DataError
from model.ink.frame import to_mnist
from model.learning.array_files import parse_idx, read_archive, read_limited, unpack_gzip

# The address and hash that keras.datasets.mnist uses (keras/src/datasets/mnist.py).
MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
MNIST_FILE_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
DOWNLOAD_TIMEOUT = 20  # seconds without an answer from the server

IDX_FILES = {
    "x_train": "train-images-idx3-ubyte.gz",
    "y_train": "train-labels-idx1-ubyte.gz",
    "x_test": "t10k-images-idx3-ubyte.gz",
    "y_test": "t10k-labels-idx1-ubyte.gz",
}
SHAPES = {
    "x_train": (60000, 28, 28),
    "y_train": (60000,),
    "x_test": (10000, 28, 28),
    "y_test": (10000,),
}
LABEL_COUNTS = {
    "y_train": (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
    "y_test": (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
}
# SHA-256 of each array's bytes in C order, the same for IDX and npz files.
CONTENT_SHA256 = {
    "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
}
# One packed bit for each of the 60,000 training images: whether it belongs to the validation
# set. That is true for the last 25 writers of form series 4 and the last 26 of series 0, so no
# writer is in both sets. From QMNIST's table of writers (BSD licence; C. Yadav and L. Bottou,
# arXiv:1905.10498).
SPLIT_FILE = Path(__file__).with_name("validation_split.npy")
# The test part of UCI's Optical Recognition of Handwritten Digits (CC BY 4.0; E. Alpaydin and
# C. Kaynak, doi:10.24432/C50P49), as scikit-learn has it. Made by
#   python -c "import numpy; from sklearn.datasets import load_digits as load; digits = load();
#   numpy.savez_compressed('model/learning/uci_digits.npz', images=digits.images.astype('uint8'),
#   labels=digits.target.astype('uint8'))"
BUNDLED_FILE = Path(__file__).with_name("uci_digits.npz")

MNIST_TEST = "MNIST test images"

MAX_FILE_BYTES = 60_000_000  # MNIST's largest file has 47 million bytes, not compressed
MAX_IDX_BYTES = math.prod(SHAPES["x_train"]) + 16  # unpacked, with its header

REMEDY = "Fetch the file again, or leave the folder out to use the copy that Keras downloads."


@dataclass(frozen=True)
class Dataset:
    """Labelled images.

    Attributes:
        images: `uint8` array of shape `(n, 28, 28)`, 0 paper to 255 ink.
        labels: `uint8` array of shape `(n,)`, 0 to 9.
        name: What a person calls it.
    """

    images: np.ndarray
    labels: np.ndarray
    name: str

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def frames(self) -> np.ndarray:
        """The images as a `float32` array of shape `(n, 28, 28)`, 0 paper to 1 ink."""
        return self.images.astype(np.float32) / 255

    @cached_property
    def key(self) -> str:
        """Identifies the data set, as a cache key for what is computed from it."""
        content = hashlib.sha256(np.ascontiguousarray(self.images))
        content.update(np.ascontiguousarray(self.labels))
        return f"{self.name}, {len(self)}, {content.hexdigest()}"

    def take(self, which: np.ndarray, name: str) -> "Dataset":
        """Returns the images that a mask or an index array selects, under a new name."""
        return Dataset(self.images[which], self.labels[which], name)


def load_mnist(folder: str | Path | None = None, progress=False) -> tuple[Dataset, Dataset]:
    """Loads MNIST's training and test images and checks every byte of them.

    Args:
        folder: A folder with `mnist.npz` or the four IDX `.gz` files. Default: the file in the
            Keras folder, downloaded if it is not there.
        progress: `True` shows a progress bar of the download on the terminal. An object with
            `total`, `update`, `reset` and `close`, as `pooch` takes it, shows it elsewhere.

    Returns:
        The training set, 60,000 images, and the test set, 10,000.

    Raises:
        DataError: If the files are missing, can't be downloaded, are damaged or not MNIST.
    """
    if folder:
        arrays, files = _from_folder(Path(folder))
    else:
        path = fetch(progress)
        arrays, files = _read_npz(path), dict.fromkeys(SHAPES, path)
    for key, array in arrays.items():
        _check(key, array, files[key])
    return (
        Dataset(arrays["x_train"], arrays["y_train"], "MNIST training images"),
        Dataset(arrays["x_test"], arrays["y_test"], MNIST_TEST),
    )


def needs_download(folder: str | Path | None = None) -> bool:
    """Tells whether `load_mnist(folder)` would download MNIST first."""
    return local_folder(folder) is None


def local_folder(folder: str | Path | None = None) -> Path | None:
    """Returns the folder that `load_mnist(folder)` reads; `None` if it has to download."""
    if folder:
        return Path(folder)
    with contextlib.suppress(OSError, ValueError):  # ValueError: no file can have this name
        if _keras_file().exists():
            return _keras_file().parent
    return None


def fetch(progress=False) -> Path:
    """Downloads Keras' copy of MNIST if it is not there yet, and checks its hash.

    Args:
        progress: As in `load_mnist`.

    Returns:
        The path of `mnist.npz`.

    Raises:
        DataError: If it can't be downloaded or is not MNIST.
    """
    import pooch  # here, because a local folder needs no downloader

    pooch.get_logger().setLevel("WARNING")
    path = _keras_file()
    try:
        pooch.retrieve(
            MNIST_URL,
            known_hash=f"sha256:{MNIST_FILE_SHA256}",
            fname=path.name,
            path=path.parent,
            downloader=pooch.HTTPDownloader(timeout=DOWNLOAD_TIMEOUT, progressbar=progress),
        )
    except (
        OSError,
        ValueError,
    ) as error:  # requests' errors are OSErrors; a wrong hash is a ValueError
        raise DataError(
            f"MNIST can't be had from {MNIST_URL} ({type(error).__name__}). Check the internet "
            "connection, or name a folder that holds it with --data or DIGITPAD_DATA."
        ) from error
    return path


def _keras_file() -> Path:
    """Returns where `keras.datasets.mnist` keeps its copy."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets" / "mnist.npz"


def validation_mask() -> np.ndarray:
    """Returns which MNIST training images are the validation set.

    No writer wrote images in both sets.

    Returns:
        `bool` array of shape `(60000,)`; 5,707 are true.
    """
    return np.unpackbits(np.load(SPLIT_FILE)).astype(bool)


def bundled_digits() -> Dataset:
    """Returns the 1,797 digits of 8x8 pixels that ship with the app, in MNIST's format.

    Raises:
        DataError: If their file is missing or damaged.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI 1998.
    """
    try:
        with np.load(BUNDLED_FILE, allow_pickle=False) as archive:
            counts, labels = archive["images"].astype(np.float32), archive["labels"]
    except Exception as error:  # a zip, NumPy or system error, depending on the damage
        raise DataError(
            f"The digits at {BUNDLED_FILE} can't be read ({type(error).__name__}): restore the "
            "file from the repository."
        ) from error
    frames = np.stack([to_mnist(image / 16) for image in counts])  # counts of ink in 4x4 pixels
    return Dataset(np.round(frames * 255).astype(np.uint8), labels, "UCI's digits")


def _from_folder(folder: Path) -> tuple[dict[str, np.ndarray], dict[str, Path]]:
    """Returns MNIST's four arrays, not checked yet, and the files they come from."""
    if not _is_folder(folder):
        raise DataError(f"There is no folder {str(folder)[:300]}: name the one that holds MNIST.")
    npz = folder / "mnist.npz"
    if npz.is_file():
        return _read_npz(npz), dict.fromkeys(SHAPES, npz)
    files = {key: folder / name for key, name in IDX_FILES.items()}
    missing = [path.name for path in files.values() if not path.is_file()]
    if missing:
        raise DataError(
            f"{folder} lacks {', '.join(missing)}: put mnist.npz or the four IDX files of "
            "MNIST there."
        )
    return {key: read_idx(path) for key, path in files.items()}, files


def _is_folder(path: Path) -> bool:
    """Tells whether a path is a folder, also if no folder can have this name."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def read_idx(path: Path) -> np.ndarray:
    """Reads a gzipped IDX file of unsigned bytes.

    Raises:
        DataError: If it is missing, damaged or too large.
    """
    try:
        content = unpack_gzip(read_limited(path, MAX_FILE_BYTES), MAX_IDX_BYTES)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(
            f"{path} is not a whole gzip file ({error or type(error).__name__}). {REMEDY}"
        ) from error
    array = parse_idx(content)
    if array is None:
        raise DataError(
            f"{path} is not a whole IDX file of bytes: it holds {len(content)} bytes. {REMEDY}"
        )
    return array


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    """Returns the four arrays of `mnist.npz`, not checked yet."""
    try:
        return read_archive(read_limited(path, MAX_FILE_BYTES), tuple(SHAPES), MAX_IDX_BYTES)
    except Exception as error:  # zipfile and NumPy raise a dozen types, depending on the damage
        raise DataError(
            f"{path} is not a whole mnist.npz with {', '.join(SHAPES)} ({error}). {REMEDY}"
        ) from error


def _check(key: str, array: np.ndarray, path: Path) -> None:
    """Raises `DataError` if the array is not MNIST's; the message says what differs."""
    if array.shape != SHAPES[key] or array.dtype != np.uint8:
        raise DataError(
            f"{path} should hold {key} as uint8 of shape {SHAPES[key]} but holds {array.dtype} "
            f"of shape {array.shape}. {REMEDY}"
        )
    if key in LABEL_COUNTS and tuple(np.bincount(array, minlength=10)) != LABEL_COUNTS[key]:
        raise DataError(f"{path} has other labels than MNIST has in {key}. {REMEDY}")
    if hashlib.sha256(np.ascontiguousarray(array)).hexdigest() != CONTENT_SHA256[key]:
        raise DataError(
            f"{path} differs from MNIST: the SHA-256 of {key} should begin with "
            f"{CONTENT_SHA256[key][:12]}. {REMEDY}"
        )
