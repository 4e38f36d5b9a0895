"""Pieces of ink become lines from above, and cells of rows become columns."""

import numpy as np

from model.ink.layout import columns, gutters, text_lines
from model.ink.pieces import Piece


def piece(left: int, top: int, width: int = 30, height: int = 50) -> Piece:
    mask = np.ones((height, width), bool)
    return Piece(left, top, left + width, top + height, mask)


def places(pieces: list[Piece]) -> list[list[int]]:
    """For each line, the left ends of its pieces."""
    return [[each.left for each in line.pieces] for line in text_lines(pieces)]


def test_lines_are_ordered_from_above_and_from_the_left():
    pieces = [piece(x, y) for x in (200, 0, 100) for y in (90, 0)]
    assert places(pieces) == [[0, 100, 200], [0, 100, 200]]


def test_lines_that_slope_by_six_degrees_stay_apart():
    slope = np.tan(np.deg2rad(6))
    pieces = [piece(x, round(y + slope * x)) for y in (0, 75) for x in range(0, 800, 60)]
    assert [len(line) for line in places(pieces)] == [14, 14]


def test_digits_on_top_of_each_other_are_two_lines():
    assert places([piece(0, 0), piece(4, 60)]) == [[0], [4]]


def test_a_minus_belongs_to_its_line_and_so_does_what_follows():
    pieces = [piece(0, 0), piece(50, 22, 30, 6), piece(100, 0), piece(0, 100)]
    assert places(pieces) == [[0, 50, 100], [0]]


def test_cells_above_one_another_share_a_column_and_gaps_stay_empty():
    rows = [[(0, 30), (100, 130), (200, 230)], [(4, 20), (195, 240)], [(98, 140)]]
    assert columns(rows) == [[0, 1, 2], [0, 2], [1]]


def test_a_row_has_one_cell_in_a_column():
    assert columns([[(0, 100)], [(0, 40), (60, 100)]])[1] in ([0, 1], [1, 2])


def test_columns_of_numbers_of_any_length_are_parted_by_a_gutter():
    lengths = [(3, 1), (1, 3), (2, 2), (3, 2), (1, 1)]
    numbers = [
        piece(200 * column + 40 * place, 100 * row)
        for row, row_lengths in enumerate(lengths)
        for column, length in enumerate(row_lengths)
        for place in range(length)
    ]
    assert gutters(text_lines(numbers)) == [(110 + 200) / 2]


def test_digits_below_one_another_are_no_columns():
    assert gutters(text_lines([piece(60 * x, 100 * y) for x in range(5) for y in range(5)])) == []
