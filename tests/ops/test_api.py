"""The endpoint answers like the pages and predict.py, or gives one sentence and a status."""

import asyncio
import http.client
import io
import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager

import numpy as np
import pytest
import schemathesis
import streamlit as st
import uvicorn
from hypothesis import settings
from PIL import Image
from starlette.applications import Starlette
from starlette.routing import Mount

import predict
import server
from benchmarks.page import CHROMIUM, ROOT, chromium, running_app
from model.errors import ArtifactError
from model.ink.decode import decode
from model.ink.picture import frame_of_picture
from model.reading.recognizer import Recognizer
from ops import api as endpoint
from ops.shield.arrivals import Arrivals
from tests.pictures_for_programs import FORMATS, picture_of, saved
from tests.support import until

PNG = {"Content-Type": "image/png"}
JSON = {"Content-Type": "application/json"}
schema = schemathesis.openapi.from_asgi("/openapi.json", endpoint.api)


@pytest.fixture(scope="module")
def port():
    """A server in a thread, with the endpoint where `server.py` has it."""
    app = Starlette(routes=[Mount("/api", endpoint.api)])
    config = uvicorn.Config(app, port=0, log_level="critical", lifespan="off")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    until(lambda: running.started)
    yield running.servers[0].sockets[0].getsockname()[1]
    running.should_exit = True
    thread.join(10)


