"""A picture of one digit is read through frames and shadow; else the reason is told."""

import cv2
import numpy as np
import pytest

from model.reading.one_digit import NO_DIGIT, SEVERAL, read_one_digit
from model.reading.recognizer import Recognizer
from tests.pictures_for_programs import picture_of

DARK = (25, 25, 25)


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.load()


def paper(side: int = 320, shade: int = 240) -> np.ndarray:
    return np.full((side, side, 3), shade, np.uint8)


def draw(picture: np.ndarray, digit: str, size: float = 4, shade=DARK) -> np.ndarray:
    place = int(picture.shape[1] / 2 - 9 * size), int(picture.shape[0] / 2 + 10 * size)
    return cv2.putText(picture, digit, place, cv2.FONT_HERSHEY_SIMPLEX, size, shade, 9, cv2.LINE_AA)


def framed(picture: np.ndarray) -> np.ndarray:
    return cv2.rectangle(picture, (40, 40), (280, 280), (60, 60, 60), 4)


def with_label(picture: np.ndarray) -> np.ndarray:
    write = cv2.putText(framed(picture), "8", (140, 30), 0, 0.8, DARK, 2, cv2.LINE_AA)
    return write


def with_axes(picture: np.ndarray) -> np.ndarray:
    picture = framed(picture)
    for place in range(40, 281, 60):
        cv2.line(picture, (34, place), (40, place), DARK, 2)
        cv2.line(picture, (place, 280), (place, 286), DARK, 2)
    return picture


def in_a_cell(picture: np.ndarray) -> np.ndarray:
    for place in (30, 290):
        cv2.line(picture, (place, 0), (place, 319), DARK, 4)
        cv2.line(picture, (0, place), (319, place), DARK, 4)
    return picture


def in_shadow(picture: np.ndarray) -> np.ndarray:
    light = np.where(np.arange(320) < 110, 0.45, 1.0)
    light = cv2.GaussianBlur(light[None], (0, 0), 12)
    return (picture * light[..., None]).astype(np.uint8)


@pytest.mark.parametrize("around", [framed, with_label, with_axes, in_a_cell, in_shadow])
@pytest.mark.parametrize("digit", ["2", "3", "5", "6"])
def test_a_digit_is_read_through_what_surrounds_it(around, digit, recognizer):
    assert read_one_digit(around(draw(paper(), digit)), recognizer).digits == (int(digit),)


def test_a_digit_on_a_dark_panel_of_a_light_page_is_read(recognizer):
    page = paper(600, 250)
    page[150:450, 150:450] = draw(paper(300, 10), "3", 6, (245, 245, 245))
    assert read_one_digit(page, recognizer).digits == (3,)


def test_several_digits_are_told_and_not_read(recognizer):
    picture = np.repeat(picture_of("2358")[..., None], 3, axis=2)
    prediction = read_one_digit(picture, recognizer)
    assert prediction.digits == () and prediction.reason == SEVERAL


def test_a_figure_that_is_no_digit_is_told(recognizer):
    picture = paper()
    star = [(160, 40), (90, 270), (290, 120), (30, 120), (230, 270)]
    cv2.polylines(picture, [np.array(star)], True, DARK, 8)
    prediction = read_one_digit(picture, recognizer)
    assert prediction.digits == () and prediction.reason == NO_DIGIT


def test_a_plain_digit_has_no_reason(recognizer):
    prediction = read_one_digit(draw(paper(), "3"), recognizer)
    assert prediction.digits == (3,) and prediction.reason == ""
