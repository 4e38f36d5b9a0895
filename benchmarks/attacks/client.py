"""A client that sends what no browser sends, and the list of attacks."""

import asyncio
import contextlib
import itertools
import re
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from benchmarks.visitor import Visitor

PASSWORD = "an owner's long password"  # of the attacked server  # nosec B105
TIMEOUT = 10  # seconds for one answer
LOST = (OSError, WebSocketException, TimeoutError, EOFError)  # what a refusal looks like
FORM = b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n%b\r\n--b--\r\n'


Attack = Callable[[str, float], Awaitable[str]]
ATTACKS: dict[str, Attack] = {}


class Vulnerable(Exception):
    """The server did what it must not do."""


def attack(function: Attack) -> Attack:
    """Registers an attack under its function's name."""
    ATTACKS[function.__name__.replace("_", "-")] = function
    return function


def socket_of(address: str, **options):
    """A WebSocket connection to the pages."""
    parts = urlsplit(address)
    options = {"subprotocols": ["streamlit"], "max_size": None, "ping_interval": None, **options}
    return connect(f"ws://{parts.netloc}/_stcore/stream", proxy=None, compression=None, **options)


def rerun(text: str = "") -> bytes:
    message = BackMsg()
    message.rerun_script.query_string = text
    return message.SerializeToString()


def request_of_names(num: int) -> bytes:
    """A message that asks for places to upload `num` files to."""
    message = BackMsg()
    message.file_urls_request.file_names.extend([""] * num)
    return message.SerializeToString()


async def connection_of(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection without any protocol."""
    parts = urlsplit(address)
    return await asyncio.open_connection(parts.hostname, parts.port)


async def request(
    address: str, head: str, headers: dict[str, str], body: bytes = b"", hold: float = 0
) -> tuple[int, str, bytes]:
    """Sends a request byte for byte.

    Args:
        address: The server's.
        head: Method and path.
        headers: Beside `Host`, unless it is among them.
        body: What follows the headers.
        hold: Seconds to wait before the answer is read.

    Returns:
        The status, 0 if there is no answer; its headers; and its body.
    """
    reader, writer = await connection_of(address)
    lines = {"Host": urlsplit(address).netloc, "Connection": "close", **headers}
    writer.write(
        "\r\n".join(
            [f"{head} HTTP/1.1", *(f"{name}: {value}" for name, value in lines.items()), "", ""]
        ).encode()
    )
    try:
        writer.write(body)
        with contextlib.suppress(OSError):
            await writer.drain()
        await asyncio.sleep(hold)
        content = await asyncio.wait_for(reader.read(), 60)
    except LOST:
        return 0, "", b""
    finally:
        writer.close()
    first, _, rest = content.partition(b"\r\n")
    raw, _, answer = rest.partition(b"\r\n\r\n")
    return int((first.split() or [b"", b"0"])[1]), raw.decode("latin-1"), answer


async def post(address: str, path: str, content: bytes, kind: str) -> int:
    """Sends a body to the endpoint for programs; returns the status."""
    headers = {"Content-Type": kind, "Content-Length": f"{len(content)}"}
    return (await request(address, f"POST {path}", headers, content))[0]


async def place_to_upload(socket) -> str:
    """The path that the server gives a visit for one file."""
    await socket.send(request_of_names(1))
    while True:
        answer = ForwardMsg.FromString(await asyncio.wait_for(socket.recv(), TIMEOUT))
        if answer.WhichOneof("type") == "file_urls_response":
            return answer.file_urls_response.file_urls[0].upload_url


async def token(address: str) -> dict[str, str]:
    """The headers of a page that may upload files."""
    _, headers, _ = await request(address, "GET /_stcore/health", {})
    value = re.search(r"_streamlit_xsrf=([^;]+)", headers)[1]
    return {"Cookie": f"_streamlit_xsrf={value}", "X-Xsrftoken": value}


async def send_upload(
    address: str, place: str, body: bytes, page: dict[str, str], hold: float = 0
) -> int:
    """Uploads a form to a place; returns the status.

    Args:
        address: The server's.
        place: From `place_to_upload`.
        body: The form, made with `FORM`.
        page: The page's token, and headers that replace the right ones.
        hold: Seconds to wait before the answer is read.
    """
    headers = {
        "Content-Type": "multipart/form-data; boundary=b",
        "Content-Length": f"{len(body)}",
        **page,
    }
    return (await request(address, f"PUT {place}", headers, body, hold))[0]


async def upload_on_page(
    address: str, visitor: Visitor, page: str, content: bytes, name: str
) -> None:
    """Uploads a file as a page does, and has the page read it."""
    query = "data=Your own" if page == "Test set" else ""
    request = BackMsg()
    request.rerun_script.page_script_hash = visitor._pages[page]
    request.rerun_script.query_string = query
    await visitor._run(request)
    visitor._page = visitor._pages[page]
    uploader = next(visitor.elements("file_uploader")).file_uploader
    place = await place_to_upload(visitor._socket)
    body = FORM.replace(b'"x"', f'"{name}"'.encode()) % content
    await send_upload(address, place, body, await token(address))
    fragment = next(f for e, f, _ in visitor._shown.values() if e.file_uploader.id == uploader.id)
    request = visitor._request(fragment)
    request.rerun_script.query_string = query
    state = request.rerun_script.widget_states.widgets.add(id=uploader.id)
    file = state.file_uploader_state_value.uploaded_file_info.add(name=name, size=len(content))
    file.file_id = file.file_urls.file_id = place.rpartition("/")[2]
    await visitor._run(request)
    if not any(any(visitor.elements(kind)) for kind in ("alert", "imgs", "bidi_component")):
        raise Vulnerable(f"the page {page} did not take the file")


async def log_in(visitor: Visitor, word: str) -> bool:
    """Enters a password on the Corrections page; returns whether it opens."""
    form = next(each for each in visitor.elements("text_input")).text_input
    button = next(
        each.button for each in visitor.elements("button") if each.button.is_form_submitter
    )
    request = visitor._request("")
    widgets = request.rerun_script.widget_states.widgets
    widgets.add(id=form.id, string_value=word)
    widgets.add(id=button.id, trigger_value=True)
    await visitor._run(request)
    return not any(visitor.elements("text_input"))


async def repeat(num: int, seconds: float, work: Callable[[int], Awaitable[None]]) -> int:
    """Runs `num` workers again and again until the time is over; returns how often."""
    end, rounds = time.monotonic() + seconds, itertools.count()

    async def worker(index: int) -> None:
        while time.monotonic() < end:
            with contextlib.suppress(*LOST):
                async with asyncio.timeout(end - time.monotonic() + 0.1):
                    await work(index)
            next(rounds)
            await asyncio.sleep(0.01)

    await asyncio.gather(*(worker(index) for index in range(num)))
    return next(rounds)
