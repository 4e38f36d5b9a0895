"""Teach it your handwriting: two of each digit, then it knows your hand for this visit."""

import streamlit as st

from model.errors import DigitError, NothingDrawn
from model.ink.frame import strokes_to_mnist
from model.ink.strokes import strokes_of_canvas
from ui import resources
from ui.canvas import CANVAS_SIDE, clear, drawing_canvas
from ui.draw.handwriting import DIGITS, go_back, keep, kept, show_lesson

NAME = "handwriting"  # of the canvas


@st.fragment
def lesson() -> None:
    drawn = kept()
    if len(drawn) == len(DIGITS):
        show_lesson(drawn, CANVAS_SIDE)
        return
    st.subheader(f"Draw a {DIGITS[len(drawn)]}, as you always do")
    st.progress(len(drawn) / len(DIGITS), f"{len(drawn)} of {len(DIGITS)}")
    # Above the canvas, so that on a phone both are on the screen.
    buttons = st.container(horizontal=True)
    strokes = look(drawing_canvas(NAME, has_example=False))
    with buttons:
        st.button(
            "Next",
            type="primary",
            on_click=keep_and_clear,
            args=(strokes,),
            disabled=not strokes,
            shortcut="Enter",
        )
        st.button("Back", on_click=go_back, disabled=not drawn)


def look(drawing: dict) -> list:
    """The strokes, or none if they can't be a digit; says so where that is not plain to see."""
    try:
        strokes = strokes_of_canvas(drawing)
        strokes_to_mnist(strokes, CANVAS_SIDE)
    except NothingDrawn:
        return []
    except DigitError as error:
        st.warning(str(error), icon=":material/error:")
        return []
    return strokes


def keep_and_clear(strokes: list) -> None:
    keep(strokes)
    clear(NAME)


st.title("Your handwriting")
st.caption(
    "Draw two of each digit, and DigitPad knows your hand. It does for this visit: nothing is "
    "kept on disk, and nobody else's answers change."
)
lesson()
resources.load_others_ahead()
