"""Reads arrays from untrusted NumPy archives and IDX files.

Sizes are checked before anything is unpacked, and pickles are never read.
"""

import io
import math
import zipfile
import zlib
from pathlib import Path

import numpy as np

from model.ink.frame import FRAME_SIDE

MAX_AXES = 8  # of an array in IDX format; MNIST's have three
MAX_ENTRIES = 1000  # in an archive; MNIST's has four
MAX_MEMBERS = 10  # gzip files joined in one; MNIST's have one
_IDX_BYTES = b"\x00\x00\x08"  # an IDX file of unsigned bytes begins with this
_ZIP_ENTRY = b"PK\1\2"  # each entry of a zip file's directory begins with this
_GZIP = 16 + zlib.MAX_WBITS  # tells zlib to expect gzip's header


def unpack_gzip(content: bytes, most: int) -> bytes:
    """Unpacks a gzip file, but at most one byte more than a limit.

    Args:
        content: The file; it may be several gzip files joined.
        most: Bytes; if more come back, the file holds more.

    Raises:
        EOFError, ValueError, zlib.error: If it is not a whole gzip file.
    """
    parts, left = [], most + 1
    for _ in range(MAX_MEMBERS):
        unpacker = zlib.decompressobj(wbits=_GZIP)
        parts.append(unpacker.decompress(content, left))
        left -= len(parts[-1])
        content = unpacker.unused_data.lstrip(b"\0")
        if left <= 0 or (unpacker.eof and not content):
            return b"".join(parts)
        if not unpacker.eof:
            raise EOFError("it ends too early")
    raise ValueError("many files in one")


def parse_idx(content: bytes) -> np.ndarray | None:
    """Returns the `uint8` array of an IDX file; `None` if it is not a whole one of bytes.

    Source: Y. LeCun's description of the format, http://yann.lecun.com/exdb/mnist.
    """
    rank = content[3] if content.startswith(_IDX_BYTES) and len(content) > 3 else 0
    sizes, body = content[4 : 4 + 4 * rank], content[4 + 4 * rank :]
    shape = tuple(int.from_bytes(sizes[i : i + 4], "big") for i in range(0, 4 * rank, 4))
    if not 0 < rank <= MAX_AXES or len(sizes) < 4 * rank or len(body) != math.prod(shape):
        return None
    if not body:  # one side is 0, and the others may be longer than NumPy allows
        shape = tuple(min(side, FRAME_SIDE) for side in shape)
    return np.frombuffer(body, np.uint8).reshape(shape)


def read_archive(content: bytes, names: tuple[str, ...], most: int) -> dict[str, np.ndarray]:
    """Reads arrays of a NumPy archive.

    Args:
        content: The archive.
        names: Of the arrays.
        most: Bytes per array. A larger array comes as zeros of its shape and dtype, which take
            no memory.

    Raises:
        Exception: Of a dozen types, depending on the damage.
    """
    check_entries(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: _read_member(archive, f"{name}.npy", most) for name in names}


def check_entries(content: bytes) -> None:
    """Raises `ValueError` if a zip file has far more entries than an archive needs."""
    if content.count(_ZIP_ENTRY) > MAX_ENTRIES:
        raise ValueError("too many entries")


def read_limited(path: Path, most: int) -> bytes:
    """Reads a file; raises `ValueError` if it has more than `most` bytes."""
    if path.stat().st_size > most:
        raise ValueError(f"it has {path.stat().st_size:,} bytes")
    return path.read_bytes()


def _read_member(archive: zipfile.ZipFile, name: str, most: int) -> np.ndarray:
    """Reads one array of an archive, or zeros of its shape if it is too large."""
    if archive.getinfo(name).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError("packed as NumPy does not")
    with archive.open(name) as member:
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[np.lib.format.read_magic(member)]
        shape, _, dtype = read_header(member)
    if dtype.hasobject or min(shape, default=0) < 0:
        raise ValueError("no numbers")
    if math.prod(shape) * dtype.itemsize > most:
        return np.broadcast_to(np.zeros((), dtype), shape)
    with archive.open(name) as member:
        return np.lib.format.read_array(member, allow_pickle=False)
