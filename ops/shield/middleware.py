"""ASGI middleware that refuses what our pages never send, before it reaches Streamlit.

`server.py` installs it. The bounds are in `bounds.py`.
"""

import asyncio
import contextlib
import socket
from collections import Counter

from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime import get_instance
from streamlit.web.server.starlette.starlette_app_utils import decode_xsrf_token_string
from streamlit.web.server.starlette.starlette_server_config import XSRF_COOKIE_NAME

from ops.access import requesting_connection
from ops.shield.bounds import BOUNDS, Bounds
from ops.shield.messages import is_allowed
from ops.shield.origins import is_foreign, is_known_host
from ops.shield.rates import TokenBucket, Turns
from ops.shield.uploads import Uploads

UPLOADS = "/_stcore/upload_file/"
COMPONENTS = ("/component/", "/_stcore/bidi-components/")
# Streamlit resumes a visit only with the same value in this header as at its beginning: see
# `server.trustedUserHeaders` in .streamlit/config.toml.
BROWSER_HEADER = b"x-digitpad-browser"

UNKNOWN_HOST = (
    "This server doesn't answer to that name. If it is yours, add the name to "
    "STREAMLIT_SERVER_ALLOWED_HOSTS and start it again."
)
FULL = "DigitPad has as many visitors as it can serve at the moment: try again in some minutes."
# WebSocket close codes, RFC 6455, 7.4.1, and IANA's registry.
POLICY_VIOLATION, UNSUPPORTED_DATA, TRY_AGAIN_LATER, GOING_AWAY = 1008, 1003, 1013, 1001
CLOSE_WAIT = 8  # Linux' number for the state of a TCP connection that the other side has closed


class Shield:
    """Checks hosts, origins, connections, messages and uploads; all else passes unchanged.

    Args:
        app: The ASGI application to protect.
        bounds: How much it accepts.
    """

    def __init__(self, app: ASGIApp, bounds: Bounds = BOUNDS):
        self._app, self._bounds = app, bounds
        self._uploads = Uploads(bounds)
        self._visits: Counter[str] = Counter()  # open connections by address
        self._turns = Turns(bounds.runs, bounds.runs_per_second)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._connect(scope, receive, send)
        elif scope["type"] == "http":
            try:
                await self._request(scope, receive, send)
            except HTTPException as error:
                answer = PlainTextResponse(error.detail, error.status_code, error.headers)
                await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, path = _headers(scope), scope["path"]
        if not is_known_host(headers):
            raise HTTPException(400, UNKNOWN_HOST)
        if "transfer-encoding" in headers and "content-length" in headers:
            two = "The request says in two ways how long it is."
            raise HTTPException(400, two, {"Connection": "close"})
        if len(path) > self._bounds.path_characters:
            raise HTTPException(404)
        if any(place in path for place in COMPONENTS) and not _is_component_file(path):
            raise HTTPException(404)
        if _asks_for_page(headers) and self._visits.total() >= self._bounds.visits:
            raise HTTPException(503, FULL, {"Retry-After": "60"})
        _, is_upload, place = path.rpartition(UPLOADS)
        if is_upload and scope["method"] in ("PUT", "DELETE"):
            self._uploads.watch(get_instance())
            visit, _, file = place.partition("/")
            await self._uploads.pass_on(self._app, scope, receive, send, visit, file)
        else:
            await self._app(scope, receive, send)

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        address = scope["client"][0] if scope.get("client") else ""
        is_full = (
            self._visits.total() >= self._bounds.visits
            or self._visits[address] >= self._bounds.visits_of_address
        )
        if is_full or not is_known_host(headers) or is_foreign(headers, scope["scheme"]):
            # Streamlit would refuse a foreign one too, but first asks another server for its own
            # address, which blocks all visitors.
            await receive()
            code = TRY_AGAIN_LATER if is_full else POLICY_VIOLATION
            await send({"type": "websocket.close", "code": code})
            return
        self._uploads.watch(get_instance())
        self._visits[address] += 1
        requesting_connection.set(headers.get("sec-websocket-key"))
        try:
            await self._visit(_with_browser(scope, headers), receive, send)
        finally:
            self._visits[address] -= 1
            if not self._visits[address]:
                del self._visits[address]

    async def _visit(self, scope: Scope, receive: Receive, send: Send) -> None:
        bounds, is_sent = self._bounds, asyncio.Lock()
        transport = transport_of(receive)
        if transport:
            transport.max_size = bounds.bytes_read_at_once
        runs = TokenBucket(bounds.runs_of_visit, bounds.runs_of_visit_per_second)
        end = None  # of the last message, as `Turns` counts

        def is_gone() -> bool:
            return bool(transport) and _has_left(transport)

        async def send_in_turn(message: Message) -> None:
            async with is_sent:  # also while the client doesn't take it
                await send(message)

        async def receive_allowed() -> Message:
            nonlocal end
            while True:
                message = await receive()
                if message["type"] != "websocket.receive":
                    return message
                data = message.get("bytes")
                if data is None:  # text, which the page never sends
                    await send({"type": "websocket.close", "code": UNSUPPORTED_DATA})
                    return {"type": "websocket.disconnect", "code": UNSUPPORTED_DATA}
                # While these wait, nothing more is read from the connection.
                async with is_sent:
                    pass
                if is_gone():
                    return {"type": "websocket.disconnect", "code": GOING_AWAY}
                cost = min(1 + len(data) / bounds.bytes_of_run, bounds.runs_of_visit)
                await asyncio.sleep(runs.take(cost))
                if is_allowed(data, bounds):
                    opening = bounds.runs_of_opening if end is None else 0
                    end = await self._turns.wait(end, cost + opening, is_gone)
                    return message

        await self._app(scope, receive_allowed, send_in_turn)


def transport_of(receive: Receive) -> asyncio.Transport | None:
    """The connection behind ASGI's `receive`, a method of Uvicorn's; `None` for other servers."""
    return getattr(getattr(receive, "__self__", None), "transport", None)


def _has_left(transport: asyncio.Transport) -> bool:
    """Whether the client closed its connection; reading would tell only after all that it sent."""
    connection = transport.get_extra_info("socket")
    if transport.is_closing() or connection is None:
        return True
    with contextlib.suppress(OSError, AttributeError):  # AttributeError: not on Linux
        state = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        return state == CLOSE_WAIT
    return False


def _with_browser(scope: Scope, headers: dict[str, str]) -> Scope:
    """Adds the header by which Streamlit knows a visit's browser.

    A visit's id is enough for Streamlit to take the visit over. The browser's random token, in a
    cookie that no log has, is asked for in addition.
    """
    cookies = cookie_parser(headers.get("cookie", ""))
    token, _ = decode_xsrf_token_string(cookies.get(XSRF_COOKIE_NAME, ""))
    kept = [header for header in scope["headers"] if header[0] != BROWSER_HEADER]
    return {**scope, "headers": [*kept, (BROWSER_HEADER, (token or b"").hex().encode())]}


def _is_component_file(path: str) -> bool:
    """Whether a path below `COMPONENTS` is one of a component that a page uses."""
    _, _, rest = path.partition(next(place for place in COMPONENTS if place in path))
    name = rest.partition("/")[0]
    runtime = get_instance()
    return (
        runtime.bidi_component_registry.get(name) is not None
        or runtime.component_registry.get_component_path(name) is not None
    )


def _asks_for_page(headers: dict[str, str]) -> bool:
    """Whether a browser opens a page, rather than loads a file of it."""
    return "text/html" in headers.get("accept", "")


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
