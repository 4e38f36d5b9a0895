"""The page My handwriting: prompts, Back, drawing one digit again, and the profile."""

import dataclasses

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from model.ink.frame import strokes_to_mnist
from model.learning import glyphs
from model.reading.personalisation import OtherDigits
from model.reading.recognizer import Recognizer
from tests.ui.pages import SEVEN, button, drawing, has_text, page, press, select, settled
from ui import datasets

NINE = (
    *(["M", 200, 80], ["L", 120, 80], ["L", 120, 130], ["L", 200, 130]),
    *(["L", 200, 80], ["L", 190, 240]),
)


@pytest.fixture(autouse=True, scope="module")
def other_digits():
    """Other people's digits, few and read once, in place of all of MNIST's or UCI's."""
    network = Recognizer.load()
    rng = np.random.default_rng(1)
    labels = np.tile(np.arange(10), 8)
    frames = np.stack([strokes_to_mnist(glyphs.draw_digit(int(label), rng), 1) for label in labels])
    digits = OtherDigits.read(frames, labels, network)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ui.personalisation.other_digits", lambda: (digits, digits))
        yield


def drawn(num: int) -> list:
    rng = np.random.default_rng(0)
    return [[stroke * 100 for stroke in glyphs.draw_digit(k % 10, rng)] for k in range(num)]


def lesson(num: int, *strokes) -> AppTest:
    """A visitor who has drawn `num` digits, and has strokes on the canvas."""
    app = page("handwriting")
    app.session_state["handwriting_drawings"] = drawn(num)
    app.session_state["handwriting"] = drawing(*strokes)
    return settled(app.run())


def learnt() -> AppTest:
    """A visitor who has drawn all twenty digits."""
    return press(lesson(19, NINE), "Next")


def prompt(app: AppTest) -> str:
    return app.subheader[0].value


def test_a_profile_is_learnt_stopped_and_used_again():
    app = lesson(19, NINE)
    assert prompt(app) == "Draw a 9, as you usually write it"
    app = press(app, "Next")
    assert prompt(app) == "Which of your digits are ambiguous"
    assert "in use on all pages" in app.success[0].value
    app = press(app, "Stop using my profile")
    assert "not in use" in app.success[0].value and app.session_state["profile"] is None
    assert "in use on all pages" in press(app, "Use my profile again").success[0].value
    assert prompt(press(app, "Start again")) == "Draw a 0, as you usually write it"
    assert app.session_state["profile"] is None


def test_the_report_gives_the_leave_one_out_figure():
    app = learnt()
    (report,) = app.session_state["handwriting_report"].values()
    right = int((report.after.argmax(axis=1) == np.tile(np.arange(10), 2)).sum())
    assert f"with it {right}; for this figure each digit was read with" in app.success[0].value


def test_a_profile_that_reads_fewer_digits_gets_a_warning():
    app = learnt()
    (network, report), *_ = app.session_state["handwriting_report"].items()
    worse = dataclasses.replace(report, after=np.roll(report.before, 1, axis=1))
    app.session_state["handwriting_report"] = {network: worse}
    assert has_text(settled(app.run()).warning, "It reads fewer of your digits")


def test_a_profile_that_harms_others_is_not_used(monkeypatch):
    monkeypatch.setattr("model.reading.personalisation.ALLOWED_LOSS", -1.0)
    app = learnt()
    assert has_text(app.warning, "Your profile is not used")
    assert app.session_state["profile"] is None


def test_back_asks_again_on_an_empty_canvas():
    app = lesson(2, SEVEN)  # 0 and 1 are saved, a 7 is drawn where a 2 was asked for
    app = press(app, "Back")
    assert prompt(app) == "Draw a 1, as you usually write it"
    assert app.session_state["handwriting_drawing"] == []
    assert button(app, "Next").disabled
    assert len(app.session_state["handwriting_drawings"]) == 1


def test_without_a_drawing_there_is_no_next_and_no_back():
    app = settled(page("handwriting").run())
    assert button(app, "Next").disabled and button(app, "Back").disabled


def test_a_drawing_unlike_its_prompt_gets_a_warning():
    assert has_text(lesson(2, SEVEN).markdown, "This looks like 7, not like 2")
    assert not has_text(lesson(7, SEVEN).markdown, "This looks")


def test_one_digit_can_be_drawn_again():
    app = page("handwriting")
    drawings = drawn(20)
    drawings[2] = [np.array([[80.0, 60], [200, 60], [120, 230]])]  # a 7 in place of the 2
    app.session_state["handwriting_drawings"] = drawings
    app = settled(app.run())
    assert has_text(app.warning, "the first 2")
    assert select(app, "Draw one digit again").value == 2
    app = press(app, "Draw it again")
    assert prompt(app) == "Draw a 2 again, as you usually write it"
    assert prompt(press(app, "Keep the old drawing")) == "Which of your digits are ambiguous"
    app = press(app, "Draw it again")
    two = [["M", 80, 90], ["L", 150, 60], ["L", 190, 110], ["L", 90, 220], ["L", 200, 220]]
    app.session_state["handwriting"] = drawing(two)
    app = press(settled(app.run()), "Next")
    assert prompt(app) == "Which of your digits are ambiguous"
    saved = app.session_state["handwriting_drawings"]
    assert len(saved) == 20 and saved[2][0][0].tolist() == [80, 90]


def test_another_networks_profile_is_not_used(monkeypatch):
    app = learnt()
    other = Recognizer.load()
    other.key, other.version = ("another run", "0"), "another run"
    monkeypatch.setattr("ui.networks.load_served", lambda runs: other)
    st.cache_data.clear()
    app = settled(app.run())
    assert "Another network is served now" in app.info[0].value and not app.success
    assert "Use my profile again" not in [each.label for each in app.button]
    keyboard = page("draw")
    keyboard.session_state["input"] = "Keyboard"
    keyboard.session_state["profile"] = app.session_state["profile"]
    keyboard.session_state["grid"] = {"picture": {"command": 0, "cells": "1" * 784}}
    settled(keyboard.run())  # reads without the profile
    draw_page = page("draw")
    draw_page.session_state["profile"] = app.session_state["profile"]
    assert has_text(settled(draw_page.run()).caption, "was learned with another model")
    assert "in use on all pages" in press(app, "Learn again").success[0].value


def test_a_profile_is_refused_by_another_network():
    profile = learnt().session_state["profile"]
    with pytest.raises(ValueError, match="must be of the network"):
        Recognizer.load().adapted(dataclasses.replace(profile, network=("former", "")))


def test_a_vanished_mnist_folder_leaves_the_bundled_digits(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "test_images", lambda: (None, ""))  # they were read before
    monkeypatch.setenv("DIGITPAD_DATA", str(tmp_path / "gone"))
    assert datasets.training_images() is None
