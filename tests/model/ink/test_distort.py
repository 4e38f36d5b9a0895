"""Distortions are repeatable and leave a digit a digit."""

import numpy as np

from model.ink.distort import distort


def frames(num: int = 6) -> np.ndarray:
    stack = np.zeros((num, 28, 28), np.float32)
    stack[:, 6:22, 12:16] = 1
    return stack


def distorted(num: int = 6, seed: int = 0, **options) -> np.ndarray:
    return distort(frames(num), np.random.default_rng(seed), **options)


def test_the_seed_alone_decides():
    assert np.array_equal(distorted(seed=1), distorted(seed=1))
    assert not np.array_equal(distorted(seed=1), distorted(seed=2))


def test_every_frame_differs_and_originals_stay():
    originals = frames()
    made = distort(originals, np.random.default_rng(0))
    assert made.shape == originals.shape and made.dtype == np.float32
    assert made.min() >= 0 and made.max() <= 1
    assert np.array_equal(originals, frames())
    assert len({frame.tobytes() for frame in made}) == len(made)


def test_about_as_much_ink_remains():
    share = distorted(200).sum(axis=(1, 2)) / frames(1).sum()
    assert 0.9 < share.mean() < 1.1 and share.min() > 0.5


def test_strength_0_changes_nothing():
    assert np.array_equal(distorted(strength=0), frames())


def test_no_frames_give_no_frames():
    assert distorted(0).shape == (0, 28, 28)
