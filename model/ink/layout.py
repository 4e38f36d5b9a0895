"""Sorts pieces of ink into lines of writing, and cells of rows into columns."""

import itertools
from dataclasses import dataclass, field

import numpy as np

from model.ink.pieces import Piece

SHARED_HEIGHT = 0.4  # of the smaller of two neighbours' heights; they are on one line
FAR = 6.0  # heights; neighbours farther apart must share more
SHARED_WHEN_FAR = 0.6
LOOK_BACK = 3  # pieces of a line that say where it goes on
FEWEST_LINES = 4  # with a gap at the same place, that make columns
GUTTER = 0.5  # of the median height, at least
WIDER = 1.6  # times the median gap between neighbours on a line, at least
COLUMN_SHARED = 0.3  # of the narrower one's width, by which cells of a column overlap


@dataclass
class TextLine:
    """Pieces of ink on one line of writing, from the left.

    Attributes:
        pieces: At least one.
    """

    pieces: list[Piece] = field(default_factory=list)

    @property
    def height(self) -> float:
        """The height of its tall pieces, pixels."""
        return float(np.percentile([piece.height for piece in self.pieces], 75))

    def reaches(self, x: float, y: float) -> bool:
        """Tells whether a place lies in its box, or a little outside."""
        height = self.height
        sides = np.array([piece.box for piece in self.pieces])
        (left, top), (right, bottom) = sides[:, :2].min(axis=0), sides[:, 2:].max(axis=0)
        return bool(
            left - 1.2 * height < x < right + 1.2 * height
            and top - 0.2 * height < y < bottom + 0.35 * height
        )

    @property
    def middle(self) -> float:
        """The mean y of its pieces."""
        return float(np.mean([piece.middle for piece in self.pieces]))

    def band_at(self, x: float) -> tuple[float, float]:
        """Returns the top and the bottom of its writing near an x."""
        tall = [piece for piece in self.pieces if piece.height > 0.6 * self.height] or self.pieces
        distance = np.array([abs(piece.middle_x - x) for piece in tall])
        near = [tall[index] for index in np.argsort(distance)[:2]]
        return (
            float(np.mean([piece.top for piece in near])),
            float(np.mean([piece.bottom for piece in near])),
        )


def text_lines(pieces: list[Piece]) -> list[TextLine]:
    """Groups pieces into lines, also if these slope or curve a little.

    Each piece joins the line whose last pieces lie most nearly at its own height.

    Args:
        pieces: Pieces without dots.

    Returns:
        Lines from the top, by their left end.
    """
    lines: list[TextLine] = []
    for piece in sorted(pieces, key=lambda each: each.left):
        best, least = None, np.inf
        for line in lines:
            away = _distance(line, piece)
            if away is not None and away < least:
                best, least = line, away
        if best is None:
            lines.append(TextLine([piece]))
        else:
            best.pieces.append(piece)
    return sorted(_united(lines), key=lambda line: line.middle)


def _distance(line: TextLine, piece: Piece) -> float | None:
    """How far from a line's last pieces a piece lies, in heights; `None` if it is not on it."""
    last = line.pieces[-LOOK_BACK:]
    near = last[-1]
    shared = _shared_height(near, piece)
    gap = max(piece.left - near.right, 0) / max(near.height, piece.height)
    needed = SHARED_HEIGHT if gap < FAR else SHARED_WHEN_FAR
    if shared < needed:
        # A flat or short last piece, such as a minus, says little: ask the one before it.
        if len(last) < 2 or near.height > 0.5 * last[-2].height:
            return None
        near = last[-2]
        if _shared_height(near, piece) < needed:
            return None
    height = max(near.height, piece.height)
    return abs(near.middle - piece.middle) / height + 0.02 * gap


def _shared_height(a: Piece, b: Piece) -> float:
    shared = min(a.bottom, b.bottom) - max(a.top, b.top)
    return shared / max(min(a.height, b.height), 1)


def _united(lines: list[TextLine]) -> list[TextLine]:
    """Joins lines that lie beside each other at the same height."""
    lines = sorted(lines, key=lambda line: line.pieces[0].left)
    united: list[TextLine] = []
    for line in lines:
        for other in united:
            last, first = other.pieces[-1], line.pieces[0]
            is_beside = first.left >= last.right - 0.2 * last.height
            height = max(other.height, line.height)
            if is_beside and abs(last.middle - first.middle) < 0.35 * height:
                other.pieces += line.pieces
                break
        else:
            united.append(line)
    return united


def gutters(lines: list[TextLine]) -> list[float]:
    """Finds the gaps that go down through all lines, as between the columns of a table.

    Args:
        lines: The lines of a page.

    Returns:
        The x of each gap's middle, from the left; none where digits stand below one another.
    """
    pieces = [piece for line in lines for piece in line.pieces]
    if len(lines) < FEWEST_LINES:
        return []
    gaps = [
        max(after.left - before.right, 0)
        for line in lines
        for before, after in itertools.pairwise(sorted(line.pieces, key=lambda piece: piece.left))
    ]
    least = max(
        GUTTER * float(np.median([piece.height for piece in pieces])),
        WIDER * float(np.median(gaps)) if gaps else np.inf,
    )
    found, right = [], np.inf
    for piece in sorted(pieces, key=lambda piece: piece.left):
        if piece.left - right >= least:
            middle = (piece.left + right) / 2
            sides = [{each.middle_x < middle for each in line.pieces} for line in lines]
            if sum(len(side) == 2 for side in sides) >= FEWEST_LINES:
                found.append(middle)
        right = piece.right if right == np.inf else max(right, piece.right)
    return found


def columns(rows: list[list[tuple[float, float]]]) -> list[list[int]]:
    """Assigns the cells of rows to columns.

    Cells of different rows are in one column if they overlap across. A row has one cell a column.

    Args:
        rows: For each row, the left and right end of each cell, from the left.

    Returns:
        For each row, each cell's column, from 0.
    """
    found: list[list[float]] = []  # left and right of each column
    for left, right in sorted((cell for row in rows for cell in row), key=lambda c: c[0] + c[1]):
        best, most = None, COLUMN_SHARED
        for column in found:
            shared = min(right, column[1]) - max(left, column[0])
            share = shared / max(min(right - left, column[1] - column[0]), 1e-6)
            if share > most:
                best, most = column, share
        if best is None:
            found.append([left, right])
        else:
            # The column keeps its middle: a wide cell does not make it as wide.
            best[0], best[1] = (3 * best[0] + left) / 4, (3 * best[1] + right) / 4
    found.sort(key=sum)
    places = []
    for row in rows:
        taken: list[int] = []
        for left, right in row:
            middles = [abs((column[0] + column[1]) - (left + right)) for column in found]
            free = [k for k in range(len(found)) if not taken or k > taken[-1]]
            if free:
                taken.append(min(free, key=lambda k: middles[k]))
            else:
                found.append([left, right])
                taken.append(len(found) - 1)
        places.append(taken)
    return places
