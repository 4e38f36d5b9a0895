"""What a hostile client gets: a real server is asked what no page of ours would ask."""

import ast
import asyncio
import contextlib
import http.client
import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from benchmarks.page import running_app
from model.ink import sheet, strokes
from model.learning import upload
from ops import shield
from tests.support import ROOT, SCRIPTS
from ui import resources

PRODUCT = [
    path
    for pattern in (
        "*.py",
        "app_pages/*.py",
        "ui/**/*.py",
        "model/**/*.py",
        "ops/*.py",
        "deploy/*.py",
    )
    for path in ROOT.glob(pattern)
]


@dataclass
class Server:
    """A running server.

    Attributes:
        port: Where it listens.
        log: The file that it writes to.
    """

    port: int
    log: Path

    def ask(self, method: str, path: str, body=None, **headers: str) -> tuple[int, bytes]:
        """Its answer to one request; the path goes as it is, dots and all."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def visit(self, **options):
        """A connection as the page makes one."""
        return connect(
            f"ws://127.0.0.1:{self.port}/_stcore/stream",
            subprotocols=["streamlit"],
            proxy=None,
            max_size=None,
            **options,
        )

    def token(self) -> dict[str, str]:
        """The headers of a page that may send files."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request("GET", "/_stcore/health")
            cookie = connection.getresponse().getheader("Set-Cookie").partition(";")[0]
        return {"Cookie": cookie, "X-Xsrftoken": cookie.partition("=")[2]}

    def send(self, visit: str, content: bytes, num: int = 1, chunked=False, **headers: str) -> int:
        """Sends files as the page's uploader does; gives the status."""
        part = (
            b'--b\r\nContent-Disposition: form-data; name="f%d"; filename="../../x.png"\r\n'
            b"Content-Type: image/png\r\n\r\n%b\r\n"
        )
        body = b"".join(part % (index, content) for index in range(num)) + b"--b--\r\n"
        headers |= {"Content-Type": "multipart/form-data; boundary=b"}
        parts = (body[at : at + 100_000] for at in range(0, len(body), 100_000))
        path = f"/_stcore/upload_file/{visit}/file"
        return self.ask("PUT", path, parts if chunked else body, **headers)[0]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A page that raises, with the app's configuration and what stands before it on a server."""
    path = tmp_path_factory.mktemp("server") / "log.txt"
    with (
        path.open("w") as log,
        running_app(log, script="tests/scripts/attacked.py", PYTHONPATH=str(ROOT)) as (address, _),
    ):
        yield Server(int(address.rpartition(":")[2]), path)


def run(socket) -> list[ForwardMsg]:
    """Has the page run; all that came back."""
    message = BackMsg()
    message.rerun_script.query_string = ""
    socket.send(message.SerializeToString())
    return until_it_has_run(socket)


def until_it_has_run(socket) -> list[ForwardMsg]:
    came = []
    while not came or came[-1].WhichOneof("type") != "script_finished":
        message = ForwardMsg()
        message.ParseFromString(socket.recv(20))
        came.append(message)
    return came


def title(came: list[ForwardMsg]) -> str:
    elements = [message.delta.new_element for message in came]
    return next(each.heading.body for each in elements if each.WhichOneof("type") == "heading")


def visit_of(came: list[ForwardMsg]) -> str:
    sessions = [m.new_session for m in came if m.WhichOneof("type") == "new_session"]
    return sessions[0].initialize.session_id


def closed_with(socket) -> int | None:
    """How the server closes a connection."""
    with pytest.raises(ConnectionClosed):
        while True:
            socket.recv(20)
    return socket.close_code


def test_a_visitor_sees_nothing_of_an_error_that_nobody_foresaw(server):
    with server.visit() as socket:
        came = run(socket)
    (told,) = [
        message.delta.new_element.exception
        for message in came
        if message.delta.new_element.WhichOneof("type") == "exception"
    ]
    assert not told.stack_trace and not told.type and "encountered an error" in told.message
    assert b"what only the log" not in b"".join(each.SerializeToString() for each in came)
    assert "what only the log may say" in server.log.read_text()


@pytest.mark.parametrize("size", [2_000_001, 21_000_000])  # Streamlit's limit, and the transport's
def test_a_message_that_is_too_large_ends_its_connection_and_no_other(server, size):
    with server.visit() as other:
        run(other)
        with server.visit() as socket, contextlib.suppress(ConnectionClosed):
            socket.send(b"\0" * size)
            assert closed_with(socket) == 1009
        assert title(run(other)).startswith("Run")
    assert server.ask("GET", "/_stcore/health") == (200, b"ok")


