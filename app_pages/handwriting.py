"""The page My handwriting: draw each digit twice, and the app adapts to them for this visit."""

import streamlit as st

from model.errors import DigitError, NothingDrawn
from model.ink.canvas_json import strokes_of_canvas
from model.ink.frame import strokes_to_mnist
from model.reading.personalisation import contradiction
from ui import networks, personalisation
from ui.canvas import drawing_canvas
from ui.canvas_state import CANVAS_SIDE
from ui.draw import handwriting
from ui.draw.handwriting import PROMPTS
from ui.draw.handwriting_report import show_report
from ui.formatting import in_words
from ui.show_error import show_error


@st.fragment
def lesson() -> None:
    index = handwriting.prompt_index()
    if index is None:
        show_report()
    else:
        ask_for_drawing(index)


def ask_for_drawing(index: int) -> None:
    digit, is_redrawing = PROMPTS[index], handwriting.is_redrawing()
    st.subheader(f"Draw a {digit}{' again' if is_redrawing else ''}, as you usually write it")
    st.progress(index / len(PROMPTS), f"{index} of {len(PROMPTS)}")
    # Above the canvas, so that a phone shows them with it.
    buttons, hint = st.container(horizontal=True), st.container(height=24, border=False)
    strokes = read(drawing_canvas(handwriting.CANVAS, has_example=False), digit, hint)
    with buttons:
        st.button(
            "Next",
            type="primary",
            on_click=handwriting.save_drawing,
            args=(strokes,),
            disabled=not strokes,
            shortcut="Enter",
        )
        st.button(
            "Keep the old drawing" if is_redrawing else "Back",
            on_click=handwriting.go_back,
            disabled=not index and not is_redrawing,
        )


def read(drawing: dict, digit: int, hint) -> list:
    """The strokes, or none if they are no drawing; warns if they don't look like the digit."""
    try:
        strokes = strokes_of_canvas(drawing)
        frame = strokes_to_mnist(strokes, CANVAS_SIDE)
        network = networks.served_network()
        answer = contradiction(network.probabilities(frame[None])[0], digit, network)
    except NothingDrawn:
        return []
    except DigitError as error:
        show_error(error)
        return []
    if answer:
        looks = f"like {in_words(answer)}" if answer.is_digit else "like no digit"
        hint.markdown(f":orange[:material/warning: This looks {looks}, not like {digit}.]")
    return strokes


st.title("My handwriting")
st.caption(
    "Draw each digit twice and DigitPad adapts to your handwriting, for this visit only. Nothing "
    "is stored on disk, and other visitors' answers don't change."
)
lesson()
personalisation.load_other_digits_ahead()
