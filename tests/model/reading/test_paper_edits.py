"""What a person says of a page is kept: other digits, none, typed text, a missed digit."""

import numpy as np
import pytest

from model.reading.confidence import Answer
from model.reading.paper import Cell, PaperDigit, PaperReading, Sign
from model.reading.paper_edits import DELETED, with_added, with_digit, with_text


def digit(value: int, left: int, top: int = 0, *others: int) -> PaperDigit:
    answer = Answer((value, *others), True, not others)
    probabilities = np.eye(10, dtype=np.float32)[value]
    box = (left, top, left + 20, top + 40)
    return PaperDigit(box, np.zeros((28, 28), np.float32), probabilities, answer)


def reading() -> PaperReading:
    rows = (
        (Cell((digit(1, 0), Sign(".", (22, 30, 26, 40)), digit(7, 30, 0, 1))), Cell()),
        (Cell((digit(3, 0, 100),)), Cell((digit(4, 200, 100),))),
    )
    return PaperReading(rows)


def texts(changed: PaperReading) -> list[list[str]]:
    return [[cell.text for cell in row] for row in changed.rows]


def test_a_doubtful_digit_becomes_what_a_person_says():
    before = reading()
    assert before.rows[0][0].is_doubtful and before.rows[0][0].marked_text == "1.?"
    after = with_digit(before, 1, 9)
    assert texts(after)[0] == ["1.9", ""] and not after.rows[0][0].is_doubtful
    assert texts(before)[0] == ["1.7", ""]


def test_what_is_no_digit_goes_and_is_counted():
    after = with_digit(reading(), 2, None)
    assert texts(after) == [["1.7", ""], ["", "4"]] and after.left_out == {DELETED: 1}
    gone = with_digit(after, 2, None)
    assert texts(gone) == [["1.7", ""]] and gone.left_out == {DELETED: 2}


@pytest.mark.parametrize("number", [-1, 4, 1000])
def test_a_digit_that_is_not_there_changes_nothing(number):
    before = reading()
    assert with_digit(before, number, 5) is before


def test_typed_text_replaces_a_cell_and_ends_its_doubt():
    after = with_text(reading(), 0, 0, " 1.77 ")
    assert texts(after)[0] == ["1.77", ""] and not after.rows[0][0].is_doubtful
    assert texts(with_text(reading(), 0, 1, "8"))[0] == ["1.7", "8"]
    before = reading()
    assert with_text(before, 5, 0, "8") is before and with_text(before, 0, 9, "8") is before


def test_a_missed_digit_joins_the_number_beside_it():
    assert texts(with_added(reading(), digit(5, 55)))[0] == ["1.75", ""]


def test_a_missed_digit_far_off_fills_the_empty_cell_of_its_row():
    assert texts(with_added(reading(), digit(5, 200)))[0] == ["1.7", "5"]


def test_a_missed_digit_between_rows_makes_a_row():
    assert texts(with_added(reading(), digit(6, 0, 50))) == [["1.7", ""], ["6", ""], ["3", "4"]]
    assert texts(with_added(PaperReading(()), digit(6, 0))) == [["6"]]
