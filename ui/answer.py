"""What is said of one digit: the answer, how sure, and what the network saw."""

import numpy as np
import streamlit as st

from model.reading.confidence import Answer
from ui import charts
from ui.announce import announce
from ui.resources import picture_url
from ui.words import in_words, percent

DRAWN = "Draw one digit, or several with room between them, or try it another way."


def one_answer(frame: np.ndarray, probabilities: np.ndarray, answer: Answer) -> None:
    """Shows a digit's answer and all probabilities; their places never change.

    Args:
        frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.
        probabilities: `(10,)`.
        answer: What to say of them.
    """
    sure = percent(probabilities[list(answer.digits)].sum())
    with st.container(horizontal=True, gap="medium"):
        st.metric("Prediction", in_words(answer.digits) if answer.is_digit else "none", width=140)
        st.metric("How sure", sure if answer.is_digit else "not sure", width=140)
        st.image(
            picture_url(frame, scale=4),
            caption="What the network saw: 28 × 28 pixels",
            width=112,
        )
    announce(
        f"It reads {in_words(answer.digits)}, {sure} sure."
        if answer.is_digit
        else "This doesn't look like a digit."
    )
    st.vega_lite_chart(charts.probabilities_chart(probabilities))


def advise(answer: Answer, advice: str = DRAWN) -> None:
    """Says what to do if it is no digit; below all that stays, which it would push away."""
    if not answer.is_digit:
        st.warning(
            f"This doesn't look like a digit; {answer.digits[0]} comes closest. {advice}",
            icon=":material/help:",
        )
