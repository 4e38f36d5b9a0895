"""Makes the browser's Back go back a view: a page of images, a filter, an opened image."""

from pathlib import Path

import streamlit as st

_HISTORY = st.components.v2.component(
    "digitpad_history", js=Path(__file__).with_suffix(".js").read_text()
)


def keep_history() -> None:
    """Adds an entry to the browser's history for each view while this page is shown."""
    _HISTORY(key="history", height=0)
