"""Shows a number of several digits, and asks the visitor about the doubtful ones."""

import numpy as np
import streamlit as st

from model.reading.numbers import Digit
from ui.answer import announce, ask_about_doubtful_digits
from ui.formatting import in_words, percent
from ui.pictures import boxed, picture_url

MARGIN = 12  # canvas pixels around the strokes; about half the pen's width
PICTURE_WIDTH = 180  # CSS pixels


def show_number(digits: list[Digit], ink: np.ndarray) -> None:
    """Shows the number, a box around each digit, and a question about each doubtful one.

    Args:
        digits: From left to right.
        ink: The whole drawing, `float32` array of shape `(side, side)`, 0 paper to 1 ink.
    """
    answer = st.container()
    chosen = ask_about_doubtful_digits(
        np.stack([digit.frame for digit in digits]),
        np.stack([digit.probabilities for digit in digits]),
        np.array([digit.touching or digit.answer.is_doubtful for digit in digits]),
    )
    number = "".join(map(str, chosen))
    boxes = [_box_with_margin(digit.box) for digit in digits]
    with answer, st.container(horizontal=True, gap="medium"):
        st.metric("Prediction", number, width=200)
        # Errors of separate digits are independent, so all digits are right with the product.
        sure = float(np.prod([digit.probabilities.max() for digit in digits]))
        guessed = any(digit.touching for digit in digits)
        st.metric("How sure", "not sure" if guessed else percent(sure), width=140)
        st.image(
            picture_url(boxed(np.round(ink * 255).astype(np.uint8), boxes)),
            caption="; ".join(_short_answer(digit) for digit in digits),
            width=PICTURE_WIDTH,
        )
    for first, second in touching_pairs(digits):
        st.warning(
            f"Digits {first} and {second} touch: leave a little room between them, or check them.",
            icon=":material/join:",
        )
    announce(f"It reads the number {number}.")
    st.code(number, language=None)
    st.caption("Several digits are read from left to right; leave a little room between them.")


def touching_pairs(digits: list[Digit]) -> list[tuple[int, int]]:
    """Which digits touch, counted from 1."""
    marked = [index for index, digit in enumerate(digits, start=1) if digit.touching]
    return list(zip(marked[::2], marked[1::2], strict=True))  # a cut always makes two neighbours


def _short_answer(digit: Digit) -> str:
    words = in_words(digit.answer) if digit.answer.is_digit else "no digit?"
    if digit.touching:
        return f"{words}, a guess"
    return f"{words} {percent(digit.probabilities.max())}"


def _box_with_margin(box: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return round(left - MARGIN), round(top - MARGIN), round(right + MARGIN), round(bottom + MARGIN)
