"""Records the predictions of pages: each drawing once, even if the page is rerun."""

from contextlib import AbstractContextManager

import streamlit as st

from ops import telemetry
from ops.telemetry import Reading

# The canvas or grid of these pages is empty at first: that is not a failed reading.
STARTS_EMPTY = ("draw", "keyboard", "lab")
_RECORDED = "recorded"  # the last reading, by page


def record_reading(source: str, drawing: object) -> AbstractContextManager[Reading]:
    """Times the reading inside and records it, unless this drawing was recorded before.

    A page also runs again because of a button; then nothing new is read.

    Args:
        source: One of `ops.telemetry.SOURCES`.
        drawing: Identifies the drawing among those of this page, compared by `==`.

    Returns:
        A context; call its `answered(network, answers)` with the result.
    """

    def is_new(reading: Reading) -> bool:
        last = st.session_state.get(_RECORDED, {})
        this = (drawing, reading.network, reading.error)
        if last.get(source) == this:
            return False
        st.session_state[_RECORDED] = {**last, source: this}
        return not (reading.error == "NothingDrawn" and source in STARTS_EMPTY)

    return telemetry.timed_reading(source, is_new)


def stroke_paths(drawing: dict) -> list:
    """The paths of a drawing's strokes, which identify it.

    The canvas component adds other fields to a stroke when it shows it; the path stays the same.
    """
    return [item.get("path") if isinstance(item, dict) else item for item in drawing["objects"]]
