"""Notes what the pages read: each drawing once, however often its page runs again."""

from contextlib import AbstractContextManager

import streamlit as st

from ops import telemetry
from ops.telemetry import Reading

# Their canvas or grid is empty until someone draws: that is no reading that failed.
WAIT_FOR_INK = ("draw", "keyboard", "lab")
_NOTED = "noted"  # what was read last, by page


def reading(source: str, drawing: object) -> AbstractContextManager[Reading]:
    """Times the reading inside; a run with the same drawing, as a button causes it, is passed over.

    Args:
        source: One of `ops.telemetry.SOURCES`.
        drawing: What tells one drawing of this page from the next, compared by `==`.

    Returns:
        A context whose `answered(network, answers)` records what was read.
    """

    def is_new(noted: Reading) -> bool:
        before = st.session_state.get(_NOTED, {})
        now = (drawing, noted.network, noted.error)
        if before.get(source) == now:
            return False
        st.session_state[_NOTED] = {**before, source: now}
        return not (noted.error == "NothingDrawn" and source in WAIT_FOR_INK)

    return telemetry.timed_reading(source, is_new)


def paths(drawing: dict) -> list:
    """What tells one drawing on the canvas from the next: its strokes' paths, as they came.

    The component adds other fields to a stroke when it shows it, and leaves the path as it is.
    """
    return [item.get("path") if isinstance(item, dict) else item for item in drawing["objects"]]
