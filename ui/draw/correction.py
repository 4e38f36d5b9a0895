"""The visitor says which digit it is: one tap keeps the drawing, one takes it back."""

import numpy as np
import streamlit as st

from model.errors import CorrectionsError
from model.reading.numbers import Digit
from ops import telemetry
from ops.corrections import Corrections, strokes_json

WIDTH = 270  # CSS pixels; two rows of five digits, on a phone as well
BUTTON_WIDTH = 44  # CSS pixels; what a finger hits
MAX_TAPS = 200  # of one visit; a person who corrects a lot makes a few dozen
_STATE = "correction"  # the last drawing that was tapped, and what became of it
_TAPS = "correction_taps"  # how many were kept in this visit


def correct(strokes: list[np.ndarray], digit: Digit, network: str) -> None:
    """Shows a menu with ten digits; tapping one is the consent to keep the drawing.

    Args:
        strokes: The whole drawing, arrays of shape `(num_points, 2)`, canvas pixels.
        digit: How it was read.
        network: Which network read it.
    """
    drawing = strokes_json(strokes)
    state = st.session_state.get(_STATE, {})
    if state.get("drawing") != drawing:
        state = {}  # drawn on: what was said of another drawing doesn't count
    with st.popover("Wrong?", icon=":material/edit_note:", key="wrong"):
        st.markdown(
            "Tap the digit that it is. The drawing is then kept with it in a file on the computer "
            "that runs this page; otherwise nothing is kept.",
            width=WIDTH,
        )
        with st.container(horizontal=True, gap="xsmall", width=WIDTH):
            for label in range(10):
                st.button(
                    str(label),
                    key=f"it-is-{label}",
                    type="primary" if state.get("label") == label else "secondary",
                    width=BUTTON_WIDTH,
                    on_click=_keep,
                    args=(drawing, strokes, digit, label, network),
                )
        if "label" in state:
            with st.container(horizontal=True, vertical_alignment="center", width=WIDTH):
                st.write(f"Kept: this is a {state['label']}.")
                st.button("Undo", key="not-kept", on_click=_undo, args=(state,))
        if "problem" in state:
            st.warning(state["problem"], icon=":material/error:", width=WIDTH)


def _keep(drawing: str, strokes: list, digit: Digit, label: int, network: str) -> None:
    taps = st.session_state.get(_TAPS, 0)
    try:
        if taps >= MAX_TAPS:
            raise CorrectionsError(
                f"{taps} corrections were kept in this visit, as many as one may bring: thank you."
            )
        number = Corrections().add(strokes, digit.frame, digit.probabilities, label, network)
        telemetry.count_correction()
        state = {"drawing": drawing, "id": number, "label": label}
        st.session_state[_TAPS] = taps + 1
    except CorrectionsError as error:
        telemetry.count_error(error)
        state = {"drawing": drawing, "problem": str(error)}
    st.session_state[_STATE] = state


def _undo(state: dict) -> None:
    try:
        Corrections().delete([state["id"]])
        st.session_state[_STATE] = {}
    except CorrectionsError as error:
        st.session_state[_STATE] = {**state, "problem": str(error)}
