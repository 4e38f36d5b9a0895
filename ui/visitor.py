"""Who sends the request that a page answers."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ops.access import Visitor


def is_on_phone() -> bool:
    """Whether the browser says that it runs on a phone."""
    return "Mobi" in (st.context.headers.get("User-Agent") or "")


def visitor() -> Visitor:
    """The visit, its address and its present connection.

    After a lost connection, or when a stranger takes the visit over, the connection is another one.
    """
    context = get_script_run_ctx()
    return Visitor(
        visit=context.session_id if context else "",
        address=st.context.ip_address or "",
        connection=st.context.headers.get("Sec-WebSocket-Key") or "",
    )
