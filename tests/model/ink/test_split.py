"""Touching digits are split where that gives two sure digits, and marked as a guess."""

import numpy as np
import pytest

from model.ink.pen import arc_length
from model.ink.split import MAX_STROKES, NUM_CUTS, NUM_ORDERS, split_touching
from model.learning import glyphs
from model.reading.numbers import read_digits
from model.reading.recognizer import Recognizer
from tests.model.reading.test_numbers import FOUR, ONE, SEVEN, ZERO, moved, text

TOUCHING_SEVEN = moved(SEVEN, 61, 20)  # its bar begins on the right side of the zero


def digits_of(*strokes: np.ndarray):
    return read_digits(list(strokes), 280, Recognizer.load())


def are_split(strokes: list[np.ndarray]) -> bool:
    return any(digit.touching for digit in digits_of(*strokes))


@pytest.mark.parametrize(
    ("strokes", "number"),
    [
        ([ZERO, TOUCHING_SEVEN], "07"),
        ([TOUCHING_SEVEN, ZERO], "07"),
        ([np.concatenate([ZERO, TOUCHING_SEVEN])], "07"),
        ([moved(SEVEN, 0), moved(ZERO, 50)], "70"),
    ],
    ids=["two strokes", "right one first", "one stroke", "another pair"],
)
def test_two_touching_digits_are_read_and_marked(strokes, number):
    digits = digits_of(*strokes)
    assert text(digits) == number
    assert all(digit.touching for digit in digits)


def test_only_the_touching_digits_of_a_number_are_marked():
    digits = digits_of(ZERO, TOUCHING_SEVEN, moved(ONE, 190))
    assert text(digits) == "071"
    assert [digit.touching for digit in digits] == [True, True, False]


def test_single_and_separate_digits_are_never_split():
    assert not are_split([SEVEN, moved(ZERO, 90), moved(ONE, 200)])
    assert not are_split(FOUR)
    rng = np.random.default_rng(0)
    for index in range(200):
        assert not are_split([stroke * 150 for stroke in glyphs.draw_digit(index % 10, rng)])


def test_few_scribbles_and_letters_are_split():
    rng = np.random.default_rng(0)
    drawings = [draw(rng) for draw in [glyphs.scribble, glyphs.draw_letter_or_shape] * 100]
    assert np.mean([are_split([s * 150 for s in strokes]) for strokes in drawings]) < 0.06


def test_a_cut_loses_no_ink_and_separates_the_parts():
    stroke = np.concatenate([ZERO, TOUCHING_SEVEN])
    for left, right in split_touching([stroke]):
        assert sum(map(arc_length, left + right)) == pytest.approx(arc_length(stroke))
        assert max(part[:, 0].max() for part in left) <= min(part[:, 0].min() for part in right)


def test_splits_are_few_and_both_parts_have_ink():
    rng = np.random.default_rng(0)
    for _ in range(50):
        strokes = [rng.random((rng.integers(1, 9), 2)) * 200 for _ in range(rng.integers(1, 9))]
        ways = split_touching(strokes)
        assert len(ways) <= NUM_CUTS + NUM_ORDERS
        assert all(left and right for left, right in ways)


@pytest.mark.parametrize(
    "strokes",
    [[np.zeros((1, 2))], [np.zeros((5, 2))], [np.full((2, 2), 3.0)], [ONE] * (MAX_STROKES + 1)],
    ids=["a point", "a repeated point", "a dot", "a scribble"],
)
def test_dots_and_scribbles_have_no_splits(strokes):
    assert split_touching(strokes) == []
