"""Digits as people fill them into cells: each a picture of "#" and ".", one line a row."""

import numpy as np

_FONT = """
.###. ..#.. .###. ##### ...#. ##### ..##. ##### .###. .###.
#...# .##.. #...# ...#. ..##. #.... .#... ....# #...# #...#
#...# ..#.. ....# ..#.. .#.#. ####. #.... ...#. #...# #...#
#...# ..#.. ...#. ...#. #..#. ....# ####. ..#.. .###. .####
#...# ..#.. ..#.. ....# ##### ....# #...# .#... #...# ....#
#...# ..#.. .#... #...# ...#. #...# #...# .#... #...# ...#.
.###. .###. ##### .###. ...#. .###. .###. .#... .###. .##..
"""
# Segments: a, g, d across from the top; f, b upper left and right; e, c lower left and right.
_SEGMENTS = (
    "abcdef",
    "bc",
    "abged",
    "abgcd",
    "fgbc",
    "afgcd",
    "afgedc",
    "abc",
    "abcdefg",
    "abcfgd",
)


def font(digit: int, scale: int = 1) -> str:
    """A digit of a 5 x 7 font, each of its dots a square of cells, as 784 characters."""
    rows = [line.split()[digit] for line in _FONT.split("\n") if line]
    dots = np.array([[dot == "#" for dot in row] for row in rows])
    return _centred(dots.repeat(scale, 0).repeat(scale, 1))


def segments(digit: int, width: int, height: int) -> str:
    """A digit of seven segments, one cell wide, as 784 characters."""
    cells = np.zeros((height, width), bool)
    middle = height // 2
    for segment in _SEGMENTS[digit]:
        if segment in "agd":
            cells[{"a": 0, "g": middle, "d": height - 1}[segment]] = True
        else:
            col = 0 if segment in "fe" else width - 1
            rows = slice(0, middle + 1) if segment in "fb" else slice(middle, height)
            cells[rows, col] = True
    return _centred(cells[:, cells.any(axis=0)])


def _centred(shape: np.ndarray) -> str:
    whole = np.zeros((28, 28), bool)
    top, left = ((28 - side) // 2 for side in shape.shape)
    whole[top : top + shape.shape[0], left : left + shape.shape[1]] = shape
    return "".join("1" if cell else "0" for cell in whole.ravel())
