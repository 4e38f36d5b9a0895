"""Stores drawings that visitors labelled: in a SQLite file, or in PostgreSQL for several machines.

Pages import this module in the functions that use it: SQLAlchemy takes 14 MB, and most visits
correct nothing.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from pydantic import SecretStr
from sqlalchemy import Connection, Text, case, cast, delete, func, select

from model.errors import CorrectionsError
from model.ink.frame import FRAME_SIDE
from ops.correction_rows import (
    MAX_DRAWING_BYTES,
    Correction,
    Unreadable,
    read_row,
    strokes_json,
)
from ops.database.postgres import Postgres
from ops.database.sqlite_file import SqliteFile
from ops.database.tables import CORRECTIONS, upsert
from ops.settings import settings

MAX_CORRECTIONS = 10_000  # more than one person makes; a public page must not fill the disk
MAX_STORED_BYTES = 200_000_000  # 10,000 drawings of 5,000 bytes take 62 MB in a file
DELETED_AT_ONCE = 20  # rows on a full disk; they need a quarter of the reserve for SQLite's files
ROW_BYTES = 4_096  # for a row without its drawing, at most
BEGUN_BYTES = 16_384  # for pages of a file that are begun

_ROW = CORRECTIONS.c


class Corrections:
    """The corrections; file or tables are created with the first one.

    Every method raises `CorrectionsError`, one sentence, if they can't be read or written. A page
    may show it, so it names no path: the log does, and so does `python -m ops.doctor`.

    Args:
        place: A file, or the address of a database as a `SecretStr`, because it holds a password.
            Default: the setting `corrections`.

    Attributes:
        place: Where they are, in words.
        path: The file; `None` in PostgreSQL.
    """

    def __init__(self, place: str | Path | SecretStr | None = None):
        place = place or settings().corrections
        is_address = isinstance(place, SecretStr)
        self._database = (
            Postgres(place.get_secret_value()) if is_address else SqliteFile(Path(place))
        )
        self.place, self.path = str(self._database), self._database.path

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
            CorrectionsError: Also if the drawing is too large, or there is no room for more.
            ValueError: If a shape or the label is wrong.
        """
        if frame.shape != (FRAME_SIDE, FRAME_SIDE) or probabilities.shape != (10,):
            raise ValueError(
                "frame must have shape (28, 28) and probabilities (10,). Received: "
                f"{frame.shape} and {probabilities.shape}"
            )
        if label not in range(10):
            raise ValueError(f"label must be 0 to 9. Received: {label}")
        time = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f+00:00}"
        grey = np.round(np.clip(frame, 0, 1) * 255).astype(np.uint8)
        row = _row(Correction(0, time, strokes, grey, probabilities, int(label), network))
        if len(row["strokes"]) > MAX_DRAWING_BYTES:
            raise CorrectionsError(
                "This drawing has too many points to be stored: draw the digit in fewer strokes."
            )
        with self._database.writing(adds=True) as connection:
            same = select(_ROW.id).where(_ROW.sha256 == row["sha256"])
            if connection.scalar(same) is None:
                self._check_room(connection, 1, len(row["strokes"]))
            statement = upsert(connection, CORRECTIONS, "sha256").returning(_ROW.id)
            return int(connection.scalar(statement, row))

    def add_all(self, corrections: Iterable[Correction]) -> int:
        """Stores corrections from another file or database, all of them or none.

        Of a drawing that is stored already, the later label stays.

        Returns:
            How many drawings are new.

        Raises:
            CorrectionsError: Also if there is no room for all.
        """
        rows = {row["sha256"]: row for row in map(_row, corrections)}
        with self._database.writing(adds=True) as connection:
            new = rows.keys() - set(connection.scalars(select(_ROW.sha256)))
            self._check_room(connection, len(new), sum(len(rows[key]["strokes"]) for key in new))
            statement = upsert(connection, CORRECTIONS, "sha256", newer="time")
            if rows:
                connection.execute(statement, sorted(rows.values(), key=lambda row: row["time"]))
        return len(new)

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
        length = MAX_DRAWING_BYTES + 1 if strokes else 0
        num = MAX_CORRECTIONS if num is None else min(num, MAX_CORRECTIONS)
        with self._database.reading() as connection:
            if connection is None:
                return [], []
            rows = connection.execute(_bounded_rows(num, skip, length)).all()
        read = [read_row(tuple(row), strokes) for row in rows]
        return (
            [each for each in read if isinstance(each, Correction)],
            [each for each in read if isinstance(each, Unreadable)],
        )

    def __len__(self) -> int:
        with self._database.reading() as connection:
            return 0 if connection is None else _count(connection)

    def check(self) -> int:
        """Checks a whole file for damage, and returns how many corrections there are."""
        with self._database.reading() as connection:
            if connection is None:
                return 0
            self._database.check(connection)
            return _count(connection)

    def delete(self, ids: Iterable[int]) -> None:
        """Deletes these, also on a full disk; ignores an id that is not there any more."""
        ids = list(ids)
        try:
            self._delete(ids)
        except CorrectionsError:
            with self._database.spare_room() as has_room:
                if not has_room:
                    raise
                for start in range(0, len(ids), DELETED_AT_ONCE):
                    self._delete(ids[start : start + DELETED_AT_ONCE])

    def delete_all(self) -> None:
        """Deletes every correction; file and tables stay."""
        with self._database.reading() as connection:
            if connection is None:
                return
            ids = list(connection.scalars(select(_ROW.id)))
        self.delete(ids)

    def _delete(self, ids: list[int]) -> None:
        with self._database.writing() as connection:
            for each in ids:
                connection.execute(delete(CORRECTIONS).where(_ROW.id == each))

    def _check_room(self, connection: Connection, num: int, num_bytes: int) -> None:
        """Raises `CorrectionsError` if more drawings would exceed a limit.

        Args:
            connection: Inside the transaction that adds them.
            num: How many.
            num_bytes: Of all their strokes.
        """
        remedy = "download corrections on the Corrections page and delete some."
        if _count(connection) + num > MAX_CORRECTIONS:
            raise CorrectionsError(
                f"The limit of {MAX_CORRECTIONS:,} corrections is reached: {remedy}"
            )
        needed = num_bytes + num * ROW_BYTES + BEGUN_BYTES
        if self._database.used_bytes(connection) + needed > MAX_STORED_BYTES:
            raise CorrectionsError(
                f"The corrections have reached their limit of {MAX_STORED_BYTES / 1e6:.0f} MB: "
                f"{remedy}"
            )


