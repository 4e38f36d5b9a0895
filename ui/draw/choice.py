"""Several digits: the number, and which of its digits the page explains."""

import numpy as np
import streamlit as st

from model.reading.numbers import Digit
from ui.answer import (
    AnswerView,
    ask_about_doubtful_digits,
    digit_view,
    hint_view,
    number_view,
)
from ui.draw.live_drawing import Reading, is_drawing
from ui.formatting import percent
from ui.show_error import visitor_text

_CHIPS = "chips"  # the chosen digit's place, by the number's length
_SAID = "said"  # what the visitor said that doubtful digits are


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
    is_guess = any(each.touching for each in reading.digits)
    return number_view(
        "".join(map(str, _read_or_said(reading.digits))),
        "a guess: some touch" if is_guess else sure,
        view,
        place + 1,
    )


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
        said = ask_about_doubtful_digits(
            np.stack([digit.frame for digit in digits]),
            np.stack([digit.probabilities for digit in digits]),
            np.array([digit.touching or digit.answer.is_doubtful for digit in digits]),
        )
        if said != _read_or_said(digits) and not is_drawing():
            st.session_state[_SAID] = {"digits": _read(digits), "said": said}
            st.rerun(scope="fragment")
        st.code("".join(map(str, said)), language=None)
    return digits[_chosen(digits)]


def _chosen(digits: list[Digit]) -> int:
    place = st.session_state.get(f"{_CHIPS}-{len(digits)}") or 0
    return place if isinstance(place, int) and 0 <= place < len(digits) else 0


def _read(digits: list[Digit]) -> list[int]:
    return [int(digit.probabilities.argmax()) for digit in digits]


def _read_or_said(digits: list[Digit]) -> list[int]:
    said = st.session_state.get(_SAID, {})
    return said["said"] if said.get("digits") == _read(digits) else _read(digits)
