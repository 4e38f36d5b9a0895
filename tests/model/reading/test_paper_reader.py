"""Pages of paper become rows of numbers with signs; what is no number is counted and named."""

import cv2
import numpy as np
import pytest

from benchmarks.sheets import sheet
from model.errors import NothingDrawn
from model.reading.paper_reader import read_paper
from model.reading.recognizer import Recognizer
from tests.model.ink.test_page import sheet as six_digits
from tests.pictures_for_programs import picture_of

FONT = cv2.FONT_HERSHEY_SIMPLEX


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.load()


def texts(reading) -> list[list[str]]:
    return [[cell.text for cell in row] for row in reading.rows]


def flat(reading) -> list[str]:
    """The digits of each row."""
    return ["".join(digit.text for cell in row for digit in cell.digits) for row in reading.rows]


def paper(rows: int = 300, cols: int = 700, shade: int = 240) -> np.ndarray:
    return np.full((rows, cols, 3), shade, np.uint8)


def write(picture: np.ndarray, text: str, left: int, foot: int, size: float = 2.4) -> None:
    cv2.putText(picture, text, (left, foot), FONT, size, (20, 20, 20), 7, cv2.LINE_AA)


def test_lines_come_out_as_rows(recognizer):
    reading = read_paper(sheet(rows=((3, 1, 7), (4, 0, 2), (8, 6, 5))), recognizer)
    assert flat(reading) == ["317", "402", "865"]


@pytest.mark.parametrize("degrees", [-9, -6, 6, 9])
def test_a_tilted_sheet_keeps_its_rows(degrees, recognizer):
    picture = paper(700, 1100)
    write(picture, "12345678", 150, 300, 3.0)
    write(picture, "87654321", 150, 430, 3.0)
    turn = cv2.getRotationMatrix2D((550, 350), degrees, 1)
    tilted = cv2.warpAffine(picture, turn, (1100, 700), borderMode=cv2.BORDER_REPLICATE)
    assert flat(read_paper(tilted, recognizer)) == ["12345678", "87654321"]


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_page_is_read_upright(quarters, recognizer):
    picture = sheet(rows=((3, 2, 7), (4, 5, 2), (3, 5, 4)))
    expected = flat(read_paper(picture, recognizer))
    reading = read_paper(np.ascontiguousarray(np.rot90(picture, quarters)), recognizer)
    assert flat(reading) == expected and reading.rotation == 90 * quarters
    left, _, right, _ = reading.digits[0].box
    assert 0 <= left < right <= picture.shape[0 if quarters % 2 else 1]


def test_an_underexposed_photo_is_no_blackboard(recognizer):
    picture = sheet(ground=95, ink=25, gradient=0.3)
    assert flat(read_paper(picture, recognizer)) == flat(read_paper(sheet(), recognizer))


@pytest.mark.parametrize(
    ("text", "expected"), [("5.23", "5.23"), ("3,75", "3,75"), ("-32", "-32"), ("007", "007")]
)
def test_signs_and_leading_zeros_are_kept(text, expected, recognizer):
    picture = paper()
    left = 80
    for character in text:
        if character == "-":
            cv2.line(picture, (left, 150), (left + 40, 150), (20, 20, 20), 7)
        elif character == ".":
            cv2.circle(picture, (left + 8, 198), 6, (20, 20, 20), -1)
        elif character == ",":
            cv2.line(picture, (left + 10, 192), (left + 4, 214), (20, 20, 20), 7)
        else:
            cv2.putText(picture, character, (left, 200), FONT, 4, (20, 20, 20), 9, cv2.LINE_AA)
        left += 30 if character in ".," else 100
    assert texts(read_paper(picture, recognizer)) == [[expected]]


def test_a_slash_is_no_one(recognizer):
    picture = paper()
    for character, left in (("2", 60), ("4", 150), ("3", 340), ("2", 430)):
        cv2.putText(picture, character, (left, 200), FONT, 4, (20, 20, 20), 9, cv2.LINE_AA)
    cv2.line(picture, (250, 235), (320, 90), (20, 20, 20), 9)
    assert texts(read_paper(picture, recognizer)) == [["24/32"]]


def test_a_plus_is_left_out_and_told(recognizer):
    picture = paper()
    for character, left in (("8", 60), ("5", 400)):
        cv2.putText(picture, character, (left, 200), FONT, 4, (20, 20, 20), 9, cv2.LINE_AA)
    cv2.line(picture, (210, 160), (270, 160), (20, 20, 20), 8)
    cv2.line(picture, (240, 130), (240, 190), (20, 20, 20), 8)
    reading = read_paper(picture, recognizer)
    assert flat(reading) == ["85"] and sum(reading.left_out.values()) == 1


def test_a_page_of_a_thousand_digits_is_read(recognizer):
    picture = paper(1500, 1500)
    digits = np.random.default_rng(0).integers(2, 6, (25, 40))
    for row, col in np.ndindex(digits.shape):
        place = 30 + 36 * col, 60 + 57 * row
        cv2.putText(picture, str(digits[row, col]), place, FONT, 1.1, (20, 20, 20), 3, cv2.LINE_AA)
    reading = read_paper(picture, recognizer)
    assert len(reading.digits) == 1000 and len(reading.rows) == 25
    right = sum(a == str(b) for a, b in zip("".join(flat(reading)), digits.ravel(), strict=True))
    assert right > 980