@pytest.mark.parametrize(("junk", "code"), [(b"\xff" * 99, 1002), ("text", 1003)])
def test_what_is_no_message_ends_the_connection(server, junk, code):
    with server.visit() as socket:
        socket.send(junk)
        assert closed_with(socket) == code


def test_no_visitor_empties_what_all_share_or_asks_for_the_repositorys_files(server):
    with server.visit() as socket:
        before = int(title(run(socket)).removeprefix("Run "))
        for kind in ("clear_cache", "load_git_info"):
            message = BackMsg()
            setattr(message, kind, True)
            socket.send(message.SerializeToString())
        message = BackMsg()
        message.backend_operation_request.install_skills.SetInParent()
        socket.send(message.SerializeToString())
        came = run(socket)
    assert int(title(came).removeprefix("Run ")) == before + 1
    kinds = {message.WhichOneof("type") for message in came}
    assert not kinds & {"git_info_changed", "backend_operation_response"}


@pytest.mark.parametrize(
    "origin", ["http://other.example", "null", "http://localhost.other.example", "http://[", "x"]
)
def test_another_sites_page_can_not_connect(server, origin):
    with pytest.raises(InvalidStatus) as refused, server.visit(origin=origin):
        pass
    assert refused.value.response.status_code == 403
    # Streamlit would have asked another server for its own address, while all wait.
    assert "external IP" not in server.log.read_text()


def test_the_apps_own_page_can_connect_and_so_can_a_program(server):
    for origin in (f"http://127.0.0.1:{server.port}", None):
        with server.visit(origin=origin) as socket:
            assert title(run(socket)).startswith("Run")


def test_files_are_taken_from_the_page_alone_one_at_a_time_and_up_to_the_limit(server):
    page = server.token()
    with server.visit() as socket:
        visit = visit_of(run(socket))
        assert server.send(visit, b"x" * 20_000_000, **page) == 204  # what a data set may have
        assert server.send(visit, b"x" * 21_000_000, **page) == 413
        assert server.send(visit, b"x" * 23_000_000, chunked=True, **page) == 413
        assert server.send(visit, b"x", num=2, **page) == 400
        for name in page:  # one without the other, as another site's form would send it
            assert server.send(visit, b"x", **{name: page[name]}) == 403
        assert server.send(visit, b"x", **page | {"X-Xsrftoken": "2|a|b|1"}) == 403
    assert server.send("no-visit", b"x", **page) == 400


@pytest.mark.parametrize(
    "way", ["../../../../etc/passwd", "..%2f..%2f..%2fapp.py", "%2e%2e/app.py"]
)
@pytest.mark.parametrize(
    "place",
    [
        *("/", "/media/", "/static/", "/app/static/", "/component/", "/_stcore/bidi-components/"),
        *("/component/streamlit_drawable_canvas/", "/_stcore/upload_file/x/"),
    ],
)
def test_no_way_leads_out_of_what_is_served(server, place, way):
    assert 400 <= server.ask("GET", place + way)[0] < 500


@pytest.mark.parametrize(
    "name",
    ["app.py", ".streamlit/config.toml", "corrections.sqlite3", "model/trained/report.json", "//x"],
)
def test_the_projects_files_are_not_served(server, name):
    for place in ("/", "/app/static/"):
        status, content = server.ask("GET", place + name)
        assert status >= 400 or content.startswith(b"<!--\n Copyright (c) Streamlit")  # its page


CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["server"]


def test_the_limits_of_the_configuration_leave_room_for_what_the_pages_take():
    assert upload.MAX_BYTES <= CONFIG["maxUploadSize"] * 2**20 < upload.MAX_BYTES * 1.1
    assert sheet.MAX_BYTES <= upload.MAX_BYTES
    command = ["Q", *[123.456] * 4]  # as long as a drawing of Fabric.js can well be
    largest = json.dumps([command] * strokes.MAX_COMMANDS)
    assert len(largest) < CONFIG["maxWidgetStateSize"] * 1e6 <= CONFIG["maxMessageSize"] * 1e6


def test_a_photo_of_nothing_but_noise_fits_into_a_message():
    noise = np.random.default_rng(0).integers(0, 256, (2600, 2600, 3), np.uint8)
    picture, _ = sheet.smaller(noise, 1280)  # as the page shows it
    assert picture.shape == (1280, 1280, 3)
    assert len(resources.picture_url(picture)) < CONFIG["maxMessageSize"] * 1e6 / 2


class Manager:
    """Holds files as Streamlit's does."""

    def __init__(self):
        self.held = {}

    def get_stats(self):
        class Stat:
            byte_length = sum(self.held.values())

        return {"": [Stat]}

    def remove_file(self, visit, file):
        del self.held[visit, file]


