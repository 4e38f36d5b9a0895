"""The app of a server as `server.py` makes it, with a page that goes wrong unforeseen."""

import streamlit as st
from starlette.middleware import Middleware

from ops.shield import Shield

app = st.App("raising_page.py", middleware=[Middleware(Shield)])
