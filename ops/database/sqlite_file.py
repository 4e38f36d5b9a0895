"""Corrections in a SQLite file: opening, transactions, upgrade, errors and a full disk.

Each call opens and closes a connection, so threads and processes share nothing but the file.
"""

import contextlib
import hashlib
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, create_engine
from sqlalchemy.exc import DBAPIError

from model.errors import CorrectionsError
from ops.database.tables import CORRECTIONS

# In the file's `user_version`. Version 1 had no hash, and its strokes were unique.
SCHEMA_VERSION = 2
# Seconds to wait while others write. Each write takes milliseconds, but SQLite keeps no queue, so a
# writer may be overtaken again and again.
BUSY_TIMEOUT = 5.0
WORK_TIMEOUT = 6.0  # seconds for one call, its wait included
UPGRADE_TIMEOUT = 60.0  # seconds for the one call that upgrades a file; 115 MB take one
STEPS = 10_000  # of SQLite's virtual machine between two checks of a timeout
RESERVE_BYTES = (
    1_000_000  # kept beside the file, and given up so that deleting works on a full disk
)

_log = logging.getLogger("digitpad.corrections")

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


class SqliteFile:
    """A file of corrections, created with the first one.

    Every method raises `CorrectionsError`, one sentence, if the file is damaged, locked, of a
    newer version, or can't be written.
    """

    def __init__(self, path: Path):
        self.path = path
        self._reserve = Path(f"{path}.reserve")

    def __str__(self) -> str:
        return str(self.path)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection | None]:
        """A connection to read with, `None` if nothing is stored yet; creates no file.

        Texts are read as bytes, so that one broken text doesn't make all unreadable.
        """
        with self._connection("rw") as connection:
            yield connection if connection is not None and _version(connection) else None

    @contextlib.contextmanager
    def writing(self, adds: bool = False) -> Iterator[Connection]:
        """A connection inside one transaction; creates the file if need be.

        Args:
            adds: Whether rows are added. A file of version 1 is upgraded then, and not before, so
                that corrections can be read and deleted where there is no room for that.
        """
        with self._connection("rwc") as connection:
            connection.exec_driver_sql("PRAGMA secure_delete = ON")  # overwrites deleted drawings
            # A stored correction survives a power cut; some builds of SQLite do less by default.
            connection.exec_driver_sql("PRAGMA synchronous = FULL")
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # one writer at a time, the others wait
            version = _version(connection)
            if not version:
                _create(connection)
            elif adds and version < SCHEMA_VERSION:
                _upgrade(connection)
            if adds and not self._reserve.exists():
                self._make_reserve()
            yield connection  # an error closes the connection, which rolls back
            connection.commit()
            # With WAL readers don't wait for writers. The file keeps the mode. It can't be set
            # while another process uses the file; then the next writer sets it.
            with contextlib.suppress(DBAPIError):
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")

    def used_bytes(self, connection: Connection) -> int:
        """The size of the file without the pages that deleted rows left free."""
        pages, free, page_bytes = (
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * page_bytes

    def check(self, connection: Connection) -> None:
        """Checks the whole file for damage, which takes seconds for a large one."""
        connection.connection.driver_connection.set_progress_handler(None, 0)
        found = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
        if found != b"ok":
            raise sqlite3.DatabaseError(found.decode(errors="replace"))

    @contextlib.contextmanager
    def spare_room(self) -> Iterator[bool]:
        """Gives up the reserve for the block, to delete on a full disk; `False` without one."""
        has_reserve = self._reserve.exists()
        if has_reserve:
            self._reserve.unlink()
        try:
            yield has_reserve
        finally:
            if has_reserve:
                self._make_reserve()

    def _make_reserve(self) -> None:
        with contextlib.suppress(OSError):
            self._reserve.write_bytes(bytes(RESERVE_BYTES))

    @contextlib.contextmanager
    def _connection(self, mode: str) -> Iterator[Connection | None]:
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
            with _engine(self.path, mode).connect() as connection:
                yield connection
        except (sqlite3.Error, DBAPIError) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            _log.error("%s: %s", self.path, cause)
            name = getattr(cause, "sqlite_errorname", "")
            remedy = next(
                (text for names, text in _REMEDIES if name.startswith(names)),
                f"can't be used ({cause}): move it away, and a new one is created",
            )
            raise CorrectionsError(
                f"The file of corrections {remedy}; nothing was changed."
            ) from cause
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: a circle of links
            _log.error("%s: %s", self.path, error)
            reason = getattr(error, "strerror", None) or "not a usable path"
            raise CorrectionsError(
                f"Corrections can't be stored in the configured file ({reason}): name another one "
                "with DIGITPAD_CORRECTIONS."
            ) from error


@lru_cache(maxsize=4)  # a file and its copy, each to read and to write
def _engine(path: Path, mode: str) -> Engine:
    return create_engine(
        "sqlite+pysqlite://",
        creator=partial(_open, path, mode),
        poolclass=NullPool,
        hide_parameters=True,  # drawings are no part of an error's text
    )


def _open(path: Path, mode: str) -> sqlite3.Connection:
    def connect(options: str) -> sqlite3.Connection:
        address = f"{path.resolve().as_uri()}?{options}"
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
        connection.text_factory = bytes
    _limit_time(connection, WORK_TIMEOUT)
    return connection


def _limit_time(connection: sqlite3.Connection, seconds: float) -> None:
    """Ends what takes longer: a file made by someone else may hold a view that never ends."""
    deadline = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > deadline, STEPS)


def _version(connection: Connection) -> int:
    """The version of our table, 0 if there is none.

    Raises:
        CorrectionsError: If the file is another program's or a newer version's.
    """
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    num_tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
    if version > SCHEMA_VERSION:
        raise CorrectionsError(
            f"The file of corrections was written by a newer DigitPad (file version {version}, "
            f"this one reads {SCHEMA_VERSION}): update, or name another file with "
            "DIGITPAD_CORRECTIONS."
        )
    if version < 1 and num_tables:
        raise CorrectionsError(
            "The file of corrections is another program's database: name another file with "
            "DIGITPAD_CORRECTIONS."
        )
    return max(version, 0)


def _create(connection: Connection) -> None:
    CORRECTIONS.create(connection)
    connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _upgrade(connection: Connection) -> None:
    """Copies the rows of a file of version 1 into a table of today's; all of them, damaged or not.

    It is part of the caller's transaction: after an error or a kill the file is as it was.
    """
    raw = connection.connection.driver_connection
    _limit_time(raw, UPGRADE_TIMEOUT)
    raw.create_function("sha256", 1, lambda blob: hashlib.sha256(blob).digest())
    # Damaged rows are kept: the owner sees and deletes them.
    raw.execute("PRAGMA ignore_check_constraints = ON")
    raw.execute("ALTER TABLE corrections RENAME TO corrections_1")
    _create(connection)
    raw.execute(
        "INSERT INTO corrections (id, time, sha256, strokes, frame, probabilities, label, network) "
        "SELECT id, time, sha256(CAST(strokes AS BLOB)), strokes, frame, probabilities, label, "
        "network FROM corrections_1"
    )
    # Ids of deleted rows are not given again either.
    raw.execute("DELETE FROM sqlite_sequence WHERE name = 'corrections'")
    raw.execute("UPDATE sqlite_sequence SET name = 'corrections' WHERE name = 'corrections_1'")
    raw.execute("DROP TABLE corrections_1")
    raw.execute("PRAGMA ignore_check_constraints = OFF")
