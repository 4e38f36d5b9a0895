"""Reads pen drawings, places them on the app's canvas as people do, and finds rare glyphs."""

import gzip
import json
from pathlib import Path

import numpy as np

from model.ink.frame import strokes_to_mnist

FOLDER = Path(__file__).parent.parent.parent / "shared" / "pen"
CANVAS_SIDE = 280
PEN_WIDTHS = (12, 20, 28)  # canvas pixels
SIZES = (0.45, 0.85)  # of the canvas' side
OFF_CENTRE = 0.07  # of the canvas' side, either way
SEED = 0
LOOK_ALIKES = set("BDIOQSZbgiloqsz")  # letters that are written like digits


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
