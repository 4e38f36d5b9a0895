"""Reads a photo or scan of handwritten numbers: finds the sheet, its lines, digits and cells."""

from collections import Counter
from dataclasses import dataclass

import cv2
import numpy as np

from model.errors import NothingDrawn
from model.ink.layout import TextLine, columns, text_lines
from model.ink.pieces import (
    LARGEST,
    SPECK,
    Piece,
    find_pieces,
    frame_of,
    typical_height,
    with_short_ones_joined,
)
from model.ink.ruling import Ruling, find_ruling, ruled_area, tilt
from model.ink.sheet import Sheet, find_sheet, ink_masks, ink_on_paper, whole_picture
from model.reading.lattice import read_lines
from model.reading.numbers_on_paper import BESIDE, cells_of_line
from model.reading.paper import Cell, PaperDigit, PaperReading, Sign
from model.reading.recognizer import Recognizer

LEVEL = 0.4  # degrees; a smaller tilt is left
TILTED_TEXT = 1.5  # degrees; lines of writing without ruling that slope more are levelled
NUM_SLOPING = 3  # pieces at least of a line whose slope counts
DOT = 0.3  # of the typical height; smaller marks are dots
TOO_TALL_AT_EDGE = 1.5  # times the typical height; a mark at the sheet's edge is then no digit
SHORT_AT_EDGE = 0.5  # of it; a lower one is the rest of something
SOLID = 0.75  # of its box; a mark so full and not slim is a blot
SLIM = 0.5  # of the typical height
# Which way is up.
MOST_TRIED = 60  # pieces that are read in all four directions
UPRIGHT_ENOUGH = 0.8  # mean certainty from which on no other direction is tried
FEWEST_TRIED = 3  # pieces; fewer don't tell which way is up
BETTER = (0.08, 0.2, 0.08)  # by which each other direction must be read more surely: a six upside
# down is a nine, so turning by half asks for more
NOTHING = (
    "No digit was found: write larger and darker, on plain or ruled paper, and fill the picture."
)

DRAWINGS = "drawings, edges or shadows"
SPECKS = "specks"


@dataclass(frozen=True)
class _Page:
    """A sheet ready to be read: upright, level, its ink without lines, in pieces."""

    sheet: Sheet
    ink: np.ndarray
    ruling: Ruling
    pieces: list[Piece]
    dots: list[Piece]
    height: float
    left_out: Counter


def read_paper(picture: np.ndarray, recognizer: Recognizer) -> PaperReading:
    """Reads all numbers on a picture of paper.

    Args:
        picture: `uint8` array of shape `(rows, cols, 3)`, RGB, each side at least 1.
        recognizer: Reads the digits.

    Returns:
        At least one row with a digit.

    Raises:
        NothingDrawn: If nothing could be a digit.
    """
    sheet = find_sheet(picture)
    reading = None if sheet is None else _read_sheet(sheet, recognizer)
    if reading is None or _num_sure(reading) < len(reading.digits) / 2 or not reading.digits:
        whole = _read_sheet(whole_picture(picture), recognizer)
        if reading is None or _num_sure(whole) > _num_sure(reading):
            reading = whole
    if not reading.digits:
        raise NothingDrawn(_why_nothing(reading))
    return reading


def _num_sure(reading: PaperReading) -> int:
    return sum(not digit.is_doubtful for digit in reading.digits)


def _why_nothing(reading: PaperReading) -> str:
    """Says what was there instead of digits."""
    if not reading.left_out:
        return NOTHING
    seen = ", ".join(f"{num} {reason}" for reason, num in reading.left_out.items())
    return f"{NOTHING} Left out were: {seen}."


def _read_sheet(sheet: Sheet, recognizer: Recognizer) -> PaperReading:
    page = _prepared(sheet)
    quarters = _quarters_to_upright(page, recognizer)
    if quarters:
        page = _prepared(sheet.turned(quarters))
    lines = text_lines(page.pieces)
    slope = _slope(lines)
    if abs(slope) > TILTED_TEXT:
        page = _prepared(page.sheet.levelled(-slope), may_level=False)
        lines = text_lines(page.pieces)
    left_out = Counter(page.left_out)
    glyphs = read_lines(lines, page.ink, recognizer)
    rows = []
    for line, of_line in zip(lines, glyphs, strict=True):
        dots = [dot for dot in page.dots if _is_on(line, dot)]
        cells, words = cells_of_line(line, of_line, dots)
        left_out.update(words)
        used = {id(part) for cell in cells for part in cell}
        left_out[SPECKS] += sum(1 for dot in dots if id(dot) not in used)
        if cells:
            rows.append([_as_cell(cell, page.sheet) for cell in cells])
    far = [dot for dot in page.dots if not any(_is_on(line, dot) for line in lines)]
    left_out[SPECKS] += len(far)
    return PaperReading(
        rows=_in_columns(rows),
        left_out={reason: num for reason, num in left_out.items() if num},
        rotation=(360 - 90 * quarters) % 360,
        network=recognizer.version,
    )


