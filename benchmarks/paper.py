"""Measures how well pictures of paper are read, as `predict.py --photo` reads them.

    python -m benchmarks.paper                  strangers' pictures and composed pages
    python -m benchmarks.paper --peers          and general readers, on the same files

Pictures are listed in `manifest.csv` in the folder --pictures: `file`, `kind`, `label` (rows apart
by "/", digits only) and `mode`. Composed pages are made of the pen drawings in --pen. Of each kind
it prints files without a mistake, digits read, extra digits, and which share of the wrong and extra
ones is marked as doubtful; then time and memory.
"""

import argparse
import difflib
import resource
import shutil
import subprocess  # runs Tesseract, if it is installed  # nosec B404
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks import pens
from benchmarks.composed_pages import KINDS, compose
from benchmarks.recognition import PICTURES, listed_pictures
from model.errors import DigitError
from model.files.served import SHIPPED
from model.ink.decode import decode
from model.reading.paper import PaperReading
from model.reading.paper_reader import read_paper
from model.reading.recognizer import Recognizer

NUM_PAGES = 4  # composed, of each kind
LARGE = (3000, 4000)  # pixels of a photo of 12 megapixels

# Reads a picture; returns rows of digits, and for each digit whether it is marked as doubtful.
Read = Callable[[np.ndarray], tuple[list[str], list[bool]]]


@dataclass
class Score:
    """Counts over files."""

    files: int = 0
    exact: int = 0
    digits: int = 0
    read: int = 0
    extra: int = 0
    wrong: int = 0  # misread or extra
    marked: int = 0  # of these, marked as doubtful
    refused: int = 0

    def add(self, other: "Score") -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def __str__(self) -> str:
        doubt = f"{self.marked / self.wrong:.0%} of {self.wrong}" if self.wrong else "none wrong"
        return (
            f"exact {self.exact:3} of {self.files:3}   digits {self.read:4} of {self.digits:4}   "
            f"extra {self.extra:3}   marked {doubt}   refused {self.refused}"
        )


def score(label: str, rows: list[str], doubtful: list[bool]) -> Score:
    """Compares what was read with a label, both as rows of digits.

    Example:
        >>> vars(score("12/3", ["17", "3"], [False, True, False]))["marked"]
        1
    """
    got = "/".join(row for row in rows if row)
    marks = iter(doubtful)
    marked = [character != "/" and next(marks, False) for character in got]
    result = Score(files=1, exact=int(got == label), digits=sum(c != "/" for c in label))
    result.refused = int(not got)
    matcher = difflib.SequenceMatcher(None, label, got, autojunk=False)
    for what, a0, a1, b0, b1 in matcher.get_opcodes():
        theirs = [at for at in range(b0, b1) if got[at] != "/"]
        ours = sum(character != "/" for character in label[a0:a1])
        if what == "equal":
            result.read += ours
        else:
            result.extra += max(len(theirs) - ours, 0)
            result.wrong += len(theirs)
            result.marked += sum(marked[at] for at in theirs)
    return result


def own_reader(recognizer: Recognizer) -> Read:
    def read(picture: np.ndarray) -> tuple[list[str], list[bool]]:
        try:
            reading = read_paper(picture, recognizer)
        except DigitError:
            return [], []
        rows = ["".join(d.text for cell in row for d in cell.digits) for row in reading.rows]
        return rows, [digit.is_doubtful for digit in reading.digits]

    return read


def rapid_reader() -> Read | None:
    """RapidOCR, if its package is installed."""
    try:
        from rapidocr_onnxruntime import RapidOCR
    except ImportError:
        return None
    engine = RapidOCR()

    def read(picture: np.ndarray) -> tuple[list[str], list[bool]]:
        found, _ = engine(picture[..., ::-1])
        lines = sorted(found or [], key=lambda item: np.mean([point[1] for point in item[0]]))
        return _rows_of_lines([(item[0], item[1]) for item in lines]), []

    return read


def _rows_of_lines(lines: list) -> list[str]:
    """Joins pieces of text at the same height, from the left."""
    rows: list[list] = []
    for corners, text in lines:
        ys, xs = [p[1] for p in corners], [p[0] for p in corners]
        middle, height = (min(ys) + max(ys)) / 2, max(ys) - min(ys)
        if rows and abs(rows[-1][0] - middle) < height / 2:
            rows[-1][1].append((min(xs), text))
        else:
            rows.append([middle, [(min(xs), text)]])
    return [
        "".join(c for _, text in sorted(row[1]) for c in text if c in "0123456789") for row in rows
    ]


