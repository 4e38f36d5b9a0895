"""What visitors said their drawings are: kept in one SQLite file, taken out as MNIST has it.

Beside `data.py` and `artifacts.py` the only module that touches files. Each call opens a
connection of its own and closes it, so threads and processes share nothing but the file.
"""

import contextlib
import gzip
import io
import json
import os
import sqlite3
import time
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from model.errors import CorrectionsError
from model.ink.frame import FRAME_SIDE
from model.ink.strokes import MAX_COORDINATE, MAX_STROKES

PATH_VARIABLE = "DIGITPAD_CORRECTIONS"
DEFAULT_PATH = Path(__file__).parent.parent / "corrections.sqlite3"

SCHEMA_VERSION = 1  # in the file's `user_version`; a new one comes with its migration
MAX_SHOWN = 300  # letters of the file's name in a sentence
BUSY_TIMEOUT = 1.0  # seconds to wait while another process writes, which takes milliseconds
WORK_TIMEOUT = 1.5  # seconds of work; all that the pages ask for takes a tenth of it
STEPS = 10_000  # of SQLite's machine between two looks at the clock
MAX_DRAWING_BYTES = 200_000  # of JSON; a hand-drawn digit takes about 5,000
MAX_CORRECTIONS = 10_000  # more than a person makes; a page that all may use fills no disk
MAX_FILE_BYTES = 200_000_000  # as many drawings of 5,000 bytes take 164 MB, index and all
ROW_SHARE = 2  # the drawing lies in its row and in the index that keeps it unique
ROW_BYTES = 16_384  # of the rest of a row, and of pages that are begun for it
IDX_NAMES = ("images-idx3-ubyte.gz", "labels-idx1-ubyte.gz")

# A drawing is kept once, under its last label. AUTOINCREMENT: an id that was deleted is never
# given again, so a late "undo" can't meet another drawing.
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
# No more of a row than ours have: it may have been edited.
_LOOK = """
SELECT id, substr(time, 1, 40), substr(strokes, 1, ?), substr(frame, 1, 1000),
    substr(probabilities, 1, 100), CASE typeof(label) WHEN 'integer' THEN label END,
    substr(network, 1, 100)
FROM corrections ORDER BY time DESC, id DESC LIMIT ? OFFSET ?
"""
_REMEDIES = (  # by the beginning of SQLite's name of the error
    (("SQLITE_BUSY", "SQLITE_LOCKED"), "is in use by another program: try again in a moment"),
    (("SQLITE_READONLY", "SQLITE_PERM"), "can't be written: allow writing there"),
    (("SQLITE_CANTOPEN", "SQLITE_AUTH"), "can't be opened: look whether its folder allows it"),
    (("SQLITE_FULL",), "can't grow: make room on the disk"),
    # On a full disk the files beside it can't be made, which SQLite calls this.
    (("SQLITE_IOERR",), "can't be used: make room on the disk, or look whether it is sound"),
    (("SQLITE_INTERRUPT",), "takes far too long: move it away, and a new one is begun"),
    (("SQLITE_CORRUPT", "SQLITE_NOTADB"), "is damaged: move it away, and a new one is begun"),
)


@dataclass(frozen=True)
class Correction:
    """A drawing and what its visitor says it is.

    Attributes:
        id: Its number in the file, never used twice.
        time: When it was said, UTC, as ISO 8601 has it.
        strokes: `float64` arrays of shape `(num_points, 2)`, points x, y in canvas pixels.
        frame: What the network saw, `uint8` array of shape `(28, 28)`, 0 paper to 255 ink.
        probabilities: What it answered, `float32` array of shape `(10,)`.
        label: What the visitor says it is, 0 to 9.
        network: The run that trained the network that answered, `""` if not known.
    """

    id: int
    time: str
    strokes: list[np.ndarray]
    frame: np.ndarray
    probabilities: np.ndarray
    label: int
    network: str

    @property
    def said(self) -> int:
        """The digit that the network took it for."""
        return int(self.probabilities.argmax())


@dataclass(frozen=True)
class Unreadable:
    """A row that something else changed, so that it can't be read, but can be deleted.

    Attributes:
        id: Its number in the file.
        problem: What is wrong with it, one sentence.
    """

    id: int
    problem: str


