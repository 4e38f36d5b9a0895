"""Reads pictures of digits and prints a line for each.

    python predict.py seven.png scans/             files, and all pictures in and below folders
    cat seven.png | python predict.py -            one picture from standard input
    python predict.py scans/ --format csv > all.csv
    python predict.py --photo sheet.jpg            all digits on a sheet of paper, in reading order

A picture is PNG, JPEG or WebP, dark on light or light on dark, of any size. A picture of 28x28
pixels in MNIST's format is read unchanged. JSON output has one object per line, so that
another program can read it while it grows. Exit status: 0 if all pictures were read, 1 if one
could not be read (standard error says why), 2 for wrong options.
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
from model.files import served
from model.ink.decode import MAX_BYTES
from model.reading.confidence import NUM_CLASSES
from model.reading.picture_files import frame_of_file, read_sheet_file
from model.reading.prediction import Prediction, read_frames
from model.reading.recognizer import Recognizer
from ops.settings import settings
from ui.formatting import in_words, percent

STDIN = "-"
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
CHUNK = 100  # pictures read in one call of the network; larger chunks are no faster
WORKERS = min(4, os.cpu_count() or 1)  # decoding is partly Python, which runs one thread at a time
MIN_FOR_BAR = 100  # pictures; fewer get no progress bar
INTERRUPTED = 128 + signal.SIGINT  # the usual exit status after Ctrl-C
PIPE_CLOSED = 128 + 13  # and after SIGPIPE, which Windows does not define
BOX = ("left", "top", "right", "bottom")
FLAGS = ("digit", "is_digit", "is_sure")  # columns of the CSV that are as in JSON


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("images", nargs="+", metavar="IMAGE", help='a file, a folder, or "-" for standard input')
    add("--format", choices=FORMATS, default="text", help="output (default: text)")
    add("--photo", action="store_true", help="find all digits on each picture")
    add(
        "--network",
        type=Path,
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

    header, line = FORMATS[options.format]
    if header:
        print(header(options.photo))
    with progress(options.images) as bar:
        chunks = in_chunks(picture_names(options.images, report_problem))
        work = partial(read, recognizer=recognizer, is_photo=options.photo)
        for results in in_order(work, chunks):
            for name, found in results:
                if isinstance(found, DigitError):
                    report_problem(name, str(found))
                    continue
                for prediction in found:
                    print(line(name, prediction))
            sys.stdout.flush()
            bar.update(len(results))
    return 1 if problems else 0


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
        is_empty = True
        for folder, below, files in os.walk(image, onerror=report_unreadable):
            below[:] = sorted(name for name in below if not name.startswith("."))
            for name in sorted(files):
                if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                    is_empty = False
                    yield os.path.join(folder, name)
        if is_empty:
            report_problem(image, "There is no PNG, JPEG or WebP picture in this folder.")


def progress(images: list[str]) -> tqdm:
    """A progress bar, if standard error is a terminal and the answers go somewhere else."""
    if not sys.stderr.isatty() or sys.stdout.isatty():
        return tqdm(disable=True)
    total = sum(1 for _ in picture_names(images, lambda *_: None))
    return tqdm(total=total, unit=" pictures", disable=total < MIN_FOR_BAR)


def in_chunks(names: Iterable[str]) -> Iterator[list[str]]:
    names = iter(names)
    while chunk := list(itertools.islice(names, CHUNK)):
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


def read(
    names: list[str], recognizer: Recognizer, is_photo: bool
) -> list[tuple[str, list[Prediction] | DigitError]]:
    """Reads pictures: each name with its predictions, or with the error."""
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


def as_text(name: str, prediction: Prediction) -> str:
    if prediction.box:
        name += " at " + ",".join(map(str, prediction.box))
    if not prediction.digits:
        return f"{name}  no digit"
    sure = prediction.probabilities[list(prediction.digits)].sum()
    return f"{name}  {in_words(prediction.answer)}  {percent(sure)}"


def as_json(name: str, prediction: Prediction) -> str:
    return json.dumps({"source": name, **prediction.as_dict()})


def as_csv(name: str, prediction: Prediction) -> str:
    written = prediction.as_dict()
    digits = " ".join(map(str, written["digits"]))
    row = [name, *(written[key] for key in FLAGS), digits, *written["probabilities"]]
    return csv_line([*row, written["network"], *written.get("box", ())])


def csv_header(is_photo: bool) -> str:
    probabilities = [f"p{digit}" for digit in range(NUM_CLASSES)]
    columns = ["source", *FLAGS, "digits", *probabilities, "network"]
    return csv_line([*columns, *(BOX if is_photo else ())])


def csv_line(row: list) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(row)
    return text.getvalue()


# For each format: a function for the header line, if it has one, and one for a prediction's line.
FORMATS = {"text": (None, as_text), "json": (None, as_json), "csv": (csv_header, as_csv)}


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # doesn't wait for threads that still read pictures
