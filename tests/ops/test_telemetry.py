"""Each prediction gives one log line and counts in Prometheus' metrics, without the drawing."""

import asyncio
import importlib
import io
import json
import sys
import urllib.request
from datetime import UTC, datetime

import numpy as np
import pytest
import streamlit as st
from prometheus_client import REGISTRY
from streamlit.elements.lib.file_uploader_utils import enforce_filename_restriction
from streamlit.errors import StreamlitAPIException
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.state.common import unpack_widget_state_value
from streamlit.testing.v1 import AppTest

from benchmarks.page import running_app
from benchmarks.visitor import visiting
from model.errors import ArtifactError, DigitError, NothingDrawn, TooSmall
from model.files.runs import load_report
from model.reading.confidence import Answer
from model.reading.personalisation import PersonalisationReport
from model.reading.recognizer import Recognizer
from ops import telemetry
from tests.support import ROOT, TRAINED

KEYS = ["time", "source", "network", "latency_ms", "outcome", "digits", "num_digits", "error"]
SEVEN_ANSWER = Answer((7,), True)
SEVEN_PATH = [["M", 80, 60], ["L", 200, 60], ["L", 120, 230]]
ONE_PATH = [["M", 30, 50], ["L", 28, 230]]
DOT_PATH = [["M", 9, 9], ["L", 10, 9]]


@pytest.fixture(autouse=True)
def log(tmp_path):
    """The log's file; the log is off again after the test."""
    path = tmp_path / "predictions.jsonl"
    telemetry.log_to(str(path))
    yield path
    telemetry.log_to("off")


@pytest.fixture(autouse=True, scope="module")
def fresh_caches():
    st.cache_resource.clear()


def lines(log) -> list[dict]:
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


@pytest.fixture
def increase():
    """How much a metric has grown since the test began."""
    before = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
    }

    def since_then(name: str, **labels: str) -> float:
        now = REGISTRY.get_sample_value(name, labels) or 0.0
        return now - before.get((name, *sorted(labels.items())), 0.0)

    return since_then


def page(name: str, **state) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app_pages" / f"{name}.py"), default_timeout=60)
    for key, value in state.items():
        app.session_state[key] = value
    return run(app)


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, app.exception
    return app


def drawing(*paths) -> dict:
    objects = [{"type": "Path", "path": path} for path in paths]
    return {"drawing": {"raw": {"objects": objects}, "data": None}}


def test_a_prediction_writes_all_fields(log):
    telemetry.record_prediction("draw", "a run", 0.01234, "digit", (7,))
    (line,) = lines(log)
    assert list(line) == KEYS
    age = (datetime.now(UTC) - datetime.fromisoformat(line.pop("time"))).total_seconds()
    assert -0.001 < age < 60
    assert line == {
        "source": "draw",
        "network": "a run",
        "latency_ms": 12.34,
        "outcome": "digit",
        "digits": [7],
        "num_digits": 1,
        "error": "",
    }


@pytest.mark.parametrize(
    ("answers", "outcome", "digits", "num"),
    [
        ([SEVEN_ANSWER], "digit", [7], 1),
        ([Answer((4, 9), True)], "doubtful", [4, 9], 1),
        ([Answer((4,), False)], "none", [], 0),
        ([Answer((4,), True), Answer((2, 7), True)], "number", [], 2),
    ],
)
def test_only_single_digits_are_logged(log, increase, answers, outcome, digits, num):
    with telemetry.timed_reading("api") as reading:
        reading.answered("a run", answers)
    (line,) = lines(log)
    assert list(line) == KEYS
    assert (line["outcome"], line["digits"], line["num_digits"]) == (outcome, digits, num)
    assert increase("digitpad_predictions_total", source="api", outcome=outcome) == 1
    assert increase("digitpad_prediction_seconds_count", source="api") == 1


@pytest.mark.parametrize(
    ("error", "outcome", "kind"),
    [
        (TooSmall(), "refused", "TooSmall"),
        (NothingDrawn(), "refused", "NothingDrawn"),
        (ArtifactError("no network"), "error", "ArtifactError"),
        (type("AnotherError", (DigitError,), {})("new"), "error", "DigitError"),
        (ZeroDivisionError("secret"), "error", "unexpected"),
    ],
)
def test_an_error_is_logged_by_class_and_counted_once(log, increase, error, outcome, kind):
    with pytest.raises(type(error)), telemetry.timed_reading("draw"):
        raise error
    telemetry.count_error(error)  # as the server does when it catches the same error
    (line,) = lines(log)
    assert list(line) == KEYS
    assert (line["outcome"], line["error"], line["digits"]) == (outcome, kind, [])
    assert "secret" not in log.read_text()
    assert increase("digitpad_errors_total", kind=kind) == 1


def test_errors_outside_a_prediction_are_counted(increase):
    telemetry.count_error(KeyError("report"))
    assert increase("digitpad_errors_total", kind="unexpected") == 1


