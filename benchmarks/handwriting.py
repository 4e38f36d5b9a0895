"""Measures what personalisation brings to one person and costs other people.

    python -m benchmarks.handwriting --data FOLDER

Each person's handwriting is made from the pen drawings of `benchmarks.recognition`, all turned,
slanted or squeezed alike. Two drawings of each digit are learnt; all others of that person are
read before and after. Other people's digits are MNIST's validation images.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from benchmarks.pens import FOLDER as PEN_FOLDER
from benchmarks.pens import frames_of_strokes, place, read_drawings
from model.learning import augment
from model.learning.data import load_mnist, validation_mask
from model.reading.personalisation import OtherDigits, personalise
from model.reading.recognizer import Recognizer
from ops.settings import settings

NUM_ROUNDS = 5  # for each handwriting, with other drawings to learn from
NUM_REHEARSED = 2000
MIDDLE = 140  # of the canvas, pixels


def turned(degrees: float) -> np.ndarray:
    angle = np.deg2rad(degrees)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


HANDWRITINGS = {
    "as drawn": np.eye(2),
    "turned left 40 degrees": turned(-40),
    "turned right 40 degrees": turned(40),
    "slanted forward": np.array([[1, -1.1], [0, 1]]),
    "slanted backward": np.array([[1, 1.1], [0, 1]]),
    "squeezed to 40 % of its height": np.array([[1, 0], [0, 0.4]]),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default=settings().data, help="folder with MNIST")
    parser.add_argument("--pen", type=Path, default=PEN_FOLDER, help="folder with pen drawings")
    options = parser.parse_args()
    recognizer = Recognizer.load()
    rng = np.random.default_rng(0)
    rehearsed, checked = other_people(recognizer, options.data, rng)
    drawings = read_drawings(options.pen / "unipen-dev.jsonl.gz")
    if not drawings:
        raise SystemExit(f"No pen drawings in {options.pen}: nothing to learn from.")
    labels = np.array([int(item["label"]) for item in drawings])
    placed = place(drawings)
    seconds = []
    print(f"{'handwriting':<32}{'before':>9}{'after':>9}{'errors':>8}{'others':>9}   used")
    for name, matrix in HANDWRITINGS.items():
        frames = frames_of_strokes(
            [[(s - MIDDLE) @ matrix.T + MIDDLE for s in strokes] for strokes in placed]
        )
        before, after, others, num_used = [], [], [], 0
        for _ in range(NUM_ROUNDS):
            learnt = np.concatenate(
                [rng.choice(np.flatnonzero(labels == k), 2, replace=False) for k in range(10)]
            )
            rest = np.setdiff1d(np.arange(len(labels)), learnt)
            started = time.perf_counter()
            report = personalise(frames[learnt], labels[learnt], recognizer, rehearsed, checked)
            seconds.append(time.perf_counter() - started)
            num_used += report.personalisation is not None
            before.append(share_right(recognizer, frames[rest], labels[rest]))
            adapted = (
                recognizer.adapted(report.personalisation) if report.personalisation else recognizer
            )
            after.append(share_right(adapted, frames[rest], labels[rest]))
            others.append(report.others_after - report.others_before)
        fewer = (1 - np.mean(after)) / (1 - np.mean(before)) - 1
        print(
            f"{name:<32}{np.mean(before):>9.2%}{np.mean(after):>9.2%}{fewer:>+8.0%}"
            f"{100 * np.mean(others):>+9.3f}   {num_used} of {NUM_ROUNDS}"
        )
    print(f"learning takes {np.median(seconds):.2f} s (median), {max(seconds):.2f} s at most")


def other_people(
    recognizer: Recognizer, folder: str | None, rng: np.random.Generator
) -> tuple[OtherDigits, OtherDigits]:
    training = load_mnist(folder, progress=True)[0]
    held_out = validation_mask()
    some = rng.permutation(np.flatnonzero(~held_out))[:NUM_REHEARSED]
    frames, labels = training.frames[some], training.labels[some]
    drawn = np.clip(augment.variants(frames, labels, rng), 0, 1)
    checked = training.take(held_out, "")
    return (
        OtherDigits.read(np.concatenate([frames, drawn]), np.tile(labels, 2), recognizer),
        OtherDigits.read(checked.frames, checked.labels, recognizer),
    )


def share_right(recognizer: Recognizer, frames: np.ndarray, labels: np.ndarray) -> float:
    return float((recognizer.probabilities(frames).argmax(axis=1) == labels).mean())


if __name__ == "__main__":
    main()
