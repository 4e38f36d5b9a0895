"""Lets the visitor label a drawing: one tap stores it, *Undo* removes it."""

import numpy as np
import streamlit as st

from model.errors import AccessError, CorrectionsError
from model.reading.numbers import Digit
from model.reading.recognizer import Recognizer
from ops import telemetry
from ops.correction_rows import strokes_json
from ops.corrections_quota import QUOTA
from ui.show_error import visitor_text
from ui.visitor import visitor

WIDTH = 270  # CSS pixels; two rows of five digits, on a phone as well
BUTTON_WIDTH = 44  # CSS pixels; large enough for a finger
_STATE = "correction"  # the last drawing that was corrected, and the result


def show_correction_menu(strokes: list[np.ndarray], digit: Digit, recognizer: Recognizer) -> None:
    """Shows a menu with ten digits; tapping one is the consent to store the drawing.

    Args:
        strokes: The whole drawing, arrays of shape `(num_points, 2)`, canvas pixels.
        digit: The answer to it.
        recognizer: The network that answered.
    """
    drawing = strokes_json(strokes)
    state = st.session_state.get(_STATE, {})
    if state.get("drawing") != drawing:
        state = {}  # it is about another drawing
    menu = st.popover("Wrong?", icon=":material/edit_note:", key="wrong", on_change="rerun")
    if not menu.open:  # ten buttons would cost an answer a fifth of its time
        return
    with menu:
        st.markdown(
            "What did you write? This drawing and your answer are saved on this server.",
            width=WIDTH,
        )
        with st.container(horizontal=True, gap="xsmall", width=WIDTH):
            for label in range(10):
                st.button(
                    str(label),
                    key=f"it-is-{label}",
                    type="primary" if state.get("label") == label else "secondary",
                    width=BUTTON_WIDTH,
                    on_click=store_correction,
                    args=(strokes, digit, label, recognizer),
                )
        if "label" in state:
            with st.container(horizontal=True, vertical_alignment="center", width=WIDTH):
                st.write(f"Saved as a {state['label']}.")
                st.button("Undo", key="not-kept", on_click=_undo, args=(state,))
        if "problem" in state:
            st.warning(state["problem"], icon=":material/error:", width=WIDTH)


def store_correction(
    strokes: list[np.ndarray], digit: Digit, label: int, recognizer: Recognizer
) -> None:
    """Stores a drawing with its label, for the menu."""
    state = st.session_state
    drawing = strokes_json(strokes)
    try:
        number = add_correction(strokes, digit.frame, label, recognizer)
        state[_STATE] = {"drawing": drawing, "id": number, "label": label}
    except AccessError as error:
        state[_STATE] = {"drawing": drawing, "problem": str(error)}
    except CorrectionsError as error:
        telemetry.count_error(error)
        state[_STATE] = {"drawing": drawing, "problem": visitor_text(error)}


def add_correction(
    strokes: list[np.ndarray], frame: np.ndarray, label: int, recognizer: Recognizer
) -> int:
    """Stores a digit with its label and the probabilities of the network without a profile.

    Args:
        strokes: Arrays of shape `(num_points, 2)`, canvas pixels.
        frame: `float32` array of shape `(28, 28)`, as the network read it.
        label: What the visitor says it is, 0 to 9.
        recognizer: The network that answered.

    Returns:
        The correction's number.

    Raises:
        AccessError: If the visitor has stored many already.
        CorrectionsError: If it can't be stored.
    """
    who = visitor()
    QUOTA.take(who.visit, who.address)
    probabilities = recognizer.plain.probabilities(frame[None])[0]
    from ops.corrections import Corrections

    number = Corrections().add(strokes, frame, probabilities, label, recognizer.version)
    telemetry.count_correction()
    return number


def _undo(state: dict) -> None:
    from ops.corrections import Corrections

    try:
        Corrections().delete([state["id"]])
        st.session_state[_STATE] = {}
    except CorrectionsError as error:
        st.session_state[_STATE] = {**state, "problem": visitor_text(error)}
