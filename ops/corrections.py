"""Stores drawings that visitors labelled in one SQLite file.

Each call opens and closes a connection, so threads and processes share nothing but the file.
"""

import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from model.errors import CorrectionsError
from model.ink.frame import FRAME_SIDE
from ops.correction_rows import (
    MAX_DRAWING_BYTES,
    Correction,
    Unreadable,
    read_row,
    strokes_json,
)
from ops.settings import settings

SCHEMA_VERSION = 1  # in the file's `user_version`; a new version needs a migration
# Seconds to wait while others write. Each write takes milliseconds, but SQLite keeps no queue, so a
# writer may be overtaken again and again.
BUSY_TIMEOUT = 5.0
WORK_TIMEOUT = 6.0  # seconds for one call, its wait included
STEPS = 10_000  # of SQLite's virtual machine between two checks of that timeout
MAX_CORRECTIONS = 10_000  # more than one person makes; a public page must not fill the disk
MAX_FILE_BYTES = 200_000_000  # 10,000 drawings of 5,000 bytes take 164 MB, with the index
RESERVE_BYTES = (
    1_000_000  # kept beside the file, and given up so that deleting works on a full disk
)
DELETED_AT_ONCE = 20  # rows on a full disk; they need a quarter of that for SQLite's own files
ROW_SHARE = 2  # a drawing is stored in its row and in the index that keeps it unique
ROW_BYTES = 16_384  # for the rest of a row, and for pages of the file begun for it

_log = logging.getLogger("digitpad.corrections")

# Each drawing is stored once, under its last label. AUTOINCREMENT never gives an id twice, so a
# late "Undo" can't delete another drawing.
_SCHEMA = f"""
CREATE TABLE corrections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time TEXT NOT NULL,
    strokes TEXT NOT NULL UNIQUE,
    frame BLOB NOT NULL CHECK (length(frame) = {FRAME_SIDE**2}),
    probabilities BLOB NOT NULL CHECK (length(probabilities) = 40),
    label INTEGER NOT NULL CHECK (label BETWEEN 0 AND 9),
    network TEXT NOT NULL
)
"""
_ADD = """
INSERT INTO corrections (time, strokes, frame, probabilities, label, network)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (strokes) DO UPDATE SET time = excluded.time, frame = excluded.frame,
    probabilities = excluded.probabilities, label = excluded.label, network = excluded.network
RETURNING id
"""
# Reads a bounded part of each column, because something else may have edited the file.
_LOAD = """
SELECT id, substr(time, 1, 40), substr(strokes, 1, ?), substr(frame, 1, 1000),
    substr(probabilities, 1, 100), CASE typeof(label) WHEN 'integer' THEN label END,
    substr(network, 1, 100)
FROM corrections ORDER BY time DESC, id DESC LIMIT ? OFFSET ?
"""
_REMEDIES = (  # by the first letters of SQLite's name for the error
    (("SQLITE_BUSY", "SQLITE_LOCKED"), "is in use by another program: try again in a moment"),
    (("SQLITE_READONLY", "SQLITE_PERM"), "can't be written: allow writing to it"),
    (("SQLITE_CANTOPEN", "SQLITE_AUTH"), "can't be opened: check the permissions of its folder"),
    (("SQLITE_FULL",), "can't grow: make room on the disk"),
    # On a full disk SQLite can't create the files it needs beside it, and calls that IOERR.
    (("SQLITE_IOERR",), "can't be used: make room on the disk, or check it"),
    (("SQLITE_INTERRUPT",), "takes far too long: move it away, and a new one is created"),
    (("SQLITE_CORRUPT", "SQLITE_NOTADB"), "is damaged: move it away, and a new one is created"),
)
# The file that SQLite shares with other processes can't be created.
_NO_SHARED_FILE = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR_SHM")