def tesseract_reader() -> Read | None:
    """Tesseract with digits only, if the program is installed."""
    program = shutil.which("tesseract")
    if program is None:
        return None

    def read(picture: np.ndarray) -> tuple[list[str], list[bool]]:
        content = cv2.imencode(".png", picture[..., ::-1])[1].tobytes()
        options = ["-", "-", "--psm", "6", "-c", "tessedit_char_whitelist=0123456789"]
        done = subprocess.run(  # no shell  # nosec B603
            [program, *options], input=content, capture_output=True, check=False, timeout=60
        )
        lines = done.stdout.decode(errors="replace").splitlines()
        return [row for line in lines if (row := "".join(filter(str.isdigit, line)))], []

    return read


def report_pictures(readers: dict[str, Read], folder: Path) -> None:
    """Prints the scores of pictures of several digits, by kind."""
    rows = listed_pictures(folder, "photo")
    if not rows:
        return
    for name, read in readers.items():
        kinds: dict[str, Score] = {}
        started = time.perf_counter()
        for row in rows:
            picture = decode((folder / row["file"]).read_bytes())
            kinds.setdefault(row["kind"], Score()).add(score(row["label"], *read(picture)))
        seconds = (time.perf_counter() - started) / len(rows)
        print(f"\n{name}, {len(rows)} pictures, {seconds:.2f} s each")
        total = Score()
        for kind, result in kinds.items():
            print(f"  {kind:<28}{result}")
            total.add(result)
        print(f"  {'all':<28}{total}")


def drawings_by_digit(folder: Path) -> dict[int, list]:
    """For each digit, lists of strokes as people drew them; empty without their file."""
    drawings: dict[int, list] = {}
    for item in pens.read_drawings(folder / "pendigits-dev.jsonl.gz"):
        drawings.setdefault(int(item["label"]), []).append(item["strokes"])
    return drawings


def report_composed(recognizer: Recognizer, folder: Path) -> None:
    """Prints how many whole numbers of composed pages are read right, by kind."""
    drawings = drawings_by_digit(folder)
    if not drawings:
        print(f"\nNo pen drawings in {folder}: no pages to compose.")
        return
    print(f"\nComposed pages, {NUM_PAGES} of each kind: whole numbers right")
    right_of_all = num_of_all = 0
    for kind in KINDS:
        right = num = in_place = cells = 0
        for seed in range(NUM_PAGES):
            page = compose(kind, drawings, seed)
            try:
                reading = read_paper(page.picture, recognizer)
            except DigitError:
                reading = PaperReading(())
            got = [[_digits(cell) for cell in row] for row in reading.rows]
            wanted = [text for row in page.rows for text in row if text]
            found = [text for row in got for text in row if text]
            matcher = difflib.SequenceMatcher(None, wanted, found, autojunk=False)
            right += sum(block.size for block in matcher.get_matching_blocks())
            num += len(wanted)
            if kind in ("table", "columns"):
                cells += sum(map(len, page.rows))
                in_place += sum(
                    row < len(got) and column < len(got[row]) and got[row][column] == text
                    for row, texts in enumerate(page.rows)
                    for column, text in enumerate(texts)
                )
        table = f"   cells in place {in_place / cells:.1%}" if cells else ""
        print(f"  {kind:<28}{right / num:6.1%} of {num}{table}")
        right_of_all, num_of_all = right_of_all + right, num_of_all + num
    print(f"  {'all':<28}{right_of_all / num_of_all:6.1%} of {num_of_all}")


def _digits(cell) -> str:
    return "".join(digit.text for digit in cell.digits)


def report_large(recognizer: Recognizer, folder: Path) -> None:
    """Prints the time for a photo of 12 megapixels, and the memory so far."""
    drawings = drawings_by_digit(folder)
    if not drawings:
        return
    photo = cv2.resize(compose("ruled", drawings, 0).picture, LARGE, interpolation=cv2.INTER_CUBIC)
    content = cv2.imencode(".jpg", photo)[1].tobytes()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = []
    for _ in range(3):
        started = time.process_time()
        read_paper(decode(content), recognizer)
        seconds.append(time.process_time() - started)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"\nA photo of 12 megapixels: {min(seconds):.2f} s of one core, {grown:.0f} MB more")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", type=Path, default=SHIPPED, help="folder with digits.onnx")
    parser.add_argument("--pictures", type=Path, default=PICTURES, help="folder with pictures")
    parser.add_argument("--pen", type=Path, default=pens.FOLDER, help="folder with pen drawings")
    parser.add_argument("--peers", action="store_true", help="also other readers, if installed")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    recognizer = Recognizer.load(options.network)
    report_large(recognizer, options.pen)  # first: memory counts from the start
    readers = {"DigitPad": own_reader(recognizer)}
    if options.peers:
        others = {"RapidOCR": rapid_reader(), "Tesseract": tesseract_reader()}
        readers |= {name: read for name, read in others.items() if read is not None}
        missing = [name for name, read in others.items() if read is None]
        if missing:
            print(f"Not installed: {', '.join(missing)}")
    report_pictures(readers, options.pictures)
    report_composed(recognizer, options.pen)


if __name__ == "__main__":
    main()
