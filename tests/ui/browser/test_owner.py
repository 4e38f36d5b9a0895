"""An owner with a password, in real Chromium; and a stranger who knows what a log may hold."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from benchmarks.page import ROOT, running_app, visit
from ops.corrections import Corrections

pytestmark = pytest.mark.browser

WORD = "correct horse battery"


@pytest.fixture
def store(tmp_path) -> Corrections:
    """Two corrections of different drawings."""
    store = Corrections(tmp_path / "corrections.sqlite3")
    for label in (3, 8):
        frame = np.full((28, 28), label / 255, np.float32)
        strokes = [np.array([[10.0 * label, 50], [120, 200]])]
        store.add(strokes, frame, np.full(10, 0.1, np.float32), label, "a run")
    return store


@pytest.fixture
def address(store, tmp_path):
    """A server with a password, whose log is `tmp_path/log.txt`."""
    with (
        (tmp_path / "log.txt").open("w") as log,
        running_app(
            log,
            script="server.py",
            DIGITPAD_PASSWORD=WORD,
            DIGITPAD_CORRECTIONS=str(store.path),
            PYTHONPATH=str(ROOT),
        ) as (address, _),
    ):
        yield address


def test_an_owner_downloads_deletes_and_logs_out(page, address, store):
    sent, answers = [], []

    def note(socket) -> None:
        socket.on("framesent", lambda frame: sent.append(frame))
        socket.on("framereceived", lambda frame: answers.append(frame))

    page.on("websocket", note)
    page.reload()
    visit(page, "Corrections")
    page.get_by_role("textbox", name="Password").fill("open sesame now")
    page.get_by_role("button", name="Open").click()
    page.get_by_text("That is not the password").wait_for()
    page.get_by_role("textbox", name="Password").fill(WORD)
    page.get_by_role("button", name="Open").click()
    page.get_by_text("2 stored").wait_for()
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="NumPy, npz").click()
    with np.load(download.value.path()) as arrays:
        assert arrays["labels"].tolist() == [8, 3]
        assert arrays["images"][:, 0, 0].tolist() == [8, 3]
    url, deferred = address + file_url(answers), deferred_id(sent)
    assert page.request.get(url).headers["cache-control"] == "no-store"

    # A stranger knows the ids, and asks over a connection of his own.
    assert ask_for_file(address, deferred) == ""
    page.keyboard.press("Escape")
    page.get_by_text("read 0, should be 3").click()
    page.get_by_role("button", name="Delete 1 selected").click()
    page.get_by_text("1 stored").wait_for()
    assert page.request.get(url).status == 404  # the deleted drawing was in it
    assert len(store) == 1

    page.get_by_role("button", name="Log out").click()
    page.get_by_role("textbox", name="Password").wait_for()
    expect(page.get_by_text("1 stored")).to_have_count(0)
    assert ask_for_file(address, deferred) == ""


def messages(frames: list, kind: type) -> list:
    """The messages of Streamlit's protocol in what a browser sent or received."""
    found = []
    for frame in frames:
        if isinstance(frame, bytes):
            message = kind()
            message.ParseFromString(frame)
            found.append(message)
    return found


def deferred_id(sent: list) -> str:
    ids = [m.backend_operation_request.deferred_file.file_id for m in messages(sent, BackMsg)]
    return next(each for each in reversed(ids) if each)


def file_url(received: list) -> str:
    urls = [m.backend_operation_response.deferred_file.url for m in messages(received, ForwardMsg)]
    return next(each for each in reversed(urls) if each)


def ask_for_file(address: str, file_id: str) -> str:
    """Asks as a new visitor for a download; returns its address, "" if there is none."""
    message = BackMsg()
    url = re.sub("^http", "ws", address) + "/_stcore/stream"
    with connect(url, subprotocols=["streamlit"], proxy=None) as socket:

        def answer(kind: str) -> ForwardMsg:
            while True:
                found = ForwardMsg()
                found.ParseFromString(socket.recv(20))
                if found.WhichOneof("type") == kind:
                    return found

        message.rerun_script.query_string = ""
        socket.send(message.SerializeToString())
        visit = answer("new_session").new_session.initialize.session_id
        message.backend_operation_request.session_id = visit
        message.backend_operation_request.deferred_file.file_id = file_id
        socket.send(message.SerializeToString())
        found = answer("backend_operation_response").backend_operation_response
        assert found.deferred_file.url or found.error_msg == "Failed to generate file for download"
        return found.deferred_file.url


def test_a_stranger_with_every_id_of_the_log_gets_nothing(page, address, tmp_path):
    visit(page, "Corrections")
    page.get_by_role("textbox", name="Password").fill(WORD)
    page.get_by_role("button", name="Open").click()
    page.get_by_text("2 stored").wait_for()
    ask_for_file(address, "f" * 32)  # which is logged as an error
    log = (tmp_path / "log.txt").read_text()
    assert "deferred" in log
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}|[0-9a-f]{32}", log)
