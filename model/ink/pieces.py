"""Finds the connected pieces of ink on a sheet, and cuts wide ones where digits may touch."""

from dataclasses import dataclass

import cv2
import numpy as np

from model.ink.frame import to_mnist
from model.ink.sheet import FULL_INK

SMALLEST_PIECE = 3  # pixels of height or width; smaller marks are specks
SPECK = 0.1  # of the typical height; smaller marks are specks or dots
LARGEST = 3.2  # times the typical height; larger things are drawings or shadows
MAX_PIECES = 3000  # noise has more
# A short piece just above or below another one belongs to it: the bar of a 5, a broken stroke.
SHORT = 0.45  # of the other's height
NEAR = 0.22  # of its height
SHARED_WIDTH = 0.5  # of the narrower one's width
# Cuts.
WIDE = 0.72  # of the line's height; a wider piece may be several digits
LOW = 0.7  # of the line's height; a lower piece is no row of digits but perhaps a plus or times
CUT_DISTANCE = 0.12  # of the line's height, between two cuts
MAX_CUTS = 20  # of one piece
BEND = 0.22  # of the line's height, to either side; a cut goes around ink within it
DETOUR = 0.04  # what a step to the side costs, in pixels of ink
LEAST_CROSSED = 0.5  # strokes that a cut counts for


@dataclass(frozen=True)
class Piece:
    """Connected ink, or a part of it between two cuts.

    Attributes:
        left, top, right, bottom: Its box, pixels of the sheet.
        mask: `bool` array of shape `(bottom - top, right - left)`.
        was_cut: How many strokes the cuts at its left and right side go through; 0 where there is
            no cut.
    """

    left: int
    top: int
    right: int
    bottom: int
    mask: np.ndarray
    was_cut: tuple[float, float] = (0.0, 0.0)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom."""
        return self.left, self.top, self.right, self.bottom

    @property
    def width(self) -> int:
        """Pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Pixels."""
        return self.bottom - self.top

    @property
    def middle_x(self) -> float:
        """The x of its centre."""
        return (self.left + self.right) / 2

    @property
    def middle(self) -> float:
        """The y of its centre."""
        return (self.top + self.bottom) / 2


def find_pieces(mask: np.ndarray) -> list[Piece]:
    """Finds connected ink, without specks.

    Args:
        mask: `bool` array of shape `(rows, cols)`, true where there is ink.

    Returns:
        Pieces from the left; none if the mask is noise.
    """
    _, names, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    large = np.flatnonzero(stats[:, 2:4].max(axis=1) >= SMALLEST_PIECE)
    if len(large) > MAX_PIECES:
        return []
    found = []
    for name in large[large > 0]:
        left, top, width, height, _ = stats[name].tolist()
        part = names[top : top + height, left : left + width] == name
        found.append(Piece(left, top, left + width, top + height, part))
    return sorted(found, key=lambda piece: piece.left)


def typical_height(pieces: list[Piece]) -> float:
    """Returns the height of most writing: the median of heights, each counted by its size."""
    heights = np.array([max(piece.height, piece.width / 2) for piece in pieces], float)
    order = np.argsort(heights)
    weights = np.cumsum(heights[order] ** 1.5)
    return float(heights[order][np.searchsorted(weights, weights[-1] / 2)])


def joined(parts: list[Piece]) -> Piece:
    """Returns several pieces as one."""
    if len(parts) == 1:
        return parts[0]
    left, top = min(part.left for part in parts), min(part.top for part in parts)
    right, bottom = max(part.right for part in parts), max(part.bottom for part in parts)
    mask = np.zeros((bottom - top, right - left), bool)
    for part in parts:
        mask[part.top - top : part.bottom - top, part.left - left : part.right - left] |= part.mask
    was_cut = (
        min(part.was_cut[0] for part in parts if part.left == left),
        min(part.was_cut[1] for part in parts if part.right == right),
    )
    return Piece(left, top, right, bottom, mask, was_cut)


def with_short_ones_joined(pieces: list[Piece], height: float) -> list[Piece]:
    """Joins short pieces to the taller one that they lie closely above or below.

    Args:
        pieces: Pieces from the left.
        height: The typical height, pixels.
    """
    taller = [piece for piece in pieces if piece.height >= SHORT * height]
    if not taller:
        return pieces
    groups = [[piece] for piece in taller]
    left, top, right, bottom = np.array([piece.box for piece in taller], float).T
    alone = []
    for piece in pieces:
        if piece.height >= SHORT * height:
            continue
        shared = np.minimum(piece.right, right) - np.maximum(piece.left, left)
        gap = np.maximum(np.maximum(piece.top - bottom, top - piece.bottom), 0) / (bottom - top)
        gap[shared < SHARED_WIDTH * np.minimum(piece.width, right - left)] = np.inf
        best = int(gap.argmin())
        is_part = gap[best] < NEAR and max(piece.width, piece.height) > SPECK * height
        (groups[best] if is_part else alone).append(piece)
    return sorted([*map(joined, groups), *alone], key=lambda piece: piece.left)


def slices(piece: Piece, line_height: float) -> list[Piece]:
    """Cuts a wide piece at all places where two digits may touch, from the left.

    Each cut is made straight and also along the path that crosses least ink; what lies between
    the two is a part of its own, which may go with either side.

    Where strokes of two digits touch, a column crosses one run of ink: a link between them, or
    two arcs that have become one. Inside a digit's round it crosses two.

    Args:
        piece: The piece.
        line_height: The height of digits on its line, pixels.

    Returns:
        Its parts; the piece itself if it is not wide or has no such place.

    Source: over-segmentation, R. Casey and E. Lecolinet, IEEE Trans. PAMI 18 (1996) 690-706.
    """
    if piece.width <= WIDE * line_height or piece.height < LOW * line_height:
        return [piece]
    ink = piece.mask
    places, stroke = _cut_places(ink, line_height)
    reach, margin = max(int(BEND * line_height), 1), max(int(CUT_DISTANCE * line_height), 2)
    paths = []
    for at in places:
        first = max(at - reach, margin)
        path = first + _path(ink[:, first : min(at + reach + 1, ink.shape[1] - margin)], at - first)
        paths += [np.minimum(path, at), np.full(len(ink), at), np.maximum(path, at)]
    paths = list(np.maximum.accumulate(paths, axis=0))
    rows, sides = np.arange(len(ink)), np.arange(ink.shape[1])
    crossed = [max(ink[rows, path].sum() / stroke, LEAST_CROSSED) for path in paths]
    crossed = [0.0, *map(float, crossed), 0.0]
    left_of = [sides < path[:, None] for path in paths]
    parts, before = [], np.zeros(ink.shape, bool)
    for number, side in enumerate([*left_of, np.ones(ink.shape, bool)]):
        part = ink & side & ~before
        before = side
        if part.any():
            parts.append(_cropped(part, piece, (crossed[number], crossed[number + 1])))
    return parts


def _cropped(part: np.ndarray, piece: Piece, was_cut: tuple[float, float]) -> Piece:
    """Part of a piece, given as a mask of the piece's size."""
    rows, cols = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, cols[0], cols[-1] + 1
    box = (piece.left + left, piece.top + top, piece.left + right, piece.top + bottom)
    return Piece(*map(int, box), part[top:bottom, left:right], was_cut)


