"""Explains an answer: the drawing coloured by its evidence, and the change that would alter it."""

import numpy as np
import streamlit as st

from model.errors import ArtifactError
from model.ink.pen import draw_canvas
from model.reading.counterfactual import Change, smallest_change
from model.reading.explanation import contrast, tint
from model.reading.recognizer import Recognizer
from ui.pictures import picture_url
from ui.show_error import show_error

TEXT_WIDTH = 420  # CSS pixels; beside the picture on a desktop, below it on a phone
THIN_PEN = 12  # canvas pixels; so that the changed part can be seen inside the drawing
ORANGE = (255, 140, 0)


def show_evidence(frame: np.ndarray, probabilities: np.ndarray, recognizer: Recognizer) -> None:
    """Shows the frame coloured by the evidence for the answer and for its strongest rival.

    Args:
        frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.
        probabilities: `(10,)`.
        recognizer: The network that read the frame.
    """
    rival, answer = (int(digit) for digit in np.argsort(probabilities)[-2:])
    try:
        maps = recognizer.maps("class_maps", frame[None])
        for_answer = contrast(maps[0], answer, rival)
    except ArtifactError as error:
        show_error(error)
        return
    with st.container(horizontal=True):
        st.image(picture_url(tint(frame, for_answer), scale=6), width=168)
        st.markdown(
            f"**Blue** supports **{answer}**, :orange[**orange**] supports **{rival}**, white "
            f"neither. Most of the ink for {answer} lies {_place(for_answer * frame)}.",
            width=TEXT_WIDTH,
        )


def show_counterfactual(
    strokes: list[np.ndarray], canvas_side: int, recognizer: Recognizer
) -> None:
    """Shows the smallest change that would flip the answer: drawn in orange, and in words."""
    change = smallest_change(strokes, canvas_side, recognizer)
    if change is None:
        st.write("No small change would turn it into another digit.")
        return
    with st.container(horizontal=True):
        st.image(picture_url(_with_change(strokes, change, canvas_side)), width=168)
        what = "With the gap closed" if change.kind == "join" else "Without the orange part"
        st.markdown(
            f"{what} it would read **{change.digit}** ({change.probability:.0%}).",
            width=TEXT_WIDTH,
        )


def _with_change(strokes: list[np.ndarray], change: Change, canvas_side: int) -> np.ndarray:
    """The drawing in white, the ink to add or remove in orange; `uint8` RGB."""
    ink = draw_canvas(strokes, THIN_PEN, canvas_side)[..., None]
    part = draw_canvas([change.part], THIN_PEN, canvas_side)[..., None]
    picture = ink * 255 * (1 - part) + np.array(ORANGE) * part
    return np.round(picture).astype(np.uint8)


def _place(weight: np.ndarray) -> str:
    """Where the centre of the positive weights of a frame lies, in words."""
    rows, cols = np.indices(weight.shape)
    part = np.clip(weight, 0, None)
    total = max(float(part.sum()), 1e-9)
    row, col = float((rows * part).sum()) / total, float((cols * part).sum()) / total
    side = "left" if col < 12 else "right" if col > 16 else ""
    height = "top" if row < 11 else "bottom" if row > 17 else ""
    place = " ".join(word for word in (height, side) if word)
    return f"at the {place}" if place else "in the middle"
