"""Measures how well a network reads MNIST's test set and digits and letters drawn with a pen.

    python -m benchmarks.recognition                      the shipped network
    python -m benchmarks.recognition --network FOLDER     another one

MNIST comes from --data, DIGITPAD_DATA or Keras' own copy. Pen drawings are JSON lines (gzip)
with `label`, `strokes` and, if known, the writer as `source`: `unipen-dev.jsonl.gz` and
`letters-dev.jsonl.gz` in the folder --pen. No network is trained on them.

Every digit is placed on the app's canvas of 280 pixels as a person might: 45 to 85 % of its side,
off centre by up to 7 %, with a pen of 12, 20 and 28 pixels. "Strokes" prepares the strokes, as
the canvas does; "pixels" prepares a picture of them; "plain resize" is what most demos do. --save
adds the pen drawings' figures to the network's report and model card.
"""

import argparse
import gzip
import json
from pathlib import Path

import cv2
import numpy as np

from model.files.runs import load_report, save_report
from model.files.served import SHIPPED
from model.ink.frame import strokes_to_mnist, to_mnist
from model.ink.pen import draw_canvas
from model.learning.data import load_mnist
from model.learning.evaluation import DISPUTED, accuracy, auroc, calibration, wilson_interval
from model.reading.recognizer import Recognizer
from ops.settings import settings

PEN_FOLDER = Path(__file__).parent.parent.parent / "shared" / "pen"
CANVAS_SIDE = 280
PEN_WIDTHS = (12, 20, 28)  # canvas pixels
SIZES = (0.45, 0.85)  # of the canvas' side
OFF_CENTRE = 0.07  # of the canvas' side, either way
SEED = 0
LOOK_ALIKES = set("BDIOQSZbgiloqsz")  # letters that are written like digits


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", type=Path, default=SHIPPED, help="folder with digits.onnx")
    parser.add_argument("--data", default=settings().data, help="folder with MNIST")
    parser.add_argument("--pen", type=Path, default=PEN_FOLDER, help="folder with pen drawings")
    parser.add_argument("--save", action="store_true", help="add the figures to the report")
    options = parser.parse_args()
    recognizer = Recognizer.load(options.network)
    report_mnist(recognizer, options.data)
    figures = report_pen(recognizer, options.pen)
    if options.save and figures:
        save_report(options.network, {**load_report(options.network), "pen": figures})


def report_mnist(recognizer: Recognizer, folder: str | None) -> None:
    test = load_mnist(folder, progress=True)[1]
    probabilities = recognizer.probabilities(test.frames)
    right = probabilities.argmax(axis=1) == test.labels
    print("MNIST test set")
    show("all 10,000", right)
    show("first 5,000", right[:5000])
    show("last 5,000", right[5000:])
    show("without the 15 disputed", np.delete(right, DISPUTED))
    show_calibration(probabilities, test.labels)


def report_pen(recognizer: Recognizer, folder: Path) -> dict:
    """Prints how well pen drawings are read; returns the figures for the model card."""
    digits = read_drawings(folder / "unipen-dev.jsonl.gz")
    if not digits:
        print(f"\nNo pen drawings in {folder}: nothing to measure them with.")
        return {}
    labels = np.array([int(item["label"]) for item in digits])
    sources = np.array([item.get("source", "?") for item in digits])
    placed = place(digits)
    probabilities = recognizer.probabilities(frames_of_strokes(placed))
    print(f"\nPen digits, {len(labels):,}")
    figures = {"strokes": accuracy(probabilities, labels)}
    right = probabilities.argmax(axis=1) == labels
    show("strokes, any pen width", right)
    for source in np.unique(sources):
        show(f"  writer {source}", right[sources == source])
    for name, members in glyph_groups(digits, labels).items():
        figures[name] = accuracy(probabilities[members], labels[members])
        show(f"  {name}", right[members])
    figures["ece"] = show_calibration(probabilities, labels)
    figures |= report_answers(recognizer, probabilities, labels)
    figures |= report_pictures(recognizer, placed, labels)
    figures["auroc"] = report_letters(recognizer, folder, probabilities)
    return figures


def report_answers(
    recognizer: Recognizer, probabilities: np.ndarray, labels: np.ndarray
) -> dict[str, float]:
    answers = [recognizer.answer(row) for row in probabilities]
    figures = {
        "refused": float(np.mean([not answer.is_digit for answer in answers])),
        "covered": float(
            np.mean([k in answer.digits for k, answer in zip(labels, answers, strict=True)])
        ),
        "set_size": float(np.mean([len(answer.digits) for answer in answers])),
    }
    print(
        f"  refused {figures['refused']:.2%}; answer sets hold the truth {figures['covered']:.2%}, "
        f"with {figures['set_size']:.3f} digits on average"
    )
    return figures


