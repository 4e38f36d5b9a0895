"""How often whole numbers of 2 to 4 digits are read right, composed of pen digits.

    python -m benchmarks.numbers

Digits of one writer are set side by side: sizes differ by 15 % either way, baselines by 10 %
of the height, gaps are 12 to 60 % of it. Also: how often a single digit stays one, and how
often two digits that touch are read right: the right one is moved until its ink meets the left
one's, and up to 8 % of the height further.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from benchmarks.recognition import PEN_FOLDER, SEED, read_drawings, show
from model.files.served import SHIPPED
from model.ink.strokes import resample
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
            right.append("".join(str(digit.answer.digits[0]) for digit in read) == number)
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
    """Prints how pairs that touch are read, and what a reading costs."""
    right, told, seconds = [], [], []
    for _ in range(NUM_NUMBERS):
        strokes, number = touch(digits, rng)
        start = time.perf_counter()
        read = read_digits(strokes, CANVAS_SIDE, recognizer)
        seconds.append(time.perf_counter() - start)
        right.append("".join(str(digit.answer.digits[0]) for digit in read) == number)
        told.append(right[-1] or not all(digit.answer.is_digit for digit in read))
    show("touching pairs, read right", np.array(right))
    show("touching pairs, right or refused", np.array(told))
    print(f"  a touching pair takes {np.median(seconds) * 1000:.1f} ms (median)")


def compose(
    digits: list[dict], length: int, rng: np.random.Generator
) -> tuple[list[np.ndarray], str]:
    """A number of one writer's digits: its strokes in canvas pixels, and how it reads."""
    source = digits[rng.integers(len(digits))].get("source")
    own = [item for item in digits if item.get("source") == source]
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
    length = float(np.linalg.norm(np.diff(stroke, axis=0), axis=1).sum())
    return resample(stroke, int(length / step) + 2)


def touch(digits: list[dict], rng: np.random.Generator) -> tuple[list[np.ndarray], str]:
    """A pair of one writer's digits that touch: strokes in canvas pixels, and how it reads."""
    source = digits[rng.integers(len(digits))].get("source")
    own = [item for item in digits if item.get("source") == source]
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
    # How far right the right one has to stand so that it just meets the left one: at each
    # height, the left one's last ink meets the right one's first.
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
