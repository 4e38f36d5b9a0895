"""The way from the canvas to the answer, step by step, beside other demos' ways."""

import numpy as np
import streamlit as st

from model.errors import DigitError
from model.ink.frame import PEN_WIDTH, draw_canvas, draw_strokes, strokes_to_mnist
from model.ink.other_preparations import OTHERS
from model.ink.strokes import strokes_of_canvas
from ui import charts, resources
from ui.canvas import CANVAS_SIDE, drawing_canvas, pen_width
from ui.inside.steps import layer, step
from ui.telemetry import paths, reading


@st.fragment
def draw_and_explain() -> None:
    with st.container(horizontal=True, gap="large"):
        with st.container(width=CANVAS_SIDE + 20):
            drawing = drawing_canvas()
        with st.container(width="stretch"):
            explain(drawing)


def explain(drawing: dict) -> None:
    try:
        with reading("lab", paths(drawing)) as noted:
            strokes = strokes_of_canvas(drawing)
            frame = strokes_to_mnist(strokes, CANVAS_SIDE)
            recognizer = resources.recognizer()
            probabilities = recognizer.probabilities(frame[None])[0]
            noted.answered(recognizer.version, [recognizer.answer(probabilities)])
    except DigitError as error:
        st.info(str(error), icon=":material/draw:")
        return
    ink = draw_canvas(strokes, pen_width(), CANVAS_SIDE)
    st.subheader("From your pen to the answer")
    with st.container(horizontal=True):
        step(ink, "1. Your ink, as you see it")
        step(
            draw_strokes(strokes, PEN_WIDTH),
            "2. Drawn anew with MNIST's pen, longer side 20 pixels",
        )
        step(frame, "3. Pasted into 28 × 28 with its centre of mass in the middle")
    show_maps(frame, recognizer)
    st.vega_lite_chart(charts.probabilities_chart(probabilities))
    st.subheader("The same drawing in other demos")
    if not ink.any():
        st.info("Your drawing lies outside the canvas, where other demos see nothing.")
        return
    st.write("The same network reads what other preparations make of it.")
    frames = np.stack([prepare(ink) for prepare in OTHERS.values()])
    with st.container(horizontal=True):
        for name, other, row in zip(OTHERS, frames, recognizer.probabilities(frames), strict=True):
            answer = int(row.argmax())
            same = "the same" if answer == probabilities.argmax() else "another answer"
            step(other, f"{name}: {answer} with {row[answer]:.0%}, {same}")


def show_maps(frame: np.ndarray, recognizer) -> None:
    """What the filters of the first two layers answer to, one small picture a filter."""
    try:
        layers = [recognizer.maps(name, frame[None])[0] for name in ("layer_1", "layer_2")]
    except DigitError as error:
        st.info(str(error))
        return
    with st.container(horizontal=True):
        for number, maps in enumerate(layers, start=1):
            layer(
                maps,
                f"{number + 3}. Layer {number}: where each of its {maps.shape[-1]} filters finds "
                "its pattern, an edge or an end for instance; brighter is stronger",
            )


st.title("Lab")
st.caption("Draw a digit, small and in a corner for instance, and see why other demos fail.")
draw_and_explain()
