"""Training frames made by code are repeatable frames, and grafts add their stroke."""

import cv2
import numpy as np
import pytest

from model.ink.skeleton import thin
from model.learning import augment
from tests.model.learning.test_glyphs import frame_of, is_in_mnist_format

ANGLE = np.linspace(0, 2 * np.pi, 60)
ZERO = frame_of([np.stack([0.7 * np.cos(ANGLE), np.sin(ANGLE)], axis=1)])
ONE = frame_of([[[0, 0], [0, 1]]])
SEVEN = frame_of([[[0, 0], [0.8, 0], [0.3, 1.2]]])
FRAMES, LABELS = np.stack([ZERO, ONE, SEVEN] * 30), np.array([0, 1, 7] * 30)


def grafted(frame: np.ndarray, label: int) -> list[np.ndarray]:
    return [augment.graft(frame, label, np.random.default_rng(seed)) for seed in range(20)]


def test_variants_are_repeatable_frames():
    originals = FRAMES.copy()
    first, again, other = (
        augment.variants(originals, LABELS, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert np.array_equal(originals, FRAMES)
    assert first.shape == FRAMES.shape and first.dtype == np.float32
    assert first.min() >= 0 and first.max() <= 1 and (first.sum(axis=(1, 2)) > 3).all()


@pytest.mark.parametrize("num", [0, 1, 3, 17])
def test_negatives_are_repeatable_frames_with_ink(num):
    for seed in range(10):
        made, again = (
            augment.negatives(num, FRAMES, LABELS, np.random.default_rng(seed)) for _ in range(2)
        )
        assert np.array_equal(made, again)
        assert made.shape == (num, 28, 28) and made.dtype == np.float32
        assert all(frame.min() >= 0 and 0.1 < frame.max() <= 1 for frame in made)
        assert (made.sum(axis=(1, 2)) > 3).all()


def test_a_slash_inks_the_middle_of_a_zero():
    assert ZERO[13:15, 13:15].max() < 0.1
    slashed = grafted(ZERO, 0)
    assert all(is_in_mnist_format(frame) for frame in slashed)
    assert np.mean([frame[11:17, 11:17].max() for frame in slashed]) > 0.9


def test_a_flag_widens_the_top_of_a_one():
    def width(frame: np.ndarray) -> int:
        return np.ptp(np.flatnonzero(frame.any(axis=0)))

    flagged = grafted(ONE, 1)
    assert min(map(width, flagged)) > width(ONE)
    assert np.mean([frame[:14].sum() for frame in flagged]) > ONE[:14].sum()


def test_a_crossbar_adds_ink_to_sevens_only():
    crossed = augment.graft(SEVEN, 7, np.random.default_rng(0))
    assert is_in_mnist_format(crossed) and crossed.sum() > SEVEN.sum() + 3
    assert augment.graft(SEVEN, 3, np.random.default_rng(0)) is SEVEN


def test_thinning_a_bar_leaves_a_line_inside_it():
    bar = np.zeros((1, 20, 12), bool)
    bar[0, 3:17, 4:9] = True
    line = thin(bar)
    assert not (line & ~bar).any()
    assert (line[0, 6:14].sum(axis=1) == 1).all()
    assert np.array_equal(thin(line), line)


def test_a_thinned_figure_stays_in_one_piece():
    bitmap = np.zeros((1, 84, 84), bool)
    bitmap[0, 10:70, 30:41] = True
    bitmap[0, 60:70, 10:60] = True
    skeleton = thin(bitmap)[0]
    assert 60 < skeleton.sum() < 130 and not (skeleton & ~bitmap[0]).any()
    assert cv2.connectedComponents(skeleton.astype(np.uint8))[0] == 2  # paper and one line
    assert not (skeleton[1:, 1:] & skeleton[:-1, 1:] & skeleton[1:, :-1] & skeleton[:-1, :-1]).any()


def test_redrawing_keeps_the_figure():
    bold = np.kron(ZERO, np.ones((3, 3))) > 0.3
    redrawn = augment.redraw(bold[None], np.random.default_rng(0))[0]
    assert is_in_mnist_format(redrawn)
    assert (redrawn * ZERO).sum() / min(redrawn.sum(), ZERO.sum()) > 0.7


def test_joined_digits_lie_side_by_side():
    joined = augment.join(ONE, ONE, np.random.default_rng(0))
    assert is_in_mnist_format(joined)
    assert (np.diff((joined.max(axis=0) > 0.5).astype(int)) == 1).sum() == 2


def test_a_stretched_digit_is_as_wide_as_its_factor():
    for seed in range(20):
        stretched = augment.stretch(ZERO, np.random.default_rng(seed))
        wide = np.exp(np.random.default_rng(seed).uniform(*np.log(augment.WIDTHS)))
        rows, cols = (np.ptp(np.flatnonzero(stretched.any(axis=a))) + 1 for a in (1, 0))
        assert is_in_mnist_format(stretched)
        assert cols / rows == pytest.approx(wide * 0.75, abs=0.15)


def test_rough_frames_keep_the_figure_and_differ():
    rough = [augment.roughen(ZERO, np.random.default_rng(seed)) for seed in range(40)]
    assert len({frame.tobytes() for frame in rough}) > 30
    for frame in rough:
        assert frame.shape == (28, 28) and frame.dtype == np.float32
        assert frame.min() >= 0 and frame.max() == pytest.approx(1)
        assert (frame * ZERO).sum() / min(frame.sum(), ZERO.sum()) > 0.4


def test_a_fifth_of_the_variants_is_as_sharp_as_mnist():
    def sharpness(frames: np.ndarray) -> np.ndarray:
        return np.array([(cv2.Laplacian(frame, cv2.CV_32F) ** 2).mean() for frame in frames])

    made = augment.variants(FRAMES, LABELS, np.random.default_rng(0))
    assert (sharpness(made) > 0.95 * sharpness(FRAMES)).mean() > augment.SHARP_SHARE - 0.05