def test_unknown_sources_and_outcomes_raise():
    with pytest.raises(ValueError, match="source must be one of draw"):
        telemetry.record_prediction("10.0.0.1", "", 0.1, "digit")
    with pytest.raises(ValueError, match="outcome must be one of digit"):
        telemetry.record_prediction("draw", "", 0.1, "7")
    with pytest.raises(ValueError, match="source"), telemetry.timed_reading("elsewhere"):
        pass


def test_only_the_last_network_has_a_metric():
    for network in ("first", "second"):
        telemetry.record_prediction("api", network, 0.1, "digit", (1,))
    assert REGISTRY.get_sample_value("digitpad_network_info", {"network": "second"}) == 1
    assert REGISTRY.get_sample_value("digitpad_network_info", {"network": "first"}) is None


class BrokenPipe(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


CLOSED = io.StringIO()
CLOSED.close()
BROKEN_STDERR = {"closed": CLOSED, "broken": BrokenPipe(), "none": None}


@pytest.mark.parametrize("where", ["/dev/full", "no/such/folder", "closed", "broken", "none"])
def test_an_unwritable_log_costs_no_answer(tmp_path, monkeypatch, increase, where):
    if "/" in where:
        telemetry.log_to(str(tmp_path / where))  # an absolute path stays as it is
    else:
        monkeypatch.setattr(sys, "stderr", BROKEN_STDERR[where])
        telemetry.log_to("on")
    with telemetry.timed_reading("draw") as reading:
        reading.answered("a run", [SEVEN_ANSWER])
    assert increase("digitpad_log_lines_lost_total") == 1
    assert increase("digitpad_predictions_total", source="draw", outcome="digit") == 1


def test_a_failing_callback_costs_no_answer(increase):
    with telemetry.timed_reading("draw", lambda _: 1 / 0) as reading:
        reading.answered("a run", [SEVEN_ANSWER])
    assert increase("digitpad_log_lines_lost_total") == 1


def test_a_moved_log_file_is_created_again(log):
    telemetry.record_prediction("draw", "", 0.1, "digit", (1,))
    log.rename(log.with_suffix(".1"))
    telemetry.record_prediction("draw", "", 0.1, "digit", (2,))
    assert [line["digits"] for line in lines(log)] == [[2]]


def test_a_lost_line_is_not_written_later(log, increase):
    resource = pytest.importorskip("resource", reason="needs a limit on the size of files")
    telemetry.record_prediction("draw", "", 0.1, "digit", (1,))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, hard))
    try:
        telemetry.record_prediction("draw", "", 0.1, "digit", (2,))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    telemetry.record_prediction("draw", "", 0.1, "digit", (3,))
    assert [line["digits"] for line in lines(log)] == [[1], [3]]
    assert increase("digitpad_log_lines_lost_total") == 1


def test_stderr_gets_lines_only_when_on(capfd, increase):
    telemetry.log_to("")
    telemetry.record_prediction("draw", "", 0.1, "digit", (7,))
    telemetry.log_to("on")
    telemetry.record_prediction("draw", "", 0.1, "digit", (8,))
    written = capfd.readouterr()
    assert written.out == "" and len(written.err.splitlines()) == 1
    assert json.loads(written.err)["digits"] == [8]
    assert increase("digitpad_predictions_total", source="draw", outcome="digit") == 2


def test_importing_the_module_again_keeps_counting(monkeypatch, log, increase):
    telemetry.record_prediction("draw", "a run", 0.1, "digit", (7,))
    monkeypatch.delitem(sys.modules, "ops.telemetry")
    again = importlib.import_module("ops.telemetry")
    monkeypatch.setattr("ops.telemetry", again)  # undone together with the line before
    assert again is not telemetry
    again.record_prediction("draw", "a run", 0.1, "digit", (8,))
    assert increase("digitpad_predictions_total", source="draw", outcome="digit") == 2
    assert [line["digits"] for line in lines(log)] == [[7], [8]]


def test_each_stroke_is_one_prediction_and_a_button_none(log):
    app = page("draw", canvas=drawing(SEVEN_PATH))
    app.button_group(key="explanations_pressed").set_value(["Why"])
    run(app)
    (line,) = lines(log)
    assert list(line) == KEYS
    assert line["outcome"] == "digit" and line["digits"] == [7]
    assert line["network"] == load_report(TRAINED)["run"] and line["latency_ms"] > 0
    # As the component sends it back: with fields of its own, and whole numbers as such.
    app.session_state["canvas"] = drawing([[kind, x + 0.0, y] for kind, x, y in SEVEN_PATH])
    run(app)
    assert len(lines(log)) == 1
    app.session_state["canvas"] = drawing(ONE_PATH, SEVEN_PATH)
    run(app)
    assert [line["outcome"] for line in lines(log)] == ["digit", "number"]
    assert not {"M", "path", "strokes"} & set(log.read_text().replace('"', " ").split())


