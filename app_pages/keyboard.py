"""The Keyboard page: fill in a digit cell by cell, and see the answer."""

import streamlit as st

from model.errors import DigitError, NothingDrawn
from model.reading.keyboard_grid import read_cells
from ui import networks, personalisation
from ui.answer import show_advice, show_answer
from ui.draw.keyboard_grid import GRID_WIDTH, keyboard_grid
from ui.show_error import show_error
from ui.telemetry import record_reading


@st.fragment
def fill_and_read() -> None:
    with st.container(horizontal=True, gap="large"):
        with st.container(width=GRID_WIDTH):
            cells = keyboard_grid()
        with st.container(width="stretch", key="answer"):
            read(cells)


def read(cells: object) -> None:
    try:
        with record_reading("keyboard", cells) as reading:
            recognizer = personalisation.recognizer()
            frame, probabilities = read_cells(cells, recognizer)
            answer = recognizer.answer(probabilities)
            reading.answered(recognizer.version, [answer])
    except NothingDrawn:
        st.info(
            "There is no digit yet: move with the arrow keys and fill cells with Space, or hold "
            "Shift while moving. You can also tap or drag.",
            icon=":material/keyboard:",
        )
    except DigitError as error:
        show_error(error)
    else:
        show_answer(frame, probabilities, answer)
        show_advice(answer, "Fill in one digit, as large as you like, or try it another way.")


st.title("Fill in a digit by keyboard")
fill_and_read()
networks.load_ahead()
