"""Reads a shard's pictures or 28x28 numbers, some at a time."""

import io
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from model.archive.places import is_remote, read
from model.archive.shards import Shard
from model.errors import DataError, DigitError, PictureError
from model.files.atomic import one_line
from model.ink.decode import MAX_BYTES
from model.ink.file_kinds import NPZ, PARQUET
from model.ink.frame import FRAME_SIDE
from model.learning.array_files import parse_idx, read_archive, unpack_gzip

COLUMN = "image"  # of a parquet file, as in data sets on Hugging Face
ARRAY = "images"  # of a NumPy archive
BYTES = "bytes"  # the field of an image there that holds the file
AT_ONCE = 500  # pictures or arrays; more are no faster and cost memory
READERS = 16  # requests at once to an object store, where each takes some 30 ms
MOST = 8_000_000_000  # bytes of one array; ten million images
GZIP = b"\x1f\x8b"
PIXELS = FRAME_SIDE**2
ARRAYS = "28x28 numbers from 0 (paper) to 255 (ink)"
NO_ARRAY = f"It is not {ARRAYS}."


@dataclass(frozen=True)
class Batch:
    """Some pictures or arrays of a shard, in order.

    Attributes:
        sources: For each the file it is in.
        rows: For each its place in that file, from 0; `None` for what stands for the whole file.
        inputs: For each a picture file's content, an array of shape `(28, 28)` of numbers, or why
            it can't be read.
    """

    sources: list[str]
    rows: list[int | None]
    inputs: list[bytes | np.ndarray | DigitError]


def batches(shard: Shard) -> Iterator[Batch]:
    """Reads a shard.

    Raises:
        OSError: If a file of many images can't be read at the moment.
    """
    if shard.is_pictures:
        yield from _pictures(shard.sources)
    else:
        yield from batches_of_file(*shard.sources)


def batches_of_file(source: str) -> Iterator[Batch]:
    """Reads a parquet, NumPy or IDX file of images.

    What is damaged comes as an error with its row. If a file's rest can't be read, one more row
    says so.

    Raises:
        OSError: If the file can't be read at the moment.
    """
    content, num = read(source), 0
    try:
        for inputs in _parts_of(source, content):
            rows = list(range(num, num + len(inputs)))
            num += len(inputs)
            yield Batch([source] * len(inputs), rows, inputs)
    except DigitError as error:
        yield Batch([source], [None], [error])
    except Exception as error:  # pyarrow, zipfile and NumPy raise a dozen types, by the damage
        where = f"From row {num} on it" if num else "It"
        problem = DataError(
            f"{where} can't be read ({type(error).__name__}: {one_line(error)}): restore the file."
        )
        yield Batch([source], [None], [problem])


def _pictures(sources: tuple[str, ...]) -> Iterator[Batch]:
    with ThreadPoolExecutor(READERS) as readers:
        for start in range(0, len(sources), AT_ONCE):
            some = list(sources[start : start + AT_ONCE])
            how = readers.map if is_remote(some[0]) else map
            yield Batch(some, [0] * len(some), list(how(_picture, some)))


def _picture(source: str) -> bytes | PictureError:
    try:
        return read(source, MAX_BYTES + 1)
    except (FileNotFoundError, PermissionError, IsADirectoryError, ValueError) as error:
        # Other errors may pass: the shard is tried again.
        reason = getattr(error, "strerror", None) or one_line(error)
        return PictureError(f"It can't be read ({reason}).")


def _parts_of(source: str, content: bytes) -> Iterator[list]:
    lower = source.lower()
    if lower.endswith(PARQUET):
        yield from _rows_of_parquet(content)
        return
    array = _from_npz(content) if lower.endswith(NPZ) else _from_idx(content)
    if array.shape[1:] == (PIXELS,):
        array = array.reshape(-1, FRAME_SIDE, FRAME_SIDE)
    if array.shape[1:] != (FRAME_SIDE, FRAME_SIDE):
        raise DataError(f"Its array has the shape {array.shape} where {ARRAYS} should be.")
    for start in range(0, len(array), AT_ONCE):
        yield list(array[start : start + AT_ONCE])


def _rows_of_parquet(content: bytes) -> Iterator[list]:
    file = pq.ParquetFile(pa.BufferReader(content))
    names = file.schema_arrow.names
    if COLUMN not in names:
        raise DataError(
            f'It has no column "{COLUMN}" ({one_line(ValueError(", ".join(names)))}): name the '
            f"column with picture files or {ARRAYS} so."
        )
    for group in range(file.num_row_groups):  # one by one, so that those before damage are read
        for batch in file.iter_batches(AT_ONCE, row_groups=[group], columns=[COLUMN]):
            yield _cells(batch.column(0))


def _cells(column: pa.Array) -> list:
    """A column's pictures or arrays."""
    if pa.types.is_struct(column.type):
        if column.type.get_field_index(BYTES) < 0:
            raise DataError(f'Its column "{COLUMN}" has no field "{BYTES}" with picture files.')
        column = column.flatten()[column.type.get_field_index(BYTES)]
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        missing = PictureError("There is no picture in this row.")
        return [missing if cell is None else cell for cell in column.to_pylist()]
    if not _is_list(column.type):
        raise DataError(
            f'Its column "{COLUMN}" holds {column.type} where picture files or {ARRAYS} should be.'
        )
    numbers, lengths = column, []
    while _is_list(numbers.type) and not numbers.null_count:
        lengths.append(set(pc.list_value_length(numbers).to_pylist()))
        numbers = numbers.flatten()
    is_whole = lengths in ([{PIXELS}], [{FRAME_SIDE}, {FRAME_SIDE}]) and not numbers.null_count
    if is_whole and not _is_list(numbers.type):
        return list(np.asarray(numbers).reshape(-1, FRAME_SIDE, FRAME_SIDE))
    return [_array(cell) for cell in column.to_pylist()]


def _is_list(kind: pa.DataType) -> bool:
    return (
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def _array(cell: list | None) -> np.ndarray | DataError:
    try:
        return np.asarray(cell, np.float64).reshape(FRAME_SIDE, FRAME_SIDE)
    except (TypeError, ValueError):  # None, lists of several lengths, no numbers
        return DataError(NO_ARRAY)


def _from_idx(content: bytes) -> np.ndarray:
    if content.startswith(GZIP):
        content = unpack_gzip(content, MOST)
    array = parse_idx(content)
    if array is None:
        raise DataError(f"It is no whole IDX file of bytes, {NPZ}, {PARQUET} or picture.")
    return array


def _from_npz(content: bytes) -> np.ndarray:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
    if ARRAY in names:
        names = [ARRAY]
    if len(names) != 1:
        raise DataError(f'It holds {", ".join(names)}: name the one array of images "{ARRAY}".')
    return read_archive(content, (names[0],), MOST)[names[0]]
