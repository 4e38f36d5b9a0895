"""The app of a server as `server.py` makes it, with a page that goes wrong unforeseen."""

import streamlit as st
from starlette.middleware import Middleware

from ops.shield.bounds import bounds_here
from ops.shield.logs import limit_logs
from ops.shield.middleware import Shield

limit_logs()
app = st.App("raising_page.py", middleware=[Middleware(Shield, bounds=bounds_here())])
