"""Uploads are accepted only where a page asked for a place, and within their bounds."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest
from starlette.exceptions import HTTPException
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from ops.shield.bounds import BOUNDS
from ops.shield.uploads import Uploads

SMALL = replace(
    BOUNDS,
    **{"files_of_visit": 3, "bytes_of_visit": 100, "bytes_of_all_visits": 250},
    **{"arriving": 2, "seconds_to_first_byte": 0.05, "seconds_to_arrive": 0.2},
)


class Server:
    """Streamlit's own manager of uploads behind `Uploads`.

    Args:
        status: The answer; with another one than 204 nothing is stored.
    """

    def __init__(self, status: int = 204):
        self._manager, self._status = MemoryUploadedFileManager(""), status
        self._uploads = Uploads(SMALL)
        runtime = SimpleNamespace(uploaded_file_mgr=self._manager, is_active_session=lambda _: True)
        self._uploads.watch(runtime)
        self._uploads.watch(runtime)  # counts once

    async def _streamlit(self, scope, receive, send) -> None:
        _, visit, file = scope["path"].split("/")
        body, more = b"", scope["method"] == "PUT"
        while more:
            message = await receive()
            body, more = body + message["body"], message.get("more_body", False)
        if self._status == 204 and scope["method"] == "PUT":
            self._manager.add_file(visit, UploadedFileRec(file, file, "", body))
        elif self._status == 204:
            self._manager.remove_file(visit, file)
        await send({"type": "http.response.start", "status": self._status})

    def place(self, visit: str) -> str:
        """The id of a new file."""
        return self._manager.get_upload_urls(visit, ["name"])[0].file_id

    async def pass_on(self, visit: str, file: str, receive, method: str = "PUT") -> int:
        messages = []

        async def keep(message):
            messages.append(message)

        scope = {"method": method, "path": f"/{visit}/{file}"}
        try:
            await self._uploads.pass_on(self._streamlit, scope, receive, keep, visit, file)
        except HTTPException as error:
            return error.status_code
        return messages[0]["status"]

    def send(self, visit: str, file: str, size: int, method: str = "PUT") -> int:
        async def receive():
            return {"type": "http.request", "body": bytes(size)}

        return asyncio.run(self.pass_on(visit, file, receive, method))

    def sizes(self, visit: str) -> list[int]:
        return [len(each.data) for each in self._manager.file_storage[visit].values()]


@pytest.mark.parametrize("file", ["", "x", "f" * 60_000])
def test_a_file_that_no_page_asked_for_is_refused(file):
    server = Server()
    server.place("me")
    assert server.send("me", file, 10) == 404
    assert server.send("other", server.place("me"), 10) == 404
    assert server.sizes("me") == server.sizes("other") == []


def test_a_visit_over_its_bytes_loses_its_oldest_files():
    server = Server()
    a, b, c = (server.place("me") for _ in range(3))
    assert [server.send("me", file, size) for file, size in ((a, 40), (b, 41), (c, 42))] == [
        204
    ] * 3
    assert server.sizes("me") == [41, 42]
    assert server.send("me", b, 60) == 204  # again, so it is the newest now
    assert server.sizes("me") == [60]
    server.send("me", b, 0, "DELETE")
    assert server.sizes("me") == []


def test_a_visit_over_its_number_of_files_loses_the_oldest():
    server = Server()
    first = server.place("me")
    server.send("me", first, 10)
    for _ in range(3):
        server.place("me")
    assert server.sizes("me") == []
    assert server.send("me", first, 10) == 404


def test_bytes_of_all_visits_are_bounded_by_what_arrives():
    server = Server()
    files = {visit: server.place(visit) for visit in "abcd"}
    assert [server.send(visit, file, 80) for visit, file in files.items()] == [204, 204, 204, 503]
    server.send("a", files["a"], 0, "DELETE")
    assert server.send("d", files["d"], 80) == 204


def test_a_refused_upload_removes_no_other():
    server = Server()
    first = server.place("me")
    server.send("me", first, 80)
    server._status = 403
    assert server.send("me", server.place("me"), 80) == 403
    assert server.sizes("me") == [80]


def test_silent_and_slow_uploads_end_and_keep_nobody_out():
    server = Server()

    async def silent():
        await asyncio.Event().wait()

    async def slow():
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def quick():
        return {"type": "http.request", "body": b"x"}

    async def upload_all() -> list[int]:
        held = [
            asyncio.create_task(server.pass_on("me", server.place("me"), receive))
            for receive in (silent, silent, slow)
        ]
        await asyncio.sleep(0)
        answer = await server.pass_on("other", server.place("other"), quick)
        return [answer, *await asyncio.gather(*held)]

    assert asyncio.run(asyncio.wait_for(upload_all(), 20)) == [204, 408, 408, 408]
