"""Reads and writes files atomically: a reader finds the old content or the new one, never a mix."""

import contextlib
import dataclasses
import errno
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

from model.errors import ArtifactError

# Read into memory; the shipped network has 1.5 million bytes, its report 12,000.
MAX_NETWORK_BYTES = 50_000_000
MAX_TEXT_BYTES = 5_000_000
MAX_QUOTED = 120  # characters of an error in a sentence
LOCK_TIMEOUT = 5.0  # seconds; a lock is held for a fraction of one
POLL_INTERVAL = 0.02  # seconds between two attempts to lock

RETRAIN = 'Train one with "python train.py", or restore the file from the repository.'


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Lets `write` fill a temporary file beside `path`, then renames it to `path`.

    File and folder are flushed to the disk, so the rename survives a power cut. A killed process
    leaves the temporary file; the next write of the same file replaces it.

    Args:
        path: Where the content belongs; missing folders are made.
        write: Takes the temporary file's path, which ends as `path` does.

    Raises:
        ArtifactError: If the folder can't be written; the old file is kept.
    """
    temporary = path.with_name(f".partial-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        _flush(temporary)
        os.replace(temporary, path)
        _flush(path.parent)
    except OSError as error:
        raise ArtifactError(
            f"{path} can't be written ({error.strerror or error}): make room or allow writing "
            "there; nothing was replaced."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _flush(path: Path) -> None:
    """Waits until a file, or a folder's list of names, is on the disk."""
    if os.name != "posix":
        return  # Windows can't open folders, and flushes only files open for writing
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(path: Path) -> bool:
    """Makes a folder; returns whether it was not there yet.

    Raises:
        ArtifactError: If it can't be made.
    """
    try:
        path.mkdir(parents=True)
    except FileExistsError:
        if not path.parent.is_dir():
            raise ArtifactError(f"{path.parent} is no folder: name another one.") from None
        return False
    except OSError as error:
        raise ArtifactError(
            f"The folder {path} can't be made ({error.strerror or error}): make room or allow "
            "writing there."
        ) from error
    return True


@contextlib.contextmanager
def locked(path: Path, timeout: float = 0.0, shared: bool = False) -> Iterator[int | None]:
    """Holds a folder or a file against other processes and threads that lock the same one.

    The system releases the lock however the process ends. Where there is nothing to lock (a
    missing folder or file, Windows, some network drives) it counts as held.

    Args:
        path: A folder or a file.
        timeout: Seconds to wait while others hold it.
        shared: Whether others may hold it in the same way at the same time.

    Yields:
        The open file's number, which a child process may inherit to go on holding the lock (0
        where there are no locks); `None` if others hold it.
    """
    try:
        import fcntl  # not on Windows
    except ImportError:
        yield 0
        return
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        yield 0  # writing there will say why
        return
    try:
        how = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
        deadline = time.monotonic() + timeout
        while True:
            try:
                fcntl.flock(handle, how)
                yield handle
                return
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    yield None
                    return
                time.sleep(POLL_INTERVAL)
            except OSError:
                yield handle  # this file system has no locks
                return
    finally:
        os.close(handle)


def read_bytes(path: Path, limit: int = MAX_NETWORK_BYTES) -> bytes:
    """A file's content.

    Raises:
        OSError: If it can't be read, or has more than `limit` bytes.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise OSError(errno.EFBIG, f"it has {size:,} bytes", str(path))
        return file.read()


def read_text(path: Path) -> str:
    """A file's text.

    Raises:
        OSError: If it can't be read or is far too large for one of our texts.
        ValueError: If it is not UTF-8.
    """
    return read_bytes(path, MAX_TEXT_BYTES).decode()


def save_json(path: Path, content: dict) -> None:
    """Writes a dict as readable JSON.

    Raises:
        ArtifactError: If it can't be written.
        ValueError: If the dict holds NaN or infinity, which JSON has no word for.
    """
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    write_atomically(path, lambda temporary: temporary.write_text(text))


def load_json(path: Path, what: str) -> dict:
    """Reads a JSON object.

    Args:
        path: The file.
        what: What it is, for the error's sentence.

    Raises:
        ArtifactError: If it is missing or damaged.
    """
    try:
        content = json.loads(read_text(path))
        if not isinstance(content, dict):
            raise ValueError("not an object")
        # JSON may hold a lone surrogate, which UTF-8 can't encode; and what was parsed near the
        # recursion limit may fail later, in a deeper call.
        json.dumps(content, ensure_ascii=False).encode()
    except FileNotFoundError as error:
        raise ArtifactError(f"There is no {what} at {path}. {RETRAIN}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ArtifactError(
            f"The {what} at {path} can't be read ({one_line(error)}). {RETRAIN}"
        ) from error
    return content


def one_line(error: Exception) -> str:
    """An error's message on one line, cut where it quotes too much of a file."""
    return " ".join(str(error)[:MAX_QUOTED].split()).encode(errors="replace").decode()


def sha256(path: Path) -> str:
    """A file's SHA-256 in hexadecimal, computed again only when the file has changed.

    A file replaced by another counts as changed even with the same size and modification time:
    the time of its last change of status (ctime) can't be set back.

    Raises:
        ArtifactError: If it can't be read.
    """
    try:
        known = path.stat()
        changed = known.st_dev, known.st_ino, known.st_size, known.st_mtime_ns, known.st_ctime_ns
        return _sha256(path, changed)
    except OSError as error:
        raise ArtifactError(f"{path} can't be read ({error.strerror or error}).") from error


@lru_cache(maxsize=64)
def _sha256(path: Path, _changed: tuple[int, ...]) -> str:
    return hashlib.sha256(read_bytes(path)).hexdigest()


def dataclass_from_json(kind: type, content: dict):
    """Makes a dataclass from its saved form.

    Raises:
        ArtifactError: If a field is unknown or missing.
    """
    known = {field.name for field in dataclasses.fields(kind)}
    if set(content) != known:
        odd = ", ".join(sorted(set(content) ^ known))
        raise ArtifactError(
            f"The saved settings were written by another version (they differ in {odd}): start "
            "a new run."
        )
    return kind(**content)
