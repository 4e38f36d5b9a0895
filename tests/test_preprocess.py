"""The preparation gives MNIST's format, wherever, however large and in whatever shade."""

import time

import cv2
import numpy as np
import pytest

from model.errors import NothingDrawn, TooSmall
from model.preprocess import (
    BOX_SIDE,
    draw_strokes,
    ink_from_picture,
    ink_from_rgba,
    strokes_to_mnist,
    to_mnist,
)

SEVEN = [np.array([[80.0, 60.0], [200.0, 60.0], [120.0, 230.0]])]


def picture_of_a_seven(side: int = 280, pen: int = 20) -> np.ndarray:
    grey = np.zeros((side, side), np.uint8)
    points = [np.round(SEVEN[0] * side / 280).astype(np.int32).reshape(-1, 1, 2)]
    return cv2.polylines(grey, points, False, 255, pen * side // 280, cv2.LINE_AA)


def centre(frame: np.ndarray) -> np.ndarray:
    rows, cols = np.indices(frame.shape)
    return np.array([(rows * frame).sum(), (cols * frame).sum()]) / frame.sum()


def long_side(frame: np.ndarray) -> int:
    rows, cols = np.nonzero(frame)
    return max(np.ptp(rows), np.ptp(cols)) + 1


def test_all_of_mnist_comes_back_unchanged_but_for_images_that_mnist_cut(mnist):
    moved = []
    for data in mnist:
        for index, frame in enumerate(data.frames):
            if np.abs(to_mnist(frame) - frame).max() > 1.001 / 255:
                moved.append((len(data), index, long_side(frame)))
    # In 16 images MNIST itself lost a row at its border, in 3 the centre lies on a tie.
    assert sum(side == 19 for *_, side in moved) == 16
    assert sum(side == 20 for *_, side in moved) == 3
    assert len(moved) == 19


@pytest.mark.parametrize("side", [40, 280, 1000])
def test_a_picture_of_any_size_gets_mnists_box_peak_and_centre(side):
    frame = to_mnist(ink_from_picture(picture_of_a_seven(side)))
    assert frame.shape == (28, 28) and frame.dtype == np.float32
    assert long_side(frame) == BOX_SIDE
    assert frame.max() == 1 and frame.min() == 0
    assert (centre(frame) > 13.49).all() and (centre(frame) <= 14.51).all()


def test_where_the_digit_was_drawn_does_not_matter():
    ink = ink_from_picture(picture_of_a_seven())
    moved = np.roll(ink, (30, -50), axis=(0, 1))
    assert np.array_equal(to_mnist(ink), to_mnist(moved))


def test_dark_on_light_reads_as_light_on_dark():
    picture = picture_of_a_seven()
    light, dark = ink_from_picture(picture), ink_from_picture(255 - picture)
    assert np.allclose(to_mnist(light), to_mnist(dark), atol=1e-5)


def test_grey_rgb_and_rgba_agree():
    grey = picture_of_a_seven()
    rgb = np.repeat(grey[..., None], 3, axis=2)
    rgba = np.dstack([rgb, np.full_like(grey, 255)])
    expected = ink_from_picture(grey)
    assert np.allclose(ink_from_picture(rgb), expected, atol=1e-5)
    assert np.allclose(ink_from_rgba(rgba), expected, atol=1e-5)


@pytest.mark.parametrize("shade", [0, 255])
def test_a_transparent_canvas_is_paper_under_a_dark_or_light_pen(shade):
    alpha = picture_of_a_seven()
    rgba = np.dstack([np.full((*alpha.shape, 3), shade, np.uint8), alpha])
    assert np.allclose(ink_from_rgba(rgba), alpha / 255, atol=0.01)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (3, 200), (4096, 4096)])
def test_every_shape_from_one_pixel_to_the_largest_gives_a_frame(shape):
    frame = to_mnist(np.ones(shape, np.float32))
    assert frame.shape == (28, 28) and frame.max() == 1


def test_a_picture_one_pixel_larger_than_the_limit_is_refused():
    with pytest.raises(ValueError, match="4096"):
        to_mnist(np.ones((4097, 1), np.float32))


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_a_blank_picture_has_nothing_drawn(shade):
    with pytest.raises(NothingDrawn):
        ink_from_picture(np.full((50, 40), shade, np.uint8))
    with pytest.raises(NothingDrawn):
        ink_from_rgba(np.full((50, 40, 4), shade, np.uint8))


def test_an_invisible_drawing_and_bare_paper_have_nothing_drawn():
    with pytest.raises(NothingDrawn):
        ink_from_rgba(np.zeros((50, 40, 4), np.uint8))
    with pytest.raises(NothingDrawn):
        to_mnist(np.zeros((50, 40), np.float32))
    with pytest.raises(NothingDrawn):
        strokes_to_mnist([], 280)


def test_ink_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="finite"):
        to_mnist(np.full((5, 5), np.nan, np.float32))


@pytest.mark.parametrize(
    "picture", [np.zeros((5, 5), np.float32), np.zeros(5, np.uint8), np.zeros((5, 5, 2), np.uint8)]
)
def test_what_is_no_picture_is_refused_with_its_shape(picture):
    with pytest.raises(ValueError, match="Received"):
        ink_from_picture(picture)


def test_a_single_dot_is_too_small_to_read():
    with pytest.raises(TooSmall, match="larger"):
        strokes_to_mnist([np.array([[140.0, 140.0], [141.0, 140.0]])], 280)


def test_size_and_place_of_strokes_do_not_matter():
    small = [SEVEN[0] * 0.4 + 30]
    assert np.allclose(strokes_to_mnist(SEVEN, 280), strokes_to_mnist(small, 280), atol=0.02)


def test_drawn_strokes_have_mnists_box_peak_centre_and_pen():
    frame = strokes_to_mnist(SEVEN, 280)
    assert long_side(frame) == BOX_SIDE and frame.max() == 1
    assert (centre(frame) > 13.49).all() and (centre(frame) <= 14.51).all()
    stem = draw_strokes([np.array([[0.0, 0.0], [0.0, 100.0]])], 2.27)
    assert stem[10].sum() == pytest.approx(2.27, abs=0.15)  # ink across the stem, pixels


def test_strokes_read_as_the_picture_of_them_does():
    picture = to_mnist(ink_from_picture(picture_of_a_seven(pen=24)))
    assert np.abs(strokes_to_mnist(SEVEN, 280) - picture).mean() < 0.02


def test_one_drawing_takes_well_under_the_three_milliseconds_it_may():
    strokes_to_mnist(SEVEN, 280)
    started = time.process_time()
    for _ in range(100):
        strokes_to_mnist(SEVEN, 280)
    assert (time.process_time() - started) / 100 < 3e-3  # measured: 0.07 ms
