"""Reads pictures of digits and prints what they say.

    python predict.py seven.png scans/             one digit a picture: files and whole folders
    cat seven.png | python predict.py -            one picture from standard input
    python predict.py digits.npz                   each image in a NumPy, parquet or IDX file
    python predict.py scans/ --format csv > all.csv
    python predict.py --photo sheet.jpg            all numbers on paper, row by row
    python predict.py --photo notes.pdf --format xlsx > notes.xlsx
    python predict.py archive/ --out scored/       millions of digits, from file to file

A picture is PNG, JPEG, WebP, BMP, GIF, TIFF, HEIC, AVIF or PDF, dark on light or light on dark, of
any size. A picture of 28x28 pixels in MNIST's format is read unchanged. Doubtful digits of a photo
are printed as "?" with the candidates behind. JSON output has one object per line, so that another
program can read it while it grows. With --out, each parquet, NumPy or IDX file, and each 5,000
pictures of a folder, become a parquet file; run the same command again to go on after a stop.
Exit status: 0 if all pictures were read, 1 if one could not be
read (standard error says why), 2 for wrong options.
"""

import argparse
import contextlib
import itertools
import json
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from model.errors import DigitError, PictureError
from model.files import served
from model.ink.file_kinds import holds_many_images
from model.reading.batch import read_batch
from model.reading.confidence import NUM_CLASSES
from model.reading.paper import PaperReading
from model.reading.paper_export import (
    CSV_COLUMNS,
    as_text,
    csv_line,
    csv_rows,
    page_of,
    workbook,
)
from model.reading.picture_files import pages_or_error
from model.reading.prediction import Prediction
from model.reading.processor import lacks_vnni
from model.reading.recognizer import Recognizer
from model.reading.workers import ATTEMPTS, in_order
from ops.picture_sources import Picture, content_or_error, picture_names, pictures_of
from ops.settings import settings
from ui.formatting import in_words, percent

PHOTOS = 1  # photos that a process gets at once
CHUNK = 200  # pictures that it gets at once; larger chunks are no faster
MIN_FOR_BAR = 100  # pictures; fewer get no progress bar
INTERRUPTED = 128 + signal.SIGINT  # the usual exit status after Ctrl-C
PIPE_CLOSED = 128 + 13  # and after SIGPIPE, which Windows does not define
LOCAL, WHOLE = "processes", "0/1"  # engine and part of an archive's shards, if none is named
KILLED = (
    f"The process that read it was killed {ATTEMPTS} times: perhaps it needs more memory than "
    "there is; read it alone, or start fewer --workers."
)
NO_VNNI = (
    "This processor has no instructions for the int8 network (VNNI): --fast is faster here, but "
    "less so than on others."
)
Pages = list[tuple[int, PaperReading]]  # their numbers, and what was read
FLAGS = ("digit", "is_digit", "is_sure")  # columns of the CSV that are as in JSON


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("images", nargs="+", metavar="IMAGE", help='a file, a folder, or "-" for standard input')
    add("--format", choices=PHOTO_FORMATS, default="text", help="output (default: text)")
    add("--photo", action="store_true", help="read all numbers on each picture, row by row")
    add("--fast", action="store_true", help="read with the int8 network: faster, nearly as well")
    add("--workers", type=int, default=os.cpu_count(), help="processes (default: one a core)")
    add(
        "--network",
        type=Path,
        metavar="FOLDER",
        help="the folder of another network, such as a run's",
    )
    archive = parser.add_argument_group("archives")
    add = archive.add_argument
    add("--out", metavar="FOLDER", help="write a parquet file for each shard here, or to s3://...")
    add("--engine", choices=(LOCAL, "ray"), default=LOCAL, help="what runs the workers")
    add("--shard", default=WHOLE, metavar="I/N", help="only every N-th shard, beginning with I")
    options = parser.parse_args(arguments)
    options.workers = max(1, options.workers)
    if options.out and options.format != "text":
        parser.error("--out writes parquet files: leave --format out")
    if not options.out and (options.shard != WHOLE or options.engine != LOCAL):
        parser.error("--shard and --engine are for archives: add --out FOLDER")
    return options


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    sys.stdout.reconfigure(errors="backslashreplace")  # names of files may be any bytes
    sys.stderr.reconfigure(errors="backslashreplace")
    try:
        return run_archive(options) if options.out else run(options)
    except DigitError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Else Python would report the same error again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED


