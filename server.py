"""The app for a server: `streamlit run server.py` serves the pages and what programs ask for."""

import streamlit as st

app = st.App("app.py")