def report_pictures(
    recognizer: Recognizer, placed: list[list[np.ndarray]], labels: np.ndarray
) -> dict:
    """Prints how well the same drawings are read as pictures.

    Returns:
        `"pixels"`, the figures over all pen widths, and `"widths"`, a row of figures for each
        width and preparation.
    """
    by_width, rows = [], []
    for width in PEN_WIDTHS:
        pictures = [draw_canvas(strokes, width, CANVAS_SIDE) for strokes in placed]
        read = recognizer.probabilities(np.stack([to_mnist(picture) for picture in pictures]))
        by_width.append(read)
        show(f"pixels, pen {width}", read.argmax(axis=1) == labels)
        rows.append({"way": "pixels", "pen_width": width, **accuracy(read, labels)})
        plain = np.stack([cv2.resize(picture, (28, 28)) for picture in pictures])
        read = recognizer.probabilities(np.clip(plain, 0, 1))
        show(f"plain resize, pen {width}", read.argmax(axis=1) == labels)
        rows.append({"way": "plain resize", "pen_width": width, **accuracy(read, labels)})
    shares = [(read.argmax(axis=1) == labels).mean() for read in by_width]
    print(f"  {'pixels, mean of pen widths':<30}{np.mean(shares):8.2%}")
    print(f"  {'pixels, spread over them':<30}{np.ptp(shares):8.2%}")
    together = accuracy(np.concatenate(by_width), np.tile(labels, len(PEN_WIDTHS)))
    return {"pixels": together, "widths": rows}


def report_letters(recognizer: Recognizer, folder: Path, of_digits: np.ndarray) -> float:
    """Prints and returns the AUROC of digits against letters that look like no digit."""
    letters = read_drawings(folder / "letters-dev.jsonl.gz")
    of_letters = recognizer.probabilities(frames_of_strokes(place(letters)))
    alike = np.array([item["label"] in LOOK_ALIKES for item in letters])
    score_digits, score_letters = of_digits.max(axis=1), of_letters.max(axis=1)
    without = auroc(score_digits, score_letters[~alike])
    refused = np.array([not recognizer.answer(row).is_digit for row in of_letters[~alike]])
    print(f"\nLetters, {len(letters):,}: chance that a digit is answered more surely (AUROC)")
    print(f"  {'without look-alikes':<30}{without:8.4f}   {refused.mean():.1%} are refused")
    print(f"  {'all':<30}{auroc(score_digits, score_letters):8.4f}")
    return without


def read_drawings(path: Path) -> list[dict]:
    if not path.exists():
        return []
    with gzip.open(path, "rt") as file:
        return [json.loads(line) for line in file]


def place(drawings: list[dict]) -> list[list[np.ndarray]]:
    """Returns strokes in canvas pixels, in a random size and place."""
    rng = np.random.default_rng(SEED)
    placed = []
    for item in drawings:
        points = np.concatenate([np.array(stroke, float) for stroke in item["strokes"]])
        middle = (points.min(axis=0) + points.max(axis=0)) / 2
        extent = max(float(np.ptp(points, axis=0).max()), 1e-6)
        size = rng.uniform(*SIZES) * CANVAS_SIDE / extent
        where = CANVAS_SIDE * (0.5 + rng.uniform(-OFF_CENTRE, OFF_CENTRE, 2))
        placed.append(
            [(np.array(stroke, float) - middle) * size + where for stroke in item["strokes"]]
        )
    return placed


def frames_of_strokes(placed: list[list[np.ndarray]]) -> np.ndarray:
    return np.stack([strokes_to_mnist(strokes, CANVAS_SIDE) for strokes in placed])


def glyph_groups(drawings: list[dict], labels: np.ndarray) -> dict[str, np.ndarray]:
    """Returns masks of the ways of writing that MNIST nearly lacks, found by their strokes."""
    tests = {
        "slashed zero": (0, is_slashed),
        "flagged one": (1, is_flagged),
        "crossed seven": (7, lambda strokes: len(strokes) > 1),
        "curled nine": (9, is_curled),
    }
    return {
        name: np.array(
            [
                label == digit and test([np.array(stroke, float) for stroke in item["strokes"]])
                for label, item in zip(labels, drawings, strict=True)
            ]
        )
        for name, (digit, test) in tests.items()
    }


def is_slashed(strokes: list[np.ndarray]) -> bool:
    """Tells whether a zero has a second stroke of at least 0.4 of the digit's height."""
    return len(strokes) > 1 and float(np.linalg.norm(np.ptp(strokes[-1], axis=0))) > 0.4


def is_flagged(strokes: list[np.ndarray]) -> bool:
    """Tells whether a one's pen first rises by a tenth of the height or more."""
    first = strokes[0]
    return float(first[0, 1] - first[:, 1].min()) > 0.1


def is_curled(strokes: list[np.ndarray]) -> bool:
    """Tells whether a nine's tail ends left of its lowest point and above it."""
    tail = strokes[-1]
    lowest = tail[tail[:, 1].argmax()]
    return bool(lowest[0] - tail[-1, 0] > 0.1 and lowest[1] - tail[-1, 1] > 0.02)


def show(name: str, right: np.ndarray) -> None:
    low, high = wilson_interval(int(right.sum()), len(right))
    share = right.mean() if len(right) else float("nan")
    print(f"  {name:<30}{share:8.2%}   {low:.2%} to {high:.2%}   n = {len(right):,}")


def show_calibration(probabilities: np.ndarray, labels: np.ndarray) -> float:
    figures = calibration(probabilities, labels)
    print(
        f"  calibration error {figures['ece']:.4f}, negative log-likelihood "
        f"{figures['nll']:.4f}, Brier score {figures['brier']:.4f}"
    )
    return figures["ece"]


if __name__ == "__main__":
    main()
