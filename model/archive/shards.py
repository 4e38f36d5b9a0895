"""Divides sources into shards: an input file, or up to 5,000 pictures of a folder, each."""

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from model.archive.places import files_below, is_remote, join, size_of_file
from model.errors import ArchiveError
from model.ink.file_kinds import ENDINGS, KNOWN, NPZ, OTHER_PICTURES, PARQUET, holds_many_images

PICTURES = 5000  # of a folder in a shard; at 2,500 a second, a kill loses two seconds' work


@dataclass(frozen=True)
class Shard:
    """What one output file is made from.

    Attributes:
        name: Of the output file, relative to the outputs' folder, with slashes.
        sources: One file of many digits, or pictures.
        is_pictures: Whether each source is one picture.
        inputs: SHA-256 of the sources' names and sizes; tells whether an output is about them.
    """

    name: str
    sources: tuple[str, ...]
    is_pictures: bool
    inputs: str


def find_shards(sources: list[str]) -> list[Shard]:
    """All shards of files and folders, in an order that depends on their names alone.

    Args:
        sources: Names of files and folders, here or in an object store.

    Raises:
        ArchiveError: If a source is missing or holds nothing to read, or two shards would have the
            same output.
    """
    shards: dict[str, Shard] = {}
    for source in sources:
        for shard in _shards_of(source):
            other = shards.setdefault(shard.name, shard)
            if other is not shard:
                raise ArchiveError(
                    f"{other.sources[0]} and {shard.sources[0]} would both be written to "
                    f"{shard.name}: score them into two folders."
                )
    return list(shards.values())


def part_of(shards: list[Shard], part: str) -> list[Shard]:
    """The shards of one of several machines: every N-th, beginning with the I-th from 0.

    Args:
        shards: All of them, the same on each machine.
        part: `"I/N"`, such as `"0/8"` for the first of eight.

    Raises:
        ArchiveError: If it is no such part.

    Example:
        >>> part_of(list("abcde"), "1/2")
        ['b', 'd']
    """
    match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", part)
    place, num_parts = map(int, match.groups()) if match else (0, 0)
    if not place < num_parts:
        raise ArchiveError(
            f"{part!r} is no part of the shards: give I/N with I from 0 to N - 1, such as 0/8."
        )
    return shards[place::num_parts]


def _shards_of(source: str) -> Iterator[Shard]:
    if not is_remote(source):
        source = os.path.normpath(source)
    size = size_of_file(source)
    if size is not None:
        yield _file_shard(_last_part(source), source, size)
        return
    pictures, is_empty = [], True
    for name, size in files_below(source):
        if name.lower().endswith((*ENDINGS, *OTHER_PICTURES)):
            pictures.append((join(source, name), size))
            is_empty = False
        elif holds_many_images(name):
            yield _file_shard(name, join(source, name), size)
            is_empty = False
    if is_empty:
        raise ArchiveError(
            f"There is nothing to read at {source}: name a file or a folder with {PARQUET}, {NPZ} "
            f"or IDX files, or pictures ({', '.join(KNOWN)})."
        )
    for number, start in enumerate(range(0, len(pictures), PICTURES)):
        some = pictures[start : start + PICTURES]
        name = f"{_last_part(os.path.abspath(source) if source == '.' else source)}-{number:05}"
        yield Shard(f"{name}{PARQUET}", tuple(path for path, _ in some), True, _fingerprint(some))


def _file_shard(name: str, source: str, size: int) -> Shard:
    is_picture = name.lower().endswith((*ENDINGS, *OTHER_PICTURES))
    output = name if name.endswith(PARQUET) else name + PARQUET
    return Shard(output, (source,), is_picture, _fingerprint([(source, size)]))


def _last_part(source: str) -> str:
    return re.split(r"[/\\]", source.rstrip("/\\"))[-1]


def _fingerprint(files: list[tuple[str, int]]) -> str:
    lines = "".join(f"{name}\0{size}\n" for name, size in files)
    return hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()