class Corrections:
    """The file of corrections, created with the first one.

    Every method raises `CorrectionsError`, one sentence, if the file is damaged, locked, of a
    newer version, or can't be written. A page may show it, so it names no path: the log does, and
    so does `python -m ops.doctor`.

    Args:
        path: Default: the setting `corrections`.
    """

    def __init__(self, path: str | Path | None = None):
        self.path = Path(path or settings().corrections)
        self._reserve = Path(f"{self.path}.reserve")

    def add(
        self,
        strokes: list[np.ndarray],
        frame: np.ndarray,
        probabilities: np.ndarray,
        label: int,
        network: str,
    ) -> int:
        """Stores a drawing with its label; one that is stored already gets the new label.

        Args:
            strokes: As in `Correction`, like `label`.
            frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.
            probabilities: Array of shape `(10,)`.
            label: 0 to 9.
            network: `Recognizer.version`.

        Returns:
            The correction's id.

        Raises:
            CorrectionsError: Also if the drawing is too large, or the file is full.
            ValueError: If a shape or the label is wrong.
        """
        if frame.shape != (FRAME_SIDE, FRAME_SIDE) or probabilities.shape != (10,):
            raise ValueError(
                "frame must have shape (28, 28) and probabilities (10,). Received: "
                f"{frame.shape} and {probabilities.shape}"
            )
        if label not in range(10):
            raise ValueError(f"label must be 0 to 9. Received: {label}")
        drawing = strokes_json(strokes)
        if len(drawing) > MAX_DRAWING_BYTES:
            raise CorrectionsError(
                "This drawing has too many points to be stored: draw the digit in fewer strokes."
            )
        row = (
            f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f+00:00}",
            drawing,
            np.round(np.clip(frame, 0, 1) * 255).astype(np.uint8).tobytes(),
            probabilities.astype("<f4").tobytes(),
            int(label),
            network,
        )
        with self._writing() as connection:
            if not self._reserve.exists():
                self._make_reserve()
            if not _has(connection, drawing):
                _check_room(connection, len(drawing))
            return int(connection.execute(_ADD, row).fetchone()[0])

    def load(self, num: int | None = None, skip: int = 0) -> list[Correction]:
        """Corrections, the newest first.

        Args:
            num: How many, `None` for all.
            skip: How many of the newest to leave out.

        Raises:
            CorrectionsError: Also if one of them can't be read.
        """
        readable, unreadable = self.load_readable(num, skip)
        if unreadable:
            raise CorrectionsError(unreadable[0].problem)
        return readable

    def load_readable(
        self, num: int | None = None, skip: int = 0, strokes: bool = True
    ) -> tuple[list[Correction], list[Unreadable]]:
        """As `load`, but rows that can't be read are returned apart.

        Args:
            num: How many, `None` for all.
            skip: How many of the newest to leave out.
            strokes: Whether to load the strokes, which take most of the memory and time.

        Returns:
            The corrections and the unreadable rows, both the newest first.
        """
        with self._reading() as connection:
            if connection is None:
                return [], []
            length = MAX_DRAWING_BYTES + 1 if strokes else 0
            num = MAX_CORRECTIONS if num is None else min(num, MAX_CORRECTIONS)
            rows = connection.execute(_LOAD, (length, num, skip)).fetchall()
        read = [read_row(row, strokes) for row in rows]
        return (
            [each for each in read if isinstance(each, Correction)],
            [each for each in read if isinstance(each, Unreadable)],
        )

    def __len__(self) -> int:
        with self._reading() as connection:
            return 0 if connection is None else _count(connection)

    def check(self) -> int:
        """Checks the whole file for damage, and returns how many corrections it holds."""
        with self._reading() as connection:
            if connection is None:
                return 0
            connection.set_progress_handler(None, 0)  # it takes seconds for a large file
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if found != b"ok":
                raise sqlite3.DatabaseError(found.decode(errors="replace"))
            return _count(connection)

    def delete(self, ids: Iterable[int]) -> None:
        """Deletes these, also on a full disk; ignores an id that is not there any more."""
        ids = list(ids)
        try:
            self._delete(ids)
        except CorrectionsError:
            if not self._reserve.exists():
                raise
            self._reserve.unlink()
            try:
                for start in range(0, len(ids), DELETED_AT_ONCE):
                    self._delete(ids[start : start + DELETED_AT_ONCE])
            finally:
                self._make_reserve()

    def delete_all(self) -> None:
        """Deletes every correction; the file stays."""
        with self._reading() as connection:
            if connection is None:
                return
            ids = [id for (id,) in connection.execute("SELECT id FROM corrections")]
        self.delete(ids)

    def _delete(self, ids: list[int]) -> None:
        with self._writing() as connection:
            connection.executemany("DELETE FROM corrections WHERE id = ?", [(i,) for i in ids])

    def _make_reserve(self) -> None:
        with contextlib.suppress(OSError):
            self._reserve.write_bytes(bytes(RESERVE_BYTES))

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection to read with, `None` if nothing is stored yet; creates no file."""
        with self._connection("rw") as connection:
            if connection is None:
                yield None
                return
            connection.text_factory = bytes  # so that one broken text doesn't make all unreadable
            yield connection if _has_schema(connection) else None

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A connection inside one transaction; creates the file if need be."""
        with self._connection("rwc") as connection:
            connection.execute("PRAGMA secure_delete = ON")  # overwrites deleted drawings
            # A stored correction survives a power cut; some builds of SQLite do less by default.
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")  # one writer at a time, the others wait
            if not _has_schema(connection):
                connection.execute(_SCHEMA)
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            yield connection  # an error closes the connection, which rolls back
            connection.execute("COMMIT")
            # With WAL readers don't wait for writers. The file keeps the mode. It can't be set
            # while another process uses the file; then the next writer sets it.
            with contextlib.suppress(sqlite3.OperationalError):
                connection.execute("PRAGMA journal_mode = WAL")

    @contextlib.contextmanager
    def _connection(self, mode: str) -> Iterator[sqlite3.Connection | None]:
        """A connection that is closed at the end; turns SQLite's errors into sentences.

        Args:
            mode: SQLite's `rw`, which gives `None` if there is no file, or `rwc`.
        """
        try:
            if mode == "rwc":
                self.path.parent.mkdir(parents=True, exist_ok=True)
            elif not os.path.lexists(self.path):
                yield None
                return
            with contextlib.closing(self._open(mode)) as connection:
                # A file made by someone else may hold a view that never ends.
                deadline = time.monotonic() + WORK_TIMEOUT
                connection.set_progress_handler(lambda: time.monotonic() > deadline, STEPS)
                yield connection
        except sqlite3.Error as error:
            _log.error("%s: %s", self.path, error)
            name = getattr(error, "sqlite_errorname", "")
            remedy = next(
                (text for names, text in _REMEDIES if name.startswith(names)),
                f"can't be used ({error}): move it away, and a new one is created",
            )
            raise CorrectionsError(
                f"The file of corrections {remedy}; nothing was changed."
            ) from error
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: a circle of links
            _log.error("%s: %s", self.path, error)
            reason = getattr(error, "strerror", None) or "not a usable path"
            raise CorrectionsError(
                f"Corrections can't be stored in the configured file ({reason}): name another one "
                "with DIGITPAD_CORRECTIONS."
            ) from error

    def _open(self, mode: str) -> sqlite3.Connection:
        def connect(options: str) -> sqlite3.Connection:
            address = f"{self.path.resolve().as_uri()}?{options}"
            return sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None)

        connection = connect(f"mode={mode}")
        if mode == "rw":
            try:
                connection.execute("PRAGMA schema_version")  # opens the file
            except sqlite3.OperationalError as error:
                connection.close()
                if not error.sqlite_errorname.startswith(_NO_SHARED_FILE):
                    raise
                # Nobody writes in a read-only folder or on a full disk, so SQLite needs no file
                # there to share with writers.
                connection = connect("mode=ro&immutable=1")
        return connection


