"""The page Watch it learn: the textbook network learns digits in front of a class."""

import streamlit as st

from model.errors import DigitError
from ui.canvas import drawing_canvas
from ui.canvas_state import drawn_frame
from ui.inside.lesson_view import ask_for_lesson, show_lesson, show_running_lesson
from ui.owner import owner_auth
from ui.show_error import show_error


@st.fragment
def board() -> None:
    """The drawing that the network reads while it learns."""
    drawing_canvas()
    owner_auth.lessons().show(drawn_frame())


st.title("Watch it learn")
owner_auth.require_access(owner_auth.TRAINING)
owner_auth.show_log_out()
owner_auth.show_problem(owner_auth.take_problem())
st.write(
    "A new network knows nothing: its filters are random and its answers are guesses. Draw a "
    "digit, press *Start*, and watch both change while it sees 64 images at each step."
)
try:
    lessons = owner_auth.lessons()
    drawing, learning = st.columns([3, 8], gap="medium")
    with drawing:
        board()
    with learning:
        if lessons.status().is_on:
            show_running_lesson(lessons)
        else:
            ask_for_lesson(lessons)
            show_lesson(lessons.status().lesson)
except DigitError as error:
    show_error(error, in_full=True)
