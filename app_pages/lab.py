"""The page How it works: each step from strokes to answer, and other demos' preparations."""

import streamlit as st

from model.errors import DigitError
from model.ink.canvas_json import strokes_of_canvas
from model.ink.frame import strokes_to_mnist
from model.ink.pen import draw_canvas
from ui import personalisation
from ui.canvas import drawing_canvas
from ui.canvas_state import CANVAS_SIDE, pen_width
from ui.inside.steps import show_other_preparations, show_steps
from ui.show_error import show_error
from ui.telemetry import record_reading, stroke_paths


@st.fragment
def draw_and_explain() -> None:
    with st.container(horizontal=True, gap="large"):
        with st.container(width=CANVAS_SIDE + 20):
            drawing = drawing_canvas()
        with st.container(width="stretch"):
            explain(drawing)


def explain(drawing: dict) -> None:
    try:
        with record_reading("lab", stroke_paths(drawing)) as reading:
            strokes = strokes_of_canvas(drawing)
            frame = strokes_to_mnist(strokes, CANVAS_SIDE)
            recognizer = personalisation.recognizer()
            probabilities = recognizer.probabilities(frame[None])[0]
            reading.answered(recognizer.version, [recognizer.answer(probabilities)])
    except DigitError as error:
        show_error(error)
        return
    ink = draw_canvas(strokes, pen_width(), CANVAS_SIDE)
    st.subheader("From your pen to the answer")
    show_steps(strokes, ink, frame, probabilities, recognizer)
    st.subheader("The same drawing in other demos")
    show_other_preparations(ink, int(probabilities.argmax()), recognizer)


st.title("How it works")
st.caption("Draw a digit, for example a small one in a corner, and see why other demos misread it.")
draw_and_explain()
