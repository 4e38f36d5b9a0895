"""Digits drawn by code vary with the seed and have MNIST's format."""

import numpy as np
import pytest

from model.ink.frame import to_mnist
from model.ink.pen import PEN_WIDTH, draw_strokes
from model.learning import glyphs


def frame_of(strokes) -> np.ndarray:
    return to_mnist(draw_strokes([np.array(stroke, float) for stroke in strokes], PEN_WIDTH))


def is_in_mnist_format(frame: np.ndarray) -> bool:
    rows, cols = np.nonzero(frame)
    return (
        frame.shape == (28, 28)
        and frame.dtype == np.float32
        and frame.max() == 1
        and frame.min() == 0
        and max(np.ptp(rows), np.ptp(cols)) + 1 == 20
    )


@pytest.mark.parametrize("digit", range(10))
def test_each_seed_draws_a_digit_its_own_way(digit):
    frames = [
        frame_of(glyphs.draw_digit(digit, np.random.default_rng(seed))) for seed in [*range(20), 3]
    ]
    assert all(is_in_mnist_format(frame) for frame in frames)
    assert np.array_equal(frames[-1], frames[3])
    assert len({frame.tobytes() for frame in frames}) == 20
