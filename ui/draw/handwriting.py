"""Keeps the drawings of the page My handwriting: the requested digit and the drawings so far."""

import numpy as np
import streamlit as st

from ui.canvas_state import clear

PROMPTS = (*range(10), *range(10))  # the second drawing of a digit comes long after the first
CANVAS = "handwriting"  # the canvas' name
_DRAWINGS = "handwriting_drawings"  # strokes, in the order of `PROMPTS`
_REDRAWN = "handwriting_redrawn"  # index of the drawing that is being drawn again
_REPORT = "handwriting_report"  # what was learnt from the drawings, and by which network


def drawings() -> list[list[np.ndarray]]:
    """The strokes of each digit drawn so far, in the order of `PROMPTS`."""
    return st.session_state.get(_DRAWINGS, [])


def is_redrawing() -> bool:
    """Whether a single digit is being drawn again."""
    return st.session_state.get(_REDRAWN) is not None


def prompt_index() -> int | None:
    """Index into `PROMPTS` of the digit to draw now; `None` if all are drawn."""
    if is_redrawing():
        return st.session_state[_REDRAWN]
    return len(drawings()) if len(drawings()) < len(PROMPTS) else None


def save_drawing(strokes: list[np.ndarray]) -> None:
    """Keeps the drawing for the present prompt and clears the canvas."""
    index = prompt_index()
    st.session_state[_DRAWINGS] = [*drawings()[:index], strokes, *drawings()[index + 1 :]]
    forget_report()
    _show_next_prompt()


def go_back() -> None:
    """Asks for the previous digit again, on an empty canvas; a drawing begun is dropped."""
    if not is_redrawing():
        st.session_state[_DRAWINGS] = drawings()[:-1]
    _show_next_prompt()


def redraw(index: int) -> None:
    """Asks for one digit again; its old drawing stays until the new one is saved."""
    clear(CANVAS)
    st.session_state[_REDRAWN] = index


def start_again() -> None:
    """Drops all drawings."""
    st.session_state[_DRAWINGS] = []
    forget_report()


def report_of(network: tuple[str, str]):
    """What was learnt from the drawings with a network, or `None`; see `save_report`."""
    return st.session_state.get(_REPORT, {}).get(network)


def has_report() -> bool:
    """Whether something was learnt from the drawings, with whichever network."""
    return bool(st.session_state.get(_REPORT))


def save_report(network: tuple[str, str], report) -> None:
    """Keeps what was learnt from the drawings.

    Args:
        network: `Recognizer.key` of the network that it was learnt with.
        report: A `model.reading.personalisation.PersonalisationReport`.
    """
    st.session_state[_REPORT] = {network: report}


def forget_report() -> None:
    """Has the profile learnt anew from the drawings."""
    st.session_state[_REPORT] = {}


def _show_next_prompt() -> None:
    clear(CANVAS)
    st.session_state[_REDRAWN] = None