def run(options: argparse.Namespace) -> int:
    """Reads all pictures and prints the answers; returns 1 if one could not be read, else 0."""
    folder = options.network or served.current(settings().runs)
    recognizer = Recognizer.load(folder, options.fast)
    if options.fast and lacks_vnni():
        print(NO_VNNI, file=sys.stderr)
    problems = 0

    def report_problem(name: str, problem: str) -> None:
        nonlocal problems
        problems += 1
        tqdm.write(f"{name}: {problem}", file=sys.stderr)

    formats = PHOTO_FORMATS if options.photo else DIGIT_FORMATS
    if options.format not in formats:
        raise PictureError(f"--format {options.format} is for --photo: add it.")
    output = formats[options.format]()
    names = picture_names(options.images, report_problem)
    chunks = in_chunks(names, PHOTOS if options.photo else CHUNK)
    reader = Reader(recognizer, type(output), options.photo)
    with (
        progress(options.images) as bar,
        contextlib.closing(in_order(reader, chunks, options.workers, killed)) as results,
    ):
        for chunk in results:
            for name, problem in chunk.problems:
                report_problem(name, problem)
            output.write(chunk.written)
            sys.stdout.flush()
            bar.update(chunk.num)
    output.end()
    sys.stdout.flush()
    return 1 if problems else 0


def run_archive(options: argparse.Namespace) -> int:
    """Writes a parquet file for each shard; returns 1 if one could not be written, else 0."""
    from ops.archives import score_archive  # its packages take a quarter of a second to import

    network = options.network or served.current(settings().runs)
    return score_archive(
        options.images,
        options.out,
        network,
        photo=options.photo,
        part=options.shard,
        engine=options.engine,
        num_workers=options.workers,
        is_fast=options.fast,
    )


def progress(images: list[str]) -> tqdm:
    """A progress bar, if standard error is a terminal and the answers go somewhere else."""
    if not sys.stderr.isatty() or sys.stdout.isatty():
        return tqdm(disable=True)
    total = 0
    for name in picture_names(images, lambda *_: None):
        if holds_many_images(name):
            return tqdm(unit=" pictures")  # how many there are is known at the end
        total += 1
    return tqdm(total=total, unit=" pictures", disable=total < MIN_FOR_BAR)


@dataclass(frozen=True)
class Chunk:
    """What some pictures say.

    Attributes:
        num: How many they were.
        written: What `write` takes.
        problems: Which could not be read, and why.
    """

    num: int
    written: list
    problems: list[tuple[str, str]]


def in_chunks(names: Iterable[str], size: int) -> Iterator[list[Picture]]:
    """The pictures of files, in groups."""
    pictures = pictures_of(names)
    while chunk := list(itertools.islice(pictures, size)):
        yield chunk


class Reader:
    """Reads some pictures and writes what they say, in whichever process.

    Args:
        recognizer: Reads them.
        output: The class that writes what was read.
        is_photo: Whether pictures are of paper with many numbers.
    """

    def __init__(self, recognizer: Recognizer, output: type, is_photo: bool):
        self._recognizer, self._output, self._is_photo = recognizer, output, is_photo

    def __reduce__(self):
        return _reader, (self._recognizer.content, self._output, self._is_photo)

    def __call__(self, pictures: list[Picture]) -> Chunk:
        names = [name for name, _ in pictures]
        contents = [
            content_or_error(name) if content is None else content for name, content in pictures
        ]
        if self._is_photo:
            found = [pages_or_error(content, self._recognizer) for content in contents]
        else:
            found = read_batch(contents, self._recognizer)
        written, problems = [], []
        for name, one in zip(names, found, strict=True):
            if isinstance(one, DigitError):
                problems.append((name, str(one)))
                continue
            if self._is_photo:
                one, without = _pages(name, one)
                problems += without
            written += self._output.written(name, one)
        return Chunk(len(pictures), written, problems)


