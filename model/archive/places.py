"""Reads, lists and writes files on this machine or in an object store.

A name with "://", such as `s3://bucket/folder/file`, is in a store that pyarrow knows; every other
name is a path. Addresses and credentials of stores are those of pyarrow: `AWS_ENDPOINT_URL`,
`AWS_ACCESS_KEY_ID`, `GOOGLE_APPLICATION_CREDENTIALS` and so on.
"""

import glob
import os
import uuid
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from pyarrow import fs

from model.errors import ArchiveError
from model.files.atomic import one_line

PARTIAL = ".partial-"  # begins the name of a file that is being written

# Google's client would try for 15 minutes.
OPTIONS = {"gs": "?retry_limit_seconds=30"}


def is_remote(name: str) -> bool:
    """Whether a name is in an object store."""
    return "://" in name


def join(folder: str, name: str) -> str:
    """The name of a file in a folder."""
    return f"{folder.rstrip('/')}/{name}" if is_remote(folder) else os.path.join(folder, name)


def read(name: str, most: int | None = None) -> bytes:
    """A file's content.

    Args:
        name: Of the file.
        most: How many bytes to read at most; default all.

    Raises:
        OSError: If it can't be read.
    """
    if is_remote(name):
        with _store_of(name).open_input_stream(_path_in_store(name)) as file:
            return file.read(most)
    with open(name, "rb") as file:
        return file.read(-1 if most is None else most)


def files_below(folder: str) -> Iterator[tuple[str, int]]:
    """All files in and below a folder, sorted, without hidden ones.

    Yields:
        A file's name relative to the folder, with slashes, and its size in bytes; nothing if
        there is no such folder.

    Raises:
        ArchiveError: If it can't be listed.
    """
    try:
        if is_remote(folder):
            yield from _files_in_store(folder)
        else:
            yield from _files_here(folder)
    except (OSError, ValueError, pa.ArrowException) as error:  # ValueError: a NUL in the name
        raise ArchiveError(f"{folder} can't be listed ({_reason(error)}).") from error


def size_of_file(name: str) -> int | None:
    """A file's size in bytes; `None` if there is no file of this name.

    Raises:
        ArchiveError: If the store doesn't answer.
    """
    if not is_remote(name):
        return os.path.getsize(name) if os.path.isfile(name) else None
    try:
        info = _store_of(name).get_file_info(_path_in_store(name))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise ArchiveError(f"{name} can't be reached ({_reason(error)}).") from error
    return info.size if info.type == fs.FileType.File else None


def open_to_seek(name: str) -> BinaryIO | pa.NativeFile:
    """Opens a file of which only a part is read.

    Raises:
        OSError: If it can't be read.
    """
    if is_remote(name):
        return _store_of(name).open_input_file(_path_in_store(name))
    return open(name, "rb")


def write_whole(name: str, content: bytes | pa.Buffer) -> None:
    """Writes a file so that readers find all of it or nothing, whenever the writer is killed.

    Here it is written beside its place, flushed to the disk and renamed. A store shows an object
    once all of it has arrived. Several processes may write the same content at once.

    Args:
        name: Of the file; missing folders are made.
        content: What it holds.

    Raises:
        ArchiveError: If it can't be written here.
        OSError: If a store doesn't take it, which may pass.
    """
    try:
        if is_remote(name):
            with _store_of(name).open_output_stream(_path_in_store(name)) as file:
                file.write(content)
        else:
            _write_here(Path(name), content)
    except OSError as error:
        if is_remote(name):
            raise
        raise ArchiveError(
            f"{name} can't be written ({_reason(error)}): make room or allow writing there, then "
            "run the same command again; finished files are kept."
        ) from error


def _write_here(path: Path, content: bytes | pa.Buffer) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{PARTIAL}{uuid.uuid4().hex}-{path.name}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        if not path.exists():  # else another process has just finished the same file
            raise
    # What killed writers of the same file left, and what a slower one is about to rename.
    for left in path.parent.glob(f"{PARTIAL}*-{glob.escape(path.name)}"):
        left.unlink(missing_ok=True)


def _files_here(folder: str) -> Iterator[tuple[str, int]]:
    def stop(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    for place, below, files in os.walk(folder, onerror=stop):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(name for name in files if not name.startswith(".")):
            path = os.path.join(place, name)
            size = os.path.getsize(path) if os.path.exists(path) else 0  # a broken link
            yield os.path.relpath(path, folder).replace(os.sep, "/"), size


def _files_in_store(folder: str) -> Iterator[tuple[str, int]]:
    base = _path_in_store(folder).rstrip("/")
    selector = fs.FileSelector(base, recursive=True, allow_not_found=True)
    found = [info for info in _store_of(folder).get_file_info(selector) if info.is_file]
    for info in sorted(found, key=lambda info: info.path):
        name = info.path[len(base) + 1 :]
        if not any(part.startswith(".") for part in name.split("/")):
            yield name, info.size


def _store_of(name: str) -> fs.FileSystem:
    scheme, rest = name.split("://", 1)
    return _store(scheme, rest.split("/")[0])


@lru_cache
def _store(scheme: str, bucket: str) -> fs.FileSystem:
    """A store's file system; made once, because S3's region is asked for over the network."""
    try:
        return fs.FileSystem.from_uri(f"{scheme}://{bucket}{OPTIONS.get(scheme, '')}")[0]
    except (ImportError, NotImplementedError, pa.ArrowException, ValueError) as error:
        raise ArchiveError(
            f"{scheme}://{bucket} can't be opened here ({_reason(error)}): give a path, or a name "
            "in a store that this pyarrow was built for, such as s3://BUCKET/... or gs://BUCKET/..."
        ) from error


def _path_in_store(name: str) -> str:
    # Google's public buckets are named so, for visitors without credentials.
    return name.split("://", 1)[1].removeprefix("anonymous@")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or one_line(error)
