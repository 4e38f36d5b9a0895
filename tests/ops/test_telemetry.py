"""One line a prediction, which tells nothing of who drew or what; figures that Prometheus reads."""

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
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.testing.v1 import AppTest
from websockets.sync.client import connect

from benchmarks.page import running_app
from model.errors import ArtifactError, DigitError, NothingDrawn, TooSmall
from model.files.artifacts import load_report
from model.reading.confidence import Answer
from model.reading.personalisation import Lesson
from ops import telemetry
from tests.support import ROOT

KEYS = [
    *("time", "source", "network", "latency_ms", "outcome", "digits", "num_digits", "error"),
]
SEVEN_PATH = [["M", 80, 60], ["L", 200, 60], ["L", 120, 230]]
ONE_PATH = [["M", 30, 50], ["L", 28, 230]]
DOT_PATH = [["M", 9, 9], ["L", 10, 9]]


@pytest.fixture(autouse=True)
def log(tmp_path):
    """The log's file, and no log when the test is over."""
    path = tmp_path / "predictions.jsonl"
    telemetry.log_to(str(path))
    yield path
    telemetry.log_to("off")


@pytest.fixture(autouse=True, scope="module")
def fresh_caches():
    st.cache_resource.clear()


def lines(log) -> list[dict]:
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def figure(name: str, **labels) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.fixture
def grown():
    """How much a figure has grown since the test began."""
    before: dict[tuple, float] = {}
    for metric in REGISTRY.collect():
        for sample in metric.samples:
            before[sample.name, *sorted(sample.labels.items())] = sample.value
    return lambda name, **labels: (
        figure(name, **labels) - before.get((name, *sorted(labels.items())), 0.0)
    )


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


def test_a_line_says_when_where_by_which_network_how_long_and_what_came_of_it(log):
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
        ([Answer((7,), True)], "digit", [7], 1),
        ([Answer((4, 9), True)], "doubtful", [4, 9], 1),
        ([Answer((4,), False)], "none", [], 0),
        ([Answer((4,), True), Answer((2, 7), True)], "number", [], 2),
    ],
)
def test_a_digit_is_told_and_a_numbers_digits_are_only_counted(
    log, grown, answers, outcome, digits, num
):
    with telemetry.timed_reading("api") as noted:
        noted.answered("a run", answers)
    (line,) = lines(log)
    assert list(line) == KEYS
    assert (line["outcome"], line["digits"], line["num_digits"]) == (outcome, digits, num)
    assert grown("digitpad_predictions_total", source="api", outcome=outcome) == 1
    assert grown("digitpad_prediction_seconds_count", source="api") == 1


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
def test_what_ends_a_reading_is_noted_by_its_kind_and_counted_once(
    log, grown, error, outcome, kind
):
    with pytest.raises(type(error)), telemetry.timed_reading("draw"):
        raise error
    telemetry.count_error(error)  # the server sees it pass as well
    (line,) = lines(log)
    assert list(line) == KEYS
    assert (line["outcome"], line["error"], line["digits"]) == (outcome, kind, [])
    assert "secret" not in log.read_text()
    assert grown("digitpad_errors_total", kind=kind) == 1


def test_an_error_outside_of_a_reading_is_counted_too(grown):
    telemetry.count_error(KeyError("report"))
    assert grown("digitpad_errors_total", kind="unexpected") == 1


def test_no_other_word_becomes_a_series_of_its_own():
    with pytest.raises(ValueError, match="source must be one of draw"):
        telemetry.record_prediction("10.0.0.1", "", 0.1, "digit")
    with pytest.raises(ValueError, match="outcome must be one of digit"):
        telemetry.record_prediction("draw", "", 0.1, "7")
    with pytest.raises(ValueError, match="source"), telemetry.timed_reading("elsewhere"):
        pass


def test_one_network_is_named_at_a_time():
    for network in ("first", "second"):
        telemetry.record_prediction("api", network, 0.1, "digit", (1,))
    samples = [
        s for m in REGISTRY.collect() if m.name == "digitpad_network_info" for s in m.samples
    ]
    assert [sample.labels for sample in samples] == [{"network": "second"}]


