"""Finds and reads the pictures that a command line names."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from model.errors import DigitError, PictureError
from model.ink.decode import MAX_BYTES
from model.ink.file_kinds import ENDINGS, KNOWN, OTHER_PICTURES, holds_many_images

STDIN = "-"
Picture = tuple[str, bytes | np.ndarray | DigitError | None]  # its name; what it holds, if read


def picture_names(
    images: Iterable[str], report_problem: Callable[[str, str], None]
) -> Iterator[str]:
    """The names of all files: those given, and those with pictures in and below folders, sorted.

    Args:
        images: Names of files and folders, and "-".
        report_problem: Called with the name of a folder that has none, or can't be read, and why.
    """

    def report_unreadable(error: OSError) -> None:
        report_problem(error.filename, f"It can't be read ({error.strerror}).")

    for image in images:
        if image == STDIN or not os.path.isdir(image):
            yield image
            continue
        is_empty, skipped = True, []
        for folder, below, files in os.walk(image, onerror=report_unreadable):
            below[:] = sorted(name for name in below if not name.startswith("."))
            for name in sorted(files):
                if name.startswith("."):
                    continue
                if name.lower().endswith(ENDINGS) or holds_many_images(name):
                    is_empty = False
                    yield os.path.join(folder, name)
                elif name.lower().endswith(OTHER_PICTURES):
                    skipped.append(os.path.join(folder, name))
        if skipped:
            report_problem(
                image,
                f"{len(skipped)} pictures of other formats were skipped ({', '.join(skipped)}): "
                f"save them as PNG, JPEG or PDF.",
            )
        elif is_empty:
            report_problem(image, f"There is no picture in this folder ({', '.join(KNOWN)}).")


def pictures_of(names: Iterable[str]) -> Iterator[Picture]:
    """The pictures in files.

    Yields:
        A picture's name, and what it holds: the content of a picture file, an array of shape
        `(28, 28)`, or why there is neither. It is `None` for a file of one picture, which any
        process can read; standard input and files of many images are read here.
    """
    for name in names:
        if name == STDIN:
            yield name, content_or_error(name)
        elif holds_many_images(name):
            yield from _images_in(name)
        else:
            yield name, None


def _images_in(name: str) -> Iterator[Picture]:
    # Its packages take a quarter of a second to import.
    from model.archive.inputs import batches_of_file

    try:
        for batch in batches_of_file(name):
            for row, one in zip(batch.rows, batch.inputs, strict=True):
                yield (name if row is None else f"{name}, row {row}"), one
    except OSError as error:
        yield name, PictureError(f"It can't be read ({error.strerror or error}).")


def content_or_error(name: str) -> bytes | DigitError:
    """As `content_of`, or why that can't be."""
    try:
        return content_of(name)
    except DigitError as error:
        return error


def content_of(name: str) -> bytes:
    """The bytes of a file, or of standard input for "-".

    Raises:
        PictureError: If it can't be read or is too large.
    """
    try:
        with sys.stdin.buffer if name == STDIN else open(name, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name, "-" twice
        reason = getattr(error, "strerror", None) or error
        raise PictureError(f"It can't be read ({reason}).") from error
    if len(content) > MAX_BYTES:
        raise PictureError(f"It has more than {MAX_BYTES // 1_000_000} MB: make it smaller.")
    return content