class Runtime:
    def __init__(self):
        self.uploaded_file_mgr = Manager()

    def is_active_session(self, _):
        return True


@pytest.fixture
def runtime(monkeypatch):
    runtime = Runtime()
    monkeypatch.setattr(shield, "get_instance", lambda: runtime)
    monkeypatch.setattr(shield, "MAX_VISIT_BYTES", 100)
    monkeypatch.setattr(shield, "MAX_HELD_BYTES", 250)
    return runtime


def sender(runtime, status: int = 204):
    """Sends a file through a shield and gives the status."""
    held = runtime.uploaded_file_mgr.held

    async def streamlit(scope, _receive, send):
        *_, visit, file = scope["path"].split("/")
        if status == 204:
            if scope["method"] == "PUT":
                held[visit, file] = int(dict(scope["headers"])[b"content-length"])
            else:
                held.pop((visit, file))
        await send({"type": "http.response.start", "status": status})

    shielded = shield.Shield(streamlit)

    def send_file(visit: str, file: str, size: int, method: str = "PUT") -> int:
        came = []

        async def send(message):
            came.append(message)

        headers = [(b"content-length", str(size).encode())]
        path = f"/_stcore/upload_file/{visit}/{file}"
        scope = {"type": "http", "method": method, "path": path, "headers": headers}
        asyncio.run(shielded(scope, None, send))
        return came[0]["status"]

    return send_file


def test_the_files_of_a_visit_are_bounded_and_the_oldest_give_way(runtime):
    send, held = sender(runtime), runtime.uploaded_file_mgr.held
    for file in "abcde":
        assert send("me", file, 40) == 204
    assert list(held) == [("me", "d"), ("me", "e")]
    send("me", "d", 0, "DELETE")
    send("me", "f", 40)
    assert list(held) == [("me", "e"), ("me", "f")]
    send("me", "e", 60)  # anew
    assert set(held) == {("me", "e"), ("me", "f")}


def test_the_files_of_all_visits_are_bounded_and_then_refused(runtime):
    send, held = sender(runtime), runtime.uploaded_file_mgr.held
    assert [send(visit, "a", 80) for visit in "abcde"] == [204, 204, 204, 503, 503]
    send("a", "a", 0, "DELETE")
    assert send("e", "a", 80) == 204 and len(held) == 3


def test_a_file_that_is_refused_pushes_none_out(runtime):
    sender(runtime)("me", "a", 80)
    refused = sender(runtime, 403)
    assert [refused("me", file, 80) for file in "bcd"] == [403] * 3
    assert list(runtime.uploaded_file_mgr.held) == [("me", "a")]


# What runs a text as code, reads objects out of files, or starts a shell.
NEVER_IMPORTED = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "telnetlib"}
NEVER_CALLED = {"eval", "exec", "__import__", "system", "popen", "read_pickle", "to_pickle"}
NEVER_SAID = {
    ("allow_pickle", True),
    ("shell", True),
    ("unsafe_allow_html", True),
    ("unsafe_allow_javascript", True),
    ("safe_mode", False),  # Keras would run code out of a network's file
}


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_code_runs_what_a_file_or_a_text_says(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name for alias in node.names} | {getattr(node, "module", "") or ""}
            assert not {name.split(".")[0] for name in names} & NEVER_IMPORTED, node.lineno
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
        assert name not in NEVER_CALLED, node.lineno
        of = ast.unparse(getattr(node.func, "value", node.func))
        assert name != "load" or of not in ("yaml", "torch", "pickle"), node.lineno
        for said in node.keywords:
            assert (said.arg, getattr(said.value, "value", None)) not in NEVER_SAID, node.lineno
        if name in ("execute", "executemany", "executescript") and node.args:
            # Values go beside a statement, never into it. PRAGMA takes none: ours are constants.
            words = node.args[0]
            is_whole = isinstance(words, ast.Constant | ast.Name)
            assert is_whole or ast.unparse(words).startswith("f'PRAGMA "), node.lineno


def test_the_entry_for_a_server_has_the_shield_in_front():
    assert "Middleware(Shield)" in (ROOT / "server.py").read_text()
    assert "Middleware(Shield)" in (SCRIPTS / "attacked.py").read_text()


def test_only_the_gate_opens_what_is_the_owners():
    for path in [*ROOT.glob("app_pages/*.py"), *ROOT.glob("ui/**/*.py")]:
        text = path.read_text()
        may_add = path.name in ("owner_auth.py", "correction.py")
        assert may_add or not re.search(r"\bCorrections\(\)", text), path
        assert path.name == "owner_auth.py" or not re.search(r"\bDesk\(\)", text), path
