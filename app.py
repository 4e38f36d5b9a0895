"""The app: its pages and their navigation. Start it with `streamlit run app.py`."""

from pathlib import Path

import streamlit as st

from ops.settings import settings
from ui.reconnect import rerun_after_reconnect

PAGES = Path(__file__).parent / "app_pages"  # absolute, because another script may run this one

# The browser draws an emoji itself; it would fetch a Material icon from another server.
st.set_page_config(page_title="DigitPad", page_icon="✏️", layout="wide")

st.html(Path(__file__).with_name("ui") / "style.css")


def pages() -> dict[str, list]:
    """The pages by what a visitor wants; those that are switched off are left out."""
    page, on = st.Page, settings()
    has_corrections = bool(on.password.get_secret_value()) or on.corrections_page
    return {
        "Read": [
            page(PAGES / "draw.py", title="Draw", icon=":material/draw:", default=True),
            page(PAGES / "paper.py", title="Paper", icon=":material/photo_camera:"),
        ],
        "Understand": [
            page(PAGES / "lab.py", title="How it works", icon=":material/science:"),
            page(PAGES / "test_set.py", title="Test images", icon=":material/grid_view:"),
            page(PAGES / "handwriting.py", title="My handwriting", icon=":material/signature:"),
        ],
        "Model": [
            page(PAGES / "dashboard.py", title="Results and runs", icon=":material/monitoring:"),
            *[page(PAGES / "train.py", title="Train", icon=":material/model_training:")]
            * on.training,
            *[page(PAGES / "corrections.py", title="Corrections", icon=":material/edit_note:")]
            * has_corrections,
        ],
    }


page = st.navigation(pages(), position="top")
try:
    page.run()
finally:  # also when a page stops early; below the page, so that it takes no room above it
    rerun_after_reconnect()
