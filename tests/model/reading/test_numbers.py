"""Strokes are grouped into digits and read from left to right."""

import numpy as np
import pytest

from model.errors import NothingDrawn
from model.reading.numbers import group_strokes, read_digits
from model.reading.recognizer import Recognizer

ONE = np.array([[0.0, 0.0], [0.0, 100.0]])
SEVEN = np.array([[0.0, 0.0], [60.0, 0.0], [25.0, 100.0]])
ANGLE = np.linspace(0, 2 * np.pi, 40)
ZERO = np.stack([35 + 35 * np.cos(ANGLE), 50 + 50 * np.sin(ANGLE)], axis=1)
FOUR = [np.array([[40.0, 0], [0, 60], [75, 60]]), np.array([[55.0, 35], [55, 100]])]


def moved(stroke: np.ndarray, x: float, y: float = 0.0) -> np.ndarray:
    return stroke + np.array([x, y])


def text(digits) -> str:
    return "".join(str(digit.answer.digits[0]) for digit in digits)


def read(*strokes: np.ndarray) -> str:
    return text(read_digits(list(strokes), 280, Recognizer.load()))


def test_touching_crossing_and_overlapping_strokes_are_one_group():
    bar = np.array([[15.0, 50.0], [55.0, 50.0]])
    assert len(group_strokes([SEVEN, bar])) == 1
    assert len(group_strokes(FOUR)) == 1
    assert len(group_strokes([ONE, moved(ONE, 50)])) == 2


def test_groups_come_from_left_to_right():
    groups = group_strokes([moved(ONE, 100), moved(ONE, 0), moved(ONE, 50)])
    assert [group[0][0, 0] for group in groups] == [0, 50, 100]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_a_number_is_read_from_left_to_right(order):
    strokes = [moved(SEVEN, 0), moved(ZERO, 90, 5), moved(ONE, 200, -8)]
    assert read(*(strokes[index] for index in order)) == "701"


def test_a_digit_of_two_strokes_stays_one_digit():
    assert read(*FOUR) == "4"
    assert read(*FOUR, moved(ONE, 120)) == "41"


def test_each_digit_has_its_strokes_and_box():
    digits = read_digits([moved(SEVEN, 0), moved(ONE, 120)], 280, Recognizer.load())
    assert [len(digit.strokes) for digit in digits] == [1, 1]
    assert digits[0].box == (0, 0, 60, 100) and digits[1].box == (120, 0, 120, 100)


def test_a_dot_beside_a_digit_does_not_stop_reading():
    dot = np.array([[150.0, 99.0], [151.0, 99.0]])
    assert read(SEVEN, dot)[0] == "7"


def test_no_strokes_are_nothing_drawn():
    with pytest.raises(NothingDrawn):
        read()
