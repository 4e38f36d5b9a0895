"""A real server refuses what only a hostile client sends; the code has no known pitfalls."""

import ast
import contextlib
import http.client
import json
import re
import time
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
from model.ink import canvas_json, decode, sheet
from model.learning import upload
from tests.support import ROOT, SCRIPTS
from ui import pictures

PATTERNS = ("*.py", "app_pages/*.py", "ui/**/*.py", "model/**/*.py", "ops/**/*.py", "deploy/*.py")
CODE = [path for pattern in PATTERNS for path in ROOT.glob(pattern)]


@dataclass
class Server:
    """A running server, its port and its log file."""

    port: int
    log: Path

    def request(self, method: str, path: str, body=None, **headers: str) -> tuple[int, bytes]:
        """Status and body of one request; sends the path unchanged, also with dots."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def visit(self, *further: str, **options):
        """A WebSocket connection like the page's; with further subprotocols, it resumes a visit."""
        return connect(
            f"ws://127.0.0.1:{self.port}/_stcore/stream",
            subprotocols=["streamlit", *further],
            proxy=None,
            max_size=None,
            **options,
        )

    def token(self) -> dict[str, str]:
        """The headers of a page that may upload files."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request("GET", "/_stcore/health")
            cookie = connection.getresponse().getheader("Set-Cookie").partition(";")[0]
        return {"Cookie": cookie, "X-Xsrftoken": cookie.partition("=")[2]}

    def send(self, place: str, content: bytes, num: int = 1, chunked=False, **headers: str) -> int:
        """Uploads files to a place as the page does; returns the status."""
        part = (
            b'--b\r\nContent-Disposition: form-data; name="f%d"; filename="../../x.png"\r\n'
            b"Content-Type: image/png\r\n\r\n%b\r\n"
        )
        body = b"".join(part % (index, content) for index in range(num)) + b"--b--\r\n"
        headers |= {"Content-Type": "multipart/form-data; boundary=b"}
        parts = (body[at : at + 100_000] for at in range(0, len(body), 100_000))
        return self.request("PUT", place, parts if chunked else body, **headers)[0]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A page that raises, with the app's configuration and the middleware of `server.py`."""
    path = tmp_path_factory.mktemp("server") / "log.txt"
    with (
        path.open("w") as log,
        running_app(log, script="tests/scripts/attacked.py", PYTHONPATH=str(ROOT)) as (address, _),
    ):
        yield Server(int(address.rpartition(":")[2]), path)


RERUN = BackMsg(rerun_script={"query_string": ""}).SerializeToString()


def run(socket) -> list[ForwardMsg]:
    """Runs the page; returns all messages."""
    socket.send(RERUN)
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
    """The code with which the server closes a connection."""
    with pytest.raises(ConnectionClosed):
        while True:
            socket.recv(20)
    return socket.close_code


def test_visitors_see_no_details_of_an_unexpected_error(server):
    with server.visit() as socket:
        came = run(socket)
    (error,) = [
        message.delta.new_element.exception
        for message in came
        if message.delta.new_element.WhichOneof("type") == "exception"
    ]
    assert not error.stack_trace and not error.type and "encountered an error" in error.message
    assert b"what only the log" not in b"".join(each.SerializeToString() for each in came)
    assert "what only the log may say" in server.log.read_text()


@pytest.mark.parametrize("size", [2_000_001, 21_000_000])
def test_a_too_large_message_ends_only_its_own_connection(server, size):
    with server.visit() as other:
        run(other)
        with server.visit() as socket, contextlib.suppress(ConnectionClosed):
            socket.send(b"\0" * size)
            assert closed_with(socket) == 1009
        assert title(run(other)).startswith("Run")
    assert server.request("GET", "/_stcore/health") == (200, b"ok")


@pytest.mark.parametrize(("junk", "code"), [(b"\xff" * 99, 1002), ("text", 1003)])
def test_a_malformed_message_ends_the_connection(server, junk, code):
    with server.visit() as socket:
        socket.send(junk)
        assert closed_with(socket) == code


