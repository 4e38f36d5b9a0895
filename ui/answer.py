"""What is said of one digit: the answer, how sure, and what the network saw."""

import numpy as np
import streamlit as st

from model.confidence import Answer
from ui.announce import announce
from ui.resources import picture_url
from ui.words import in_words, percent

DRAWN = "Draw one digit, or several with room between them, or try it another way."


def one_answer(
    frame: np.ndarray, probabilities: np.ndarray, answer: Answer, advice: str = DRAWN
) -> None:
    """Shows a digit's answer, or that it is none.

    Args:
        frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.
        probabilities: `(10,)`.
        answer: What to say of them.
        advice: What to do where it is no digit.
    """
    with st.container(horizontal=True, gap="medium"):
        st.metric("Prediction", in_words(answer.digits) if answer.is_digit else "none", width=140)
        sure = probabilities[list(answer.digits)].sum()
        st.metric("How sure", percent(sure) if answer.is_digit else "not sure", width=140)
        st.image(
            picture_url(frame, scale=4),
            caption="What the network saw: 28 × 28 pixels",
            width=112,
        )
    if answer.is_digit:
        announce(f"It reads {in_words(answer.digits)}, {percent(sure)} sure.")
    else:
        announce("This doesn't look like a digit.")
        st.warning(
            f"This doesn't look like a digit; {answer.digits[0]} comes closest. {advice}",
            icon=":material/help:",
        )