def as_dataset(corrections: list[Correction]) -> tuple[np.ndarray, np.ndarray]:
    """Images, `uint8` of shape `(n, 28, 28)`, and labels, `uint8` of shape `(n,)`."""
    images = np.array([each.frame for each in corrections], np.uint8)
    labels = np.array([each.label for each in corrections], np.uint8)
    return images.reshape(-1, FRAME_SIDE, FRAME_SIDE), labels


def _has_schema(connection: sqlite3.Connection) -> bool:
    """Whether the file has our table; raises if it is another program's or a newer version's."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (num_tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if version > SCHEMA_VERSION:
        raise CorrectionsError(
            f"The file of corrections was written by a newer DigitPad (file version {version}, "
            f"this one reads {SCHEMA_VERSION}): update, or name another file with "
            "DIGITPAD_CORRECTIONS."
        )
    if version != SCHEMA_VERSION and num_tables:
        raise CorrectionsError(
            "The file of corrections is another program's database: name another file with "
            "DIGITPAD_CORRECTIONS."
        )
    return version == SCHEMA_VERSION


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM corrections").fetchone()[0])


def _has(connection: sqlite3.Connection, drawing: str) -> bool:
    found = connection.execute("SELECT 1 FROM corrections WHERE strokes = ?", (drawing,))
    return found.fetchone() is not None


def _check_room(connection: sqlite3.Connection, num_bytes: int) -> None:
    """Raises `CorrectionsError` if one more drawing of a size would exceed a limit."""
    remedy = "download corrections on the Corrections page and delete some."
    if (num := _count(connection)) >= MAX_CORRECTIONS:
        raise CorrectionsError(f"The limit of {num:,} corrections is reached: {remedy}")
    pages, free, page_bytes = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    used = (pages - free) * page_bytes  # deleted rows leave free pages, which are used again
    if used + ROW_SHARE * num_bytes + ROW_BYTES > MAX_FILE_BYTES:
        raise CorrectionsError(
            f"The file of corrections has reached its limit of {MAX_FILE_BYTES / 1e6:.0f} MB: "
            f"{remedy}"
        )
