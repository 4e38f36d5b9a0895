"""ASGI middleware that refuses requests that our pages never send, before they reach Streamlit.

Streamlit carries out any request of its protocol, whether or not a page offers it: one message
clears the caches of all visitors, another lists the repository's files, and uploads are accepted
until memory is full. `server.py` installs this middleware.
"""

from urllib.parse import urlsplit

from google.protobuf.message import DecodeError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime import get_instance
from streamlit.runtime.runtime_util import get_max_widget_state_size_bytes

MESSAGES = {"rerun_script", "stop_script", "app_heartbeat", "file_urls_request"}
OPERATIONS = {"deferred_file", "dataframe_chunk"}  # downloads, and parts of long tables
UPLOADS = "/_stcore/upload_file/"
LOCAL_HOSTS = {"localhost", "127.0.0.1"}

MAX_VISIT_BYTES = 100_000_000  # of uploads; a visit needs two data sets and a photo at most
MAX_TOTAL_BYTES = 1_000_000_000  # of all visits' uploads; leaves room on a server with 2 GB
POLICY_VIOLATION, UNSUPPORTED_DATA = 1008, 1003  # WebSocket close codes, RFC 6455, 7.4.1


class Shield:
    """Checks WebSocket connections and uploads; everything else passes unchanged.

    Args:
        app: The ASGI application to protect.
    """

    def __init__(self, app: ASGIApp):
        self._app = app
        self._uploads: dict[str, dict[str, int]] = {}  # bytes by visit and file, the oldest first
        self._arriving = 0  # bytes of uploads in progress

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _, is_upload, place = scope.get("path", "").rpartition(UPLOADS)
        if scope["type"] == "websocket":
            await self._connect(scope, receive, send)
        elif is_upload and scope.get("method") in ("PUT", "DELETE"):
            await self._upload(scope, receive, send, place)
        else:
            await self._app(scope, receive, send)

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        if is_foreign(_headers(scope)):
            # Streamlit would refuse it too, but first asks another server for its own address,
            # which blocks all visitors.
            await receive()
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return

        async def receive_allowed() -> Message:
            while True:
                message = await receive()
                if message["type"] != "websocket.receive":
                    return message
                if message.get("bytes") is None:  # text, which the page never sends
                    await send({"type": "websocket.close", "code": UNSUPPORTED_DATA})
                    return {"type": "websocket.disconnect", "code": UNSUPPORTED_DATA}
                if is_allowed(message["bytes"]):
                    return message

        await self._app(scope, receive_allowed, send)

    async def _upload(self, scope: Scope, receive: Receive, send: Send, place: str) -> None:
        """Passes an upload or its deletion on, and deletes a visit's oldest files over the limit.

        Args:
            place: The end of the path, `VISIT/FILE`.
        """
        runtime = get_instance()
        manager = runtime.uploaded_file_mgr
        visit, _, file = place.partition("/")
        is_sent = scope["method"] == "PUT"
        size = _upload_bytes(_headers(scope)) if is_sent else 0
        held = sum(each.byte_length for stats in manager.get_stats().values() for each in stats)
        if is_sent and held + self._arriving + size > MAX_TOTAL_BYTES:
            await _refuse(send)
            return
        status = 0

        async def send_and_note_status(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        self._arriving += size
        try:
            await self._app(scope, receive, send_and_note_status)
        finally:
            self._arriving -= size
        if not 200 <= status < 300:
            return
        self._uploads = {
            name: files for name, files in self._uploads.items() if runtime.is_active_session(name)
        }
        files = self._uploads.setdefault(visit, {})
        files.pop(file, None)
        if is_sent:
            files[file] = size
        while sum(files.values()) > MAX_VISIT_BYTES:
            oldest = next(iter(files))
            del files[oldest]
            manager.remove_file(visit, oldest)


def is_allowed(data: bytes) -> bool:
    """Whether to pass a message on: one that our pages send, or one that Streamlit itself refuses.

    Streamlit closes the connection after a message that is too large or can't be decoded.
    """
    if len(data) > get_max_widget_state_size_bytes():
        return True
    message = BackMsg()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return True
    kind = message.WhichOneof("type")
    if kind == "backend_operation_request":
        return message.backend_operation_request.WhichOneof("payload") in OPERATIONS
    return kind in MESSAGES


def is_foreign(headers: dict[str, str]) -> bool:
    """Whether a page of another site connects; programs that are no browsers send no origin.

    Args:
        headers: By name in lower case.
    """
    if "origin" not in headers or not config.get_option("server.enableCORS"):
        return False
    allowed = [*config.get_option("server.corsAllowedOrigins")]
    if config.is_manually_set("browser.serverAddress"):
        allowed.append(f"//{config.get_option('browser.serverAddress')}")
    allowed.append(f"//{headers.get('host', '')}")
    hosts = LOCAL_HOSTS | {_hostname(address) for address in allowed}
    return (_hostname(headers["origin"]) or "no host") not in hosts


def _hostname(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _upload_bytes(headers: dict[str, str]) -> int:
    """The declared size of an upload, or the largest possible one if none is declared."""
    # One more megabyte, because the body has parts around the file.
    largest = (config.get_option("server.maxUploadSize") + 1) * 1024**2
    declared = headers.get("content-length", "")
    if declared.isascii() and declared.isdecimal() and len(declared) < 16:
        return min(int(declared), largest)  # Streamlit refuses a larger one
    return largest


async def _refuse(send: Send) -> None:
    text = b"The server holds as many files as it may: try again in some minutes."
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": text})
