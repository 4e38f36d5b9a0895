"""The app for a server: `streamlit run server.py` serves the pages, `/api` and `/metrics`."""

import contextlib
import socket

import streamlit as st
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from model.errors import ArtifactError, DigitError
from ops import telemetry
from ops.api import api
from ops.settings import settings
from ops.shield.bounds import bounds_here
from ops.shield.logs import limit_logs
from ops.shield.middleware import Shield, transport_of
from ui import networks
from ui.show_error import visitor_text

# Only what the pages need: Vega compiles its charts, Streamlit writes styles into the page, the
# canvas and the downloads are blobs. Nothing comes from another server.
CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "media-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
HEADERS = (
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
# Of downloads, which may be people's handwriting: no proxy or browser keeps a copy.
NO_STORE = (b"cache-control", b"no-store")


class HeadersAndNoDelay:
    """Adds the headers to each answer that lacks them, and turns Nagle's algorithm off.

    asyncio turns it off only on sockets that name their protocol, and Streamlit's doesn't. With it
    the second half of an answer on an open connection waits until the client has acknowledged the
    first, 40 ms on Linux.
    """

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                own = (*HEADERS, NO_STORE) if "/media/" in scope["path"] else HEADERS
                added = [header for header in own if header[0] not in present]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        transport = transport_of(receive)
        connection = transport.get_extra_info("socket") if transport else None
        if connection and connection.family in (socket.AF_INET, socket.AF_INET6):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def metrics(_: Request) -> Response:
    """This process' metrics for Prometheus; the proxy must keep them from the public."""
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


def show_error(error: Exception) -> bool:
    """Shows the visitor one sentence; Streamlit has logged the error already."""
    telemetry.count_error(error)
    text = "Something went wrong here, and it is in the server's log: reload the page."
    if isinstance(error, DigitError):
        text = visitor_text(error)
    st.error(text, icon=":material/error:")
    return True


def below_base(path: str) -> str:
    """A path below the base path of the pages, Streamlit's `server.baseUrlPath`."""
    base = (st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}{path}" if base else path


limit_logs()
# Loaded before the server reports itself healthy, because it takes a moment.
with contextlib.suppress(ArtifactError):  # the pages show what is wrong with the network
    networks.served_network()
telemetry.log_to(settings().log or "on")
app = st.App(
    "app.py",
    routes=[Mount(below_base("/api"), api), Route(below_base("/metrics"), metrics)],
    middleware=[Middleware(HeadersAndNoDelay), Middleware(Shield, bounds=bounds_here())],
    on_script_error=show_error,
)
