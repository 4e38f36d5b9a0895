"""Fuzzes the canvas' drawing, as the Draw, Lab and Handwriting pages read it."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.ink.canvas_json import drawing_of_strokes, strokes_of_canvas
from model.ink.frame import strokes_to_mnist
from model.ink.other_preparations import OTHERS
from model.ink.pen import draw_canvas, draw_strokes
from model.learning import glyphs
from model.reading.counterfactual import smallest_change
from model.reading.numbers import read_digits
from ops import correction_rows
from tests.fuzz import fuzzing
from ui.draw import replay
from ui.pictures import boxed

CANVAS_SIDE, PEN_WIDTH = 280, 20  # as in ui/canvas.py, which only a page may import


def line(*points: tuple, kind: str = "L") -> dict:
    """A stroke through points, as the canvas sends it."""
    path = [["M", *points[0]], *([kind, *point] for point in points[1:])]
    return {"type": "Path", "path": path}


def drawing(*strokes: dict) -> str:
    return json.dumps({"objects": strokes})


def digits(seed: int, sizes: list[int]) -> dict:
    """A drawing of one digit for each size, each further to the right and down."""
    rng = np.random.default_rng(seed)
    strokes = [
        stroke * size + 60 * place
        for place, size in enumerate(sizes)
        for stroke in glyphs.draw_digit(int(rng.integers(10)), rng)
    ]
    return drawing_of_strokes(strokes, PEN_WIDTH, "#ffffff")


DIGITS = st.builds(
    digits, fuzzing.SEEDS, st.lists(st.sampled_from((20, 60, 150)), min_size=1, max_size=3)
)
COORDINATES = st.sampled_from((0, 12, 280)) | st.floats(-50, 350) | st.floats(-1e5, 1e5)
POINTS = st.tuples(COORDINATES, COORDINATES)
LINES = st.lists(
    st.lists(POINTS, min_size=1, max_size=8).map(lambda points: line(*points)),
    min_size=1,
    max_size=20,
).map(lambda strokes: {"objects": strokes})
DRAWINGS = st.one_of(
    DIGITS,
    *[DIGITS.flatmap(fuzzing.changed)] * 3,
    LINES,
    fuzzing.ODD_VALUES | fuzzing.ODD_VALUES.map(lambda value: {"objects": [value]}),
).map(json.dumps)


def _hatched(num: int) -> str:
    """Two groups of strokes whose widths overlap a little, and that touch nowhere."""
    upper = [line((0, 10), (100, 10 + at / num), (0, 20)) for at in range(num)]
    lower = [line((80, 200), (200, 200 + at / num), (80, 210)) for at in range(num)]
    return drawing(*itertools.chain.from_iterable(zip(upper, lower, strict=True)))


def _spiral(num: int) -> list[list[float]]:
    turn = np.arange(num)
    circle = np.stack([np.cos(turn / 3), np.sin(turn / 3)], axis=1)
    return (140 + circle * (turn / num * 130)[:, None]).tolist()


def _spiral_of_curves(num: int) -> str:
    points = _spiral(num)
    return drawing(line(points[0], *((*a, *b) for a, b in itertools.pairwise(points)), kind="Q"))


def _curves(at: int, num: int) -> dict:
    return line((at, 0), *[(at, 90, 280, at), (5, 5, at, 0)] * num, kind="Q")


SPECIAL = {
    "500 strokes apart": lambda: _hatched(250),
    "60 strokes apart": lambda: _hatched(30),
    "20,000 lines": lambda: drawing(line(*_spiral(20_000))),
    "far outside": lambda: drawing(line((9000, 9000), (9200, 9300), (9100, 9000))),
    # A stroke that reaches beyond a dot at one point only, which sampling misses.
    "a dot and one point": lambda: drawing(
        line(*[(100 + at % 2, 100) for at in range(499)], (112, 100), (100, 100))
    ),
    "20,000 long curves": lambda: drawing(
        line((0, 0), *[(0, 500, 280, 0), (280, 500, 0, 0)] * 9_999, kind="Q")
    ),
    "20,000 short curves": lambda: _spiral_of_curves(20_000),
    "500 strokes of 38 curves": lambda: drawing(*[_curves(at, 19) for at in range(500)]),
    "a command of a million numbers": lambda: drawing(line((0, 0), (1.5,) * 1_000_000)),
    "20 commands of 50,000 numbers": lambda: drawing(line((0, 0), *[(1.5,) * 50_000] * 20)),
    "50,000 strokes": lambda: drawing(*[line((1, 2), (30, 40))] * 50_000),
    "200,000 points": lambda: drawing(line(*[(1, 2)] * 200_000)),
    "a type 900 lists deep": lambda: (
        '{"objects":[{"type":' + "[" * 900 + "]" * 900 + ',"path":[]}]}'
    ),
}
ANSWERED = list(SPECIAL)[:5]


def check(content: object, folder: Path) -> str:
    """Does with a drawing what the pages do, with all toggles on."""
    read = []

    def read_drawing():
        strokes = strokes_of_canvas(content)
        strokes_to_mnist(strokes, CANVAS_SIDE)
        read.extend((strokes, read_digits(strokes, CANVAS_SIDE, fuzzing.shipped_recognizer())))

    outcome = fuzzing.outcome_of(read_drawing)
    if read:
        _show(*read)  # pages expect no DigitError from here on
    return outcome


def _show(strokes: list[np.ndarray], found: list) -> None:
    recognizer = fuzzing.shipped_recognizer()
    ink = draw_canvas(strokes, PEN_WIDTH, CANVAS_SIDE)
    boxes = [tuple(map(round, digit.box)) for digit in found]
    boxed(np.round(ink * 255).astype(np.uint8), boxes)
    correction_rows.strokes_json(strokes)
    draw_strokes(strokes, PEN_WIDTH / 10)
    smallest_change(strokes, CANVAS_SIDE, recognizer)
    _, frames = replay.growing_frames(strokes, CANVAS_SIDE)
    recognizer.probabilities(np.stack(frames))
    if ink.any():
        recognizer.probabilities(np.stack([prepare(ink) for prepare in OTHERS.values()]))


TARGET = fuzzing.Target(
    DRAWINGS,
    check,
    share=20,
    ordinary=(json.dumps(digits(0, [150])), json.dumps(digits(1, [60, 60]))),
    special=SPECIAL,
    load=json.loads,
)


@fuzzing.few_examples(25)
@given(DRAWINGS)
def test_any_drawing_is_read_or_refused_in_a_sentence(text):
    TARGET.run(text)


@pytest.mark.parametrize("name", SPECIAL)
def test_large_and_odd_drawings_take_less_than_two_seconds(name):
    assert TARGET.run(SPECIAL[name]()) == (fuzzing.ANSWER if name in ANSWERED else fuzzing.SENTENCE)


def test_a_type_100_000_lists_deep_is_refused():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    content = {"objects": [{"type": deep, "path": []}]}
    assert fuzzing.outcome_of(lambda: strokes_of_canvas(content)) == fuzzing.SENTENCE
    while deep:
        deep = deep.pop()  # Python's own clean-up would recurse too deep
