"""Digits on a sheet of paper are found in any light and in reading order."""

import numpy as np
import pytest

from benchmarks.sheets import sheet
from model.errors import NothingDrawn
from model.ink.layout import find_digits


@pytest.mark.parametrize(
    "looks",
    [
        {},
        {"gradient": 0.6},
        {"noise": 8},
        {"gradient": 0.5, "noise": 6, "ground": 190, "ink": 90},
        {"ground": 30, "ink": 220},
    ],
    ids=["plain", "uneven light", "noise", "dim and grey", "light on dark"],
)
def test_digits_are_found_in_reading_order(looks):
    found = find_digits(sheet(**looks))
    assert len(found) == 6
    lefts, tops = np.array([digit.box[:2] for digit in found]).T
    assert (np.diff(lefts[:3]) > 100).all() and (np.diff(lefts[3:]) > 100).all()
    assert tops[:3].max() < tops[3:].min()


def test_ruled_lines_are_not_digits():
    assert len(find_digits(sheet(ruled=True))) == 6


def hairline(*shape: int) -> np.ndarray:
    picture = np.full((*shape, 3), 255, np.uint8)
    picture[0, :3] = 0
    return picture


def speck() -> np.ndarray:
    picture = np.full((300, 400, 3), 230, np.uint8)
    picture[100:102, 100:102] = 0
    return picture


@pytest.mark.parametrize(
    "picture",
    [
        *(np.full((300, 400, 3), 230, np.uint8), np.zeros((1, 1, 3), np.uint8), speck()),
        *(hairline(1, 5000), hairline(5000, 1), hairline(2, 30_000)),
    ],
    ids=["blank", "one pixel", "speck", "one row", "one column", "two rows"],
)
def test_a_picture_without_a_digit_is_refused(picture):
    with pytest.raises(NothingDrawn):
        find_digits(picture)
