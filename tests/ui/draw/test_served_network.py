"""Which network the Draw and Test set pages read with, and what they say without one."""

import dataclasses

import numpy as np
import pytest

from model.files import runs
from model.files.runs import ONNX_FILE
from model.reading.personalisation import Personalisation
from model.reading.recognizer import Recognizer
from tests.support import TRAINED
from tests.ui.pages import (
    ONE,
    SEVEN,
    AlwaysThree,
    draw,
    drawing,
    has_text,
    page,
    panel,
    prediction,
    settled,
)


def test_the_page_says_which_network_reads():
    report = runs.load_report(TRAINED)
    assert any(
        report["run"] in text.value and f"{report['test']['accuracy']:.2%}" in text.value
        for text in draw().markdown
    )


@pytest.mark.parametrize("damage", ["missing", "corrupt"])
@pytest.mark.parametrize("name", ["draw", "test_set"])
def test_without_a_network_there_is_a_sentence_until_it_is_restored(
    trained, no_mnist, name, damage, caplog
):
    whole = (trained / ONNX_FILE).read_bytes()
    (trained / ONNX_FILE).unlink()
    if damage == "corrupt":
        (trained / ONNX_FILE).write_bytes(whole[:50_000])
    app = page(name)
    app.session_state["canvas"] = drawing(SEVEN)
    app = settled(app.run())
    said = [panel(app)["note"]] if name == "draw" else [each.value for each in app.warning]
    assert any("no network to read with" in text for text in said)
    assert ONNX_FILE in caplog.text and "train.py" in caplog.text
    (trained / ONNX_FILE).write_bytes(whole)
    app = settled(app.run())
    assert not has_text(app.warning, "no network")
    if name == "draw":
        assert prediction(app) == "7"


def test_a_retrained_network_answers_the_next_drawing(trained, monkeypatch):
    app = draw(SEVEN)
    loaded = []
    monkeypatch.setattr(
        "ui.networks.Recognizer.load", lambda folder: loaded.append(folder) or AlwaysThree()
    )
    (trained / ONNX_FILE).write_bytes(b"another network")
    app.session_state["canvas"] = drawing(ONE)
    assert prediction(settled(app.run())) == "3" and loaded == [trained]


def test_the_page_names_the_network_that_answered(monkeypatch):
    app = draw(SEVEN)
    other = Recognizer.load()
    other.version, other.key = "another run", ("another run", "0")
    monkeypatch.setattr("ui.networks.load_served", lambda runs: other)
    app.session_state["canvas"] = drawing(ONE)
    assert has_text(settled(app.run()).markdown, "The network of run another run.")


@pytest.mark.parametrize("has_profile", [False, True])
def test_a_drawing_runs_the_network_once(monkeypatch, has_profile):
    network = Recognizer.load()
    app = page("draw")
    if has_profile:
        app.session_state["profile"] = Personalisation(
            np.zeros((1, 640), np.float32), np.zeros((1, 10)), network.key
        )
    settled(app.run())
    outputs, run = [], Recognizer._run
    monkeypatch.setattr(
        Recognizer, "_run", lambda self, *args: outputs.append(args[0]) or run(self, *args)
    )
    app.session_state["canvas"] = drawing(SEVEN)
    settled(app.run())
    assert len(outputs) == 1


def test_the_page_says_whether_it_uses_the_profile(monkeypatch):
    app = page("draw")
    key = Recognizer.load().key
    empty = Personalisation(np.zeros((1, 640), np.float32), np.zeros((1, 10)), key)
    app.session_state["profile"] = empty
    app.session_state["canvas"] = drawing(SEVEN)
    app = settled(app.run())
    assert prediction(app) == "7" and has_text(app.caption, "handwriting profile")
    # The network it was learnt with is no longer served.
    app.session_state["profile"] = dataclasses.replace(empty, network=("former", ""))
    app = settled(app.run())
    assert not has_text(app.caption, "Read with your handwriting profile")