def _pages(name: str, readings: list) -> tuple[Pages, list[tuple[str, str]]]:
    """The pages of a file that could be read, and the others with the reason."""
    pages, problems = [], []
    for page, reading in enumerate(readings, start=1):
        if isinstance(reading, DigitError):
            where = f"{name}, page {page}" if len(readings) > 1 else name
            problems.append((where, str(reading)))
        else:
            pages.append((page, reading))
    return pages, problems


def _reader(network: bytes, output: type, is_photo: bool) -> Reader:
    return Reader(Recognizer(network), output, is_photo)


def killed(pictures: list[Picture]) -> Chunk:
    """What is said of pictures whose process was killed several times."""
    return Chunk(len(pictures), [], [(name, KILLED) for name, _ in pictures])


class DigitsAsText:
    """A line for each picture of one digit."""

    @staticmethod
    def written(name: str, prediction: Prediction) -> list:
        """What is written of a picture; worked out by whichever process reads it."""
        if not prediction.digits:
            return [f"{name}  no digit  {prediction.reason}".rstrip()]
        sure = prediction.probabilities[list(prediction.digits)].sum()
        return [f"{name}  {in_words(prediction.answer)}  {percent(sure)}"]

    def write(self, written: list) -> None:
        """Writes what was worked out for some pictures."""
        for line in written:
            print(line)

    def end(self) -> None:
        """Nothing is left to write."""


class DigitsAsJson(DigitsAsText):
    """An object on a line for each picture of one digit."""

    @staticmethod
    def written(name: str, prediction: Prediction) -> list:
        return [json.dumps({"source": name, **prediction.as_dict()})]


class DigitsAsCsv(DigitsAsText):
    """A table with a row for each picture of one digit."""

    def __init__(self):
        probabilities = [f"p{digit}" for digit in range(NUM_CLASSES)]
        print(csv_line(["source", *FLAGS, "digits", *probabilities, "network"]))

    @staticmethod
    def written(name: str, prediction: Prediction) -> list:
        written = prediction.as_dict()
        digits = " ".join(map(str, written["digits"]))
        row = [name, *(written[key] for key in FLAGS), digits, *written["probabilities"]]
        return [csv_line([*row, written["network"]])]


class PhotosAsText(DigitsAsText):
    """The rows of each page, under its name."""

    @staticmethod
    def written(name: str, pages: Pages) -> list:
        lines = []
        for page, reading in pages:
            lines.append(f"{name}, page {page}:" if len(pages) > 1 or page > 1 else f"{name}:")
            lines.append(as_text(reading))
            lines += [f"(left out: {num} {reason})" for reason, num in reading.left_out.items()]
        return lines


class PhotosAsJson(DigitsAsText):
    """An object on a line for each page."""

    @staticmethod
    def written(name: str, pages: Pages) -> list:
        return [
            json.dumps({"source": name, "page": page, **reading.as_dict()})
            for page, reading in pages
        ]


class PhotosAsCsv(DigitsAsText):
    """A table with a row for each cell."""

    def __init__(self):
        print(csv_line(CSV_COLUMNS))

    @staticmethod
    def written(name: str, pages: Pages) -> list:
        return [csv_line(row) for page, reading in pages for row in csv_rows(name, page, reading)]


class PhotosAsExcel(DigitsAsText):
    """A workbook with a sheet for each page, on standard output."""

    def __init__(self):
        if sys.stdout.isatty():
            raise PictureError("A workbook is no text: write it to a file with > NAME.xlsx.")
        self._pages = []

    @staticmethod
    def written(name: str, pages: Pages) -> list:
        ends = [f" {page}" if len(pages) > 1 else "" for page, _ in pages]
        return [
            page_of(os.path.basename(name) + end, reading)
            for end, (_, reading) in zip(ends, pages, strict=True)
        ]

    def write(self, written: list) -> None:
        self._pages += written

    def end(self) -> None:
        sys.stdout.buffer.write(workbook(self._pages))


DIGIT_FORMATS = {"text": DigitsAsText, "json": DigitsAsJson, "csv": DigitsAsCsv}
PHOTO_FORMATS = {
    "text": PhotosAsText,
    "json": PhotosAsJson,
    "csv": PhotosAsCsv,
    "xlsx": PhotosAsExcel,
}


if __name__ == "__main__":
    sys.exit(main())
