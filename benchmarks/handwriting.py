"""What teaching it one's hand brings, and costs other people.

    python -m benchmarks.handwriting --data FOLDER

Hands are made of pen drawings, as in `benchmarks.recognition`, that are turned, slanted or
squeezed: what a hand has in common. Twenty of them, two of each digit, teach; all others of that
hand are read before and after. Other people's digits are MNIST's validation images.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from benchmarks.recognition import PEN_FOLDER, frames_of_strokes, place, read_drawings
from model.learning import augment
from model.learning.data import load_mnist, validation_mask
from model.reading.personalisation import Known, teach
from model.reading.recognizer import Recognizer

NUM_LESSONS = 5  # of each hand
NUM_REHEARSED = 2000
MIDDLE = 140  # of the canvas, pixels


def turned(degrees: float) -> np.ndarray:
    angle = np.deg2rad(degrees)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


HANDS = {
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
    parser.add_argument("--data", help="folder with MNIST")
    parser.add_argument("--pen", type=Path, default=PEN_FOLDER, help="folder with pen drawings")
    options = parser.parse_args()
    recognizer = Recognizer.load()
    rng = np.random.default_rng(0)
    rehearsed, checked = other_people(recognizer, options.data, rng)
    drawings = read_drawings(options.pen / "unipen-dev.jsonl.gz")
    if not drawings:
        raise SystemExit(f"No pen drawings in {options.pen}: nothing to teach with.")
    labels = np.array([int(item["label"]) for item in drawings])
    placed = place(drawings)
    seconds = []
    print(f"{'hand':<32}{'before':>9}{'after':>9}{'errors':>8}{'others':>9}   kept")
    for name, matrix in HANDS.items():
        frames = frames_of_strokes(
            [[(s - MIDDLE) @ matrix.T + MIDDLE for s in strokes] for strokes in placed]
        )
        before, after, others, kept = [], [], [], 0
        for _ in range(NUM_LESSONS):
            taught = np.concatenate(
                [rng.choice(np.flatnonzero(labels == k), 2, replace=False) for k in range(10)]
            )
            rest = np.setdiff1d(np.arange(len(labels)), taught)
            started = time.perf_counter()
            lesson = teach(frames[taught], labels[taught], recognizer, rehearsed, checked)
            seconds.append(time.perf_counter() - started)
            kept += lesson.hand is not None
            before.append(share_right(recognizer, frames[rest], labels[rest]))
            by_hand = recognizer.adapted(lesson.hand)
            after.append(share_right(by_hand, frames[rest], labels[rest]))
            others.append(lesson.others_after - lesson.others_before)
        fewer = (1 - np.mean(after)) / (1 - np.mean(before)) - 1
        print(
            f"{name:<32}{np.mean(before):>9.2%}{np.mean(after):>9.2%}{fewer:>+8.0%}"
            f"{100 * np.mean(others):>+9.3f}   {kept} of {NUM_LESSONS}"
        )
    print(f"a lesson takes {np.median(seconds):.2f} s (median), {max(seconds):.2f} s at most")


def other_people(
    recognizer: Recognizer, folder: str | None, rng: np.random.Generator
) -> tuple[Known, Known]:
    training = load_mnist(folder, progress=True)[0]
    held_out = validation_mask()
    some = rng.permutation(np.flatnonzero(~held_out))[:NUM_REHEARSED]
    frames, labels = training.frames[some], training.labels[some]
    drawn = np.clip(augment.variants(frames, labels, rng), 0, 1)
    checked = training.take(held_out, "")
    return (
        Known.of(np.concatenate([frames, drawn]), np.tile(labels, 2), recognizer),
        Known.of(checked.frames, checked.labels, recognizer),
    )


def share_right(recognizer: Recognizer, frames: np.ndarray, labels: np.ndarray) -> float:
    return float((recognizer.probabilities(frames).argmax(axis=1) == labels).mean())


if __name__ == "__main__":
    main()
