"""Cells filled in by keyboard are checked, smoothed and read."""

import numpy as np
import pytest

from model.errors import BadDrawing, NothingDrawn, TooSmall
from model.reading.keyboard_grid import NUM_CELLS, SMALLEST, cells_of_ink, ink_of_cells, read_cells
from model.reading.recognizer import Recognizer
from tests.patterns import font, segments

BLANK = "0" * NUM_CELLS


def read(cells: str) -> int:
    return int(read_cells(cells, Recognizer.load())[1].argmax())


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_all_ten_digits_of_a_small_font_are_read(scale):
    assert [read(font(digit, scale)) for digit in range(10)] == list(range(10))


@pytest.mark.parametrize(("width", "height"), [(10, 17), (12, 21), (14, 25)])
def test_all_ten_digits_typed_in_straight_lines_of_one_cell_are_read(width, height):
    assert [read(segments(digit, width, height)) for digit in range(10)] == list(range(10))


def test_bold_digits_are_read_as_they_are(mnist):
    frames, labels = mnist[0].frames[:200], mnist[0].labels[:200]
    recognizer = Recognizer.load()
    answers = [read_cells(cells_of_ink(frame), recognizer)[1].argmax() for frame in frames]
    assert (answers == labels).mean() >= 0.98


def test_where_the_cells_are_filled_does_not_matter():
    inked = ink_of_cells(font(5, 2))
    recognizer = Recognizer.load()
    corner = np.roll(inked, (-7, -9), axis=(0, 1))
    frames = [read_cells(cells_of_ink(ink), recognizer)[0] for ink in (inked, corner)]
    np.testing.assert_array_equal(*frames)


def test_cells_and_ink_are_each_others_inverse():
    assert cells_of_ink(ink_of_cells(font(8))) == font(8)


@pytest.mark.parametrize(
    "sent",
    [
        *(None, 7, float("nan"), b"0" * NUM_CELLS, ["0"] * NUM_CELLS, [[0.0] * 28] * 28, {"0": 1}),
        *("", BLANK[1:], BLANK + "0", "2" + BLANK[1:], "１" + BLANK[1:], " " + BLANK[1:]),
    ],
    ids=lambda sent: repr(sent)[:12],
)
def test_what_no_grid_of_ours_sends_is_told_in_a_sentence(sent):
    with pytest.raises(BadDrawing, match="clear the grid"):
        ink_of_cells(sent)


def test_bare_paper_and_a_dot_are_no_digit():
    with pytest.raises(NothingDrawn):
        read(BLANK)
    dot = np.zeros((28, 28), np.float32)
    dot[3 : 2 + SMALLEST, 3 : 2 + SMALLEST] = 1
    with pytest.raises(TooSmall):
        read(cells_of_ink(dot))


def test_any_cells_at_all_are_prepared():
    rng = np.random.default_rng(0)
    recognizer = Recognizer.load()
    pictures = [rng.random((28, 28)) < share for share in (0.02, 0.2, 0.5, 0.9, 1.0)]
    pictures.append(np.eye(28) > 0)  # cells that touch in corners alone
    for picture in pictures:
        frame, probabilities = read_cells(cells_of_ink(picture.astype(np.float32)), recognizer)
        assert frame.max() == 1 and np.isclose(probabilities.sum(), 1, atol=1e-5)
