"""A number of several digits: read from left to right, checked and corrected by the visitor."""

import numpy as np
import streamlit as st

from model.numbers import Digit
from ui.resources import boxed, picture_url
from ui.words import in_words, percent

NUM_CHOICES = 4  # digits offered in place of a doubtful one
MARGIN = 12  # canvas pixels; about half a pen beyond the strokes
PICTURE_WIDTH = 180  # CSS pixels


def show_number(digits: list[Digit], ink: np.ndarray) -> None:
    """Shows the number, its boxes, and a choice for each doubtful digit.

    Args:
        digits: From left to right.
        ink: The whole drawing, `float32` array of shape `(side, side)`, 0 paper to 1 ink.
    """
    answer = st.container()
    doubtful = [index for index, digit in enumerate(digits) if _is_doubtful(digit)]
    chosen = [digit.answer.digits[0] for digit in digits]
    for index in doubtful:
        chosen[index] = _choose(index, digits[index])
    number = "".join(map(str, chosen))
    boxes = [_around_pen(digit.box) for digit in digits]
    with answer, st.container(horizontal=True, gap="medium"):
        st.metric("Prediction", number, width=200)
        # Digits err apart from each other, so all are right with the product.
        sure = float(np.prod([digit.probabilities.max() for digit in digits]))
        st.metric("How sure", percent(sure), width=140)
        st.image(
            picture_url(boxed(np.round(ink * 255).astype(np.uint8), boxes)),
            caption="; ".join(_in_short(digit) for digit in digits),
            width=PICTURE_WIDTH,
        )
    st.code(number, language=None)
    st.caption("Several digits are read from left to right; leave a little room between them.")


def _is_doubtful(digit: Digit) -> bool:
    return len(digit.answer.digits) > 1 or not digit.answer.is_digit


def _choose(index: int, digit: Digit) -> int:
    options = [int(k) for k in np.argsort(-digit.probabilities)[:NUM_CHOICES]]
    picked = st.pills(
        f"Digit {index + 1} is doubtful: which is it?",
        options,
        default=options[0],
        key=f"choice-{index}-{options}",
    )
    return options[0] if picked is None else picked


def _in_short(digit: Digit) -> str:
    words = in_words(digit.answer.digits) if digit.answer.is_digit else "no digit?"
    return f"{words} {percent(digit.probabilities.max())}"


def _around_pen(box: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return round(left - MARGIN), round(top - MARGIN), round(right + MARGIN), round(bottom + MARGIN)
