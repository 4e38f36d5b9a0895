"""The app for a server: `streamlit run server.py` serves the pages and what programs ask for."""

import socket

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import api
from model.errors import DigitError

# No guessed types, no frame around the pages on another site, and no address of a view told to one.
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"referrer-policy", b"same-origin"),
)


class SafeAndSwift:
    """Adds the headers to each answer that lacks them, and sends small answers at once.

    Streamlit opens its socket without naming the protocol, which asyncio takes for a reason to
    leave Nagle's algorithm on: on a connection that is kept, the second half of an answer then
    waits for the first to be acknowledged, 40 ms on Linux.
    """

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                added = [header for header in HEADERS if header[0] not in present]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        # Uvicorn has the connection behind `receive`; behind another server there is none.
        transport = getattr(getattr(receive, "__self__", None), "transport", None)
        connection = transport.get_extra_info("socket") if transport else None
        if connection and connection.family in (socket.AF_INET, socket.AF_INET6):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def tell(error: Exception) -> bool:
    """One sentence for the visitor; Streamlit has the error in its log already."""
    st.error(
        str(error)
        if isinstance(error, DigitError)
        else "Something went wrong here, and it is in the server's log: reload the page.",
        icon=":material/error:",
    )
    return True


def below(path: str) -> str:
    """A path below the one that the pages are served under."""
    base = (st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}{path}" if base else path


app = st.App(
    "app.py",
    routes=[Mount(below("/api"), api)],
    middleware=[Middleware(SafeAndSwift)],
    on_script_error=tell,
)
