"""The Draw page: draw a digit or a number, and see the answer while you write."""

import streamlit as st

from ui import networks
from ui.answer import show_panel
from ui.canvas import drawing_canvas
from ui.canvas_state import make_wide
from ui.draw.about import show_about
from ui.draw.choice import choose_digit, chosen_view
from ui.draw.explanations import show_explanations
from ui.draw.kept_drawing import keep_drawing
from ui.draw.keyboard_input import fill_in_and_read
from ui.draw.live_drawing import (
    adopt_unseen_strokes,
    canvas_state,
    is_drawing,
    last_reading,
    note_report,
    read_drawing,
)

CANVAS, WIDE, KEYBOARD = "Canvas", "Wide canvas", "Keyboard"


def choose_input() -> str:
    """One of the inputs, as chosen last, also after a visit to another page."""
    state = st.session_state
    return st.segmented_control(
        "Input",
        [CANVAS, WIDE, KEYBOARD],
        default=state.get("input_before", CANVAS),
        required=True,
        label_visibility="collapsed",
        key="input",
        on_change=change_input,
    )


def change_input() -> None:
    chosen = st.session_state["input"]
    st.session_state["input_before"] = chosen
    note_report()  # this may be called before the panel's own callback
    if chosen != KEYBOARD:
        make_wide(chosen == WIDE)


@st.fragment
def draw_and_read(is_wide: bool) -> None:
    with st.container(horizontal=True, key="draw"):
        with st.container(key="wide_pen" if is_wide else "pen"):
            drawing_canvas()
        with st.container(key="reading"):
            answer_while_drawing()
    reading = last_reading()
    keep_drawing(reading.strokes)
    show_explanations(reading, choose_digit(reading))
    show_about()


@st.fragment
def answer_while_drawing() -> None:
    """The part of the page that runs for each report of the pen."""
    view = chosen_view(read_drawing())
    if adopt_unseen_strokes():
        st.rerun()
    show_panel(view.unspoken() if is_drawing() else view, canvas_state(), note_report)


with st.container(horizontal=True, vertical_alignment="center", key="top"):
    st.title("DigitPad", width="content", anchor=False)
    st.caption("reads handwritten digits while you write", width="stretch")
    way = choose_input()
if way == KEYBOARD:
    fill_in_and_read()
else:
    draw_and_read(way == WIDE)
networks.load_ahead()  # after the page is shown, so that the first drawing need not wait