def ask(port: int, method: str = "POST", path: str = "/predict", body=b"", headers=PNG):
    """Status, headers and JSON of an answer; each problem is one sentence."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request(method, f"/api{path}", body, headers)
        answer = connection.getresponse()
        content = json.loads(answer.read())
        if answer.status != 200:
            assert list(content) == ["detail"] and re.search(r"\w+\.$", content["detail"])
        return answer.status, answer.headers, content


@schema.parametrize()
@settings(max_examples=40, derandomize=True, deadline=None, database=None)
def test_every_answer_matches_the_openapi_schema(case):
    case.call_and_validate()


@pytest.mark.parametrize(("kind", "name"), FORMATS.items())
def test_endpoint_predict_and_pages_read_a_picture_alike(kind, name, port, tmp_path, capsys):
    content = saved(picture_of("5"), name)
    status, _, answer = ask(port, body=content, headers={"Content-Type": kind})
    assert status == 200 and answer["digit"] == 5 and answer["digits"] == [5]
    path = tmp_path / f"5.{name.lower()}"
    path.write_bytes(content)
    assert predict.main([str(path), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"source": str(path), **answer}
    frames = frame_of_picture(decode(content))[None]
    network = Recognizer.load()
    assert np.allclose(answer["probabilities"], network.probabilities(frames), atol=1e-6)
    assert answer["network"] == network.version


def test_endpoint_and_predict_read_a_page_alike(port, tmp_path, capsys):
    content = saved(picture_of("2758"))
    status, _, answer = ask(port, path="/predict/photo", body=content)
    assert status == 200
    (page,) = answer["pages"]
    digits = [digit for row in page["rows"] for cell in row for digit in cell["digits"]]
    assert [digit["digit"] for digit in digits] == [2, 7, 5, 8] and page["problem"] == ""
    path = tmp_path / "sheet.png"
    path.write_bytes(content)
    assert predict.main([str(path), "--photo", "--format", "json"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert {**written, "problem": ""} == {"source": str(path), **page}


def test_pages_of_a_document_are_read_and_a_blank_one_is_told(port):
    pages = [Image.fromarray(picture_of("27")), Image.new("L", (300, 200), 240)]
    buffer = io.BytesIO()
    pages[0].save(buffer, "PDF", save_all=True, append_images=pages[1:])
    headers = {"Content-Type": "application/pdf"}
    status, _, answer = ask(port, path="/predict/photo", body=buffer.getvalue(), headers=headers)
    assert status == 200 and [page["page"] for page in answer["pages"]] == [1, 2]
    assert answer["pages"][1]["rows"] == [] and "No digit" in answer["pages"][1]["problem"]


def test_an_array_is_read_like_the_same_picture(mnist, port):
    for image in mnist[1].images[:5]:
        array = json.dumps({"image": image.tolist()}).encode()
        as_array = ask(port, body=array, headers=JSON)
        as_picture = ask(port, body=saved(image))
        assert as_array[0] == 200 and as_array[2] == as_picture[2]


def rows(number: object) -> bytes:
    """An array that is all ink except for its last number."""
    return json.dumps({"image": [[255] * 28] * 27 + [[255] * 27 + [number]]}).encode()


@pytest.mark.parametrize(
    ("body", "headers", "status", "sentence"),
    [
        (b"no picture", PNG, 422, "of this kind"),
        (b"", PNG, 422, "empty file"),
        (saved(picture_of("5"))[:200], PNG, 422, "no whole PNG"),
        (saved(np.full((9, 9), 7, np.uint8)), PNG, 422, "one shade"),
        (saved(np.zeros((7000, 7000), bool)), PNG, 422, "million pixels"),
        (b"x" * 10_000_001, PNG, 413, "10,000,000 bytes"),
        (b" " * 64_001, JSON, 413, "64,000 bytes"),
        (b"<svg/>", {"Content-Type": "image/svg+xml"}, 415, "image/png"),
        (saved(picture_of("5")), {}, 415, "Content-Type"),
        (b"{", JSON, 422, "28 rows of 28"),
        (b"[" * 60_000, JSON, 422, "28 rows of 28"),
        (b"{}", JSON, 422, "image"),
        (rows(256), JSON, 422, r"\['image'\]\[27\]\[27\]"),
        (rows("7"), JSON, 422, "valid number"),
        (rows(None), JSON, 422, "valid number"),
        (rows(float("nan")), JSON, 422, "28 rows of 28"),
        (rows(10**400), JSON, 422, "28 rows of 28"),
        (json.dumps({"image": [[0] * 28] * 28}).encode(), JSON, 422, "largest number is 0"),
        (json.dumps({"image": [[255] * 28] * 29}).encode(), JSON, 422, "28"),
    ],
)
def test_an_unreadable_body_is_refused_in_one_sentence(body, headers, status, sentence, port):
    found, _, answer = ask(port, body=body, headers=headers)
    assert found == status and re.search(sentence, answer["detail"])


@pytest.mark.parametrize(("method", "path"), [("GET", "/predict"), ("POST", "/nothing")])
def test_an_unknown_request_names_the_documentation(method, path, port):
    status, headers, answer = ask(port, method, path)
    assert status in (404, 405) and "/api/docs" in answer["detail"]
    assert status == 404 or headers["Allow"] == "POST"


def test_an_endless_body_is_refused_early(port):
    sent = 0

    def endless():
        nonlocal sent
        while sent < 10**9:
            sent += 10**5
            yield bytes(10**5)

    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        try:
            connection.request("POST", "/api/predict", endless(), PNG, encode_chunked=True)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it answered and closed the connection
        else:
            pytest.fail("a gigabyte was taken")
    assert sent < 10**8


@contextmanager
def slow_senders(port: int, num: int, body: bytes = b"a little"):
    """Connections that send the beginning of a body of a megabyte and then nothing more."""
    with ExitStack() as stack:
        senders = []
        for _ in range(num):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            senders.append(stack.enter_context(closing(connection)))
            connection.putrequest("POST", "/api/predict")
            connection.putheader("Content-Type", "image/png")
            connection.putheader("Content-Length", "1000000")
            connection.endheaders(body)
        yield senders


@pytest.mark.parametrize("num", [16, endpoint.MAX_RECEIVING, endpoint.MAX_RECEIVING + 20])
def test_slow_senders_keep_no_fast_one_from_its_answer(port, num):
    with slow_senders(port, num):
        until(lambda: len(endpoint._arrivals._bytes) == min(num, endpoint.MAX_RECEIVING))
        started = time.perf_counter()
        assert ask(port, body=saved(picture_of("5")))[0] == 200
        assert time.perf_counter() - started < 5  # the slow ones have 30 seconds
        assert len(endpoint._arrivals._bytes) <= endpoint.MAX_RECEIVING
    until(lambda: not endpoint._arrivals._bytes)


def test_unfinished_bodies_have_a_memory_limit(port, monkeypatch):
    monkeypatch.setattr(endpoint, "_arrivals", Arrivals(100, 500_000, 10, 30))
    with slow_senders(port, 1, bytes(400_000)) as (oldest,):
        until(lambda: endpoint._arrivals.num_bytes == 400_000)
        with slow_senders(port, 1, bytes(300_000)):
            answer = oldest.getresponse()
            assert answer.status == 408 and b"slow senders" in answer.read()
            until(lambda: endpoint._arrivals.num_bytes == 300_000)
    until(lambda: not endpoint._arrivals._bytes)


def test_a_slow_sender_is_told_to_send_again(port, monkeypatch):
    monkeypatch.setattr(endpoint, "_arrivals", Arrivals(100, 500_000, 10, 0.3))
    with slow_senders(port, 1) as (slow,):
        answer = slow.getresponse()
        assert answer.status == 408 and b"Send it again" in answer.read()
    assert not endpoint._arrivals._bytes


def test_a_busy_endpoint_asks_to_try_again(port, monkeypatch):
    places = threading.BoundedSemaphore(1)
    monkeypatch.setitem(endpoint._places, "pictures", places)
    go_on = threading.Event()
    decode = endpoint.DECODER.decode_page
    monkeypatch.setattr(
        endpoint.DECODER, "decode_page", lambda *its: go_on.wait(10) and decode(*its)
    )
    with ThreadPoolExecutor(1) as pool:
        busy = pool.submit(ask, port, body=saved(picture_of("5")))
        until(lambda: places._value == 0)
        status, headers, answer = ask(port, body=saved(picture_of("5")))
        array = ask(port, body=rows(0), headers=JSON)
        go_on.set()
        assert status == 503 and headers["Retry-After"] == "1" and "again" in answer["detail"]
        assert array[0] == busy.result()[0] == 200  # arrays don't wait for pictures
    assert places._value == 1


def test_without_a_network_the_sentence_names_no_path(port, monkeypatch, tmp_path):
    monkeypatch.setattr(endpoint, "load_served", lambda _: Recognizer.load(tmp_path))
    status, _, answer = ask(port, body=saved(picture_of("5")))
    assert status == 503 and "no network" in answer["detail"] and "/" not in answer["detail"]


def test_a_bug_gives_one_sentence(port, monkeypatch):
    monkeypatch.setattr(endpoint, "load_served", lambda _: 1 / 0)
    status, _, answer = ask(port, body=saved(picture_of("5")))
    assert status == 500 and "log" in answer["detail"]


def test_simultaneous_requests_get_equal_answers(port):
    content = saved(picture_of("3"))
    with ThreadPoolExecutor(endpoint.MAX_PICTURES) as pool:
        requests = [pool.submit(ask, port, body=content) for _ in range(endpoint.MAX_PICTURES)]
        answers = [request.result()[2] for request in requests]
    assert all(one == answers[0] for one in answers)


def test_reading_leaves_the_event_loop_free(monkeypatch):
    """The pages use the same event loop."""
    begun, go_on = threading.Event(), threading.Event()

    def read(_reader, _content):
        begun.set()
        go_on.wait(10)
        return [{"digit": 1}]

    async def respond():
        answer = asyncio.create_task(endpoint._respond(request, {"image/png": None}))
        while not begun.is_set():
            await asyncio.sleep(0)  # never returns if the reading is in this thread
        go_on.set()
        return await answer

    async def receive():
        return {"type": "http.request", "body": b"x", "more_body": False}

    monkeypatch.setattr(endpoint, "_read", read)
    headers = [(b"content-type", b"image/png")]
    request = endpoint.Request({"type": "http", "headers": headers}, receive)
    assert asyncio.run(respond()) == [{"digit": 1}]


def test_the_documentation_page_needs_no_other_server(port):
    with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        connection.request("GET", "/api/docs")
        answer = connection.getresponse()
        page = answer.read().decode()
    assert answer.status == 200 and "<script" not in page
    assert set(re.findall(r"https?://[^/ <]+", page)) == {f"http://127.0.0.1:{port}"}
    assert f"http://127.0.0.1:{port}/api/predict/photo</code>" in page
    for word in ("probabilities", "box", "413", "image/webp"):
        assert word in page


def test_server_has_pages_and_endpoint_with_safe_headers():
    with running_app(script="server.py") as (address, _):
        port = int(address.rsplit(":", 1)[1])
        status, headers, answer = ask(port, body=saved(picture_of("7")))
        assert status == 200 and answer["digit"] == 7
        with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
            connection.request("GET", "/photo")
            page = connection.getresponse()
            assert page.status == 200 and b"streamlit" in page.read().lower()
            seconds = [seconds_to_answer(connection) for _ in range(30)]
    assert min(seconds[10:]) < 0.03  # with Nagle's algorithm each takes 40 ms, after the first few
    for name, value in server.HEADERS:
        assert headers.get_all(name.decode()) == page.headers.get_all(name.decode())
        assert headers[name.decode()] == value.decode()


def seconds_to_answer(connection: http.client.HTTPConnection) -> float:
    """For a small answer on a connection that stays open."""
    start = time.perf_counter()
    connection.request("GET", "/_stcore/health")
    connection.getresponse().read()
    return time.perf_counter() - start


@pytest.mark.parametrize(("base", "path"), [("", "/api"), ("digits", "/digits/api")])
def test_the_endpoint_is_below_the_pages_base_path(base, path, monkeypatch):
    monkeypatch.setattr(st, "get_option", {"server.baseUrlPath": base}.get)
    assert server.below_base("/api") == path


@pytest.mark.parametrize("error", [ArtifactError("/srv/digits.onnx"), KeyError("/srv/secret")])
def test_an_error_of_a_page_names_no_path(error, monkeypatch):
    shown = []
    monkeypatch.setattr(st, "error", lambda text, icon: shown.append(text))
    assert server.show_error(error)
    assert len(shown) == 1 and "/srv" not in shown[0] and "log" in shown[0]


@pytest.mark.browser
def test_the_page_shows_one_sentence_and_the_log_the_traceback(tmp_path):
    if not CHROMIUM:
        pytest.skip("needs Chromium: install it, or name it with CHROMIUM")
    (tmp_path / "page.py").write_text("secret = 1 / 0\n")
    (tmp_path / "wrong.py").write_text(
        "import streamlit as st, server\n"
        f"app = st.App({str(tmp_path / 'page.py')!r}, on_script_error=server.show_error)\n"
    )
    with (tmp_path / "log.txt").open("w+") as log:
        wrong = str(tmp_path / "wrong.py")
        with running_app(log, wrong, PYTHONPATH=str(ROOT)) as (address, _), chromium() as browser:
            page = browser.new_page()
            page.goto(address)
            alert = page.get_by_role("alert")
            alert.wait_for()
            assert "server's log" in alert.inner_text()
            assert "secret" not in page.content() and "ZeroDivision" not in page.content()
        log.seek(0)
        assert "ZeroDivisionError" in log.read()
