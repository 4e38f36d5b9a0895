"""Draw a digit, read the answer."""

import streamlit as st

from model.errors import DigitError, NothingDrawn
from model.preprocess import draw_canvas, strokes_to_mnist
from model.strokes import strokes_of_canvas
from ui import charts, resources
from ui.canvas import CANVAS_SIDE, drawing_canvas, pen_width
from ui.downloads import downloads
from ui.replay import replay
from ui.why import why


@st.fragment
def draw_and_read() -> None:
    with st.container(horizontal=True, gap="large"):
        with st.container(width=CANVAS_SIDE + 20):
            drawing = drawing_canvas()
        with st.container(width="stretch", key="answer"):
            show_answer(drawing)


def show_answer(drawing: dict) -> None:
    try:
        strokes = strokes_of_canvas(drawing)
        frame = strokes_to_mnist(strokes, CANVAS_SIDE)
        recognizer = resources.recognizer()
    except NothingDrawn as hint:
        st.info(str(hint), icon=":material/draw:")
        return
    except DigitError as error:
        st.warning(str(error), icon=":material/error:")
        return
    probabilities = recognizer.probabilities(frame[None])[0]
    answer = recognizer.answer(probabilities)
    with st.container(horizontal=True, gap="medium"):
        st.metric("Prediction", in_words(answer.digits) if answer.is_digit else "none", width=140)
        sure = percent(sum(probabilities[list(answer.digits)])) if answer.is_digit else "not sure"
        st.metric("How sure", sure, width=140)
        st.image(
            resources.picture_url(frame, scale=4),
            caption="What the network saw: 28 × 28 pixels",
            width=112,
        )
    if not answer.is_digit:
        st.warning(
            f"This doesn't look like a digit; {answer.digits[0]} comes closest. Draw one digit, "
            "with nothing beside it, or try it another way.",
            icon=":material/help:",
        )
    st.altair_chart(charts.probabilities_chart(probabilities))
    with st.container(horizontal=True):
        downloads(
            strokes,
            lambda: draw_canvas(strokes, pen_width(), CANVAS_SIDE),
            frame,
            probabilities,
        )
        wants_why = st.toggle("Why", help="Which ink spoke for the answer")
        wants_replay = st.toggle("Replay", help="What was read while the drawing grew")
    if wants_why:
        why(frame, probabilities, recognizer)
    if wants_replay:
        replay(strokes, CANVAS_SIDE, recognizer)


def in_words(digits: tuple[int, ...]) -> str:
    """ "4", "4 or 9", "4, 7 or 9"."""
    *others, last = map(str, digits)
    return f"{', '.join(others)} or {last}" if others else last


def percent(probability: float) -> str:
    """Never "100 %": the network can be wrong even when it is all but certain."""
    return ">99.9%" if probability > 0.999 else f"{probability:.1%}"


st.title("Draw a digit")
draw_and_read()
