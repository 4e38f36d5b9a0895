"""The page How it works: the network at work on one's own drawing, and other preparations."""

import numpy as np
import streamlit as st

from model.errors import ArtifactError
from model.ink.frame import FRAME_SIDE
from model.ink.pen import draw_canvas
from model.reading.inside import layers_of, scores_of
from ui import networks
from ui.answer import show_panel
from ui.canvas import drawing_canvas
from ui.canvas_state import CANVAS_SIDE, pen_width
from ui.draw.choice import choose_digit, chosen_digit, chosen_view
from ui.draw.live_drawing import (
    adopt_unseen_strokes,
    canvas_state,
    draw_unasked_example,
    is_drawing,
    last_reading,
    note_report,
    read_drawing,
)
from ui.inside.layer_texts import texts_of
from ui.inside.network_view import opened_layer, show_layer, show_row, show_scores
from ui.inside.steps import show_other_preparations, show_steps
from ui.show_error import show_error

# For a class room: larger maps and numbers, no sentences. A container of another name would begin
# the canvas anew.
PROJECTED = """<style>
.st-key-inside {
  --map: 9rem; --wrap: wrap; --row-text: 1.1rem; --small-map: 88px; --middle-map: 200px;
  --large-map: 260px; --detail-text: 1.3rem; --cell: 4.2rem;
}
.st-key-detail [data-testid="stMarkdown"] { display: none; }
</style>"""


@st.fragment
def draw_and_explain() -> None:
    with st.container(key="inside"):
        with st.container(key="small_pen"):
            drawing_canvas()
        network_while_drawing()
    reading = last_reading()
    digit = choose_digit(reading)
    if digit is None:
        return
    ink = draw_canvas(digit.strokes, pen_width(), CANVAS_SIDE)
    st.subheader("From your pen to the frame")
    show_steps(digit.strokes, ink, digit.frame)
    st.subheader("The same drawing in other demos")
    show_other_preparations(ink, int(digit.probabilities.argmax()), reading.recognizer)


@st.fragment
def network_while_drawing() -> None:
    """The part of the page that runs for each report of the pen."""
    reading = read_drawing("lab")
    if adopt_unseen_strokes():
        st.rerun()
    view, digit = chosen_view(reading), chosen_digit(reading)
    try:
        recognizer = (reading.recognizer or networks.served_network()).plain
        frame = np.zeros((FRAME_SIDE, FRAME_SIDE), np.float32) if digit is None else digit.frame
        layers = layers_of(frame, recognizer)
        opened, chosen = opened_layer(layers)
        with st.container(horizontal=True, key="live"):
            with st.container(key="layers"):
                show_row(layers)
            with st.container(key="short_reading"):
                show_panel(
                    view.unspoken() if is_drawing() else view,
                    canvas_state(),
                    note_report,
                    is_compact=True,
                )
        with st.container(key="detail"):
            sentence, question = texts_of(layers, opened)
            st.markdown(f"{sentence} **Try:** {question}")
            if opened < len(layers):
                show_layer(layers)
            else:
                probabilities = recognizer.probabilities(frame[None])[0]
                show_scores(scores_of(frame, recognizer), chosen, probabilities)
    except ArtifactError as error:
        show_error(error)


with st.container(horizontal=True, vertical_alignment="center", key="top"):
    st.title("How it works", width="content", anchor=False)
    st.caption(
        "Draw, and press a layer or a map to see where its numbers come from", width="stretch"
    )
    is_projected = st.toggle("Projector", help="Larger maps, fewer words", key="projector_on")
draw_unasked_example()
draw_and_explain()
if is_projected:
    st.html(PROJECTED)
