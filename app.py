"""The app: its pages and their navigation. Start it with `streamlit run app.py`."""

from pathlib import Path

import streamlit as st

from ui.reconnect import rerun_after_reconnect

PAGES = Path(__file__).parent / "app_pages"  # absolute, because another script may run this one

# The browser draws an emoji itself; it would fetch a Material icon from another server.
st.set_page_config(page_title="DigitPad", page_icon="✏️", layout="wide")

page = st.navigation(
    [
        st.Page(PAGES / "draw.py", title="Draw", icon=":material/draw:", default=True),
        st.Page(PAGES / "keyboard.py", title="Keyboard", icon=":material/keyboard:"),
        st.Page(PAGES / "paper.py", title="Paper", icon=":material/photo_camera:"),
        st.Page(PAGES / "lab.py", title="Lab", icon=":material/science:"),
        st.Page(PAGES / "handwriting.py", title="Handwriting", icon=":material/signature:"),
        st.Page(PAGES / "test_set.py", title="Test set", icon=":material/grid_view:"),
        st.Page(PAGES / "corrections.py", title="Corrections", icon=":material/edit_note:"),
        st.Page(PAGES / "dashboard.py", title="Dashboard", icon=":material/monitoring:"),
        st.Page(PAGES / "train.py", title="Train", icon=":material/model_training:"),
    ],
    position="top",
)
try:
    page.run()
finally:  # also when a page stops early; below the page, so that it takes no room above it
    rerun_after_reconnect()
