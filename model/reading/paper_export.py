"""Writes what was read on paper as text, CSV rows and an Excel workbook."""

import csv
import io
import re
from collections.abc import Iterable, Iterator

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill

from model.reading.paper import Cell, PaperReading

CSV_COLUMNS = ("source", "page", "row", "column", "text", "doubtful")
DOUBTFUL_FILL = PatternFill("solid", start_color="FFF2CC")
AUTHOR = "DigitPad"
LONGEST_NAME = 31  # characters of a sheet's name in Excel
NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d+)?")  # what Excel can hold as a number, unchanged


def as_text(reading: PaperReading) -> str:
    """Writes rows as lines, cells apart by tabs, doubtful digits as "?" with candidates behind.

    Returns:
        One line for each row, without a line break at the end.
    """
    return "\n".join("\t".join(map(_cell_text, row)) for row in reading.rows)


def _cell_text(cell: Cell) -> str:
    candidates = [
        "".join(map(str, digit.answer.digits)) for digit in cell.digits if digit.is_doubtful
    ]
    return f"{cell.marked_text} ({', '.join(candidates)})" if candidates else cell.marked_text


def csv_rows(source: str, page: int, reading: PaperReading) -> Iterator[tuple]:
    """Returns a row for each cell that is not empty, as `CSV_COLUMNS` names them.

    Args:
        source: The name of the file.
        page: From 1.
        reading: What was read.
    """
    for row, cells in enumerate(reading.rows, start=1):
        for column, cell in enumerate(cells, start=1):
            if cell.parts:
                yield source, page, row, column, cell.text, cell.is_doubtful


def csv_line(values: Iterable) -> str:
    """One line of CSV, without a line break."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue()


def table_csv(table: list[list[str]]) -> str:
    """Writes rows of text as CSV."""
    return "".join(f"{csv_line(row)}\n" for row in table)


def workbook(pages: list[tuple[str, list[list[str]], list[list[str]]]]) -> bytes:
    """Writes an Excel workbook with a sheet for each page.

    Args:
        pages: For each page its name, its rows of text, and rows of notes of the same shape; a
            note that is not empty marks its cell as doubtful.

    Returns:
        The `.xlsx` file. A number is a number in it, unless that would change it: leading zeros
        stay.
    """
    book = Workbook()
    book.remove(book.active)
    for name, table, notes in pages:
        sheet = book.create_sheet(_sheet_name(name, book.sheetnames))
        for row, (texts, of_row) in enumerate(zip(table, notes, strict=True), start=1):
            for column, (text, note) in enumerate(zip(texts, of_row, strict=True), start=1):
                cell = sheet.cell(row, column)
                if NUMBER.fullmatch(text):
                    cell.value = float(text) if "." in text else int(text)
                else:
                    cell.value = text or None
                    cell.data_type = "s" if text else "n"  # never a formula
                if note:
                    cell.fill = DOUBTFUL_FILL
                    cell.comment = Comment(note, AUTHOR)
    if not book.sheetnames:
        book.create_sheet("Empty")
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def page_of(name: str, reading: PaperReading) -> tuple[str, list[list[str]], list[list[str]]]:
    """A page as `workbook` takes it."""
    table = [[cell.text for cell in row] for row in reading.rows]
    return name, table, [[doubt_of(cell) for cell in row] for row in reading.rows]


def doubt_of(cell: Cell) -> str:
    """Says which digits of a cell are doubtful, `""` if none is.

    Example:
        >>> doubt_of(Cell())
        ''
    """
    return "; ".join(
        f"digit {place} may be {' or '.join(map(str, digit.answer.digits))}"
        for place, digit in enumerate(cell.digits, start=1)
        if cell.is_doubtful and digit.is_doubtful
    )


def _sheet_name(name: str, taken: list[str]) -> str:
    plain = NOT_IN_NAMES.sub(" ", name).strip("' ")[:LONGEST_NAME] or "Page"
    number, tried = 2, plain
    while tried.lower() in [other.lower() for other in taken]:
        end = f" {number}"
        tried, number = plain[: LONGEST_NAME - len(end)] + end, number + 1
    return tried
