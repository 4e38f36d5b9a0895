"""Reads a photo or scan of handwritten numbers: finds the sheet, its lines, digits and cells."""

from collections import Counter

import numpy as np

from model.errors import NothingDrawn
from model.ink.layout import TextLine, columns, gutters, text_lines
from model.ink.page import DRAWINGS, SPECKS, Page, prepare, slope_of
from model.ink.pieces import Piece, frame_of
from model.ink.sheet import Sheet, find_sheet, whole_picture
from model.reading.lattice import read_lines
from model.reading.numbers_on_paper import FEWEST_WORDS, WORDS, cells_of_line
from model.reading.paper import Cell, PaperDigit, PaperReading, Sign
from model.reading.recognizer import Recognizer

TILTED_TEXT = 1.5  # degrees; lines of writing without ruling that slope more are levelled
AT_EDGE = 0.5  # of a line's pieces
SHARED = 0.5  # of a cell's width, that lies above or below a word
WALL = 2.2  # times a line's height; a longer upright line parts cells
# Which way is up.
MOST_TRIED = 60  # pieces that are read in all four directions
UPRIGHT_ENOUGH = 0.8  # mean certainty from which on no other direction is tried
FEWEST_TRIED = 3  # pieces; fewer don't tell which way is up
BETTER = (0.08, 0.2, 0.08)  # by which each other direction must be read more surely: a six upside
# down is a nine, so turning by half asks for more
NOTHING = (
    "No digit was found: write larger and darker, on plain or ruled paper, and fill the picture."
)


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


def _without_edges(lines: list[TextLine], sheet: Sheet) -> tuple[list[TextLine], int]:
    """Leaves out lines of which most pieces touch the edge: they are what lies beside the paper.

    Returns:
        The other lines, all if they would be none, and how many pieces were left out.
    """
    inner = [
        line
        for line in lines
        if sum(sheet.is_at_edge(piece.box) for piece in line.pieces) < AT_EDGE * len(line.pieces)
    ]
    num = sum(len(line.pieces) for line in lines) - sum(len(line.pieces) for line in inner)
    return (inner, num) if inner else (lines, 0)


def _num_sure(reading: PaperReading) -> int:
    return sum(not digit.is_doubtful for digit in reading.digits)


def _why_nothing(reading: PaperReading) -> str:
    """Says what was there instead of digits."""
    if not reading.left_out:
        return NOTHING
    seen = ", ".join(f"{num} {reason}" for reason, num in reading.left_out.items())
    return f"{NOTHING} Left out were: {seen}."


def _read_sheet(sheet: Sheet, recognizer: Recognizer) -> PaperReading:
    page = prepare(sheet)
    quarters = quarters_to_upright(page, recognizer)
    if quarters:
        page = prepare(sheet.turned(quarters))
    lines = text_lines(page.pieces)
    slope = slope_of(lines)
    if abs(slope) > TILTED_TEXT:
        page = prepare(page.sheet.levelled(-slope), may_level=False)
        lines = text_lines(page.pieces)
    left_out = Counter(page.left_out)
    lines, num_at_edge = _without_edges(lines, page.sheet)
    left_out[DRAWINGS] += num_at_edge
    glyphs = read_lines(lines, page.ink, recognizer)
    between = gutters(lines)
    rows, found, words = [], [], []
    for line, of_line in zip(lines, glyphs, strict=True):
        dots = [dot for dot in page.dots if _is_on(line, dot)]
        walls = page.ruling.walls_at(line.middle, WALL * line.height)
        cells, others, spans = cells_of_line(line, of_line, dots, [*walls, *between])
        left_out.update(others)
        used = {id(part.piece) for cell in cells for part in cell}
        left_out[SPECKS] += sum(1 for dot in dots if id(dot) not in used)
        found.append(cells)
        words.append(spans)
    for number, cells in enumerate(found):
        numbers = [cell for cell in cells if not _is_in_column_of_words(cell, number, found, words)]
        left_out[WORDS] += sum(map(len, cells)) - sum(map(len, numbers))
        if numbers:
            rows.append([_as_cell(cell, page.sheet) for cell in numbers])
    far = [dot for dot in page.dots if not any(_is_on(line, dot) for line in lines)]
    left_out[SPECKS] += len(far)
    return PaperReading(
        rows=_in_columns(rows),
        left_out={reason: num for reason, num in left_out.items() if num},
        rotation=(360 - 90 * quarters) % 360,
        network=recognizer.version,
    )


def quarters_to_upright(page: Page, recognizer: Recognizer, fewest: int = FEWEST_TRIED) -> int:
    """By how many quarter turns, anticlockwise, a page is read most surely."""
    typical = [
        piece
        for piece in page.pieces
        if 0.5 * page.height < max(piece.height, piece.width) < 1.6 * page.height
    ]
    if len(typical) < fewest:
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


def _is_in_column_of_words(cell: list, number: int, found: list, words: list) -> bool:
    """Whether more lines have words than numbers above and below a cell, as with names in a table.

    Args:
        cell: Its parts.
        number: Its line's.
        found: Each line's cells.
        words: Where each line's words lie.
    """
    left, right = _ends(cell)

    def is_there(ends: tuple[float, float]) -> bool:
        return min(right, ends[1]) - max(left, ends[0]) > SHARED * (right - left)

    others = [each for each in range(len(found)) if each != number]
    num_words = sum(any(map(is_there, words[each])) for each in others)
    num_numbers = sum(any(is_there(_ends(other)) for other in found[each]) for each in others)
    return num_words >= max(FEWEST_WORDS, num_numbers + 1)


def _ends(cell: list) -> tuple[int, int]:
    return min(part.piece.left for part in cell), max(part.piece.right for part in cell)


def _is_on(line: TextLine, dot: Piece) -> bool:
    """Whether a dot belongs to a line of writing."""
    if not line.reaches(dot.middle_x, dot.middle):
        return False
    top, bottom = line.band_at(dot.middle_x)
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
            is_guess = glyph.is_guess or part.is_near_word
            done.append(PaperDigit(box, glyph.frame, glyph.probabilities, glyph.answer, is_guess))
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
