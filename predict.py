"""Reads pictures of digits and says what each shows, a line a picture.

    python predict.py seven.png scans/             files, and folders with all that is in them
    cat seven.png | python predict.py -            one picture from standard input
    python predict.py scans/ --format csv > all.csv
    python predict.py --photo sheet.jpg            all digits on a sheet of paper, in reading order

A picture is PNG, JPEG or WebP, dark on light or light on dark, of any size. One of 28x28 pixels
that is prepared as MNIST's are is read as it is. JSON is an object a line, so that it can be read
while it grows. Exit status: 0 if all were read, 1 if one was not (standard error says which and
why), 2 if the command can't be understood.
"""

import argparse
import csv
import io
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
from model.files.artifacts import TRAINED
from model.ink.sheet import MAX_BYTES
from model.reading.picture_files import frame_of_file, read_sheet_file
from model.reading.prediction import Prediction, read_frames
from model.reading.recognizer import NUM_CLASSES, Recognizer
from ui.words import in_words, percent

STDIN = "-"
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
CHUNK = 100  # pictures read at once, and written at once; more are no faster
WORKERS = min(4, os.cpu_count() or 1)  # decoding is partly Python, which more only fight over
MANY = 100  # from so many pictures on a bar shows how far it is
INTERRUPTED = 128 + signal.SIGINT  # what a process stopped by Ctrl-C returns
PIPE_CLOSED = 128 + 13  # and one whose reader has gone: SIGPIPE, which Windows does not have
BOX = ("left", "top", "right", "bottom")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("images", nargs="+", metavar="IMAGE", help='a file, a folder, or "-" for standard input')
    add("--format", choices=FORMATS, default="text", help="what is written (default: text)")
    add("--photo", action="store_true", help="find all digits on each picture")
    add(
        "--network",
        type=Path,
        default=TRAINED,
        metavar="FOLDER",
        help="the folder of another network, such as a run's",
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    sys.stdout.reconfigure(errors="backslashreplace")  # names of files may be any bytes
    sys.stderr.reconfigure(errors="backslashreplace")
    try:
        return run(options)
    except DigitError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still to write
        return PIPE_CLOSED


def run(options: argparse.Namespace) -> int:
    """Reads all pictures and writes what they show; 0, or 1 if one could not be read."""
    recognizer = Recognizer.load(options.network)
    problems = 0

    def tell(name: str, problem: str) -> None:
        nonlocal problems
        problems += 1
        tqdm.write(f"{name}: {problem}", file=sys.stderr)

    header, line = FORMATS[options.format]
    if header:
        print(header(options.photo))
    with progress(options.images) as bar:
        chunks = in_chunks(names_of(options.images, tell))
        work = partial(read, recognizer=recognizer, is_photo=options.photo)
        for results in in_order(work, chunks):
            for name, found in results:
                if isinstance(found, DigitError):
                    tell(name, str(found))
                    continue
                for prediction in found:
                    print(line(name, prediction))
            sys.stdout.flush()
            bar.update(len(results))
    return 1 if problems else 0


def names_of(images: Iterable[str], tell: Callable[[str, str], None]) -> Iterator[str]:
    """The files that are meant: those named, and the pictures in folders and below, sorted.

    Args:
        images: Names of files and folders, and "-".
        tell: Is called with a folder's name and what is wrong with it.
    """

    def unreadable(error: OSError) -> None:
        tell(error.filename, f"It can't be read ({error.strerror}).")

    for image in images:
        if image == STDIN or not os.path.isdir(image):
            yield image
            continue
        is_empty = True
        for folder, below, files in os.walk(image, onerror=unreadable):
            below[:] = sorted(name for name in below if not name.startswith("."))
            for name in sorted(files):
                if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                    is_empty = False
                    yield os.path.join(folder, name)
        if is_empty:
            tell(image, "There is no PNG, JPEG or WebP picture in this folder.")


def progress(images: list[str]) -> tqdm:
    """A bar on standard error, if someone looks and does not see the lines themselves."""
    if not sys.stderr.isatty() or sys.stdout.isatty():
        return tqdm(disable=True)
    total = sum(1 for _ in names_of(images, lambda *_: None))
    return tqdm(total=total, unit=" pictures", disable=total < MANY)


def in_chunks(names: Iterable[str]) -> Iterator[list[str]]:
    names = iter(names)
    while chunk := list(itertools.islice(names, CHUNK)):
        yield chunk


def in_order(work: Callable, chunks: Iterable[list[str]]) -> Iterator[list]:
    """What `work` makes of each chunk, in their order, a few of them at a time."""
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


def read(
    names: list[str], recognizer: Recognizer, is_photo: bool
) -> list[tuple[str, list[Prediction] | DigitError]]:
    """Each name with what its picture shows, or with what is wrong with it."""
    results, frames = {}, {}
    for place, name in enumerate(names):
        try:
            if is_photo:
                results[place] = read_sheet_file(content_of(name), recognizer)
            else:
                frames[place] = frame_of_file(content_of(name))
        except DigitError as error:
            results[place] = error
    if frames:
        predictions = read_frames(list(frames.values()), recognizer)
        results |= {place: [one] for place, one in zip(frames, predictions, strict=True)}
    return [(name, results[place]) for place, name in enumerate(names)]


def content_of(name: str) -> bytes:
    """A file's bytes, or standard input's; of what is too large, no more than tells that it is.

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


def as_text(name: str, prediction: Prediction) -> str:
    if prediction.box:
        name += " at " + ",".join(map(str, prediction.box))
    if not prediction.digits:
        return f"{name}  no digit"
    sure = prediction.probabilities[list(prediction.digits)].sum()
    return f"{name}  {in_words(prediction.digits)}  {percent(sure)}"


def as_json(name: str, prediction: Prediction) -> str:
    return json.dumps({"source": name, **prediction.as_dict()})


def as_csv(name: str, prediction: Prediction) -> str:
    written = prediction.as_dict()
    digits = " ".join(map(str, written["digits"]))
    row = [name, written["digit"], written["is_digit"], digits, *written["probabilities"]]
    return csv_line([*row, written["network"], *written.get("box", ())])


def csv_header(is_photo: bool) -> str:
    probabilities = [f"p{digit}" for digit in range(NUM_CLASSES)]
    columns = ["source", "digit", "is_digit", "digits", *probabilities, "network"]
    return csv_line([*columns, *(BOX if is_photo else ())])


def csv_line(row: list) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(row)
    return text.getvalue()


# What a format begins with, if anything, and what it makes of one prediction.
FORMATS = {"text": (None, as_text), "json": (None, as_json), "csv": (csv_header, as_csv)}


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # pictures that are still being read need not be waited for
