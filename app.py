"""DigitPad's entry: `streamlit run app.py`."""

import streamlit as st

# An emoji is drawn by the browser; a Material icon here would be fetched from another server.
st.set_page_config(page_title="DigitPad", page_icon="✏️", layout="wide")

page = st.navigation(
    [
        st.Page("app_pages/draw.py", title="Draw", icon=":material/draw:", default=True),
        st.Page("app_pages/keyboard.py", title="Keyboard", icon=":material/keyboard:"),
        st.Page("app_pages/photo.py", title="Photo", icon=":material/photo_camera:"),
        st.Page("app_pages/lab.py", title="Lab", icon=":material/science:"),
        st.Page("app_pages/handwriting.py", title="Handwriting", icon=":material/signature:"),
        st.Page("app_pages/test_set.py", title="Test set", icon=":material/grid_view:"),
        st.Page("app_pages/corrections.py", title="Corrections", icon=":material/edit_note:"),
        st.Page("app_pages/dashboard.py", title="Dashboard", icon=":material/monitoring:"),
        st.Page("app_pages/train.py", title="Train", icon=":material/model_training:"),
    ],
    position="top",
)
page.run()