def test_a_table_keeps_its_empty_cells(recognizer):
    picture = paper(420, 900)
    table = (("23", "45", "8"), ("56", "", "3"), ("", "84", "72"))
    for row, cells in enumerate(table):
        for column, text in enumerate(cells):
            write(picture, text, 60 + 300 * column, 110 + 120 * row, 2.2)
    for place in (20, 310, 600, 890):
        cv2.line(picture, (place, 10), (place, 410), (120, 120, 120), 2)
    for place in (20, 140, 260, 380):
        cv2.line(picture, (20, place), (890, place), (120, 120, 120), 2)
    reading = read_paper(picture, recognizer)
    assert texts(reading) == [list(cells) for cells in table]


def test_boxes_lie_around_their_digits(recognizer):
    picture = six_digits()
    reading = read_paper(picture, recognizer)
    assert len(reading.digits) == 6
    for digit in reading.digits:
        left, top, right, bottom = digit.box
        assert picture[top:bottom, left:right].min() < 100
        assert picture[max(top - 12, 0) : top - 6, left:right].min() > 150


def test_words_are_left_out_and_told(recognizer):
    picture = paper(400, 900)
    write(picture, "Katrk", 60, 120)
    write(picture, "275", 60, 300)
    reading = read_paper(picture, recognizer)
    assert flat(reading) == ["275"]
    assert sum(num for reason, num in reading.left_out.items() if "word" in reason) >= 3


def hairline(*shape: int) -> np.ndarray:
    picture = np.full((*shape, 3), 255, np.uint8)
    picture[0, :3] = 0
    return picture


def speck() -> np.ndarray:
    picture = np.full((300, 400, 3), 230, np.uint8)
    picture[100:102, 100:102] = 0
    return picture


@pytest.mark.parametrize(
    "picture",
    [
        *(np.full((300, 400, 3), 230, np.uint8), np.zeros((1, 1, 3), np.uint8), speck()),
        *(hairline(1, 5000), hairline(5000, 1), hairline(2, 30_000)),
    ],
    ids=["blank", "one pixel", "speck", "one row", "one column", "two rows"],
)
def test_a_picture_without_a_digit_is_refused(picture, recognizer):
    with pytest.raises(NothingDrawn, match="No digit was found"):
        read_paper(picture, recognizer)


def test_touching_digits_are_cut_and_marked(recognizer):
    picture = paper()
    cv2.putText(picture, "3", (100, 200), FONT, 4, (20, 20, 20), 9, cv2.LINE_AA)
    cv2.putText(picture, "5", (172, 200), FONT, 4, (20, 20, 20), 9, cv2.LINE_AA)
    cv2.line(picture, (160, 150), (190, 150), (20, 20, 20), 8)
    reading = read_paper(picture, recognizer)
    assert flat(reading) == ["35"] and all(digit.is_doubtful for digit in reading.digits)


def test_a_plain_picture_has_no_doubt(recognizer):
    reading = read_paper(np.repeat(picture_of("23578")[..., None], 3, axis=2), recognizer)
    assert flat(reading) == ["23578"] and not any(d.is_doubtful for d in reading.digits)


def test_names_beside_the_numbers_of_a_table_are_no_numbers(recognizer):
    picture = paper(600, 900)
    names = ("Scheme", "Katrk", "Urdu", "Total", "Urdu")  # the first could be digits
    for row, name in enumerate(names):
        write(picture, name, 30, 100 + 110 * row)
        write(picture, str(3 + row), 560, 100 + 110 * row)
        write(picture, str(9 - row), 760, 100 + 110 * row)
    reading = read_paper(picture, recognizer)
    assert texts(reading) == [[str(3 + row), str(9 - row)] for row in range(len(names))]
    assert reading.left_out["words"] >= 10


def test_marks_along_the_pictures_edge_are_no_line_of_digits(recognizer):
    picture = paper(400)
    write(picture, "3 5 8", 100, 180)
    for left in range(60, 600, 60):  # as between fingers below a pad
        cv2.line(picture, (left, 345), (left + 6, 399), (40, 40, 40), 5)
    reading = read_paper(picture, recognizer)
    assert flat(reading) == ["358"]
    assert reading.left_out["drawings, edges or shadows"] >= 5


def test_a_short_dash_on_the_line_is_left_out_and_told(recognizer):
    picture = paper()
    write(picture, "500", 200, 200)
    cv2.line(picture, (140, 188), (154, 202), (40, 40, 40), 5)
    reading = read_paper(picture, recognizer)
    assert flat(reading) == ["500"]
    assert sum(reading.left_out.values()) >= 1


def test_labels_with_an_index_are_no_numbers(recognizer):
    picture = paper(400, 900)
    for column, left in enumerate((60, 340, 620)):  # d1, d2, d3 over numbers
        write(picture, "d", left, 120)
        cv2.putText(picture, str(column + 1), (left + 50, 130), FONT, 0.9, (20, 20, 20), 4)
        write(picture, f"{column + 4}7", left, 300)
    reading = read_paper(picture, recognizer)
    assert texts(reading) == [["47", "57", "67"]]
    assert reading.left_out["words"] >= 5


def test_a_small_zero_on_the_line_stays_in_its_number(recognizer):
    picture = paper(300, 700)
    write(picture, "5", 100, 200, 3.6)
    cv2.putText(picture, "0", (190, 200), FONT, 1.9, (20, 20, 20), 6, cv2.LINE_AA)
    write(picture, "7", 400, 200, 3.6)
    assert flat(read_paper(picture, recognizer)) == ["507"]