def _cut_places(ink: np.ndarray, line_height: float) -> tuple[list[int], float]:
    """Columns where two digits may touch, from the left, and the width of a stroke, pixels."""
    counts = ink.sum(axis=0).astype(float)
    padded = np.vstack([np.zeros(ink.shape[1], bool), ink])
    runs = (padded[1:] & ~padded[:-1]).sum(axis=0)
    stroke = max(float(np.percentile(counts[counts > 0], 15)), 1.0)
    cost = counts / stroke + 4.0 * np.maximum(runs - 1, 0)
    cost = np.convolve(np.pad(cost, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")
    distance = max(int(CUT_DISTANCE * line_height), 2)
    low, high = distance, ink.shape[1] - distance
    places: list[int] = []
    for at in np.argsort(cost[low:high], kind="stable") + low:
        if all(abs(at - other) >= distance for other in places) and _is_lowest(cost, at, distance):
            places.append(int(at))
        if len(places) == MAX_CUTS:
            break
    # Where arcs of two rounds touch, the cost has no minimum but one run.
    alone = np.flatnonzero(np.diff(np.concatenate([[0], (runs == 1).astype(int), [0]])))
    for start, end in zip(alone[::2], alone[1::2], strict=True):
        at = (start + end) // 2
        if low <= at < high and all(abs(at - other) >= distance for other in places):
            places.append(int(at))
    return sorted(places[: MAX_CUTS + 6]), stroke


def _path(ink: np.ndarray, middle: int) -> np.ndarray:
    """The way from top to bottom that crosses least ink and stays near a column.

    Args:
        ink: `bool` array of shape `(rows, cols)`.
        middle: The column.

    Returns:
        `(rows,)`: the column in each row; what lies left of it belongs to the left part.

    Source: J. Wang and J. Jean, "Segmentation of merged characters by neural networks and shortest
    path", Pattern Recognition 27 (1994) 649-658.
    """
    steps = np.empty(ink.shape, np.int8)
    away = DETOUR * np.abs(np.arange(ink.shape[1]) - middle)
    cost = away
    for row, inked in enumerate(ink):
        padded = np.pad(cost, 1, constant_values=np.inf)
        ways = np.stack([padded[:-2] + DETOUR, cost, padded[2:] + DETOUR])
        steps[row] = ways.argmin(axis=0) - 1
        cost = ways.min(axis=0) + inked
    path = np.empty(len(ink), int)
    at = int((cost + away).argmin())
    for row in range(len(ink) - 1, -1, -1):
        path[row] = at
        at += int(steps[row, at])
    return path


def _is_lowest(cost: np.ndarray, at: int, distance: int) -> bool:
    around = cost[max(at - distance // 2, 0) : at + distance // 2 + 1]
    return cost[at] <= around.min() + 1e-6


def frame_of(piece: Piece, ink: np.ndarray) -> np.ndarray:
    """Prepares a piece for the network.

    Args:
        piece: The piece, or several joined ones.
        ink: The sheet's ink, as `ink_on_paper` returns it.

    Returns:
        `float32` array of shape `(28, 28)`, 0 paper to 1 ink.
    """
    part = ink[piece.top : piece.bottom, piece.left : piece.right] * piece.mask
    full = FULL_INK * float(np.percentile(part[piece.mask], 90))
    return to_mnist(np.clip(part / max(full, 1e-3), 0, 1).astype(np.float32))
