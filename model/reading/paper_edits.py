"""Changes what was read on paper as a person says: other digits, none, or one that was missed."""

from dataclasses import replace

from model.reading.confidence import Answer
from model.reading.numbers_on_paper import NEW_CELL
from model.reading.paper import Cell, PaperDigit, PaperReading

DELETED = "taken out by hand"
LONGEST_TEXT = 100  # characters of a cell that is typed


def with_digit(reading: PaperReading, number: int, digit: int | None) -> PaperReading:
    """Sets a digit to what a person says it is.

    Args:
        reading: The reading.
        number: Which of its digits, counted row by row from 0.
        digit: 0 to 9, or `None` if it is no digit, which takes it out.

    Returns:
        A new reading; the same one if it has no such digit.
    """
    if not 0 <= number < len(reading.digits):
        return reading
    chosen = reading.digits[number]

    said = () if digit is None else (replace(chosen, answer=Answer((digit,)), is_guess=False),)

    def changed(cell: Cell) -> Cell:
        for place, part in enumerate(cell.parts):
            if part is chosen:
                return Cell((*cell.parts[:place], *said, *cell.parts[place + 1 :]))
        return cell

    rows = tuple(tuple(map(changed, row)) for row in reading.rows)
    left_out = dict(reading.left_out)
    if digit is None:
        left_out[DELETED] = left_out.get(DELETED, 0) + 1
        rows = tuple(row for row in rows if any(cell.parts or cell.typed for cell in row))
    return replace(reading, rows=rows, left_out=left_out)


def with_text(reading: PaperReading, row: int, column: int, text: str) -> PaperReading:
    """Replaces a cell by what a person typed; the same reading if there is no such cell."""
    if not (0 <= row < len(reading.rows) and 0 <= column < len(reading.rows[row])):
        return reading
    cells = list(reading.rows[row])
    cells[column] = replace(cells[column], typed=text.strip()[:LONGEST_TEXT])
    return replace(reading, rows=(*reading.rows[:row], tuple(cells), *reading.rows[row + 1 :]))


def with_added(reading: PaperReading, added: PaperDigit) -> PaperReading:
    """Adds a digit that was missed, to the cell or row where it stands.

    Args:
        reading: The reading.
        added: The digit, with its box in the same picture.
    """
    left, top, right, bottom = added.box
    middle, height = (top + bottom) / 2, max(bottom - top, 1)
    for number, row in enumerate(reading.rows):
        boxes = [cell.box for cell in row if cell.box]
        near = min(boxes, key=lambda box: max(box[0] - right, left - box[2], 0), default=None)
        if near is None or not near[1] < middle < near[3]:
            continue
        cells = list(row)
        for place, cell in enumerate(cells):
            if cell.box and max(cell.box[0] - right, left - cell.box[2]) < NEW_CELL * height:
                parts = sorted((*cell.parts, added), key=lambda part: part.box[0] + part.box[2])
                cells[place] = Cell(tuple(parts))
                break
        else:
            before = sum(1 for cell in cells if cell.box and cell.box[0] < left)
            empty = before < len(cells) and not cells[before].parts
            cells[before : before + empty] = [Cell((added,))]
        return _with_row(reading, number, cells)
    above = sum(1 for row in reading.rows if _top(row) < top)
    width = max((len(row) for row in reading.rows), default=1)
    is_table = len({len(row) for row in reading.rows}) == 1
    new = (Cell((added,)), *[Cell()] * ((width - 1) if is_table else 0))
    return replace(reading, rows=(*reading.rows[:above], new, *reading.rows[above:]))


def _with_row(reading: PaperReading, number: int, cells: list[Cell]) -> PaperReading:
    return replace(
        reading, rows=(*reading.rows[:number], tuple(cells), *reading.rows[number + 1 :])
    )


def _top(row: tuple[Cell, ...]) -> float:
    return min((cell.box[1] for cell in row if cell.box), default=float("inf"))
