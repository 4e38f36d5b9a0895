"""A lesson in one's own handwriting: the drawings kept so far, and what came of them."""

import numpy as np
import streamlit as st

from model.errors import DigitError
from model.ink.frame import strokes_to_mnist
from model.reading.personalisation import ALLOWED_LOSS, PersonalisationReport, personalise
from ops import telemetry
from ui import resources
from ui.explanation import show_counterfactual
from ui.gallery import gallery
from ui.words import in_words, percent

DIGITS = (*range(10), *range(10))  # asked for; the second one of each long after the first
MAX_TOLD = 4  # ambiguous drawings explained; more is a wall
_KEPT = "hand_drawings"
_LESSON = "hand_lesson"


def kept() -> list[list[np.ndarray]]:
    """The strokes of each digit drawn so far, in the order of `DIGITS`."""
    return st.session_state.get(_KEPT, [])


def keep(strokes: list[np.ndarray]) -> None:
    """Keeps one more drawing."""
    st.session_state[_KEPT] = [*kept(), strokes]


def go_back() -> None:
    """Forgets the last drawing."""
    st.session_state[_KEPT] = kept()[:-1]


def _start_again() -> None:
    resources.set_hand(None)
    st.session_state[_KEPT] = []
    st.session_state.pop(_LESSON, None)


def show_lesson(drawings: list[list[np.ndarray]], canvas_side: int) -> None:
    """Learns the hand, once, and shows before and after and what is ambiguous."""
    frames = np.stack([strokes_to_mnist(strokes, canvas_side) for strokes in drawings])
    try:
        lesson = _lesson(frames)
    except DigitError as error:
        st.warning(str(error), icon=":material/error:")
        return
    _say(lesson)
    with st.container(horizontal=True):
        if resources.hand():
            st.button("Undo: read me as everyone", on_click=resources.set_hand, args=(None,))
        elif lesson.personalisation:
            st.button("Use it again", on_click=resources.set_hand, args=(lesson.personalisation,))
        st.button("Start again", on_click=_start_again)
    before, after = map(_said, (lesson.before, lesson.after))
    captions = [
        f"{label}: read {old}" if old == new else f"{label}: read {old}, now {new}"
        for label, old, new in zip(DIGITS, before, after, strict=True)
    ]
    doubtful = np.array([old != str(label) for label, old in zip(DIGITS, before, strict=True)])
    gallery(np.round(frames * 255).astype(np.uint8), captions, doubtful)
    _tell_ambiguous(drawings, canvas_side, lesson)


def _lesson(frames: np.ndarray) -> PersonalisationReport:
    """The lesson, learnt once; its hand is in use from then on."""
    if _LESSON not in st.session_state:
        rehearsed, checked = resources.others()
        shared = resources.shared_recognizer()
        with telemetry.timed_reading("handwriting") as noted:
            lesson = personalise(frames, np.array(DIGITS), shared, rehearsed, checked)
            noted.answered(shared.version, [shared.answer(row) for row in lesson.before])
        st.session_state[_LESSON] = lesson
        resources.set_hand(lesson.personalisation)
    return st.session_state[_LESSON]


def _say(lesson: PersonalisationReport) -> None:
    others = (
        f"Of other people's digits {lesson.others_after:.2%} are read right, "
        f"{lesson.others_before:.2%} before"
    )
    if lesson.personalisation is None:
        st.warning(
            f"Your hand was not taken over. {others}, and more than {ALLOWED_LOSS:.1%} may not be "
            "lost. Look for a digit below that is not what was asked for, and start again.",
            icon=":material/undo:",
        )
        return
    now = "Your hand is in use on all pages" if resources.hand() else "Your hand is not in use"
    st.success(
        f"{now}. Of your {len(lesson.labels)} digits {lesson.num_right_before} were read right "
        f"before, {lesson.num_right_after} by what was learnt from the others. {others}.",
        icon=":material/check:",
    )


def _said(probabilities: np.ndarray) -> list[str]:
    """What is said of each drawing: "7", "4 or 9" or "no digit"."""
    answers = [resources.shared_recognizer().answer(row) for row in probabilities]
    return [in_words(each.digits) if each.is_digit else "no digit" for each in answers]


def _tell_ambiguous(
    drawings: list[list[np.ndarray]], canvas_side: int, lesson: PersonalisationReport
) -> None:
    """Says which drawings could be taken for another digit, and what makes them so."""
    said = _said(lesson.before)
    ambiguous = [k for k, label in enumerate(DIGITS) if said[k] != str(label)]
    st.subheader("Which of your digits are ambiguous")
    if not ambiguous:
        st.write("None: each of them is read as one digit alone.")
    for index in ambiguous[:MAX_TOLD]:
        sure = percent(lesson.before[index].max())
        st.write(f"**Your {DIGITS[index]}** was read as {said[index]} ({sure} at best).")
        show_counterfactual(drawings[index], canvas_side, resources.shared_recognizer())
    if len(ambiguous) > MAX_TOLD:
        rest = ", ".join(str(DIGITS[index]) for index in ambiguous[MAX_TOLD:])
        st.write(f"And: {rest}.")
