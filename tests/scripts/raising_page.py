"""A page that goes wrong unforeseen, once it has counted its runs for all visitors."""

from itertools import count

import streamlit as st


@st.cache_resource(show_spinner=False)
def runs() -> count:
    return count()


st.title(f"Run {next(runs())}")
secret = "what only the log may say"
raise RuntimeError(secret)
