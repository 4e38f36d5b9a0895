"""Writes what was read in a shard as a parquet table, and checks those that are there."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from model.archive.inputs import Batch
from model.archive.places import files_below, join, open_to_seek
from model.archive.shards import PARQUET, Shard
from model.errors import ArchiveError, DigitError
from model.files.atomic import one_line
from model.reading.confidence import NUM_CLASSES
from model.reading.paper import PaperReading
from model.reading.prediction import Prediction

NOTE = b"digitpad"  # where a file's metadata say what it was made with
CHECKS = 16  # files whose metadata are read at once; in an object store each takes some 30 ms
_WHERE = [("source", pa.string()), ("row", pa.int64())]
_WHY = [("reason", pa.string()), ("network", pa.string())]
DIGITS = pa.schema(
    [
        *_WHERE,
        ("digit", pa.int8()),
        ("is_digit", pa.bool_()),
        ("is_sure", pa.bool_()),
        ("digits", pa.list_(pa.int8())),
        ("probabilities", pa.list_(pa.float32())),
        *_WHY,
    ]
)
PHOTOS = pa.schema(
    [
        *_WHERE,
        ("page", pa.int32()),
        ("line", pa.int32()),
        ("column", pa.int32()),
        ("text", pa.string()),
        ("doubtful", pa.bool_()),
        ("box", pa.list_(pa.int32())),
        *_WHY,
    ]
)


def digits_batch(
    batch: Batch, found: list[Prediction | DigitError], network: str
) -> pa.RecordBatch:
    """What was read in pictures of one digit each, as `DIGITS` names it.

    Args:
        batch: The pictures.
        found: For each what was read, or why nothing could be.
        network: SHA-256 of the network's file.
    """
    read = [None if isinstance(one, DigitError) else one for one in found]
    is_missing = np.array([one is None for one in read])
    ends = np.cumsum(~is_missing, dtype=np.int32) * NUM_CLASSES
    values = [one.probabilities for one in read if one is not None]
    columns = {
        "source": [_text(source) for source in batch.sources],
        "row": batch.rows,
        "digit": [one.digits[0] if one and one.digits else None for one in read],
        "is_digit": [one and one.answer.is_digit for one in read],
        "is_sure": [one and one.answer.is_sure for one in read],
        "digits": [one and list(one.digits) for one in read],
        "probabilities": pa.ListArray.from_arrays(
            pa.array(np.concatenate([[np.int32(0)], ends]), pa.int32()),
            np.concatenate(values) if values else np.empty(0, np.float32),
            mask=pa.array(is_missing),
        ),
        "reason": [_reason(one) for one in found],
        "network": [network] * len(found),
    }
    return _record_batch(columns, DIGITS)


def photos_batch(
    batch: Batch, found: list[list[PaperReading | DigitError] | DigitError], network: str
) -> pa.RecordBatch:
    """What was read on paper, as `PHOTOS` names it: a row for each cell that is not empty.

    A page without a number, or of which something was left out, has one more row that says so.

    Args:
        batch: The pictures.
        found: For each its pages, or why nothing could be read.
        network: SHA-256 of the network's file.
    """
    columns: dict[str, list] = {name: [] for name in PHOTOS.names}

    def add(place: int, **values) -> None:
        values |= {"source": _text(batch.sources[place]), "row": batch.rows[place]}
        values["network"] = network
        for name, column in columns.items():
            column.append(values.get(name, "" if name == "reason" else None))

    for place, pages in enumerate(found):
        if isinstance(pages, DigitError):
            add(place, reason=str(pages))
            continue
        for page, reading in enumerate(pages, start=1):
            if isinstance(reading, DigitError):
                add(place, page=page, reason=str(reading))
                continue
            for line, cells in enumerate(reading.rows, start=1):
                for number, cell in enumerate(cells, start=1):
                    if cell.parts:
                        known = {"page": page, "line": line, "column": number, "text": cell.text}
                        add(place, **known, doubtful=cell.is_doubtful, box=list(cell.box))
            if reading.left_out or not any(cell.parts for row in reading.rows for cell in row):
                left = ", ".join(f"{num} {why}" for why, num in reading.left_out.items())
                add(place, page=page, reason=f"left out: {left}" if left else "no number")
    return _record_batch(columns, PHOTOS)


def content_of(batches: list[pa.RecordBatch], shard: Shard, made_with: dict) -> pa.Buffer:
    """A shard's parquet file.

    Args:
        batches: What was read.
        shard: In which.
        made_with: What else its metadata say, to be compared by `finished`.
    """
    schema = PHOTOS if made_with["photo"] else DIGITS
    note = json.dumps(made_with | {"inputs": shard.inputs})
    table = pa.Table.from_batches(batches, schema).replace_schema_metadata({NOTE: note})
    content = pa.BufferOutputStream()
    pq.write_table(table, content, compression="zstd")
    return content.getvalue()


def finished(out: str, shards: list[Shard], made_with: dict) -> set[str]:
    """The names of the shards whose outputs are there.

    Args:
        out: The outputs' folder.
        shards: Those that are asked for.
        made_with: What outputs are made with.

    Raises:
        ArchiveError: If the folder holds an output of another network or of other inputs, or
            another file.
    """
    inputs = {shard.name: shard.inputs for shard in shards}
    names = sorted(names_in(out))
    with ThreadPoolExecutor(CHECKS) as pool:
        notes = list(pool.map(lambda name: _note(join(out, name)), names))
    for name, note in zip(names, notes, strict=True):
        path = join(out, name)
        if note.get("network") != made_with["network"]:
            raise ArchiveError(
                f"{path} was read by another network ({note.get('run') or 'of no name'}): give its "
                "folder with --network, or another folder with --out."
            )
        if note.get("photo") != made_with["photo"]:
            kind = "with" if note.get("photo") else "without"
            raise ArchiveError(
                f"{path} was read {kind} --photo: do the same, or give another folder with --out."
            )
        if name in inputs and note.get("inputs") != inputs[name]:
            raise ArchiveError(
                f"{path} was made from other files than there are now: remove it, or give another "
                "folder with --out."
            )
    return inputs.keys() & set(names)


def names_in(out: str) -> set[str]:
    """The names of all outputs in a folder, relative to it; none if there is no folder."""
    return {name for name, _ in files_below(out) if name.endswith(PARQUET)}


def _note(path: str) -> dict:
    try:
        with open_to_seek(path) as file:
            return dict(json.loads(pq.read_schema(file).metadata[NOTE]))
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise ArchiveError(
            f"{path} is no output of predict.py ({one_line(error)}): give another folder with "
            "--out."
        ) from error


def _record_batch(columns: dict, schema: pa.Schema) -> pa.RecordBatch:
    arrays = [
        column if isinstance(column, pa.Array) else pa.array(column, field.type)
        for field, column in zip(schema, columns.values(), strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _reason(found: Prediction | DigitError) -> str:
    return str(found) if isinstance(found, DigitError) else found.reason


def _text(name: str) -> str:
    """A file's name as text; bytes that are none are written as numbers."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")
