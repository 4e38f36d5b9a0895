"""Reads pictures of digits and prints what they say.

    python predict.py seven.png scans/             one digit a picture: files and whole folders
    cat seven.png | python predict.py -            one picture from standard input
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
import itertools
import json
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tqdm import tqdm

from model.errors import DigitError, PictureError
from model.files import served
from model.ink.decode import MAX_BYTES
from model.ink.file_kinds import ENDINGS, KNOWN, OTHER_PICTURES
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
from model.reading.picture_files import read_pages
from model.reading.prediction import Prediction
from model.reading.recognizer import Recognizer
from ops.settings import settings
from ui.formatting import in_words, percent

STDIN = "-"
PHOTOS = 1  # photos read at once by a thread
CHUNK = 100  # pictures read in one call of the network; larger chunks are no faster
WORKERS = min(4, os.cpu_count() or 1)  # decoding is partly Python, which runs one thread at a time
MIN_FOR_BAR = 100  # pictures; fewer get no progress bar
INTERRUPTED = 128 + signal.SIGINT  # the usual exit status after Ctrl-C
PIPE_CLOSED = 128 + 13  # and after SIGPIPE, which Windows does not define
LOCAL, WHOLE = "processes", "0/1"  # engine and part of an archive's shards, if none is named
Result = Prediction | list[PaperReading | DigitError] | DigitError
FLAGS = ("digit", "is_digit", "is_sure")  # columns of the CSV that are as in JSON


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("images", nargs="+", metavar="IMAGE", help='a file, a folder, or "-" for standard input')
    add("--format", choices=PHOTO_FORMATS, default="text", help="output (default: text)")
    add("--photo", action="store_true", help="read all numbers on each picture, row by row")
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
    add("--workers", type=int, default=os.cpu_count(), help="processes (default: one a core)")
    add("--shard", default=WHOLE, metavar="I/N", help="only every N-th shard, beginning with I")
    options = parser.parse_args(arguments)
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
    recognizer = Recognizer.load(options.network or served.current(settings().runs))
    problems = 0

    def report_problem(name: str, problem: str) -> None:
        nonlocal problems
        problems += 1
        tqdm.write(f"{name}: {problem}", file=sys.stderr)

    formats = PHOTO_FORMATS if options.photo else DIGIT_FORMATS
    if options.format not in formats:
        raise PictureError(f"--format {options.format} is for --photo: add it.")
    output = formats[options.format]()
    read = read_photos if options.photo else read_digits
    with progress(options.images) as bar:
        chunks = in_chunks(
            picture_names(options.images, report_problem), PHOTOS if options.photo else CHUNK
        )
        for results in in_order(partial(read, recognizer=recognizer), chunks):
            for name, found in results:
                if isinstance(found, list):
                    pages = []
                    for page, reading in enumerate(found, start=1):
                        if isinstance(reading, DigitError):
                            where = f"{name}, page {page}" if len(found) > 1 else name
                            report_problem(where, str(reading))
                        else:
                            pages.append((page, reading))
                    output.write(name, pages)
                elif isinstance(found, DigitError):
                    report_problem(name, str(found))
                else:
                    output.write(name, found)
            sys.stdout.flush()
            bar.update(len(results))
    output.end()
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
        num_workers=max(1, options.workers),
    )


def picture_names(
    images: Iterable[str], report_problem: Callable[[str, str], None]
) -> Iterator[str]:
    """The names of all pictures: files as given, and those in and below folders, sorted.

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
                if name.lower().endswith(ENDINGS):
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


def progress(images: list[str]) -> tqdm:
    """A progress bar, if standard error is a terminal and the answers go somewhere else."""
    if not sys.stderr.isatty() or sys.stdout.isatty():
        return tqdm(disable=True)
    total = sum(1 for _ in picture_names(images, lambda *_: None))
    return tqdm(total=total, unit=" pictures", disable=total < MIN_FOR_BAR)


