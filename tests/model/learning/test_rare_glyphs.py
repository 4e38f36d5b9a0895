"""Rare ways of writing are repeatable digits of many forms."""

import numpy as np
import pytest

from model.learning.rare_glyphs import WAYS, draw_rare_digit
from tests.model.learning.test_glyphs import frame_of, is_in_mnist_format


@pytest.mark.parametrize("digit", WAYS)
def test_rare_digits_are_repeatable_and_differ(digit):
    first, again = (
        [draw_rare_digit(digit, np.random.default_rng(seed)) for seed in range(20)]
        for _ in range(2)
    )
    for strokes, same in zip(first, again, strict=True):
        assert all(map(np.array_equal, strokes, same))
    frames = [frame_of(strokes) for strokes in first]
    assert all(is_in_mnist_format(frame) for frame in frames)
    assert len({frame.tobytes() for frame in frames}) == 20


def test_slashes_reach_from_inside_a_zero_to_far_beyond():
    drawn = [draw_rare_digit(0, np.random.default_rng(seed)) for seed in range(200)]
    reach = [np.ptp(each[1][:, 1]) / np.ptp(each[0][:, 1]) for each in drawn if len(each) == 2]
    assert min(reach) < 0.6 and max(reach) > 1.8


def test_bars_of_sevens_lie_from_a_third_to_four_fifths_down():
    drawn = [draw_rare_digit(7, np.random.default_rng(seed)) for seed in range(200)]
    heights = [each[1][:, 1].mean() for each in drawn if len(each) == 2]
    assert min(heights) < 0.45 and max(heights) > 0.72