def test_no_visitor_clears_caches_or_lists_the_repository(server):
    with server.visit() as socket:
        before = int(title(run(socket)).removeprefix("Run "))
        for kind in ("clear_cache", "load_git_info"):
            socket.send(BackMsg(**{kind: True}).SerializeToString())
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
def test_other_sites_can_not_connect(server, origin):
    with pytest.raises(InvalidStatus) as refused, server.visit(origin=origin):
        pass
    assert refused.value.response.status_code == 403
    # Streamlit would have asked another server for its own address, which blocks everyone.
    assert "external IP" not in server.log.read_text()


def test_our_pages_and_programs_can_connect(server):
    for origin in (f"http://127.0.0.1:{server.port}", None):
        with server.visit(origin=origin) as socket:
            assert title(run(socket)).startswith("Run")


def place_to_upload(socket) -> str:
    """The path that the server gives a page for one file."""
    message = BackMsg(file_urls_request={"file_names": ["photo.png"]})
    socket.send(message.SerializeToString())
    while True:
        answer = ForwardMsg()
        answer.ParseFromString(socket.recv(20))
        if answer.WhichOneof("type") == "file_urls_response":
            return answer.file_urls_response.file_urls[0].upload_url


def test_uploads_need_the_page_and_have_a_size_limit(server):
    page = server.token()
    with server.visit() as socket:
        visit = visit_of(run(socket))
        place = place_to_upload(socket)
        assert server.send(place, b"x" * 20_000_000, **page) == 204  # what a data set may have
        assert server.send(place, b"x" * 21_000_000, **page) == 413
        assert server.send(place, b"x" * 23_000_000, chunked=True, **page) == 413
        assert server.send(place, b"x", num=2, **page) == 400
        for name in page:  # one without the other, as another site's form would send it
            assert server.send(place, b"x", **{name: page[name]}) == 403
        assert server.send(place, b"x", **page | {"X-Xsrftoken": "2|a|b|1"}) == 403
        uploads = "/_stcore/upload_file"
        for unknown in (f"{uploads}/{visit}/file", f"{uploads}/x/{place.rpartition('/')[2]}"):
            assert server.send(unknown, b"x", **page) == 404
        both = page | {"Content-Length": "1", "Transfer-Encoding": "chunked"}
        assert server.send(place, b"x", **both) == 400


def test_another_name_of_the_server_is_refused_everywhere(server):
    for path in ("/", "/_stcore/health", "/_stcore/host-config", "/media/x", "/api/docs"):
        status, content = server.request("GET", path, Host="rebound.example")
        assert (status, b"doesn't answer to that name" in content) == (400, True)
    with pytest.raises(InvalidStatus):
        server.visit(additional_headers={"Host": "rebound.example"})


def test_a_visits_id_is_not_enough_to_take_it_over(server):
    def reconnect(visit: str, cookie: str):
        return server.visit("-", visit, additional_headers={"Cookie": cookie})

    cookie, stranger = server.token()["Cookie"], server.token()["Cookie"]
    with server.visit(additional_headers={"Cookie": cookie}) as socket:
        visit = visit_of(run(socket))
        with reconnect(visit, stranger) as other:
            assert visit_of(run(other)) != visit
        assert visit_of(run(socket)) == visit  # still connected
    with reconnect(visit, stranger) as other:
        assert visit_of(run(other)) != visit
    with reconnect(visit, cookie) as again:  # as after a break of the network
        assert visit_of(run(again)) == visit
    assert visit not in server.log.read_text()


def test_files_of_unknown_components_and_long_paths_are_not_looked_for(server):
    long = "x" * 5_000
    for path in ("/component/unknown/a.js", "/_stcore/bidi-components/unknown/a.js", f"/{long}"):
        assert server.request("GET", path)[0] == 404
    assert "xxxxx" not in server.log.read_text()


