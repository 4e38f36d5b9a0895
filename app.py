"""The app: its pages and their navigation. Start it with `streamlit run app.py`."""

from pathlib import Path

import streamlit as st

from ui.fragment_runs import mend_fragment_runs
from ui.menu import name_menu_and_pictures, pages
from ui.reconnect import rerun_after_reconnect

mend_fragment_runs()
# The browser draws an emoji itself; it would fetch a Material icon from another server.
st.set_page_config(page_title="DigitPad", page_icon="✏️", layout="wide")
st.html(Path(__file__).parent / "ui" / "style.css")

page = st.navigation(pages(), position="top")
try:
    page.run()
finally:  # also when a page stops early; below the page, so that it takes no room above it
    name_menu_and_pictures()
    rerun_after_reconnect()