def _row(correction: Correction) -> dict:
    """The columns of a correction, without its id."""
    drawing = strokes_json(correction.strokes)
    return {
        "time": correction.time,
        "sha256": hashlib.sha256(drawing.encode()).digest(),
        "strokes": drawing,
        "frame": correction.frame.tobytes(),
        "probabilities": correction.probabilities.astype("<f4").tobytes(),
        "label": correction.label,
        "network": correction.network,
    }


def _bounded_rows(num: int, skip: int, length: int):
    """Rows, the newest first: a bounded part of each column, since something may have edited it.

    Args:
        num: How many.
        skip: How many of the newest to leave out.
        length: Of the strokes, in characters.
    """
    order = _ROW.time.desc(), _ROW.id.desc()
    # Sorted without their strokes, which are 50 MB of 10,000 rows.
    newest = select(_ROW.id).order_by(*order).limit(num).offset(skip)
    is_digit = func.length(cast(_ROW.label, Text)) == 1
    columns = select(
        _ROW.id,
        func.substr(_ROW.time, 1, 40),
        func.substr(_ROW.strokes, 1, length),
        func.substr(_ROW.frame, 1, 1000),
        func.substr(_ROW.probabilities, 1, 100),
        case((is_digit, _ROW.label)),
        func.substr(_ROW.network, 1, 100),
    )
    return columns.where(_ROW.id.in_(newest)).order_by(*order)


def _count(connection: Connection) -> int:
    return int(connection.scalar(select(func.count()).select_from(CORRECTIONS)))
