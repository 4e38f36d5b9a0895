"""Training frames made by code are repeatable frames."""

import numpy as np
import pytest

from model.learning import augment


def frames(num: int = 6) -> np.ndarray:
    stack = np.zeros((num, 28, 28), np.float32)
    stack[:, 6:22, 12:16] = 1
    return stack


def test_variants_are_repeatable_frames_and_the_originals_stay_as_they_were():
    originals, labels = frames(40), np.arange(40) % 10
    first = augment.variants(originals, labels, np.random.default_rng(1))
    assert np.array_equal(first, augment.variants(originals, labels, np.random.default_rng(1)))
    assert not np.array_equal(first, augment.variants(originals, labels, np.random.default_rng(2)))
    assert first.shape == originals.shape and first.dtype == np.float32
    assert first.min() >= 0 and first.max() <= 1 and np.isfinite(first).all()
    assert np.array_equal(originals, frames(40))


@pytest.mark.parametrize("num", [0, 1, 3, 17])
def test_what_is_no_digit_is_repeatable_frames_with_ink_however_few(num):
    for seed in range(10):
        made = augment.negatives(num, frames(), np.random.default_rng(seed))
        assert made.shape == (num, 28, 28) and made.dtype == np.float32
        assert all(frame.min() >= 0 and 0.1 < frame.max() <= 1 for frame in made)
        again = augment.negatives(num, frames(), np.random.default_rng(seed))
        assert np.array_equal(made, again)


def test_thinning_a_bar_leaves_a_line_of_one_pixel_within_it():
    bar = np.zeros((1, 20, 12), bool)
    bar[0, 3:17, 4:9] = True
    line = augment.thin(bar)
    assert not (line & ~bar).any()
    assert (line[0, 6:14].sum(axis=1) == 1).all()
    assert np.array_equal(augment.thin(line), line)