class Closed(io.StringIO):
    """A standard error output whose reader is gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("where", ["/dev/full", "no/such/folder", "closed", "broken", "none"])
def test_a_log_that_cannot_be_written_costs_no_answer(tmp_path, monkeypatch, grown, where):
    if where.startswith(("/", "no/")):
        telemetry.log_to(where if where.startswith("/") else str(tmp_path / where))
    else:
        closed = io.StringIO()
        closed.close()
        errors = {"closed": closed, "broken": Closed(), "none": None}
        monkeypatch.setattr(sys, "stderr", errors[where])
        telemetry.log_to("on")
    with telemetry.timed_reading("draw") as noted:
        noted.answered("a run", [Answer((7,), True)])
    assert grown("digitpad_log_lines_lost_total") == 1
    assert grown("digitpad_predictions_total", source="draw", outcome="digit") == 1


def test_what_goes_wrong_in_noting_costs_no_answer(grown):
    def broken(_noted) -> bool:
        raise RuntimeError

    with telemetry.timed_reading("draw", broken) as noted:
        noted.answered("a run", [Answer((7,), True)])
    assert grown("digitpad_log_lines_lost_total") == 1


def test_a_file_that_is_moved_away_is_begun_anew(log):
    telemetry.record_prediction("draw", "", 0.1, "digit", (1,))
    log.rename(log.with_suffix(".1"))
    telemetry.record_prediction("draw", "", 0.1, "digit", (2,))
    assert [line["digits"] for line in lines(log)] == [[2]]


def test_on_a_terminal_nothing_is_written_and_all_is_counted(capfd, grown):
    telemetry.log_to("")
    telemetry.record_prediction("draw", "", 0.1, "digit", (7,))
    telemetry.log_to("on")
    telemetry.record_prediction("draw", "", 0.1, "digit", (8,))
    written = capfd.readouterr()
    assert written.out == "" and len(written.err.splitlines()) == 1
    assert json.loads(written.err)["digits"] == [8]
    assert grown("digitpad_predictions_total", source="draw", outcome="digit") == 2


def test_the_module_may_be_imported_anew_and_goes_on_counting(monkeypatch, log, grown):
    telemetry.record_prediction("draw", "a run", 0.1, "digit", (7,))
    monkeypatch.delitem(sys.modules, "ops.telemetry")
    again = importlib.import_module("ops.telemetry")
    monkeypatch.setattr("ops.telemetry", again)  # undone with the line before
    assert again is not telemetry
    again.record_prediction("draw", "a run", 0.1, "digit", (8,))
    assert grown("digitpad_predictions_total", source="draw", outcome="digit") == 2
    assert [line["digits"] for line in lines(log)] == [[7], [8]]


def test_each_stroke_is_a_prediction_and_a_button_is_none(log):
    app = page("draw", canvas=drawing(SEVEN_PATH))
    next(toggle for toggle in app.toggle if toggle.label == "Why").set_value(True)
    run(app)
    (line,) = lines(log)
    assert list(line) == KEYS
    assert line["outcome"] == "digit" and line["digits"] == [7]
    assert line["network"] == load_report()["run"] and line["latency_ms"] > 0
    # As the component sends it back: with fields of its own, and whole numbers as such.
    app.session_state["canvas"] = drawing([[kind, x + 0.0, y] for kind, x, y in SEVEN_PATH])
    run(app)
    assert len(lines(log)) == 1
    app.session_state["canvas"] = drawing(ONE_PATH, SEVEN_PATH)
    run(app)
    assert [line["outcome"] for line in lines(log)] == ["digit", "number"]
    assert not {"M", "path", "strokes"} & set(log.read_text().replace('"', " ").split())


def test_another_network_reads_the_same_drawing_anew(log, monkeypatch):
    app = page("draw", canvas=drawing(SEVEN_PATH))
    from ui import resources

    other = resources.shared_recognizer().adapted(None)
    other.version = "another run"
    monkeypatch.setattr(resources, "recognizer", lambda: other)
    run(app)
    assert [line["network"] for line in lines(log)] == [load_report()["run"], "another run"]


def test_an_empty_canvas_is_no_prediction_and_a_dot_is_a_refused_one(log):
    app = page("draw", canvas=drawing())
    page("lab", canvas=drawing())
    page("keyboard")
    page("photo")
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


def test_lab_keyboard_and_photo_note_what_they_read(log):
    from tests.model.ink.test_sheet import saved

    page("lab", canvas=drawing(SEVEN_PATH))
    app = page("keyboard")
    next(button for button in app.button if button.label == "Example").click()
    run(run(app))
    app = page("photo")
    app.file_uploader[0].upload("sheet.png", saved("PNG"), "image/png")
    run(run(app))
    app.file_uploader[0].upload("broken.png", b"no picture", "image/png")
    run(run(app))
    assert [line["source"] for line in lines(log)] == ["lab", "keyboard", "photo", "photo"]
    *_, sheet, broken = lines(log)
    assert sheet["outcome"] == "number" and sheet["num_digits"] > 1 and sheet["digits"] == []
    assert (broken["outcome"], broken["error"]) == ("refused", "PictureError")


def test_a_lesson_is_one_line_without_its_digits(log, monkeypatch):
    even = np.full((20, 10), 0.1, np.float32)
    lesson = Lesson(np.zeros(20, int), even, even, 0.99, 0.99, None)
    monkeypatch.setattr("ui.draw.handwriting.teach", lambda *_args: lesson)
    monkeypatch.setattr("ui.resources.others", lambda: (None, None))
    strokes = [np.array([(80, 60), (200, 60), (120, 230)], float)]
    run(page("handwriting", hand_drawings=[strokes] * 20))
    (line,) = lines(log)
    assert (line["source"], line["outcome"], line["num_digits"]) == ("handwriting", "number", 20)


def test_a_correction_is_counted(grown):
    app = page("draw", canvas=drawing(SEVEN_PATH))
    next(button for button in app.button if button.key == "it-is-1").click()
    run(app)
    assert grown("digitpad_corrections_total") == 1


def test_the_documentation_names_every_field_word_and_figure():
    text = (ROOT / "docs" / "operations.md").read_text()
    words = [
        *KEYS,
        *telemetry.SOURCES,
        *telemetry.OUTCOMES,
        *telemetry.ERROR_KINDS,
        telemetry.UNEXPECTED,
    ]
    assert [word for word in words if f"`{word}`" not in text] == []
    for figures in REGISTRY.collect():
        if figures.name.startswith("digitpad_"):
            assert f"`{figures.name}" in text, figures.name


def run_script(socket, **wishes) -> list[ForwardMsg]:
    """Has a visitor's session run its page, or a fragment; what the page then shows."""
    asked = BackMsg()
    asked.rerun_script.MergeFrom(ClientState(**wishes))
    socket.send(asked.SerializeToString())
    shown = []
    while not shown or shown[-1].WhichOneof("type") != "script_finished":
        shown.append(ForwardMsg.FromString(socket.recv(timeout=60)))
    return shown


