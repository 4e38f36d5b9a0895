"""Digits filled into the keyboard grid are read."""

import pytest

from model.ink.keyboard_grid import cells_from_ink
from model.reading.keyboard_grid import read_cells
from model.reading.recognizer import Recognizer
from tests.patterns import font, segments


def read(cells: str) -> int:
    return int(read_cells(cells, Recognizer.load())[1].argmax())


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_ten_digits_of_a_small_font_are_read(scale):
    assert [read(font(digit, scale)) for digit in range(10)] == list(range(10))


@pytest.mark.parametrize(("width", "height"), [(10, 17), (12, 21), (14, 25)])
def test_ten_digits_in_lines_of_one_cell_are_read(width, height):
    assert [read(segments(digit, width, height)) for digit in range(10)] == list(range(10))


def test_bold_digits_are_read(mnist):
    frames, labels = mnist[0].frames[:200], mnist[0].labels[:200]
    recognizer = Recognizer.load()
    answers = [read_cells(cells_from_ink(frame), recognizer)[1].argmax() for frame in frames]
    assert (answers == labels).mean() >= 0.98
