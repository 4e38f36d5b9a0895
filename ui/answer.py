"""Shows the answer for a digit or a refusal, and asks about doubtful digits."""

import zlib

import numpy as np
import streamlit as st

from model.reading.confidence import Answer
from ui.charts import probabilities_chart
from ui.formatting import in_words, percent
from ui.pictures import picture_url

REFUSAL = "This doesn't look like a digit"
REDRAW = "Draw one digit, or several with room between them, or try it another way."
NUM_CHOICES = 4  # readings offered for a doubtful digit
MAX_ASKED = 12  # digits asked about at once; more than a screenful would not be answered

_LIVE_REGION = st.components.v2.component(
    "digitpad_announcement",
    html='<div role="status" aria-live="polite"></div>',
    css="""
div { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
""",
    js="""
export default function ({ data, parentElement }) {
  const region = parentElement.querySelector('div[role=status]');
  if (region.textContent !== data) region.textContent = data;
}
""",
)


def show_answer(frame: np.ndarray, probabilities: np.ndarray, answer: Answer) -> None:
    """Shows a digit's answer and all probabilities, always at the same places.

    Args:
        frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.
        probabilities: `(10,)`.
        answer: The answer for these probabilities.
    """
    sure = percent(probabilities[list(answer.digits)].sum())
    with st.container(horizontal=True, gap="medium"):
        st.metric("Prediction", in_words(answer) if answer.is_digit else "none", width=140)
        st.metric("How sure", sure if answer.is_digit else "not sure", width=140)
        st.image(
            picture_url(frame, scale=4),
            caption="What the network saw: 28 × 28 pixels",
            width=112,
        )
    announce(f"It reads {in_words(answer)}, {sure} sure." if answer.is_digit else f"{REFUSAL}.")
    st.vega_lite_chart(probabilities_chart(probabilities))


def show_advice(answer: Answer, advice: str = REDRAW) -> None:
    """Says what to do if the drawing is no digit; show it last, because it moves what is below."""
    if not answer.is_digit:
        st.warning(
            f"{REFUSAL}; {answer.digits[0]} comes closest. {advice}",
            icon=":material/help:",
        )


def announce(text: str) -> None:
    """Puts a sentence into an invisible live region; call it once per page."""
    _LIVE_REGION(data=text, key="announcement", height=1)


def ask_about_doubtful_digits(
    frames: np.ndarray, probabilities: np.ndarray, doubtful: np.ndarray
) -> list[int]:
    """Asks about the doubtful digits; about the least sure ones if there are many.

    Args:
        frames: `float32` array of shape `(n, 28, 28)`, 0 paper to 1 ink.
        probabilities: `(n, 10)`.
        doubtful: `bool` array of shape `(n,)`.

    Returns:
        The `n` digits, as read or as the visitor chose.
    """
    digits = [int(digit) for digit in probabilities.argmax(axis=1)]
    indices = np.flatnonzero(doubtful)
    least_sure = indices[np.argsort(probabilities[indices].max(axis=1), kind="stable")]
    for index in sorted(least_sure[:MAX_ASKED].tolist()):
        with st.container(horizontal=True, vertical_alignment="center"):
            digits[index] = _ask(index, frames[index], probabilities[index])
    if len(indices) > MAX_ASKED:
        st.caption(
            f"{len(indices) - MAX_ASKED} less doubtful digits are not listed: correct them after "
            "copying."
        )
    return digits


def _ask(index: int, frame: np.ndarray, probabilities: np.ndarray) -> int:
    options = [int(digit) for digit in np.argsort(-probabilities, kind="stable")[:NUM_CHOICES]]
    chosen = st.pills(
        f"Digit {index + 1} is doubtful: which is it?",
        options,
        default=options[0],
        # The key names the picture: for another drawing the visitor is asked again.
        key=f"choice-{index}-{zlib.crc32(frame.tobytes())}-{options}",
    )
    return options[0] if chosen is None else chosen