def test_another_network_predicts_the_same_drawing_again(log, monkeypatch):
    app = page("draw", canvas=drawing(SEVEN_PATH))
    other = Recognizer.load()
    other.version = "another run"
    monkeypatch.setattr("ui.personalisation.recognizer", lambda: other)
    run(app)
    assert [line["network"] for line in lines(log)] == [load_report(TRAINED)["run"], "another run"]


def test_an_empty_canvas_is_no_prediction_and_a_dot_refused(log):
    app = page("draw", canvas=drawing())
    page("lab", canvas=drawing())
    page("paper")
    assert lines(log) == []
    for _ in range(2):
        app.session_state["canvas"] = drawing(DOT_PATH)
        run(app)
    assert [(line["outcome"], line["error"]) for line in lines(log)] == [("refused", "TooSmall")]
    app.session_state["canvas"] = drawing()
    run(app)
    app.session_state["canvas"] = drawing(DOT_PATH)
    run(app)
    assert len(lines(log)) == 2  # drawn again on a canvas that was cleared


def test_lab_keyboard_and_paper_record_predictions(log):
    from tests.model.ink.test_decode import saved

    page("lab", canvas=drawing(SEVEN_PATH))
    app = page("draw", input="Keyboard")
    next(button for button in app.button if button.label == "Example").click()
    run(run(app))
    app = page("paper")
    app.file_uploader[0].upload("sheet.png", saved("PNG"), "image/png")
    run(run(app))
    app.file_uploader[0].upload("broken.png", b"no picture", "image/png")
    run(run(app))
    assert [line["source"] for line in lines(log)] == ["lab", "keyboard", "paper", "paper"]
    *_, sheet, broken = lines(log)
    assert sheet["outcome"] == "number" and sheet["num_digits"] > 1 and sheet["digits"] == []
    assert (broken["outcome"], broken["error"]) == ("refused", "PictureError")


def test_learning_a_handwriting_is_one_line_without_digits(log, monkeypatch):
    even = np.full((20, 10), 0.1, np.float32)
    lesson = PersonalisationReport(np.zeros(20, int), even, even, 0.99, 0.99, None)
    monkeypatch.setattr("ui.draw.handwriting_report.personalise", lambda *_args: lesson)
    monkeypatch.setattr("ui.personalisation.other_digits", lambda: (None, None))
    strokes = [np.array([(80, 60), (200, 60), (120, 230)], float)]
    run(page("handwriting", handwriting_drawings=[strokes] * 20))
    (line,) = lines(log)
    assert (line["source"], line["outcome"], line["num_digits"]) == ("handwriting", "number", 20)


def test_a_correction_is_counted(increase):
    app = page("draw", canvas=drawing(SEVEN_PATH), wrong=True)
    next(button for button in app.button if button.key == "it-is-1").click()
    run(app)
    assert increase("digitpad_corrections_total") == 1


def test_operations_md_names_every_field_value_and_metric():
    text = (ROOT / "docs" / "operations.md").read_text()
    kinds = (*telemetry.ERROR_KINDS, telemetry.UNEXPECTED)
    words = (*KEYS, *telemetry.SOURCES, *telemetry.OUTCOMES, *kinds)
    assert [word for word in words if f"`{word}`" not in text] == []
    for metric in REGISTRY.collect():
        if metric.name.startswith("digitpad_"):
            assert f"`{metric.name}" in text, metric.name


async def draw_the_example(address: str) -> None:
    async with visiting(address) as visitor:
        await visitor.press("Example")


def test_a_server_exports_metrics_of_its_pages(tmp_path):
    output = tmp_path / "server.txt"
    store = str(tmp_path / "corrections.sqlite3")
    environment = {"DIGITPAD_CORRECTIONS": store, "DIGITPAD_LOG": "on"}
    with (
        output.open("w") as file,
        running_app(file, "server.py", **environment) as (address, _),
    ):
        asyncio.run(draw_the_example(address))
        with urllib.request.urlopen(f"{address}/metrics", timeout=10) as answer:
            metrics = answer.read().decode()
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    (line,) = [json.loads(row) for row in output.read_text().splitlines() if row.startswith("{")]
    assert list(line) == KEYS and line["source"] == "draw"
    labels = f'outcome="{line["outcome"]}",source="draw"'
    assert f"digitpad_predictions_total{{{labels}}} 1.0" in metrics
    assert f'digitpad_network_info{{network="{load_report(TRAINED)["run"]}"}} 1.0' in metrics


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (lambda: unpack_widget_state_value(WidgetState(json_value="{")), "malformed"),
        (lambda: unpack_widget_state_value(WidgetState(json_value="[1,")), "malformed"),
        # a file that the page's uploader doesn't let through
        (lambda: enforce_filename_restriction("picture.exe", [".png"]), "malformed"),
        (lambda: int("x"), "unexpected"),  # our own mistake, in a page that Streamlit runs
    ],
)
def test_values_that_no_page_sends_are_no_unexpected_errors(action, kind):
    with pytest.raises((ValueError, StreamlitAPIException)) as error:
        action()
    assert telemetry.error_kind(error.value) == kind
