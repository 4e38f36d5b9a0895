"""The Draw page: draw a digit or a number, and see the answer."""

import streamlit as st

from model.errors import DigitError, NothingDrawn
from model.ink.canvas_json import strokes_of_canvas
from model.ink.pen import draw_canvas
from model.reading.numbers import Digit, read_digits
from model.reading.recognizer import Recognizer
from ui import networks, personalisation
from ui.answer import show_advice, show_answer
from ui.canvas import drawing_canvas
from ui.canvas_state import CANVAS_SIDE, pen_width
from ui.draw.correction import show_correction_menu
from ui.draw.downloads import show_downloads
from ui.draw.look_alikes import show_look_alikes
from ui.draw.network import show_network
from ui.draw.number import show_number
from ui.draw.replay import show_replay
from ui.explanation import show_counterfactual, show_evidence
from ui.show_error import show_error
from ui.telemetry import record_reading, stroke_paths


@st.fragment
def draw_and_read() -> None:
    with st.container(horizontal=True, gap="large"):
        with st.container(width=CANVAS_SIDE + 20):
            drawing = drawing_canvas()
        with st.container(width="stretch", key="answer"):
            read(drawing)
    show_network()


def read(drawing: dict) -> None:
    try:
        with record_reading("draw", stroke_paths(drawing)) as reading:
            strokes = strokes_of_canvas(drawing)
            if not strokes:
                raise NothingDrawn
            recognizer = personalisation.recognizer()
            digits = read_digits(strokes, CANVAS_SIDE, recognizer)
            reading.answered(recognizer.version, [digit.answer for digit in digits])
    except DigitError as error:
        show_error(error)
    else:
        if len(digits) > 1:
            show_number(digits, draw_canvas(strokes, pen_width(), CANVAS_SIDE))
        else:
            show_digit(strokes, digits[0], recognizer)


def show_digit(strokes: list, digit: Digit, recognizer: Recognizer) -> None:
    show_answer(digit.frame, digit.probabilities, digit.answer)
    with st.container(horizontal=True):
        show_downloads(
            strokes,
            lambda: draw_canvas(strokes, pen_width(), CANVAS_SIDE),
            digit.frame,
            digit.probabilities,
        )
        show_correction_menu(strokes, digit, recognizer)
        wants_evidence = st.toggle("Why", help="Which ink supports the answer")
        wants_replay = st.toggle("Replay", help="The answer after each part of the drawing")
        wants_look_alikes = st.toggle(
            "Look-alikes", help="The test images most similar to your drawing"
        )
    show_advice(digit.answer)
    if wants_evidence:
        show_evidence(digit.frame, digit.probabilities, recognizer)
        show_counterfactual(strokes, CANVAS_SIDE, recognizer)
    if wants_replay:
        show_replay(strokes, CANVAS_SIDE, recognizer)
    if wants_look_alikes:
        show_look_alikes(digit.frame, recognizer)


st.title("Draw a digit")
draw_and_read()
networks.load_ahead()  # after the page is shown, so that the first drawing need not wait
