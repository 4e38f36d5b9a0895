"""Two digits that touch are cut where that makes two sure digits, and marked as a guess."""

import numpy as np
import pytest

from model.ink.split import MAX_STROKES, NUM_CUTS, NUM_ORDERS, split_touching
from model.learning import glyphs
from model.reading.numbers import read_digits
from model.reading.recognizer import Recognizer
from tests.model.reading.test_numbers import FOUR, ONE, SEVEN, ZERO, moved

TOUCHING_SEVEN = moved(SEVEN, 61, 20)  # its bar begins on the right side of the zero


def digits_of(*strokes: np.ndarray):
    return read_digits(list(strokes), 280, Recognizer.load())


def text(digits) -> str:
    return "".join(str(digit.answer.digits[0]) for digit in digits)


@pytest.mark.parametrize(
    ("strokes", "number"),
    [
        ([ZERO, TOUCHING_SEVEN], "07"),
        ([TOUCHING_SEVEN, ZERO], "07"),  # drawn from right to left
        ([np.concatenate([ZERO, TOUCHING_SEVEN])], "07"),  # without lifting the pen
        ([moved(SEVEN, 0), moved(ZERO, 50)], "70"),
    ],
    ids=["two strokes", "right one first", "one stroke", "another pair"],
)
def test_two_digits_that_touch_are_read_and_marked(strokes, number):
    digits = digits_of(*strokes)
    assert text(digits) == number
    assert all(digit.touching for digit in digits)


def test_beside_a_digit_with_room_only_the_two_that_touch_are_marked():
    digits = digits_of(ZERO, TOUCHING_SEVEN, moved(ONE, 190))
    assert text(digits) == "071"
    assert [digit.touching for digit in digits] == [True, True, False]


def test_digits_with_room_and_single_digits_are_never_cut():
    assert not any(d.touching for d in digits_of(SEVEN, moved(ZERO, 90), moved(ONE, 200)))
    rng = np.random.default_rng(0)
    for index in range(200):
        strokes = [stroke * 150 for stroke in glyphs.draw_digit(index % 10, rng)]
        assert not any(digit.touching for digit in digits_of(*strokes))
    assert [digit.touching for digit in digits_of(*FOUR)] == [False]


def test_few_scribbles_and_letters_are_taken_for_two_digits():
    rng = np.random.default_rng(0)
    drawings = [draw(rng) for draw in [glyphs.scribble, glyphs.draw_letter_or_shape] * 100]
    read = [digits_of(*(stroke * 150 for stroke in strokes)) for strokes in drawings]
    assert np.mean([any(digit.touching for digit in digits) for digits in read]) < 0.06


def test_no_ink_is_lost_by_a_cut_and_the_parts_lie_beside_one_another():
    stroke = np.concatenate([ZERO, TOUCHING_SEVEN])
    for left, right in split_touching([stroke]):
        lengths = [np.linalg.norm(np.diff(part, axis=0), axis=1).sum() for part in left + right]
        whole = np.linalg.norm(np.diff(stroke, axis=0), axis=1).sum()
        assert sum(lengths) == pytest.approx(whole)
        assert max(part[:, 0].max() for part in left) <= min(part[:, 0].min() for part in right)


def test_there_are_few_cuts_and_both_parts_have_ink():
    rng = np.random.default_rng(0)
    for _ in range(50):
        strokes = [rng.random((rng.integers(1, 9), 2)) * 200 for _ in range(rng.integers(1, 9))]
        ways = split_touching(strokes)
        assert len(ways) <= NUM_CUTS + NUM_ORDERS
        assert all(left and right for left, right in ways)


@pytest.mark.parametrize(
    "strokes",
    [[np.zeros((1, 2))], [np.zeros((5, 2))], [np.full((2, 2), 3.0)], [ONE] * (MAX_STROKES + 1)],
    ids=["a point", "one point again and again", "a dot", "a scribble"],
)
def test_what_has_no_width_or_too_many_strokes_is_not_cut(strokes):
    assert split_touching(strokes) == []