def in_chunks(names: Iterable[str], size: int) -> Iterator[list[str]]:
    names = iter(names)
    while chunk := list(itertools.islice(names, size)):
        yield chunk


def in_order(work: Callable, chunks: Iterable[list[str]]) -> Iterator[list]:
    """The results of `work` for each chunk, in order; works on a few chunks at a time."""
    pool = ThreadPoolExecutor(WORKERS)
    waiting = deque()
    try:
        for chunk in chunks:
            waiting.append(pool.submit(work, chunk))
            if len(waiting) > WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def read_digits(names: list[str], recognizer: Recognizer) -> list[tuple[str, Result]]:
    """Reads pictures of one digit each, all in one call of the network where that suffices."""
    inputs = [_content_or_error(name) for name in names]
    return list(zip(names, read_batch(inputs, recognizer), strict=True))


def _content_or_error(name: str) -> bytes | DigitError:
    try:
        return content_of(name)
    except DigitError as error:
        return error


def read_photos(names: list[str], recognizer: Recognizer) -> list[tuple[str, Result]]:
    """Reads all numbers on photos, scans and documents: each name with its pages."""
    results = []
    for name in names:
        try:
            results.append((name, list(read_pages(content_of(name), recognizer))))
        except DigitError as error:
            results.append((name, error))
    return results


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


class DigitsAsText:
    """A line for each picture of one digit."""

    def write(self, name: str, prediction: Prediction) -> None:
        if not prediction.digits:
            print(f"{name}  no digit  {prediction.reason}".rstrip())
            return
        sure = prediction.probabilities[list(prediction.digits)].sum()
        print(f"{name}  {in_words(prediction.answer)}  {percent(sure)}")

    def end(self) -> None:
        """Nothing is left to write."""


class DigitsAsJson(DigitsAsText):
    """An object on a line for each picture of one digit."""

    def write(self, name: str, prediction: Prediction) -> None:
        print(json.dumps({"source": name, **prediction.as_dict()}))


class DigitsAsCsv(DigitsAsText):
    """A table with a row for each picture of one digit."""

    def __init__(self):
        probabilities = [f"p{digit}" for digit in range(NUM_CLASSES)]
        print(csv_line(["source", *FLAGS, "digits", *probabilities, "network"]))

    def write(self, name: str, prediction: Prediction) -> None:
        written = prediction.as_dict()
        digits = " ".join(map(str, written["digits"]))
        row = [name, *(written[key] for key in FLAGS), digits, *written["probabilities"]]
        print(csv_line([*row, written["network"]]))


class PhotosAsText(DigitsAsText):
    """The rows of each page, under its name."""

    def write(self, name: str, pages: list[PaperReading]) -> None:
        for page, reading in pages:
            print(f"{name}, page {page}:" if len(pages) > 1 or page > 1 else f"{name}:")
            print(as_text(reading))
            for reason, num in reading.left_out.items():
                print(f"(left out: {num} {reason})")


class PhotosAsJson(DigitsAsText):
    """An object on a line for each page."""

    def write(self, name: str, pages: list[PaperReading]) -> None:
        for page, reading in pages:
            print(json.dumps({"source": name, "page": page, **reading.as_dict()}))


class PhotosAsCsv(DigitsAsText):
    """A table with a row for each cell."""

    def __init__(self):
        print(csv_line(CSV_COLUMNS))

    def write(self, name: str, pages: list[PaperReading]) -> None:
        for page, reading in pages:
            for row in csv_rows(name, page, reading):
                print(csv_line(row))


class PhotosAsExcel(DigitsAsText):
    """A workbook with a sheet for each page, on standard output."""

    def __init__(self):
        if sys.stdout.isatty():
            raise PictureError("A workbook is no text: write it to a file with > NAME.xlsx.")
        self._pages = []

    def write(self, name: str, pages: list[PaperReading]) -> None:
        for page, reading in pages:
            end = f" {page}" if len(pages) > 1 else ""
            self._pages.append(page_of(os.path.basename(name) + end, reading))

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
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # doesn't wait for threads that still read pictures
