"""Reads a line of writing: cuts it in more places than needed and lets the network choose.

Each run of neighbouring parts may be one digit. The cheapest way through the line wins; a digit
costs the negative logarithm of its probability.

Source: Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document
recognition", Proc. IEEE 86 (1998) 2278-2324, section IV.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from model.ink.layout import TextLine
from model.ink.pieces import Piece, frame_of, joined, slices
from model.reading.confidence import Answer
from model.reading.recognizer import Recognizer

MOST_PARTS = 12  # parts of a cut piece that may make one digit
MOST_PIECES = 3  # pieces that may make one digit
WIDEST = 1.5  # times the line's height; a wider run is no digit
GAP = 0.3  # of the height; pieces farther apart are not one digit
# Costs in nats, like the negative logarithm of a probability.
LEAST = 0.02  # a probability below this counts as this
CUT_COST = 0.1  # for each stroke that a cut goes through
JOIN_COST = 4.0  # for joining pieces over a gap of the height
STACK_COST = 0.4  # for joining pieces that lie above one another
SHORT, SHORT_COST = 0.6, 2.0  # a cut part lower than this share of the line is rarely a digit
NARROW, NARROW_COST = 0.15, 1.0  # nor is one that is narrower
WIDE, WIDE_COST = 1.1, 2.0  # nor is a run wider than this, times the height
# A page of 1,000 digits has about two candidates for each. A pattern of strokes has far more:
# then its pieces are read as they are, neither cut nor joined.
MAX_CANDIDATES = 3000


@dataclass(frozen=True)
class Glyph:
    """What may be one digit.

    Attributes:
        piece: Its ink.
        frame: `float32` array of shape `(28, 28)`.
        probabilities: `(10,)`.
        answer: Which digits it may be, and whether it is one.
    """

    piece: Piece
    frame: np.ndarray
    probabilities: np.ndarray
    answer: Answer

    @property
    def is_guess(self) -> bool:
        """Whether it was cut out of a larger piece."""
        return any(self.piece.was_cut)


def read_lines(lines: list[TextLine], ink: np.ndarray, recognizer: Recognizer) -> list[list[Glyph]]:
    """Reads lines of writing.

    Args:
        lines: Lines of pieces.
        ink: The sheet's ink, `float32` array of shape `(rows, cols)`.
        recognizer: Reads the candidates.

    Returns:
        For each line, its glyphs from the left; those that are no digit too.
    """
    prepared = [_parts(line) for line in lines]
    runs = [_runs(parts, height) for parts, height in prepared]
    if sum(map(len, runs)) > MAX_CANDIDATES:
        prepared = [(line.pieces, line.height) for line in lines]
        runs = [[(at, at + 1) for at in range(len(line.pieces))] for line in lines]
    keys, frames = [], []
    for number, (parts, _) in enumerate(prepared):
        for start, end in runs[number]:
            keys.append((number, start, end))
            frames.append(frame_of(joined(parts[start:end]), ink))
    if not frames:
        return [[] for _ in lines]
    read = recognizer.probabilities(np.stack(frames))
    candidates = {key: (frame, row) for key, frame, row in zip(keys, frames, read, strict=True)}
    glyphs = []
    for number, (parts, height) in enumerate(prepared):
        chosen = _cheapest(parts, height, _of_line(candidates, number, len(parts)))
        glyphs.append(
            [
                Glyph(
                    joined(parts[start:end]),
                    *candidates[number, start, end],
                    recognizer.answer(candidates[number, start, end][1]),
                )
                for start, end in chosen
            ]
        )
    return glyphs


def _of_line(candidates: dict, number: int, num_parts: int) -> dict[tuple[int, int], float]:
    """The largest probability of each candidate of one line."""
    most = MOST_PARTS + MOST_PIECES
    return {
        (start, end): float(candidates[number, start, end][1].max())
        for start in range(num_parts)
        for end in range(start + 1, min(start + most, num_parts) + 1)
        if (number, start, end) in candidates
    }


def _parts(line: TextLine) -> tuple[list[Piece], float]:
    """A line's smallest parts from the left, and its height."""
    height = line.height
    pieces = sorted(line.pieces, key=lambda piece: piece.left + piece.right)
    return [part for piece in pieces for part in slices(piece, height)], height


def _runs(parts: list[Piece], height: float) -> list[tuple[int, int]]:
    """Runs of parts, `(start, end)`, that may be one digit."""
    found = []
    for start in range(len(parts)):
        left, right, num_pieces = parts[start].left, parts[start].right, 1
        found.append((start, start + 1))
        for end in range(start + 2, min(start + MOST_PARTS, len(parts)) + 1):
            last = parts[end - 1]
            if not (last.was_cut[0] and parts[end - 2].was_cut[1]):
                num_pieces += 1
            gap = last.left - right
            left, right = min(left, last.left), max(right, last.right)
            if num_pieces > MOST_PIECES or gap > GAP * height or right - left > WIDEST * height:
                break
            found.append((start, end))
    return found


def _cheapest(
    parts: list[Piece], height: float, probable: dict[tuple[int, int], float]
) -> list[tuple[int, int]]:
    """The runs, `(start, end)`, of the cheapest way from the first to the last part."""
    best: list[tuple[float, list[tuple[int, int]]]] = [(0.0, [])]
    for end in range(1, len(parts) + 1):
        ways = []
        for start in range(max(end - MOST_PARTS, 0), end):
            if (start, end) in probable and best[start][0] < np.inf:
                cost = -np.log(max(probable[start, end], LEAST))
                cost += _shape_cost(parts[start:end], height)
                ways.append((best[start][0] + cost, [*best[start][1], (start, end)]))
        best.append(min(ways, key=lambda way: way[0]) if ways else (np.inf, []))
    return best[-1][1]


def _shape_cost(run: list[Piece], height: float) -> float:
    """What cuts at its sides, joins inside and an odd size cost a run of parts."""
    left, right = run[0].left, max(part.right for part in run)
    top, bottom = min(part.top for part in run), max(part.bottom for part in run)
    cut = run[0].was_cut[0] + run[-1].was_cut[1]
    cost = CUT_COST / 2 * cut
    for before, after in itertools.pairwise(run):
        if before.was_cut[1] and after.was_cut[0]:
            continue
        gap = after.left - before.right
        cost += JOIN_COST * gap / height if gap > 0 else STACK_COST
    if cut:
        cost += SHORT_COST if bottom - top < SHORT * height else 0
        cost += NARROW_COST if right - left < NARROW * height else 0
    if len(run) > 1 or cut:
        cost += WIDE_COST * max((right - left) / height - WIDE, 0)
    return cost
