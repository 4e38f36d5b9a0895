"""What visitors read when something fails: sentences without paths on the server."""

import numpy as np
import pytest

from model.errors import ArtifactError, DigitError, PictureError
from model.files import runs
from tests.support import ROOT
from tests.ui.pages import SEVEN, drawing, page, settled, turn_on
from ui.show_error import visitor_text

VISITS = [
    ("draw", {}),
    ("lab", {}),
    ("handwriting", {}),
    ("test_set", {}),
    ("test_set", {"data": "UCI", "view": "Map"}),
    ("test_set", {"order": "Most typical first", "image": "3"}),
    ("dashboard", {}),
]


@pytest.fixture(params=["network", "report", "look-alikes"])
def damaged(request, trained, no_mnist, tmp_path, monkeypatch, corrections_path):
    """A server on which one file of the network, a run, MNIST and the corrections are damaged."""
    file = {
        "network": runs.ONNX_FILE,
        "report": runs.REPORT_FILE,
        "look-alikes": runs.LOOK_ALIKES_FILE,
    }[request.param]
    (trained / file).write_bytes(b"damaged")
    (tmp_path / "runs" / "20260101-half").mkdir(parents=True)
    (tmp_path / "runs" / "20260101-half" / runs.REPORT_FILE).write_text("{")
    monkeypatch.setenv("DIGITPAD_RUNS", str(tmp_path / "runs"))
    corrections_path.parent.mkdir()
    corrections_path.write_bytes(b"no database" * 500)
    return tmp_path


@pytest.mark.parametrize(("name", "parameters"), VISITS)
def test_no_page_shows_visitors_a_path(damaged, name, parameters):
    app = page(name)
    app.query_params.update(parameters)
    if name == "draw":
        app.session_state["wrong"] = True  # the menu is open
    app.session_state["canvas"] = app.session_state["handwriting"] = drawing(SEVEN)
    app.session_state["grid"] = {"picture": {"command": 0, "cells": "1" * 784}}
    app = settled(app.run())
    for label in [toggle.label for toggle in app.toggle if name == "draw"]:
        app = turn_on(app, label)
    if any(button.key == "it-is-1" for button in app.button):
        app = settled(app.button(key="it-is-1").click().run())
    texts = " ".join(str(getattr(element, "value", "")) for element in app.main)
    for path in (str(ROOT), str(damaged), "model/trained"):
        assert path not in texts


def test_a_visitors_own_mistake_is_shown_in_full():
    assert visitor_text(PictureError("It is no picture.")) == "It is no picture."


@pytest.mark.parametrize("kind", [ArtifactError, DigitError])
def test_an_error_for_the_owner_goes_to_the_log(kind, caplog):
    text = visitor_text(kind("There is nothing at /srv/digits.onnx."))
    assert "/srv" not in text and "the server's log" in text
    assert "/srv/digits.onnx" in caplog.text


def test_handwriting_reports_show_no_path(damaged):
    app = page("handwriting")
    app.session_state["handwriting_drawings"] = [[np.array([[80.0, 60], [90, 200]])]] * 20
    texts = " ".join(str(getattr(each, "value", "")) for each in settled(app.run()).main)
    assert str(damaged) not in texts and str(ROOT) not in texts
