"""Archives for tests: files of digits, one that holds its reader, and the rows of all outputs."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from model.learning.data import bundled_digits
from tests.support import ROOT, popen_with_default_signals, until

PREDICT = str(ROOT / "predict.py")
TIMEOUT = 120  # seconds for a run over a small archive on a busy machine
PAGE = 65_536  # bytes; what a pipe takes at once


def digits(num: int, start: int = 0) -> np.ndarray:
    """Some of UCI's digits, `uint8` array of shape `(num, 28, 28)`."""
    return bundled_digits().images[start : start + num]


def png(image: np.ndarray) -> bytes:
    return cv2.imencode(".png", image)[1].tobytes()


def rows_file(images: np.ndarray) -> bytes:
    """A parquet file of 28x28 numbers."""
    return parquet(pa.array(list(images.reshape(len(images), -1))))


def png_file(images: np.ndarray) -> bytes:
    """A parquet file of pictures."""
    return parquet(pa.array([png(image) for image in images]))


def parquet(column: pa.Array, name: str = "image") -> bytes:
    content = pa.BufferOutputStream()
    pq.write_table(pa.table({name: column}), content)
    return content.getvalue().to_pybytes()


def archive_of(folder: Path, num_files: int, num_rows: int) -> list[tuple[str, int]]:
    """Writes files of 28x28 numbers to a folder; returns source and row of each image."""
    folder.mkdir(exist_ok=True)
    for number in range(num_files):
        path = folder / f"{number:02}.parquet"
        path.write_bytes(rows_file(digits(num_rows, number * num_rows)))
    return expected(folder, num_rows)


def expected(folder: Path, num_rows: int) -> list[tuple[str, int]]:
    """Source and row of each image of a folder of parquet files."""
    names = sorted(str(path) for path in folder.glob("*.parquet"))
    return [(name, row) for name in names for row in range(num_rows)]


def rows_of(out: Path) -> list[dict]:
    """All rows of all outputs, sorted by source and row, what stands for a whole file last."""
    rows = [row for path in out.rglob("*.parquet") for row in pq.read_table(path).to_pylist()]
    return sorted(rows, key=lambda row: (row["source"], row["row"] is None, row["row"]))


def places(rows: list[dict]) -> list[tuple[str, int]]:
    return [(row["source"], row["row"]) for row in rows]


def command(*arguments) -> list[str]:
    return [sys.executable, PREDICT, *map(str, arguments)]


def score(*arguments, **options) -> subprocess.CompletedProcess:
    """Runs predict.py to its end."""
    line = command(*arguments)
    return subprocess.run(line, capture_output=True, text=True, timeout=TIMEOUT, **options)


def start(*arguments, **options) -> subprocess.Popen:
    """Starts predict.py; Ctrl-C stops it."""
    return popen_with_default_signals(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


class HeldFile:
    """A parquet file that holds whoever reads it until the test lets go.

    It is a pipe: a reader waits for its end. So a test can kill the reader at this shard.
    """

    def __init__(self, path: Path, content: bytes):
        self._path, self._content = path, content
        os.mkfifo(path)
        self._end = os.open(path, os.O_RDWR)

    def readers(self) -> set[int]:
        """The processes that read it now."""
        found = set()
        for handle in Path("/proc").glob("[0-9]*/fd/*"):
            try:
                if os.readlink(handle) == str(self._path):
                    found.add(int(handle.parts[2]))
            except OSError:
                continue  # it was closed meanwhile
        return found - {os.getpid()}

    def reader(self, other_than: int = 0) -> int:
        """Waits for the process that reads it."""
        until(lambda: self.readers() - {other_than}, timeout=TIMEOUT)
        return min(self.readers() - {other_than})

    def release(self) -> None:
        """Gives the content to all readers, now and later."""
        whole = self._path.with_name(f".{self._path.name}")
        whole.write_bytes(self._content)
        os.replace(whole, self._path)
        assert len(self._content) < PAGE  # else writing would wait for the reader
        os.write(self._end, self._content)
        os.close(self._end)
