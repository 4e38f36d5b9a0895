"""A frame's ink becomes strokes that draw it again."""

import numpy as np
import pytest

from model.ink.frame import strokes_to_mnist
from model.ink.skeleton import strokes_of_frame
from model.learning import glyphs


@pytest.mark.parametrize("digit", range(10))
def test_strokes_of_a_frame_draw_its_digit_again(digit):
    for seed in range(3):
        strokes = glyphs.draw_digit(digit, np.random.default_rng(seed))
        frame = strokes_to_mnist(strokes, 1)
        again = strokes_to_mnist(strokes_of_frame(frame), 280)
        shared = max(  # the centre of mass may fall on another pixel
            (frame * np.roll(again, (down, right), (0, 1))).sum()
            for down in (-1, 0, 1)
            for right in (-1, 0, 1)
        )
        assert shared / np.sqrt((frame**2).sum() * (again**2).sum()) > 0.75


def test_a_dot_is_one_stroke():
    frame = np.zeros((28, 28), np.float32)
    frame[14, 14] = 1
    (stroke,) = strokes_of_frame(frame)
    assert np.allclose(stroke.mean(axis=0), 145, atol=12)
