"""Draw a digit, read the answer."""

import streamlit as st

from model.errors import DigitError, NothingDrawn
from model.preprocess import strokes_to_mnist
from model.strokes import strokes_of_canvas
from ui import charts, resources
from ui.canvas import CANVAS_SIDE, drawing_canvas


@st.fragment
def draw_and_read() -> None:
    with st.container(horizontal=True, gap="large"):
        with st.container(width=CANVAS_SIDE + 20):
            drawing = drawing_canvas()
        with st.container(width="stretch", key="answer"):
            show_answer(drawing)


def show_answer(drawing: dict) -> None:
    try:
        frame = strokes_to_mnist(strokes_of_canvas(drawing), CANVAS_SIDE)
        probabilities = resources.recognizer().probabilities(frame[None])[0]
    except NothingDrawn as hint:
        st.info(str(hint), icon=":material/draw:")
        return
    except DigitError as error:
        st.warning(str(error), icon=":material/error:")
        return
    answer = int(probabilities.argmax())
    with st.container(horizontal=True, gap="medium"):
        st.metric("Prediction", answer, width=140)
        st.metric("How sure", percent(probabilities[answer]), width=140)
        st.image(
            resources.picture_url(frame, scale=4),
            caption="What the network saw: 28 × 28 pixels",
            width=112,
        )
    st.altair_chart(charts.probabilities_chart(probabilities))


def percent(probability: float) -> str:
    """Never "100 %": the network can be wrong even when it is all but certain."""
    return ">99.9%" if probability > 0.999 else f"{probability:.1%}"


st.title("Draw a digit")
draw_and_read()
