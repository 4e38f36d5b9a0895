"""The coach finds a small change that flips the answer, and says none where there is none."""

import numpy as np
import pytest

from model.coach import smallest_change
from model.numbers import read_digits
from model.recognizer import Recognizer

SEVEN = np.array([[80.0, 60.0], [200.0, 60.0], [120.0, 230.0]])


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer.load()


def test_without_its_bar_a_seven_is_a_one(recognizer):
    change = smallest_change([SEVEN], 280, recognizer)
    assert change.kind == "remove" and change.digit == 1 and 0 < change.size < 0.6
    assert change.part[:, 1].max() < 150  # the bar above, not the stem below


class ReadsNineIfTheMiddleHasInk:
    """A network that is easily predicted."""

    def probabilities(self, frames: np.ndarray) -> np.ndarray:
        has_ink = frames[:, 12:16, 12:16].max(axis=(1, 2)) > 0.5
        return np.eye(10, dtype=np.float32)[np.where(has_ink, 9, 4)]


LEFT, RIGHT = (
    np.array([[x, 40.0], [x, 140.0], [inner, 140.0]])
    for x, inner in ((60.0, 100.0), (220.0, 180.0))
)
DOWN = [np.array([[60.0, 140.0], [60.0, 240.0]]), np.array([[220.0, 140.0], [220.0, 240.0]])]


def test_two_ends_are_joined_where_that_flips_the_answer():
    change = smallest_change([LEFT, RIGHT, *DOWN], 280, ReadsNineIfTheMiddleHasInk())
    assert (change.kind, change.digit, change.probability) == ("join", 9, 1)
    assert np.allclose(np.sort(change.part[:, 0]), [100, 180])


def test_a_part_is_left_out_where_that_flips_the_answer():
    bar = np.array([[60.0, 140.0], [220.0, 140.0]])
    strokes = [np.array([[60.0, 40.0], [60.0, 240.0]]), np.array([[220.0, 40.0], [220.0, 240.0]])]
    change = smallest_change([*strokes, bar], 280, ReadsNineIfTheMiddleHasInk())
    assert (change.kind, change.digit) == ("remove", 4)
    assert (change.part[:, 1] == 140).all() and change.size < 0.3


def test_where_nothing_flips_there_is_no_change():
    class AlwaysThree:
        def probabilities(self, frames):
            return np.eye(10, dtype=np.float32)[np.full(len(frames), 3)]

    assert smallest_change([SEVEN], 280, AlwaysThree()) is None


def test_a_scribble_of_many_strokes_is_left_alone(recognizer):
    strokes = [SEVEN + index for index in range(20)]
    assert smallest_change(strokes, 280, recognizer) is None
    assert len(read_digits(strokes, 280, recognizer)) == 1
