"""What stands between visitors and Streamlit on a server: refuses what no page of ours sends.

Streamlit does what any client asks in the words of its protocol, whether or not a page offers it:
one message empties the caches of all visitors, another names the repository's files, and files may
be sent until memory is full. `server.py` puts this in front.
"""

from urllib.parse import urlsplit

from google.protobuf.message import DecodeError
from streamlit import config
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime import get_instance
from streamlit.runtime.runtime_util import get_max_widget_state_size_bytes

MESSAGES = {"rerun_script", "stop_script", "app_heartbeat", "file_urls_request"}
OPERATIONS = {"deferred_file", "dataframe_chunk"}  # downloads, and long tables piece by piece
UPLOADS = "/_stcore/upload_file/"
HOME = {"localhost", "127.0.0.1"}

MAX_VISIT_BYTES = 100_000_000  # of files; what a page shows are two data sets' and a photo at most
MAX_HELD_BYTES = 1_000_000_000  # of all visits' files; a server of 2 GB still works
POLICY, UNSUPPORTED = 1008, 1003  # how a connection is closed, RFC 6455, 7.4.1


class Shield:
    """ASGI middleware.

    Args:
        app: What it stands before.
    """

    def __init__(self, app):
        self._app = app
        self._held: dict[str, dict[str, int]] = {}  # bytes of files by visit, the oldest first
        self._coming = 0  # bytes that are being sent

    async def __call__(self, scope, receive, send) -> None:
        _, is_upload, place = scope.get("path", "").rpartition(UPLOADS)
        if scope["type"] == "websocket":
            await self._connect(scope, receive, send)
        elif is_upload and scope.get("method") in ("PUT", "DELETE"):
            await self._upload(scope, receive, send, place)
        else:
            await self._app(scope, receive, send)

    async def _connect(self, scope, receive, send) -> None:
        if is_foreign(_headers(scope)):
            # Streamlit would refuse it too, but asks another server for its own address first,
            # while everybody waits.
            await receive()
            await send({"type": "websocket.close", "code": POLICY})
            return

        async def wanted() -> dict:
            while True:
                message = await receive()
                if message["type"] != "websocket.receive":
                    return message
                if message.get("bytes") is None:  # text, which the page never sends
                    await send({"type": "websocket.close", "code": UNSUPPORTED})
                    return {"type": "websocket.disconnect", "code": UNSUPPORTED}
                if is_ours(message["bytes"]):
                    return message

        await self._app(scope, wanted, send)

    async def _upload(self, scope, receive, send, place: str) -> None:
        runtime = get_instance()
        manager = runtime.uploaded_file_mgr
        visit, _, file = place.partition("/")
        is_sent = scope["method"] == "PUT"
        size = _size(_headers(scope)) if is_sent else 0
        held = sum(each.byte_length for stats in manager.get_stats().values() for each in stats)
        if is_sent and held + self._coming + size > MAX_HELD_BYTES:
            await _refuse(send)
            return
        status = 0

        async def watched(message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        self._coming += size
        try:
            await self._app(scope, receive, watched)
        finally:
            self._coming -= size
        if not 200 <= status < 300:
            return
        self._held = {
            name: files for name, files in self._held.items() if runtime.is_active_session(name)
        }
        files = self._held.setdefault(visit, {})
        files.pop(file, None)
        if is_sent:
            files[file] = size
        while sum(files.values()) > MAX_VISIT_BYTES:
            oldest = next(iter(files))
            del files[oldest]
            manager.remove_file(visit, oldest)


def is_ours(data: bytes) -> bool:
    """Whether a message is one that our pages send, or Streamlit closes the connection for."""
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
    """Whether a page of another site asks; a program that is no browser names no origin.

    Args:
        headers: By name in lower case.
    """
    if "origin" not in headers or not config.get_option("server.enableCORS"):
        return False
    known = [*config.get_option("server.corsAllowedOrigins")]
    if config.is_manually_set("browser.serverAddress"):
        known.append(f"//{config.get_option('browser.serverAddress')}")
    known.append(f"//{headers.get('host', '')}")
    names = HOME | {_hostname(address) for address in known}
    return (_hostname(headers["origin"]) or "nobody's") not in names


def _hostname(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _headers(scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _size(headers: dict[str, str]) -> int:
    """Bytes that are to come, or the most that may where nothing is said."""
    most = (config.get_option("server.maxUploadSize") + 1) * 1024**2  # with what is around a file
    said = headers.get("content-length", "")
    if said.isascii() and said.isdecimal() and len(said) < 16:
        return min(int(said), most)  # Streamlit refuses a larger one
    return most


async def _refuse(send) -> None:
    text = b"The server holds as many files as it may: try again in some minutes."
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": text})
