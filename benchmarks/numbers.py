"""Measures how often numbers of 2 to 4 pen digits are read right.

    python -m benchmarks.numbers

Digits of one writer are put side by side. Their sizes vary by 15 % either way, their baselines by
10 % of the height, and gaps are 12 to 60 % of it. It also measures how often a single digit stays
one, and how often two touching digits are read right: the right digit is moved until its ink
meets the left one's, and up to 8 % of the height further.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from benchmarks.pens import FOLDER as PEN_FOLDER
from benchmarks.pens import SEED, read_drawings
from benchmarks.recognition import show
from model.files.served import SHIPPED
from model.ink.pen import arc_length, resample
from model.reading.numbers import group_strokes, read_digits
from model.reading.recognizer import Recognizer

NUM_NUMBERS = 1500  # of each length
HEIGHT = 90.0  # canvas pixels
GAPS = (0.12, 0.6)  # of the height
OVERLAP = (0.0, 0.08)  # of the height: how far touching digits reach into each other
CANVAS_SIDE = 280


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", type=Path, default=SHIPPED, help="folder with digits.onnx")
    parser.add_argument("--pen", type=Path, default=PEN_FOLDER, help="folder with pen drawings")
    options = parser.parse_args()
    recognizer = Recognizer.load(options.network)
    digits = read_drawings(options.pen / "unipen-dev.jsonl.gz")
    if not digits:
        print(f"No pen drawings in {options.pen}: nothing to compose numbers of.")
        return
    rng = np.random.default_rng(SEED)
    everything = []
    for length in (2, 3, 4):
        right, grouped = [], []
        for _ in range(NUM_NUMBERS):
            strokes, number = compose(digits, length, rng)
            read = read_digits(strokes, CANVAS_SIDE, recognizer)
            right.append(text(read) == number)
            grouped.append(len(group_strokes(strokes)) == length)
        show(f"{length} digits, grouped right", np.array(grouped))
        show(f"{length} digits, read right", np.array(right))
        everything += right
    show("whole numbers read right", np.array(everything))
    single = [
        len(read_digits([np.array(s, float) * 200 for s in item["strokes"]], 280, recognizer)) == 1
        for item in digits
    ]
    show("single digits that stay one", np.array(single))
    report_touching(digits, recognizer, rng)


def report_touching(digits: list[dict], recognizer: Recognizer, rng: np.random.Generator) -> None:
    """Prints how well touching pairs are read and how long that takes."""
    right, right_or_refused, seconds = [], [], []
    for _ in range(NUM_NUMBERS):
        strokes, number = touch(digits, rng)
        start = time.perf_counter()
        read = read_digits(strokes, CANVAS_SIDE, recognizer)
        seconds.append(time.perf_counter() - start)
        right.append(text(read) == number)
        right_or_refused.append(right[-1] or not all(digit.answer.is_digit for digit in read))
    show("touching pairs, read right", np.array(right))
    show("touching pairs, right or refused", np.array(right_or_refused))
    print(f"  a touching pair takes {np.median(seconds) * 1000:.1f} ms (median)")


def text(read: list) -> str:
    return "".join(str(digit.answer.digits[0]) for digit in read)


def writer_of_any(digits: list[dict], rng: np.random.Generator) -> list[dict]:
    """Returns all digits by the writer of a random digit."""
    source = digits[rng.integers(len(digits))].get("source")
    return [item for item in digits if item.get("source") == source]


def compose(
    digits: list[dict], length: int, rng: np.random.Generator
) -> tuple[list[np.ndarray], str]:
    """Returns a number of one writer's digits: strokes in canvas pixels, and its text."""
    own = writer_of_any(digits, rng)
    strokes, number, right = [], "", 0.0
    for _ in range(length):
        item = own[rng.integers(len(own))]
        size = HEIGHT * rng.uniform(0.85, 1.15)
        parts = [np.array(stroke, float) * size for stroke in item["strokes"]]
        points = np.concatenate(parts)
        base = rng.uniform(-0.1, 0.1) * HEIGHT
        shift = np.array([right - points[:, 0].min(), base - points[:, 1].max()])
        strokes += [part + shift for part in parts]
        right = float((points + shift)[:, 0].max()) + rng.uniform(*GAPS) * HEIGHT
        number += str(item["label"])
    return strokes, number


def dense(stroke: np.ndarray, step: float) -> np.ndarray:
    return resample(stroke, int(arc_length(stroke) / step) + 2)


def touch(digits: list[dict], rng: np.random.Generator) -> tuple[list[np.ndarray], str]:
    """Returns a touching pair of one writer's digits: strokes in canvas pixels, and its text."""
    own = writer_of_any(digits, rng)
    pair, number = [], ""
    for _ in range(2):
        item = own[rng.integers(len(own))]
        size = HEIGHT * rng.uniform(0.85, 1.15)
        parts = [np.array(stroke, float) * size for stroke in item["strokes"]]
        points = np.concatenate(parts)
        base = np.array([points[:, 0].min(), points[:, 1].max() + rng.uniform(-0.1, 0.1) * HEIGHT])
        pair.append([part - base for part in parts])
        number += str(item["label"])
    left, right = (np.concatenate([dense(part, 1.0) for part in parts]) for parts in pair)
    # The shift at which the right digit just meets the left one: at each height, compare the
    # left one's rightmost ink with the right one's leftmost.
    heights = np.arange(-int(HEIGHT * 1.4), int(HEIGHT * 0.3), 4.0)
    reach = [
        left[np.abs(left[:, 1] - y) < 4, 0].max() - right[np.abs(right[:, 1] - y) < 4, 0].min()
        for y in heights
        if (np.abs(left[:, 1] - y) < 4).any() and (np.abs(right[:, 1] - y) < 4).any()
    ]
    shift = max(reach) - rng.uniform(*OVERLAP) * HEIGHT
    return pair[0] + [part + np.array([shift, 0.0]) for part in pair[1]], number


if __name__ == "__main__":
    main()
