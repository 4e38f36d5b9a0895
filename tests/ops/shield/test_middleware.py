"""The middleware refuses in words, and only what is over its bounds."""

import asyncio
import contextlib
from dataclasses import replace
from types import SimpleNamespace

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from ops.shield import middleware
from ops.shield.bounds import BOUNDS
from ops.shield.middleware import Shield

SMALL = replace(BOUNDS, visits=3, visits_of_address=2)
HOST = (b"host", b"localhost")


@pytest.fixture(autouse=True)
def runtime(monkeypatch):
    """A runtime that knows one component and has no uploads."""
    manager = SimpleNamespace(get_upload_urls=lambda *_: [])
    components = SimpleNamespace(
        get=lambda name: name if name == "ours" else None, get_component_path=lambda _: None
    )
    found = SimpleNamespace(
        uploaded_file_mgr=manager,
        is_active_session=lambda _: True,
        bidi_component_registry=components,
        component_registry=components,
    )
    monkeypatch.setattr(middleware, "get_instance", lambda: found)


async def answer(shield: Shield, path: str, *headers: tuple[bytes, bytes]) -> tuple[int, str]:
    """Status and text of a request."""
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [HOST, *headers]}
    await shield(scope, None, send)
    body = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], body.decode()


async def app(scope, receive, send) -> None:
    """Streamlit's place: answers requests, and takes messages until the connection ends."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"page"})
        return
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        pass


class Visit:
    """An open connection of an address."""

    def __init__(self, shield: Shield, address: str):
        self.sent: list[dict] = []
        self._incoming: asyncio.Queue = asyncio.Queue()
        scope = {
            "type": "websocket",
            "scheme": "ws",
            "path": "/_stcore/stream",
            "client": (address, 1),
            "headers": [HOST],
        }
        self._incoming.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(shield(scope, self._incoming.get, self._send))

    async def _send(self, message) -> None:
        self.sent.append(message)

    async def end(self) -> None:
        self._incoming.put_nowait({"type": "websocket.disconnect"})
        await self.task


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_a_full_server_says_so_and_still_serves_its_files():
    async def fill() -> None:
        shield = Shield(app, SMALL)
        visits = [Visit(shield, f"192.0.2.{index}") for index in range(4)]
        await settle()
        assert [visit.sent[0]["type"] for visit in visits[:3]] == ["websocket.accept"] * 3
        assert visits[3].sent == [{"type": "websocket.close", "code": 1013}]
        status, text = await answer(shield, "/", (b"accept", b"text/html"))
        assert status == 503 and "try again in some minutes" in text
        assert await answer(shield, "/static/x.js") == (200, "page")
        await visits[0].end()
        assert (await answer(shield, "/", (b"accept", b"text/html")))[0] == 200
        for visit in visits[1:]:
            with contextlib.suppress(asyncio.CancelledError):
                visit.task.cancel()
                await visit.task

    asyncio.run(asyncio.wait_for(fill(), 20))


def test_one_address_does_not_take_all_visits():
    async def fill() -> list[str]:
        shield = Shield(app, SMALL)
        visits = [Visit(shield, "192.0.2.1") for _ in range(3)]
        visits.append(Visit(shield, "192.0.2.2"))
        await settle()
        for visit in visits:
            visit.task.cancel()
        return [visit.sent[0]["type"].partition(".")[2] for visit in visits]

    assert asyncio.run(asyncio.wait_for(fill(), 20)) == ["accept", "accept", "close", "accept"]


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/component/theirs/a.js", [], 404),
        ("/component/ours/a.js", [], 200),
        ("/_stcore/bidi-components/ours/a.js", [], 200),
        ("/" + "x" * 301, [], 404),
        ("/", [(b"content-length", b"1"), (b"transfer-encoding", b"chunked")], 400),
        ("/", [(b"content-length", b"1")], 200),
    ],
)
def test_only_odd_requests_are_refused(path, headers, status):
    assert asyncio.run(answer(Shield(app, SMALL), path, *headers))[0] == status


def test_nothing_is_read_from_a_client_that_does_not_read():
    async def stall() -> tuple[int, int]:
        taken, can_send = 0, asyncio.Event()
        message = BackMsg()
        message.app_heartbeat = True
        content = {"type": "websocket.receive", "bytes": message.SerializeToString()}

        async def receive():
            nonlocal taken
            taken += 1
            return content

        async def send(_) -> None:
            await can_send.wait()

        async def streamlit(_scope, receive, send) -> None:
            sending = asyncio.create_task(send({"type": "websocket.send", "bytes": b"answer"}))
            await asyncio.sleep(0)
            for _ in range(3):
                await receive()
            await sending

        scope = {"type": "websocket", "scheme": "ws", "path": "/", "headers": [HOST]}
        task = asyncio.create_task(Shield(streamlit, SMALL)(scope, receive, send))
        await settle()
        before = taken
        can_send.set()
        await task
        return before, taken

    assert asyncio.run(asyncio.wait_for(stall(), 20)) == (1, 3)
