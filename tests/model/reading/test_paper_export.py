"""Pages are written as text, CSV and workbooks that keep rows, zeros and doubt."""

import io

import openpyxl

from model.reading.paper import Cell, PaperReading
from model.reading.paper_export import (
    CSV_COLUMNS,
    as_text,
    csv_line,
    csv_rows,
    page_of,
    table_csv,
    workbook,
)
from tests.model.reading.test_paper_edits import digit, reading


def test_text_has_a_line_for_each_row_and_candidates_behind_doubt():
    assert as_text(reading()) == "1.? (71)\t\n3\t4"


def test_csv_has_a_row_for_each_filled_cell():
    rows = list(csv_rows("a, b.png", 2, reading()))
    assert rows == [
        ("a, b.png", 2, 1, 1, "1.7", True),
        ("a, b.png", 2, 2, 1, "3", False),
        ("a, b.png", 2, 2, 2, "4", False),
    ]
    assert len(CSV_COLUMNS) == len(rows[0])
    assert csv_line(rows[0]) == '"a, b.png",2,1,1,1.7,True'
    assert table_csv([["1", ""], ["2", "3"]]) == "1,\n2,3\n"


def opened(pages) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(workbook(pages)))


def test_a_workbook_has_a_sheet_a_page_with_numbers_and_marked_doubt():
    book = opened([page_of("one.jpg", reading()), page_of("two: [x]?.jpg", reading())])
    assert book.sheetnames == ["one.jpg", "two   x  .jpg"]
    sheet = book["one.jpg"]
    assert sheet["A1"].value == 1.7 and sheet["A2"].value == 3 and sheet["B1"].value is None
    assert "digit 2 may be 7 or 1" in sheet["A1"].comment.text and sheet["A2"].comment is None
    assert sheet["A1"].fill.fill_type == "solid"


def test_leading_zeros_and_long_numbers_stay_as_written():
    cells = [["007", "12345678901234567890", "1,5", "-3", "12.50"]]
    sheet = opened([("page", cells, [[""] * 5])]).active
    assert [cell.value for cell in sheet[1]] == ["007", "12345678901234567890", "1,5", -3, 12.5]


def test_text_that_looks_like_a_formula_stays_text():
    sheet = opened([("page", [["=1+1"]], [[""]])]).active
    assert sheet["A1"].value == "=1+1" and sheet["A1"].data_type == "s"


def test_sheets_of_the_same_name_are_numbered():
    pages = [page_of("scan" * 20, reading())] * 3
    names = opened(pages).sheetnames
    assert len(set(names)) == 3 and all(len(name) <= 31 for name in names)


def test_json_has_rows_with_boxes_candidates_and_doubt():
    written = reading().as_dict()
    first = written["rows"][0][0]
    assert first["text"] == "1.7" and first["doubtful"] and first["box"] == [0, 0, 50, 40]
    assert first["digits"][1]["candidates"] == [7, 1] and first["digits"][0]["confidence"] == 1
    assert written["rows"][0][1] == {"text": "", "box": None, "doubtful": False, "digits": []}


def test_scaled_boxes_are_those_of_a_larger_picture():
    larger = PaperReading(((Cell((digit(1, 10, 5),)),),)).scaled(2)
    assert larger.digits[0].box == (20, 10, 60, 90)
