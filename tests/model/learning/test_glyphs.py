"""Glyphs made by code are repeatable drawings in MNIST's format, and grafts add their stroke."""

import numpy as np
import pytest

from model.ink.frame import draw_strokes, to_mnist
from model.learning import augment, glyphs


def frame_of(*strokes) -> np.ndarray:
    return to_mnist(draw_strokes([np.array(stroke, float) for stroke in strokes], 2.27))


ANGLE = np.linspace(0, 2 * np.pi, 60)
ZERO = frame_of(np.stack([0.7 * np.cos(ANGLE), np.sin(ANGLE)], axis=1))
ONE = frame_of([[0, 0], [0, 1]])
SEVEN = frame_of([[0, 0], [0.8, 0], [0.3, 1.2]])


def is_in_mnists_format(frame: np.ndarray) -> bool:
    rows, cols = np.nonzero(frame)
    return (
        frame.shape == (28, 28)
        and frame.dtype == np.float32
        and frame.max() == 1
        and frame.min() == 0
        and max(np.ptp(rows), np.ptp(cols)) + 1 == 20
    )


@pytest.mark.parametrize("digit", range(10))
def test_every_digit_is_drawn_in_many_ways_and_the_same_for_the_same_seed(digit):
    def draw(seed):
        return to_mnist(draw_strokes(glyphs.draw_digit(digit, np.random.default_rng(seed)), 2.27))

    frames = [draw(seed) for seed in range(20)]
    assert all(is_in_mnists_format(frame) for frame in frames)
    assert np.array_equal(draw(3), frames[3])
    assert len({frame.tobytes() for frame in frames}) == 20


def test_a_slash_puts_ink_in_a_zeros_empty_middle():
    assert ZERO[13:15, 13:15].max() < 0.1
    slashed = [augment.graft(ZERO, 0, np.random.default_rng(seed)) for seed in range(20)]
    assert all(is_in_mnists_format(frame) for frame in slashed)
    assert np.mean([frame[11:17, 11:17].max() for frame in slashed]) > 0.9


def test_a_flag_widens_a_one_to_the_left_of_its_top():
    flagged = [augment.graft(ONE, 1, np.random.default_rng(seed)) for seed in range(20)]
    for frame in flagged:
        columns = np.flatnonzero(frame.any(axis=0))
        assert np.ptp(columns) > np.ptp(np.flatnonzero(ONE.any(axis=0)))
    upper = np.mean([frame[:14].sum() for frame in flagged])
    assert upper > ONE[:14].sum()


def test_a_crossbar_adds_ink_and_other_digits_stay_as_they_are():
    crossed = augment.graft(SEVEN, 7, np.random.default_rng(0))
    assert is_in_mnists_format(crossed) and crossed.sum() > SEVEN.sum() + 3
    assert augment.graft(SEVEN, 3, np.random.default_rng(0)) is SEVEN


def test_a_thinned_figure_is_one_pixel_wide_and_stays_in_one_piece():
    import cv2

    bitmap = np.zeros((1, 84, 84), bool)
    bitmap[0, 10:70, 30:41] = True
    bitmap[0, 60:70, 10:60] = True
    skeleton = augment.thin(bitmap)[0]
    assert 60 < skeleton.sum() < 130 and not (skeleton & ~bitmap[0]).any()
    assert cv2.connectedComponents(skeleton.astype(np.uint8))[0] == 2  # paper and one line
    assert not (skeleton[1:, 1:] & skeleton[:-1, 1:] & skeleton[1:, :-1] & skeleton[:-1, :-1]).any()


def test_redrawing_keeps_the_figure_and_gives_it_a_pens_width():
    bold = np.kron(ZERO, np.ones((3, 3))) > 0.3
    redrawn = augment.redraw(bold[None], np.random.default_rng(0))[0]
    assert is_in_mnists_format(redrawn)
    assert (redrawn * ZERO).sum() / min(redrawn.sum(), ZERO.sum()) > 0.7


def test_variants_and_negatives_repeat_and_stay_frames():
    frames = np.stack([ZERO, ONE, SEVEN] * 30)
    labels = np.array([0, 1, 7] * 30)

    def make(seed):
        rng = np.random.default_rng(seed)
        return np.concatenate(
            [augment.variants(frames, labels, rng), augment.negatives(40, frames, rng)]
        )

    made = make(1)
    assert made.shape == (130, 28, 28) and made.dtype == np.float32
    assert made.min() >= 0 and made.max() <= 1.001 and (made.sum(axis=(1, 2)) > 3).all()
    assert np.array_equal(made, make(1)) and not np.array_equal(made, make(2))
    assert np.array_equal(augment.distort(frames, np.random.default_rng(0), strength=0), frames)


def test_no_negatives_at_all_is_a_fair_request():
    nothing = augment.negatives(0, np.stack([ZERO]), np.random.default_rng(0))
    assert nothing.shape == (0, 28, 28)


def test_two_joined_digits_lie_side_by_side():
    joined = augment.join(ONE, ONE, np.random.default_rng(0))
    assert is_in_mnists_format(joined)
    assert (np.diff((joined.max(axis=0) > 0.5).astype(int)) == 1).sum() == 2
