"""The smallest change that alters the answer is found, or none is reported."""

import cv2
import numpy as np
import pytest

from model.reading.counterfactual import smallest_change
from model.reading.numbers import read_digits
from model.reading.recognizer import Recognizer

SEVEN = np.array([[80.0, 60.0], [200.0, 60.0], [120.0, 230.0]])
LEFT = np.array([[60.0, 40.0], [60.0, 240.0]])
RIGHT = np.array([[150.0, 40.0], [150.0, 240.0]])
BAR = np.array([[60.0, 140.0], [150.0, 140.0]])


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer.load()


class ReadsConnectedInkAsNine:
    """Reads 9 if the ink is connected, else 4."""

    def probabilities(self, frames: np.ndarray) -> np.ndarray:
        pieces = [
            cv2.connectedComponents((frame > 0.3).astype(np.uint8))[0] - 1 for frame in frames
        ]
        return np.eye(10, dtype=np.float32)[np.where(np.array(pieces) == 1, 9, 4)]


class ReadsThree:
    def probabilities(self, frames: np.ndarray) -> np.ndarray:
        return np.eye(10, dtype=np.float32)[np.full(len(frames), 3)]


def test_a_seven_without_its_bar_is_a_one(recognizer):
    change = smallest_change([SEVEN], 280, recognizer)
    assert change.kind == "remove" and change.digit == 1 and 0 < change.size < 0.6
    assert change.part[:, 1].max() < 150  # the bar above, not the stem below


def test_two_ends_are_joined():
    change = smallest_change([LEFT, RIGHT], 280, ReadsConnectedInkAsNine())
    assert (change.kind, change.digit, change.probability) == ("join", 9, 1)
    assert change.part[:, 0].tolist() == [60, 150] and np.ptp(change.part[:, 1]) == 0


def test_a_part_is_removed():
    change = smallest_change([LEFT, RIGHT, BAR], 280, ReadsConnectedInkAsNine())
    assert (change.kind, change.digit) == ("remove", 4)
    assert (change.part[:, 1] == 140).all() and change.size < 0.2


def test_no_change_is_reported_if_none_alters_the_answer():
    assert smallest_change([SEVEN], 280, ReadsThree()) is None


def test_a_scribble_of_many_strokes_is_skipped(recognizer):
    strokes = [SEVEN + index for index in range(20)]
    assert smallest_change(strokes, 280, recognizer) is None
    assert len(read_digits(strokes, 280, recognizer)) == 1
