"""Why this answer: the drawing tinted by what speaks for it and against its rival."""

import numpy as np
import streamlit as st

from model.errors import ArtifactError
from model.ink.frame import draw_canvas
from model.reading.counterfactual import Change, smallest_change
from model.reading.explanation import contrast, tint
from model.reading.recognizer import Recognizer
from ui.resources import picture_url

TEXT_WIDTH = 420  # CSS pixels; beside the picture on a desktop, below it on a phone
THIN_PEN = 12  # canvas pixels; thin, so that the part is seen in the whole
ORANGE = (255, 140, 0)


def why(frame: np.ndarray, probabilities: np.ndarray, recognizer: Recognizer) -> None:
    """Shows the tinted frame and says what the colours mean.

    Args:
        frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.
        probabilities: `(10,)`.
        recognizer: Who read it.
    """
    rival, answer = (int(digit) for digit in np.argsort(probabilities)[-2:])
    try:
        maps = recognizer.maps("class_maps", frame[None])
        for_answer = contrast(maps[0], answer, rival)
    except ArtifactError as error:
        st.info(str(error))
        return
    with st.container(horizontal=True):
        st.image(picture_url(tint(frame, for_answer), scale=6), width=168)
        st.markdown(
            f"**Blue** ink speaks for **{answer}**, :orange[**orange**] ink for its strongest "
            f"rival, **{rival}**; white ink for neither. "
            f"Most of the ink for {answer} lies {_where(for_answer * frame)}.",
            width=TEXT_WIDTH,
        )


def what_if(strokes: list[np.ndarray], canvas_side: int, recognizer: Recognizer) -> None:
    """Shows the smallest change that would flip the answer, drawn in orange, and says it."""
    change = smallest_change(strokes, canvas_side, recognizer)
    if change is None:
        st.write("No small change would make another digit of it.")
        return
    with st.container(horizontal=True):
        st.image(picture_url(_with_change(strokes, change, canvas_side)), width=168)
        st.markdown(in_words(change), width=TEXT_WIDTH)


def in_words(change: Change) -> str:
    """One sentence that says what to do and what it would then read."""
    what = "Close the gap here" if change.kind == "join" else "Leave the orange part out"
    return f"**{what} and it reads {change.digit}** ({change.probability:.0%})."


def _with_change(strokes: list[np.ndarray], change: Change, canvas_side: int) -> np.ndarray:
    """The drawing in white, the ink that would go or come in orange; `uint8` RGB."""
    ink = draw_canvas(strokes, THIN_PEN, canvas_side)[..., None]
    part = draw_canvas([change.part], THIN_PEN, canvas_side)[..., None]
    picture = ink * 255 * (1 - part) + np.array(ORANGE) * part
    return np.round(picture).astype(np.uint8)


def _where(weight: np.ndarray) -> str:
    """The part of the frame that speaks loudest, in words."""
    rows, cols = np.indices(weight.shape)
    part = np.clip(weight, 0, None)
    total = max(float(part.sum()), 1e-9)
    row, col = float((rows * part).sum()) / total, float((cols * part).sum()) / total
    side = "left" if col < 12 else "right" if col > 16 else ""
    height = "top" if row < 11 else "bottom" if row > 17 else ""
    place = " ".join(word for word in (height, side) if word)
    return f"at the {place}" if place else "in the middle"
