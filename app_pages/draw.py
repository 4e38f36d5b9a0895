"""Draw a digit, read the answer."""

import streamlit as st

from model.errors import DigitError, NothingDrawn
from model.ink.frame import draw_canvas
from model.ink.strokes import strokes_of_canvas
from model.reading.numbers import Digit, read_digits
from ui import resources
from ui.answer import advise, one_answer
from ui.canvas import CANVAS_SIDE, drawing_canvas, pen_width
from ui.draw.correction import correct
from ui.draw.downloads import downloads
from ui.draw.look_alikes import look_alikes
from ui.draw.number import show_number
from ui.draw.replay import replay
from ui.explanation import what_if, why
from ui.results import report_tables
from ui.telemetry import paths, reading


@st.fragment
def draw_and_read() -> None:
    with st.container(horizontal=True, gap="large"):
        with st.container(width=CANVAS_SIDE + 20):
            drawing = drawing_canvas()
        with st.container(width="stretch", key="answer"):
            show_answer(drawing)


def show_answer(drawing: dict) -> None:
    try:
        with reading("draw", paths(drawing)) as noted:
            strokes = strokes_of_canvas(drawing)
            if not strokes:
                raise NothingDrawn
            recognizer = resources.recognizer()
            digits = read_digits(strokes, CANVAS_SIDE, recognizer)
            noted.answered(recognizer.version, [digit.answer for digit in digits])
    except NothingDrawn as hint:
        st.info(str(hint), icon=":material/draw:")
        return
    except DigitError as error:
        st.warning(str(error), icon=":material/error:")
        return
    if len(digits) > 1:
        show_number(digits, draw_canvas(strokes, pen_width(), CANVAS_SIDE))
        return
    digit = digits[0]
    one_answer(digit.frame, digit.probabilities, digit.answer)
    show_details(strokes, digit, recognizer)


def show_details(strokes: list, digit: Digit, recognizer) -> None:
    with st.container(horizontal=True):
        downloads(
            strokes,
            lambda: draw_canvas(strokes, pen_width(), CANVAS_SIDE),
            digit.frame,
            digit.probabilities,
        )
        correct(strokes, digit, recognizer.version)
        wants_why = st.toggle("Why", help="Which ink spoke for the answer")
        wants_replay = st.toggle("Replay", help="What was read while the drawing grew")
        wants_alike = st.toggle("Look-alikes", help="The test images nearest to your drawing")
    advise(digit.answer)
    if wants_why:
        why(digit.frame, digit.probabilities, recognizer)
        what_if(strokes, CANVAS_SIDE, recognizer)
    if wants_replay:
        replay(strokes, CANVAS_SIDE, recognizer)
    if wants_alike:
        look_alikes(digit.frame, recognizer)


st.title("Draw a digit")
draw_and_read()
with st.expander("Which network reads here?"):
    st.write(report_tables.about())
if resources.hand():
    st.caption("Read by your own hand, as you taught it on the page Handwriting; undo it there.")
resources.load_ahead()  # the page is on the screen; the first drawing need not wait
