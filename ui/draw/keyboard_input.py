"""The keyboard grid as the Draw page's input: fill in a digit cell by cell, and see the answer."""

import streamlit as st

from model.errors import DigitError, NothingDrawn
from model.reading.keyboard_grid import read_cells
from ui import personalisation
from ui.answer import AnswerView, digit_view, hint_view, show_panel
from ui.draw.about import show_about
from ui.draw.keyboard_grid import keyboard_grid
from ui.show_error import visitor_text
from ui.telemetry import record_reading

EMPTY = (
    "Fill in a digit: move with the arrow keys and ink cells with Space, or hold Shift while "
    "moving. You can also tap or drag."
)


@st.fragment
def fill_in_and_read() -> None:
    """Shows the grid and the answer."""
    with st.container(horizontal=True, key="draw"):
        with st.container(key="pen"):
            cells = keyboard_grid()
        with st.container(key="reading"):
            show_panel(_read(cells))
    show_about()


def _read(cells: object) -> AnswerView:
    try:
        with record_reading("keyboard", cells) as reading:
            recognizer = personalisation.recognizer()
            frame, probabilities = read_cells(cells, recognizer)
            answer = recognizer.answer(probabilities)
            reading.answered(recognizer.version, [answer])
    except NothingDrawn:
        return hint_view(EMPTY)
    except DigitError as error:
        return hint_view(visitor_text(error))
    return digit_view(frame, probabilities, answer)
