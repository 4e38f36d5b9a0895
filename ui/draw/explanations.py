"""What the Draw page tells about a digit besides its answer; what was chosen stays chosen."""

import numpy as np
import streamlit as st

from model.ink.pen import draw_canvas
from model.reading.numbers import Digit
from ui.canvas_state import CANVAS_SIDE, pen_width
from ui.draw.correction import show_correction_menu
from ui.draw.downloads import show_downloads
from ui.draw.live_drawing import Reading
from ui.draw.look_alikes import show_look_alikes
from ui.draw.replay import show_replay
from ui.explanation import show_counterfactual, show_evidence

WHY, REPLAY, LOOK_ALIKES = "Why", "Replay", "Look-alikes"
_CHOSEN = "explanations"  # what is shown; outlives the page


def show_explanations(reading: Reading, digit: Digit | None) -> None:
    """Shows the menus and the explanations that the visitor chose.

    Args:
        reading: The reading of the whole drawing.
        digit: The digit that they are about; `None` shows the choice alone.
    """
    with st.container(horizontal=True, vertical_alignment="center", key="more"):
        st.pills(
            "Explain",
            [WHY, REPLAY, LOOK_ALIKES],
            selection_mode="multi",
            default=st.session_state.get(_CHOSEN, []),
            key=f"{_CHOSEN}_pressed",
            on_change=_remember,
            label_visibility="collapsed",
        )
        if digit is not None:
            show_correction_menu(digit.strokes, digit, reading.recognizer)
            show_downloads(
                digit.strokes, lambda: _ink(reading.strokes), digit.frame, digit.probabilities
            )
    if digit is None:
        return
    shown = st.session_state.get(_CHOSEN, [])
    if WHY in shown:
        show_evidence(digit.frame, digit.probabilities, reading.recognizer)
        show_counterfactual(digit.strokes, CANVAS_SIDE, reading.recognizer)
    if REPLAY in shown:
        show_replay(digit.strokes, CANVAS_SIDE, reading.recognizer)
    if LOOK_ALIKES in shown:
        show_look_alikes(digit.frame, reading.recognizer)


def _remember() -> None:
    st.session_state[_CHOSEN] = st.session_state[f"{_CHOSEN}_pressed"]


def _ink(strokes: list[np.ndarray]) -> np.ndarray:
    return draw_canvas(strokes, pen_width(), CANVAS_SIDE)
