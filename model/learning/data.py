"""Where digits come from: MNIST, checked by shape, range, counts and hash, and a bundled fallback.

MNIST is read from a folder that the user names, else from the file that
`keras.datasets.mnist` keeps in the Keras folder, fetched from the same address into the same
place when it is not there yet. Keras itself is not imported: it would cost the app seconds.
"""

import contextlib
import hashlib
import io
import math
import os
import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from model.errors import DataError
from model.ink.frame import FRAME_SIDE, to_mnist

# The address and hash that keras.datasets.mnist uses (keras/src/datasets/mnist.py).
MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
MNIST_FILE_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
DOWNLOAD_TIMEOUT = 20  # seconds without an answer

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
# SHA-256 of each array's bytes in C order, so that IDX and npz files are held to the same.
CONTENT_SHA256 = {
    "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
}
# Which of the 60,000 training images validate: those of the last 25 writers of form series 4
# and the last 26 of series 0, so that no writer is on both sides. Packed bits, from the
# writers' table of QMNIST (BSD licence; C. Yadav and L. Bottou, arXiv:1905.10498).
SPLIT_FILE = Path(__file__).with_name("validation_split.npy")
# The test part of UCI's Optical Recognition of Handwritten Digits (CC BY 4.0; E. Alpaydin and
# C. Kaynak, doi:10.24432/C50P49), as scikit-learn has it. Made by
#   python -c "import numpy; from sklearn.datasets import load_digits as load; digits = load();
#   numpy.savez_compressed('model/uci_digits.npz', images=digits.images.astype('uint8'),
#   labels=digits.target.astype('uint8'))"
BUNDLED_FILE = Path(__file__).with_name("uci_digits.npz")

MNIST_TEST = "MNIST test images"

MAX_FILE_BYTES = 60_000_000  # MNIST's largest file has 47 million bytes even when nothing is packed
MAX_IDX_BYTES = math.prod(SHAPES["x_train"]) + 16  # unpacked, with its head
MAX_AXES = 8  # of an array in IDX format; MNIST's have three
MAX_ENTRIES = 1000  # of an archive; MNIST's have four
MAX_MEMBERS = 10  # gzip files in one; MNIST's have one

REMEDY = "Fetch the file again, or leave the folder out to use the copy that Keras downloads."


@dataclass(frozen=True)
class Dataset:
    """Labelled images.

    Attributes:
        images: `uint8` array of shape `(n, 28, 28)`, 0 paper to 255 ink.
        labels: `uint8` array of shape `(n,)`, 0 to 9.
        name: What to call it before a person.
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
        """Tells data sets apart, so that what was worked out of one can be kept."""
        return f"{self.name}, {len(self)}, {zlib.crc32(np.ascontiguousarray(self.images)):08x}"

    def take(self, which: np.ndarray, name: str) -> "Dataset":
        """The images that a mask or an index array picks, under a new name."""
        return Dataset(self.images[which], self.labels[which], name)


def load_mnist(folder: str | Path | None = None, progress=False) -> tuple[Dataset, Dataset]:
    """Loads MNIST's training and test images and checks every byte of them.

    Args:
        folder: A folder with `mnist.npz` or the four IDX `.gz` files. Default: the file in the
            Keras folder, downloaded if need be.
        progress: `True` shows a bar on the terminal while fetching; an object with `total`,
            `update`, `reset` and `close`, as `pooch` takes it, shows it elsewhere.

    Returns:
        The training set, 60,000 images, and the test set, 10,000.

    Raises:
        DataError: If the files are missing, can't be fetched, are damaged or not MNIST.
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
    """Whether `load_mnist(folder)` would download MNIST first."""
    return at_hand(folder) is None


def at_hand(folder: str | Path | None = None) -> Path | None:
    """The folder that `load_mnist(folder)` reads without the internet; `None` if it has none."""
    if folder:
        return Path(folder)
    with contextlib.suppress(OSError, ValueError):  # a name that no file can have
        if _keras_file().exists():
            return _keras_file().parent
    return None


def fetch(progress=False) -> Path:
    """Fetches Keras' own copy of MNIST if it is not there yet, and checks its hash.

    Args:
        progress: As in `load_mnist`.

    Returns:
        The path of `mnist.npz`.

    Raises:
        DataError: If it can't be had, or what came is not MNIST.
    """
    import pooch  # only here: a folder of one's own needs no downloader

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
    except (OSError, ValueError) as error:  # requests' errors are OSErrors; a wrong hash
        raise DataError(
            f"MNIST can't be had from {MNIST_URL} ({type(error).__name__}). Check the internet "
            f"connection, or name a folder that holds it with --data or DIGITPAD_DATA."
        ) from error
    return path


