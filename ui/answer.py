"""Shows the answer for one digit: digit, confidence, the network's input, and a refusal."""

import numpy as np
import streamlit as st

from model.reading.confidence import Answer
from ui.announce import announce
from ui.charts import probabilities_chart
from ui.formatting import in_words, percent
from ui.pictures import picture_url

REDRAW = "Draw one digit, or several with room between them, or try it another way."


def show_answer(frame: np.ndarray, probabilities: np.ndarray, answer: Answer) -> None:
    """Shows a digit's answer and all probabilities, always at the same places.

    Args:
        frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.
        probabilities: `(10,)`.
        answer: The answer for these probabilities.
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
    st.vega_lite_chart(probabilities_chart(probabilities))


def show_advice(answer: Answer, advice: str = REDRAW) -> None:
    """Says what to do if the drawing is no digit; show it last, because it moves what is below."""
    if not answer.is_digit:
        st.warning(
            f"This doesn't look like a digit; {answer.digits[0]} comes closest. {advice}",
            icon=":material/help:",
        )