class Corrections:
    """The file of corrections; it comes into being with the first one.

    Every method raises `CorrectionsError`, one sentence, if the file is damaged, locked, of a
    newer version, or can't be written.

    Args:
        path: Default: what `DIGITPAD_CORRECTIONS` names, else beside the project's README.
    """

    def __init__(self, path: str | Path | None = None):
        self.path = Path(path or os.environ.get(PATH_VARIABLE) or DEFAULT_PATH)
        self._shown = str(self.path)[:MAX_SHOWN]

    def add(
        self,
        strokes: list[np.ndarray],
        frame: np.ndarray,
        probabilities: np.ndarray,
        label: int,
        network: str,
    ) -> int:
        """Keeps a drawing with its label; one that is kept already gets the new label.

        Args:
            strokes: As in `Correction`, as are the others.
            frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.
            probabilities: `(10,)`.
            label: 0 to 9.
            network: `Recognizer.version`.

        Returns:
            The correction's id.

        Raises:
            CorrectionsError: Also if the drawing is too large, or too many are kept.
            ValueError: If a shape or the label is wrong.
        """
        if frame.shape != (FRAME_SIDE, FRAME_SIDE) or probabilities.shape != (10,):
            raise ValueError(
                "frame must have shape (28, 28) and probabilities (10,). Received: "
                f"{frame.shape} and {probabilities.shape}"
            )
        if label not in range(10):
            raise ValueError(f"label must be 0 to 9. Received: {label}")
        drawing = drawing_text(strokes)
        if len(drawing) > MAX_DRAWING_BYTES:
            raise CorrectionsError(
                "This drawing has too many points to be kept: draw the digit in fewer strokes."
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
            (number,) = connection.execute("SELECT count(*) FROM corrections").fetchone()
            if number >= MAX_CORRECTIONS:
                raise CorrectionsError(
                    f"{self._shown} holds {number:,} corrections, as many as it may: take them out "
                    "on the Corrections page and delete some."
                )
            if self._size(connection) + ROW_SHARE * len(drawing) + ROW_BYTES > MAX_FILE_BYTES:
                raise CorrectionsError(
                    f"{self._shown} has {MAX_FILE_BYTES / 1e6:.0f} MB, as many as it may: take "
                    "corrections out on the Corrections page and delete some."
                )
            return int(connection.execute(_ADD, row).fetchone()[0])

    def load(self, num: int = -1, skip: int = 0) -> list[Correction]:
        """Corrections, the newest first: `num` of them after the first `skip`; -1 is all.

        Raises:
            CorrectionsError: Also if one of them can't be read.
        """
        readable, unreadable = self.look(num, skip)
        if unreadable:
            raise CorrectionsError(unreadable[0].problem)
        return readable

    def look(
        self, num: int = -1, skip: int = 0, strokes: bool = True
    ) -> tuple[list[Correction], list[Unreadable]]:
        """As `load`, but what can't be read is told apart and spoils nothing.

        Args:
            num: How many; -1 is all.
            skip: How many of the newest are passed over.
            strokes: Whether the drawings are wanted; they take most of the room and time.

        Returns:
            The corrections, and the rows that are none; both the newest first.
        """
        with self._reading() as connection:
            if connection is None:
                return [], []
            rows = connection.execute(
                _LOOK,
                (
                    MAX_DRAWING_BYTES + 1 if strokes else 0,
                    num if 0 <= num < MAX_CORRECTIONS else MAX_CORRECTIONS,
                    skip,
                ),
            ).fetchall()
        read = [self._checked(row, strokes) for row in rows]
        return (
            [each for each in read if isinstance(each, Correction)],
            [each for each in read if isinstance(each, Unreadable)],
        )

    def __len__(self) -> int:
        with self._reading() as connection:
            if connection is None:
                return 0
            return int(connection.execute("SELECT count(*) FROM corrections").fetchone()[0])

    def check(self) -> int:
        """Looks through the whole file for damage; makes none, and returns how many are kept."""
        with self._reading() as connection:
            if connection is None:
                return 0
            connection.set_progress_handler(None, 0)  # of a large file it takes seconds
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if found != b"ok":
                raise sqlite3.DatabaseError(found.decode(errors="replace"))
            return int(connection.execute("SELECT count(*) FROM corrections").fetchone()[0])

    def delete(self, ids: Iterable[int]) -> None:
        """Deletes these; an id that is not there any more is passed over."""
        with self._writing() as connection:
            connection.executemany("DELETE FROM corrections WHERE id = ?", [(i,) for i in ids])

    def delete_all(self) -> None:
        """Deletes every correction; the file stays."""
        with self._writing() as connection:
            connection.execute("DELETE FROM corrections")

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection to read with; `None` if nothing was kept yet. Makes no file."""
        with self._connection("rw") as connection:
            if connection is None:
                yield None
                return
            connection.text_factory = bytes
            yield connection if self._is_begun(connection) else None

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A connection inside one transaction; makes the file if need be."""
        with self._connection("rwc") as connection:
            connection.execute("PRAGMA secure_delete = ON")  # what is deleted leaves no trace
            # What was acknowledged outlasts a power cut; some builds of SQLite do less by default.
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")  # one writer at a time, the others wait
            if not self._is_begun(connection):
                connection.execute(_SCHEMA)
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            yield connection  # after an error the connection closes, and nothing was changed
            connection.execute("COMMIT")
            # Readers don't wait for writers then. It stays so for good; while another holds
            # the file it can't be switched, and the next one who writes does it.
            with contextlib.suppress(sqlite3.OperationalError):
                connection.execute("PRAGMA journal_mode = WAL")

    @contextlib.contextmanager
    def _connection(self, mode: str) -> Iterator[sqlite3.Connection | None]:
        """A connection that is closed in the end; SQLite's errors become sentences.

        To read, `None` if there is no file.
        """
        try:
            if mode == "rwc":
                self.path.parent.mkdir(parents=True, exist_ok=True)
            elif not os.path.lexists(self.path):
                yield None
                return
            address = f"{self.path.resolve().as_uri()}?mode={mode}"
            connection = sqlite3.connect(
                address, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None
            )
            with contextlib.closing(connection):
                # A table may be made of anything, also of what never ends.
                deadline = time.monotonic() + WORK_TIMEOUT
                connection.set_progress_handler(lambda: time.monotonic() > deadline, STEPS)
                yield connection
        except sqlite3.Error as error:
            name = getattr(error, "sqlite_errorname", "")
            remedy = next(
                (text for names, text in _REMEDIES if name.startswith(names)),
                f"can't be used ({error}): move it away, and a new one is begun",
            )
            raise CorrectionsError(
                f"The file of corrections, {self._shown}, {remedy}; nothing was changed."
            ) from error
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: links in a circle
            reason = getattr(error, "strerror", None) or str(error).replace("\n", " ")
            raise CorrectionsError(
                f"There is no room for corrections at {self._shown} ({reason[:90]}): "
                f"name another file with {PATH_VARIABLE}."
            ) from error

    def _is_begun(self, connection: sqlite3.Connection) -> bool:
        """Whether the file has our table; raises if it is another's or a newer version's."""
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (num_tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if version > SCHEMA_VERSION:
            raise CorrectionsError(
                f"{self._shown} was written by a newer DigitPad (version {version} of the file, "
                f"this one knows {SCHEMA_VERSION}): update, or name another file with "
                f"{PATH_VARIABLE}."
            )
        if version != SCHEMA_VERSION and num_tables:
            raise CorrectionsError(
                f"{self._shown} is another program's database: name another file with "
                f"{PATH_VARIABLE}."
            )
        return version == SCHEMA_VERSION

    def _size(self, connection: sqlite3.Connection) -> int:
        """Bytes of the file that are in use; what was deleted is free to be used again."""
        num, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (num - free) * size

    def _checked(self, row: tuple, with_strokes: bool) -> Correction | Unreadable:
        """A row as a correction; the file may have been edited, so nothing is trusted."""
        number, said_at, drawing, frame, probabilities, label, network = row
        try:
            # Words come as bytes, so that one that is none does not spoil all rows.
            said_at, network = said_at.decode(), network.decode()
            answered = np.frombuffer(probabilities, "<f4").astype(np.float32)
            if label not in range(10) or answered.shape != (10,):
                raise ValueError("label or probabilities")
            if not (answered.min() >= 0 and answered.max() <= 1.001):  # NaN fails both
                raise ValueError("probabilities out of range")
            datetime.fromisoformat(said_at)
            return Correction(
                number,
                said_at,
                _strokes(drawing) if with_strokes else [],
                np.frombuffer(frame, np.uint8).reshape(FRAME_SIDE, FRAME_SIDE),
                answered,
                label,
                network,
            )
        except (TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
            why = str(error).replace("\n", " ")[:100]
            return Unreadable(
                number,
                f"Correction {number} in {self._shown} can't be read ({why}): the file was changed "
                "by something else; delete it on the Corrections page.",
            )


def drawing_text(strokes: list[np.ndarray]) -> str:
    """Strokes as JSON, to a hundredth of a pixel: the same drawing gives the same text."""
    rounded = [np.round(stroke, 2).tolist() for stroke in strokes]
    return json.dumps(rounded, separators=(",", ":"), allow_nan=False)


def as_dataset(corrections: list[Correction]) -> tuple[np.ndarray, np.ndarray]:
    """Images, `uint8` of shape `(n, 28, 28)`, and labels, `uint8` of shape `(n,)`."""
    images = np.array([each.frame for each in corrections], np.uint8)
    labels = np.array([each.label for each in corrections], np.uint8)
    return images.reshape(-1, FRAME_SIDE, FRAME_SIDE), labels


def as_npz(corrections: list[Correction]) -> bytes:
    """A NumPy archive with the arrays of `as_dataset`, `images` and `labels`."""
    images, labels = as_dataset(corrections)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, images=images, labels=labels)
    return buffer.getvalue()


def as_idx(corrections: list[Correction]) -> bytes:
    """A zip archive with MNIST's two files, gzipped IDX, as `IDX_NAMES` calls them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in zip(IDX_NAMES, as_dataset(corrections), strict=True):
            sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
            head = bytes([0, 0, 8, array.ndim])  # 8: unsigned bytes
            archive.writestr(name, gzip.compress(head + sizes + array.tobytes(), mtime=0))
    return buffer.getvalue()


def _strokes(drawing: bytes) -> list[np.ndarray]:
    if len(drawing) > MAX_DRAWING_BYTES:
        raise ValueError("too many points")
    strokes = [np.array(stroke, np.float64) for stroke in json.loads(drawing)]
    if not 0 < len(strokes) <= MAX_STROKES:
        raise ValueError("number of strokes")
    for stroke in strokes:
        if stroke.ndim != 2 or stroke.shape[1] != 2 or not len(stroke):
            raise ValueError("points of a stroke")
        if not (np.abs(stroke) <= MAX_COORDINATE).all():
            raise ValueError("coordinates out of range")
    return strokes
