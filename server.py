"""The app for a server: `streamlit run server.py` serves the pages and what programs ask for."""

import streamlit as st
from starlette.middleware import Middleware

from ui.shield import Shield

app = st.App("app.py", middleware=[Middleware(Shield)])