def test_a_server_tells_prometheus_what_its_pages_read(tmp_path):
    kept = {"DIGITPAD_CORRECTIONS": str(tmp_path / "corrections.sqlite3"), "DIGITPAD_LOG": "on"}
    with (
        (tmp_path / "server.txt").open("w") as output,
        running_app(output, "server.py", **kept) as (address, _),
    ):
        stream = f"{address.replace('http', 'ws')}/_stcore/stream"
        with connect(stream, subprotocols=["streamlit"]) as socket:
            deltas = [each.delta for each in run_script(socket)]
            example = next(
                each for each in deltas if each.new_element.button.label == "Example"
            )  # the button that draws a digit
            pressed = WidgetState(id=example.new_element.button.id, trigger_value=True)
            run_script(
                socket,
                fragment_id=example.fragment_id,
                widget_states=WidgetStates(widgets=[pressed]),
            )
        answer = urllib.request.urlopen(f"{address}/metrics", timeout=10)
        told = answer.read().decode()
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    written = (tmp_path / "server.txt").read_text()
    (line,) = [json.loads(row) for row in written.splitlines() if row.startswith("{")]
    assert list(line) == KEYS and line["source"] == "draw"
    counted = f'digitpad_predictions_total{{outcome="{line["outcome"]}",source="draw"}} 1.0'
    assert counted in told
    assert f'digitpad_network_info{{network="{load_report()["run"]}"}} 1.0' in told
