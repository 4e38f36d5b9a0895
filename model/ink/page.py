"""Prepares a sheet to be read: level, without its lines, in pieces of ink."""

from collections import Counter
from dataclasses import dataclass, replace

import cv2
import numpy as np

from model.ink.frames import take_frames_out
from model.ink.layout import TextLine
from model.ink.pieces import (
    LARGEST,
    SPECK,
    Piece,
    find_pieces,
    typical_height,
    with_short_ones_joined,
)
from model.ink.ruling import Ruling, find_ruling, ruled_area, tilt
from model.ink.sheet import Sheet, grain, ink_masks, ink_on_paper

LEVEL = 0.4  # degrees; a smaller tilt is left
FRAME_WIDTH = 8  # pixels around an opening, and a sixth of its height, that a frame may take
NUM_SLOPING = 3  # pieces at least of a line whose slope counts
DOT = 0.3  # of the typical height; smaller marks are dots
TOO_TALL_AT_EDGE = 1.5  # times the typical height; a mark at the sheet's edge is then no digit
SHORT_AT_EDGE = 0.6  # of it; a lower one is the rest of something
MAX_DOTS = 400  # more are dirt
FULL = 0.6  # of its box that a blot inks at least
SOLID = 0.7  # of its lesser side, by which a mark is thick; such a mark is a blot
SLIM = 0.5  # of the typical height

DRAWINGS = "drawings, edges or shadows"
SPECKS = "specks"
BESIDE = "marks beside the sheet"


@dataclass(frozen=True)
class Page:
    """A sheet ready to be read.

    Attributes:
        sheet: Level, perhaps not upright.
        ink: How dark each pixel is, `float32` array like the sheet's grey one.
        ruling: The lines that were taken out.
        pieces: Connected ink that may be digits, from the left.
        dots: Smaller marks, which may be decimal points.
        height: The height of most writing, pixels.
        left_out: How many other marks there are, by what they are.
    """

    sheet: Sheet
    ink: np.ndarray
    ruling: Ruling
    pieces: list[Piece]
    dots: list[Piece]
    height: float
    left_out: Counter


def prepare(sheet: Sheet, may_level: bool = True) -> Page:
    """Levels a sheet by its lines, takes these out and finds the pieces of ink.

    Args:
        sheet: The sheet.
        may_level: Whether it may still be turned by its tilt.
    """
    ink, mask, faint = _inked(sheet)
    angle = (tilt(mask) or tilt(faint)) if may_level else 0.0
    if abs(angle) > LEVEL:
        sheet = sheet.levelled(angle)
        ink, mask, faint = _inked(sheet)
    mask, frames = take_frames_out(mask)
    ruling = replace(find_ruling(_without(faint, frames) | mask), frames=tuple(frames))
    pieces = find_pieces(ruling.without_lines(mask, ink))
    area = None if frames else ruled_area(ruling)  # a form has lines anywhere
    left_out: Counter = Counter()
    if area is not None:
        inside = [piece for piece in pieces if _is_inside(piece, area)]
        left_out[BESIDE] += len(pieces) - len(inside)
        pieces = inside
    return _sorted_out(sheet, ink, ruling, pieces, left_out)


def _inked(sheet: Sheet) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A sheet's ink, which pixels are ink, and which may belong to a faint line."""
    ink = ink_on_paper(sheet.grey)
    return ink, *ink_masks(ink, grain(sheet.grey))


def _without(faint: np.ndarray, frames: list) -> np.ndarray:
    """Clears the ink around the openings of frames, where the frames themselves are."""
    cleared = faint.copy()
    for left, top, right, bottom in frames:
        around = FRAME_WIDTH + (bottom - top) // 6
        cleared[max(top - around, 0) : bottom + around, max(left - around, 0) : right + around] = (
            False
        )
    return cleared


def _is_inside(piece: Piece, area: np.ndarray) -> bool:
    centre = (piece.middle_x, piece.middle)
    return cv2.pointPolygonTest(area, centre, False) >= 0


def _sorted_out(
    sheet: Sheet, ink: np.ndarray, ruling: Ruling, pieces: list[Piece], left_out: Counter
) -> Page:
    """Parts digits from dots, and leaves out specks, drawings and edges."""
    edge = {id(piece) for piece in pieces if sheet.is_at_edge(piece.box)}
    inner = [piece for piece in pieces if id(piece) not in edge] or pieces
    if not inner:
        return Page(sheet, ink, ruling, [], [], 1.0, left_out)
    height = typical_height(inner)
    kept = []
    for piece in pieces:
        is_at_edge = id(piece) in edge
        tall = TOO_TALL_AT_EDGE if is_at_edge else LARGEST
        is_large = piece.height > tall * height or (
            piece.width > 2 * tall * height and piece.height > 1.5 * height
        )
        is_blot = min(piece.width, piece.height) > SLIM * height and _is_solid(piece)
        is_rest = is_at_edge and piece.height < SHORT_AT_EDGE * height
        if is_large or is_blot or is_rest:
            left_out[DRAWINGS] += 1
        elif max(piece.width, piece.height) < SPECK * height:
            left_out[SPECKS] += 1
        else:
            kept.append(piece)
    kept = with_short_ones_joined(kept, height)
    dots = [piece for piece in kept if max(piece.width, piece.height) < DOT * height]
    small = {id(dot) for dot in dots}
    if len(dots) > MAX_DOTS:
        left_out[SPECKS] += len(dots)
        dots = []
    return Page(sheet, ink, ruling, [p for p in kept if id(p) not in small], dots, height, left_out)


def _is_solid(piece: Piece) -> bool:
    """Tells whether a piece is filled: a stroke is thin beside its own extent."""
    if piece.mask.mean() < FULL:
        return False
    depth = cv2.distanceTransform(np.pad(piece.mask, 1).astype(np.uint8), cv2.DIST_L2, 5)
    return 2 * float(depth.max()) > SOLID * min(piece.width, piece.height)


def slope_of(lines: list[TextLine]) -> float:
    """The median slope of lines of writing, degrees downwards to the right."""
    slopes, weights = [], []
    for line in lines:
        tall = [piece for piece in line.pieces if piece.height > 0.6 * line.height]
        across = np.array([piece.middle_x for piece in tall])
        if len(tall) < NUM_SLOPING or np.ptp(across) < 3 * line.height:
            continue
        bottoms = np.array([piece.bottom for piece in tall])
        slopes.append(np.rad2deg(np.arctan(np.polyfit(across, bottoms, 1)[0])))
        weights.append(np.ptp(across))
    if not slopes:
        return 0.0
    order = np.argsort(slopes)
    total = np.cumsum(np.array(weights)[order])
    return float(np.array(slopes)[order][np.searchsorted(total, total[-1] / 2)])
