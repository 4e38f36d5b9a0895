"""Finds the connected pieces of ink on a sheet, and cuts wide ones where digits may touch."""

import itertools
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
LOW = 0.4  # of the line's height; a lower piece is no row of digits
CUT_DISTANCE = 0.16  # of the line's height, between two cuts
MAX_CUTS = 14  # of one piece


@dataclass(frozen=True)
class Piece:
    """Connected ink, or a part of it between two cuts.

    Attributes:
        left, top, right, bottom: Its box, pixels of the sheet.
        mask: `bool` array of shape `(bottom - top, right - left)`.
        was_cut: Whether its left or right side is a cut.
    """

    left: int
    top: int
    right: int
    bottom: int
    mask: np.ndarray
    was_cut: tuple[bool, bool] = (False, False)

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
    first, last = min(parts, key=lambda p: p.left), max(parts, key=lambda p: p.right)
    return Piece(left, top, right, bottom, mask, (first.was_cut[0], last.was_cut[1]))


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
    counts = ink.sum(axis=0).astype(float)
    padded = np.vstack([np.zeros(ink.shape[1], bool), ink])
    runs = (padded[1:] & ~padded[:-1]).sum(axis=0)
    stroke = max(np.percentile(counts[counts > 0], 15), 1.0)
    cost = counts / stroke + 4.0 * np.maximum(runs - 1, 0)
    cost = np.convolve(np.pad(cost, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")
    distance = max(int(CUT_DISTANCE * line_height), 2)
    low, high = distance, piece.width - distance
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
    edges = [0, *sorted(places[: MAX_CUTS + 6]), piece.width]
    parts = []
    for start, end in itertools.pairwise(edges):
        part = ink[:, start:end]
        inked = np.flatnonzero(part.any(axis=1))
        if len(inked):
            parts.append(
                Piece(
                    piece.left + start,
                    piece.top + int(inked[0]),
                    piece.left + end,
                    piece.top + int(inked[-1]) + 1,
                    part[inked[0] : inked[-1] + 1],
                    (start > 0, end < piece.width),
                )
            )
    return parts


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