def _keras_file() -> Path:
    """Where `keras.datasets.mnist` keeps its copy."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets" / "mnist.npz"


def validation_mask() -> np.ndarray:
    """Which MNIST training images validate, by writers who wrote none of the others.

    Returns:
        `bool` array of shape `(60000,)`; 5,707 are true.
    """
    return np.unpackbits(np.load(SPLIT_FILE)).astype(bool)


def bundled_digits() -> Dataset:
    """The 1,797 digits of 8x8 pixels that ship with the app, in MNIST's format.

    Raises:
        DataError: If their file is missing or damaged.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI 1998.
    """
    try:
        with np.load(BUNDLED_FILE, allow_pickle=False) as archive:
            counts, labels = archive["images"].astype(np.float32), archive["labels"]
    except Exception as error:  # a zip, NumPy or system error, by where it is damaged
        raise DataError(
            f"The digits at {BUNDLED_FILE} can't be read ({type(error).__name__}): restore the "
            "file from the repository."
        ) from error
    frames = np.stack([to_mnist(image / 16) for image in counts])  # inked pixels of 4 x 4
    return Dataset(np.round(frames * 255).astype(np.uint8), labels, "UCI's digits")


def _from_folder(folder: Path) -> tuple[dict[str, np.ndarray], dict[str, Path]]:
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
    return {key: _read_idx(path) for key, path in files.items()}, files


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name that no folder can have
        return False


def _read_idx(path: Path) -> np.ndarray:
    """Reads a gzipped IDX file of unsigned bytes."""
    try:
        content = gunzipped(_content(path), MAX_IDX_BYTES)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(
            f"{path} is not a whole gzip file ({error or type(error).__name__}). {REMEDY}"
        ) from error
    array = idx_array(content)
    if array is None:
        raise DataError(
            f"{path} is not a whole IDX file of bytes: it holds {len(content)} bytes. {REMEDY}"
        )
    return array


def _content(path: Path) -> bytes:
    """A file's content, unless it is far too large to be MNIST's."""
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ValueError(f"it has {path.stat().st_size:,} bytes")
    return path.read_bytes()


def gunzipped(content: bytes, most: int) -> bytes:
    """What a gzip file holds, but no more than one byte over a limit.

    Args:
        content: The file; a few such files one behind the other are one.
        most: Bytes; if more come back, there were more.

    Raises:
        EOFError, ValueError, zlib.error: If it is not a whole gzip file.
    """
    parts, left = [], most + 1
    for _ in range(MAX_MEMBERS):
        unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)  # 16: with gzip's head
        parts.append(unpacker.decompress(content, left))
        left -= len(parts[-1])
        content = unpacker.unused_data.lstrip(b"\0")
        if left <= 0 or (unpacker.eof and not content):
            return b"".join(parts)
        if not unpacker.eof:
            raise EOFError("it ends too early")
    raise ValueError("many files in one")


def archive_arrays(file: Path | io.BytesIO, names: tuple[str, ...], most: int) -> dict:
    """Arrays of a NumPy archive; of those that would be too large only shape and kind.

    Nothing is unpacked before its size is known, and no pickle is read.

    Args:
        file: The archive, or where it is.
        names: Which arrays.
        most: Bytes an array. One that has more comes as zeros that take no memory.

    Raises:
        Exception: Of a dozen kinds, by what is damaged.
    """
    with zipfile.ZipFile(file) as archive:
        return {name: _member(archive, f"{name}.npy", most) for name in names}


def _member(archive: zipfile.ZipFile, name: str, most: int) -> np.ndarray:
    if archive.getinfo(name).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError("packed as NumPy does not")
    with archive.open(name) as member:
        read_head = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[np.lib.format.read_magic(member)]
        shape, _, kind = read_head(member)
    if kind.hasobject or min(shape, default=0) < 0:
        raise ValueError("no numbers")
    if math.prod(shape) * kind.itemsize > most:
        return np.broadcast_to(np.zeros((), kind), shape)
    with archive.open(name) as member:
        return np.lib.format.read_array(member, allow_pickle=False)


def is_crowded(content: bytes) -> bool:
    """Whether a zip file has far more entries than an archive of ours."""
    return content.count(b"PK\1\2") > MAX_ENTRIES


def idx_array(content: bytes) -> np.ndarray | None:
    """The `uint8` array of an IDX file of unsigned bytes; `None` if it is not a whole one.

    Source: the format's description by Y. LeCun, http://yann.lecun.com/exdb/mnist.
    """
    rank = content[3] if content[:3] == b"\x00\x00\x08" and len(content) > 3 else 0
    sizes, body = content[4 : 4 + 4 * rank], content[4 + 4 * rank :]
    shape = tuple(int.from_bytes(sizes[i : i + 4], "big") for i in range(0, 4 * rank, 4))
    if not 0 < rank <= MAX_AXES or len(sizes) < 4 * rank or len(body) != math.prod(shape):
        return None
    if not body:  # there is no array whose other sides are as long as a file may say
        shape = tuple(min(side, FRAME_SIDE) for side in shape)
    return np.frombuffer(body, np.uint8).reshape(shape)


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        content = _content(path)
        if is_crowded(content):
            raise ValueError("too many entries")
        return archive_arrays(io.BytesIO(content), tuple(SHAPES), MAX_IDX_BYTES)
    except Exception as error:  # zipfile and NumPy raise a dozen kinds, by what is damaged
        raise DataError(
            f"{path} is not a whole mnist.npz with {', '.join(SHAPES)} ({error}). {REMEDY}"
        ) from error


def _check(key: str, array: np.ndarray, path: Path) -> None:
    """Raises `DataError` unless the array is MNIST's, saying what differs."""
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
