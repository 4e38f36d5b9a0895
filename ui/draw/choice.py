"""Several digits: the number, and which of its digits the page explains."""

from dataclasses import replace

import numpy as np
import streamlit as st

from model.reading.numbers import Digit
from ui.answer import (
    AnswerView,
    ask_about_doubtful_digits,
    digit_view,
    digits_as_said,
    hint_view,
    number_view,
)
from ui.draw.live_drawing import Reading
from ui.formatting import listed, percent
from ui.show_error import visitor_text

_CHIPS = "chips"  # the chosen digit's place, by the number's length


def chosen_view(reading: Reading) -> AnswerView:
    """What the panel shows for a reading."""
    if reading.error is not None:
        return hint_view(visitor_text(reading.error))
    place = _chosen(reading.digits)
    digit = reading.digits[place]
    view = digit_view(digit.frame, digit.probabilities, digit.answer)
    if len(reading.digits) == 1:
        return view
    # Errors of separate digits are independent, so all digits are right with the product.
    sure = percent(float(np.prod([each.probabilities.max() for each in reading.digits])))
    touching = [at for at, each in enumerate(reading.digits, start=1) if each.touching]
    number = number_view(_number(reading.digits), "a guess" if touching else sure, view, place + 1)
    if not touching:
        return number
    return replace(number, runner_up=f"digits {listed(touching, 'and')} touch")


def choose_digit(reading: Reading) -> Digit | None:
    """Shows a chip for each digit of a number, and asks about the doubtful ones.

    Returns:
        The digit that the page explains; `None` if there is none.
    """
    digits = reading.digits
    if not digits:
        return None
    if len(digits) > 1:
        places = list(range(len(digits)))
        st.pills(
            "Digits: press one to see more of it",
            places,
            format_func=lambda place: str(digits[place].answer.digits[0]),
            default=0,
            required=True,
            key=f"{_CHIPS}-{len(digits)}",
        )
        is_doubtful = [digit.touching or digit.answer.is_doubtful for digit in digits]
        ask_about_doubtful_digits(*_frames_and_probabilities(digits), np.array(is_doubtful))
        st.code(_number(digits), language=None)
    return chosen_digit(reading)


def chosen_digit(reading: Reading) -> Digit | None:
    """The digit that the page explains; `None` if there is none."""
    return reading.digits[_chosen(reading.digits)] if reading.digits else None


def _chosen(digits: list[Digit]) -> int:
    place = st.session_state.get(f"{_CHIPS}-{len(digits)}") or 0
    return place if isinstance(place, int) and 0 <= place < len(digits) else 0


def _number(digits: list[Digit]) -> str:
    """The number as read, or as the visitor said."""
    return "".join(map(str, digits_as_said(*_frames_and_probabilities(digits))))


def _frames_and_probabilities(digits: list[Digit]) -> tuple[np.ndarray, np.ndarray]:
    return (
        np.stack([digit.frame for digit in digits]),
        np.stack([digit.probabilities for digit in digits]),
    )