def test_a_storm_of_runs_keeps_nobody_waiting(server):
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            # The server reads the end of a connection only after what was sent before.
            socket = stack.enter_context(server.visit(close_timeout=0.1))
            for _ in range(50):
                socket.send(RERUN)
        began = time.monotonic()
        with server.visit() as honest:
            run(honest)
        assert server.request("GET", "/_stcore/health") == (200, b"ok")
        # 1,000 runs wait, 30 a second; a visitor who did nothing yet goes first.
        assert time.monotonic() - began < 10


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
def test_paths_do_not_leave_the_served_folders(server, place, way):
    assert 400 <= server.request("GET", place + way)[0] < 500


@pytest.mark.parametrize(
    "name",
    ["app.py", ".streamlit/config.toml", "corrections.sqlite3", "model/trained/report.json", "//x"],
)
def test_project_files_are_not_served(server, name):
    for place in ("/", "/app/static/"):
        status, content = server.request("GET", place + name)
        assert status >= 400 or content.startswith(b"<!--\n Copyright (c) Streamlit")  # its page


CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["server"]


def test_configured_limits_fit_the_largest_uploads_and_drawings():
    assert upload.MAX_BYTES <= CONFIG["maxUploadSize"] * 2**20 < upload.MAX_BYTES * 1.1
    assert decode.MAX_BYTES <= upload.MAX_BYTES
    command = ["Q", *[123.456] * 4]  # as long as a drawing of Fabric.js can well be
    largest = json.dumps([command] * canvas_json.MAX_COMMANDS)
    assert len(largest) < CONFIG["maxWidgetStateSize"] * 1e6 <= CONFIG["maxMessageSize"] * 1e6


def test_the_largest_photo_fits_into_a_message():
    noise = np.random.default_rng(0).integers(0, 256, (2600, 2600, 3), np.uint8)
    picture, _ = sheet.shrink(noise, 1280)  # as the page shows it
    assert picture.shape == (1280, 1280, 3)
    assert len(pictures.jpeg_url(pictures.jpeg(picture))) < CONFIG["maxMessageSize"] * 1e6 * 0.9


# These run text as code, read objects out of files, or start a shell.
NEVER_IMPORTED = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "telnetlib"}
NEVER_CALLED = {"eval", "exec", "__import__", "system", "popen", "read_pickle", "to_pickle"}
NEVER_PASSED = {
    ("allow_pickle", True),
    ("shell", True),
    ("unsafe_allow_html", True),
    ("unsafe_allow_javascript", True),
    ("safe_mode", False),  # Keras would run code from a network's file
}

RUN_SQL = ("execute", "executemany", "executescript", "exec_driver_sql", "scalar", "scalars")
# SQLAlchemy's, which make parameters of values.
SQL_EXPRESSIONS = ("select(", "delete(", "upsert(", "_bounded_rows(")


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_code_evaluates_files_or_text(path):
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
        for option in node.keywords:
            assert (option.arg, getattr(option.value, "value", None)) not in NEVER_PASSED, (
                node.lineno
            )
        if name in RUN_SQL and node.args:
            # SQL takes values as parameters. PRAGMA allows none, but ours are constants.
            statement = node.args[0]
            is_fixed = isinstance(statement, ast.Constant | ast.Name)
            is_expression = ast.unparse(statement).startswith(SQL_EXPRESSIONS)
            is_built = any(isinstance(part, ast.JoinedStr) for part in ast.walk(statement))
            assert (
                is_fixed
                or (is_expression and not is_built)
                or ast.unparse(statement).startswith("f'PRAGMA ")
            ), node.lineno


def test_server_py_installs_the_shield():
    for path in (ROOT / "server.py", SCRIPTS / "attacked.py"):
        assert "Middleware(Shield, bounds=bounds_here())" in path.read_text()


def test_only_owner_auth_opens_corrections_and_training():
    for path in [*ROOT.glob("app_pages/*.py"), *ROOT.glob("ui/**/*.py")]:
        text = path.read_text()
        may_add = path.name in ("owner_auth.py", "correction.py")
        assert may_add or not re.search(r"\bCorrections\(\)", text), path
        assert path.name == "owner_auth.py" or not re.search(r"\bTrainingJobs\(\)", text), path
