"""The keyboard grid's cells are checked, and any cells with ink give frames."""

import numpy as np
import pytest

from model.errors import BadDrawing, NothingDrawn, TooSmall
from model.ink.keyboard_grid import (
    NUM_CELLS,
    SMALLEST,
    cells_from_ink,
    frames_from_cells,
    ink_from_cells,
)
from tests.patterns import font

BLANK = "0" * NUM_CELLS


def test_cells_and_ink_convert_both_ways():
    assert cells_from_ink(ink_from_cells(font(8))) == font(8)


@pytest.mark.parametrize(
    "sent",
    [
        *(None, 7, float("nan"), b"0" * NUM_CELLS, ["0"] * NUM_CELLS, [[0.0] * 28] * 28, {"0": 1}),
        *("", BLANK[1:], BLANK + "0", "2" + BLANK[1:], "１" + BLANK[1:], " " + BLANK[1:]),
    ],
    ids=lambda sent: repr(sent)[:12],
)
def test_anything_but_784_zeros_and_ones_is_refused(sent):
    with pytest.raises(BadDrawing, match="clear the grid"):
        ink_from_cells(sent)


def test_an_empty_grid_has_nothing_drawn():
    with pytest.raises(NothingDrawn):
        frames_from_cells(BLANK)


def test_a_dot_is_too_small():
    dot = np.zeros((28, 28), np.float32)
    dot[3 : 2 + SMALLEST, 3 : 2 + SMALLEST] = 1
    with pytest.raises(TooSmall):
        frames_from_cells(cells_from_ink(dot))


def test_place_on_the_grid_does_not_matter():
    ink = ink_from_cells(font(5, 2))
    corner = np.roll(ink, (-7, -9), axis=(0, 1))
    frames = [frames_from_cells(cells_from_ink(each)) for each in (ink, corner)]
    np.testing.assert_array_equal(*frames)


def test_any_cells_give_frames():
    rng = np.random.default_rng(0)
    grids = [rng.random((28, 28)) < share for share in (0.02, 0.2, 0.5, 0.9, 1.0)]
    for grid in [*grids, np.eye(28) > 0]:  # the last: cells that touch at corners only
        frames = frames_from_cells(cells_from_ink(grid.astype(np.float32)))
        assert frames.dtype == np.float32 and (frames.max(axis=(1, 2)) == 1).all()
