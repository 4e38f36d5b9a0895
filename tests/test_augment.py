"""Distortions are repeatable and leave a digit a digit."""

import numpy as np

from model.augment import distort


def frames(num: int = 6) -> np.ndarray:
    stack = np.zeros((num, 28, 28), np.float32)
    stack[:, 6:22, 12:16] = 1
    return stack


def test_the_same_seed_gives_the_same_frames_and_another_does_not():
    first = distort(frames(), np.random.default_rng(1))
    assert np.array_equal(first, distort(frames(), np.random.default_rng(1)))
    assert not np.array_equal(first, distort(frames(), np.random.default_rng(2)))


def test_frames_stay_frames_and_the_originals_stay_as_they_were():
    originals = frames()
    distorted = distort(originals, np.random.default_rng(0))
    assert distorted.shape == originals.shape and distorted.dtype == np.float32
    assert distorted.min() >= 0 and distorted.max() <= 1
    assert np.array_equal(originals, frames())
    assert len({frame.tobytes() for frame in distorted}) == len(distorted)


def test_about_as_much_ink_remains():
    distorted = distort(frames(200), np.random.default_rng(0))
    share = distorted.sum(axis=(1, 2)) / frames(1).sum()
    assert 0.9 < share.mean() < 1.1 and share.min() > 0.5
