"""Other demos' preparations give frames, and differ from the app's where they go wrong."""

import numpy as np
import pytest

from model.ink.frame import strokes_to_mnist
from model.ink.other_preparations import OTHERS, centred_box, otsu_first, plain_resize
from model.ink.pen import draw_canvas

SEVEN = [np.array([[20.0, 20.0], [80.0, 20.0], [45.0, 100.0]])]
INK = draw_canvas(SEVEN, 12, 280)


@pytest.mark.parametrize("name", OTHERS)
def test_each_preparation_gives_a_frame(name):
    frame = OTHERS[name](INK)
    assert frame.shape == (28, 28) and frame.dtype == np.float32
    assert frame.min() >= 0 and 0.5 < frame.max() <= 1


def test_plain_resize_leaves_a_small_digit_small():
    rows, cols = np.nonzero(plain_resize(INK) > 0.1)
    assert rows.max() < 12 and cols.max() < 10


def test_centring_by_sides_puts_a_seven_too_high():
    rows = np.flatnonzero(centred_box(INK).any(axis=1))
    assert rows.min() < np.flatnonzero(strokes_to_mnist(SEVEN, 280).any(axis=1)).min()


def test_otsu_gives_black_and_white_only():
    assert set(np.unique(otsu_first(INK))) == {0, 1}
