"""Fill in a digit cell by cell, by keyboard, and read the answer."""

import streamlit as st

from model.errors import DigitError, NothingDrawn
from model.reading.keyboard_grid import read_cells
from ui import resources
from ui.answer import advise, one_answer
from ui.draw.keyboard_grid import GRID_WIDTH, filled_grid
from ui.telemetry import reading


@st.fragment
def fill_and_read() -> None:
    with st.container(horizontal=True, gap="large"):
        with st.container(width=GRID_WIDTH):
            cells = filled_grid()
        with st.container(width="stretch", key="answer"):
            show_answer(cells)


def show_answer(cells: object) -> None:
    try:
        with reading("keyboard", cells) as noted:
            recognizer = resources.recognizer()
            frame, probabilities = read_cells(cells, recognizer)
            answer = recognizer.answer(probabilities)
            noted.answered(recognizer.version, [answer])
    except NothingDrawn:
        st.info(
            "There is no digit yet: move with the arrow keys and ink cells with Space, or hold "
            "Shift to ink along. Tap or drag works as well.",
            icon=":material/keyboard:",
        )
        return
    except DigitError as error:
        st.warning(str(error), icon=":material/error:")
        return
    one_answer(frame, probabilities, answer)
    advise(answer, "Fill in one digit, as large as you like, or try it another way.")


st.title("Fill in a digit by keyboard")
fill_and_read()
resources.load_ahead()