def _prepared(sheet: Sheet, may_level: bool = True) -> _Page:
    ink = ink_on_paper(sheet.grey)
    mask, faint = ink_masks(ink)
    angle = (tilt(mask) or tilt(faint)) if may_level else 0.0
    if abs(angle) > LEVEL:
        sheet = sheet.levelled(angle)
        ink = ink_on_paper(sheet.grey)
        mask, faint = ink_masks(ink)
    ruling = find_ruling(faint | mask)
    pieces = find_pieces(ruling.without_lines(mask, ink))
    area = ruled_area(ruling)
    left_out: Counter = Counter()
    if area is not None:
        inside = [piece for piece in pieces if _is_inside(piece, area)]
        left_out[BESIDE] += len(pieces) - len(inside)
        pieces = inside
    return _sorted_out(sheet, ink, ruling, pieces, left_out)


def _is_inside(piece: Piece, area: np.ndarray) -> bool:
    centre = (piece.middle_x, piece.middle)
    return cv2.pointPolygonTest(area, centre, False) >= 0


def _sorted_out(
    sheet: Sheet, ink: np.ndarray, ruling: Ruling, pieces: list[Piece], left_out: Counter
) -> _Page:
    """Parts digits from dots, and leaves out specks, drawings and edges."""
    rows, cols = ink.shape

    def at_edge(piece: Piece) -> bool:
        return piece.left <= 1 or piece.top <= 1 or piece.right >= cols - 1 or piece.bottom >= rows - 1

    inner = [piece for piece in pieces if not at_edge(piece)] or pieces
    if not inner:
        return _Page(sheet, ink, ruling, [], [], 1.0, left_out)
    height = typical_height(inner)
    kept = []
    for piece in pieces:
        tall = TOO_TALL_AT_EDGE if at_edge(piece) else LARGEST
        is_large = piece.height > tall * height or (
            piece.width > 2 * tall * height and piece.height > 1.5 * height
        )
        is_blot = piece.mask.mean() > SOLID and min(piece.width, piece.height) > SLIM * height
        is_rest = at_edge(piece) and piece.height < SHORT_AT_EDGE * height
        if is_large or is_blot or is_rest:
            left_out[DRAWINGS] += 1
        elif max(piece.width, piece.height) < SPECK * height:
            left_out[SPECKS] += 1
        else:
            kept.append(piece)
    kept = with_short_ones_joined(kept, height)
    dots = [piece for piece in kept if max(piece.width, piece.height) < DOT * height]
    small = {id(dot) for dot in dots}
    return _Page(
        sheet, ink, ruling, [p for p in kept if id(p) not in small], dots, height, left_out
    )


def _quarters_to_upright(page: _Page, recognizer: Recognizer) -> int:
    """By how many quarter turns, anticlockwise, a page is read most surely."""
    typical = [
        piece
        for piece in page.pieces
        if 0.5 * page.height < max(piece.height, piece.width) < 1.6 * page.height
    ]
    if len(typical) < FEWEST_TRIED:
        return 0
    chosen = typical[:: max(len(typical) // MOST_TRIED, 1)][:MOST_TRIED]
    frames = np.stack([frame_of(piece, page.ink) for piece in chosen])
    sure = []
    for quarters in range(4):
        turned = np.ascontiguousarray(np.rot90(frames, quarters, axes=(1, 2)))
        answers = recognizer.probabilities(turned)
        sure.append(float(answers.max(axis=1).mean()))
        if quarters == 0 and sure[0] > UPRIGHT_ENOUGH:
            return 0
    gains = [now - sure[0] - least for now, least in zip(sure[1:], BETTER, strict=True)]
    best = int(np.argmax(gains))
    return best + 1 if gains[best] > 0 else 0


def _slope(lines: list[TextLine]) -> float:
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


def _is_on(line: TextLine, dot: Piece) -> bool:
    """Whether a dot belongs to a line of writing."""
    x = dot.middle_x
    reach = 1.2 * line.height
    if not line.pieces[0].left - reach < x < max(p.right for p in line.pieces) + reach:
        return False
    top, bottom = line.band_at(x)
    return top - 0.2 * line.height < dot.middle < bottom + 0.35 * line.height


def _as_cell(parts: list, sheet: Sheet) -> Cell:
    """A cell with boxes in pixels of the picture."""
    done = []
    for part in parts:
        box = sheet.box_in_picture(part.piece.box)
        if part.sign:
            done.append(Sign(part.sign, box))
        else:
            glyph = part.glyph
            done.append(
                PaperDigit(box, glyph.frame, glyph.probabilities, glyph.answer, glyph.is_guess)
            )
    return Cell(tuple(done))


def _in_columns(rows: list[list[Cell]]) -> tuple[tuple[Cell, ...], ...]:
    """Puts empty cells where a row of a table has none."""
    if sum(len(row) > 1 for row in rows) < 2:
        return tuple(map(tuple, rows))
    places = columns([[(cell.box[0], cell.box[2]) for cell in row] for row in rows])
    num = 1 + max(place for row in places for place in row)
    if num > 2 * max(map(len, rows)):
        return tuple(map(tuple, rows))  # numbers in any place, no table
    table = []
    for row, of_row in zip(rows, places, strict=True):
        cells = [Cell()] * num
        for cell, place in zip(row, of_row, strict=True):
            cells[place] = cell
        table.append(tuple(cells))
    return tuple(table)
