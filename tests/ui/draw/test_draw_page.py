"""The Draw page: answers, buttons, numbers, explanations, errors."""

import numpy as np
import pytest
import streamlit as st

from model.files import atomic
from model.learning.data import bundled_digits
from model.reading.confidence import Answer
from model.reading.recognizer import Recognizer
from tests.support import ROOT
from tests.ui.pages import (
    ONE,
    SEVEN,
    AlwaysThree,
    button,
    draw,
    drawing,
    explain,
    has_text,
    page,
    panel,
    prediction,
    press,
    settled,
    shown_images,
)


@pytest.mark.parametrize(("stroke", "digit"), [(SEVEN, "7"), (ONE, "1")])
def test_a_drawn_digit_is_read(stroke, digit):
    app = draw(stroke)
    assert prediction(app) == digit
    view = panel(app)
    assert view["kind"] == "digit" and view["confidence"].endswith("%") and len(view["bars"]) == 10
    assert view["percents"][int(digit)] == view["confidence"] and view["runner_up"]


def test_an_empty_canvas_gets_a_hint_and_no_prediction():
    app = draw()
    assert panel(app)["kind"] == "hint" and panel(app)["note"].startswith("Draw a digit here.")
    enabled = [button.label for button in app.button if not button.disabled]
    assert enabled == ["Example"]


def test_a_dot_and_an_odd_drawing_get_one_sentence():
    assert "only a dot" in panel(draw((["M", 9, 9], ["L", 10, 9])))["note"]
    app = page("draw")
    app.session_state["canvas"] = {"drawing": {"raw": {"objects": ["?"]}, "data": None}}
    assert "can't be read" in panel(settled(app.run()))["note"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer((4, 9), is_digit=True), "4 or 9"),
        (Answer((1, 4, 7), is_digit=True), "1, 4 or 7"),
        (Answer((8,), is_digit=False), "?"),
    ],
)
def test_the_page_says_one_of_three_things(monkeypatch, answer, said):
    monkeypatch.setattr(AlwaysThree, "answer", lambda self, probabilities: answer)
    monkeypatch.setattr("ui.personalisation.recognizer", AlwaysThree)
    app = draw(SEVEN)
    assert prediction(app) == said
    assert (panel(app)["note"] == "Not a digit?") != answer.is_digit


def test_an_unsure_answer_is_probably_that_digit(monkeypatch):
    monkeypatch.setattr(AlwaysThree, "answer", lambda self, row: Answer((9,), is_sure=False))
    monkeypatch.setattr("ui.personalisation.recognizer", AlwaysThree)
    view = panel(draw(SEVEN))
    assert (view["text"], view["note"]) == ("9", "Probably")


def test_undo_redo_and_clear():
    app = press(draw(ONE, SEVEN), "Undo")
    assert prediction(app) == "1"
    both = press(app, "Redo")
    assert len(both.session_state["canvas_drawing"]) == 2
    assert next(button for button in both.button if button.label == "Redo").disabled
    app = press(both, "Clear")
    assert panel(app)["kind"] == "hint"
    assert prediction(press(app, "Undo")) == prediction(both)  # clearing is a step as well


def test_a_new_stroke_forgets_what_was_undone():
    app = press(draw(ONE, SEVEN), "Undo")
    app.session_state["canvas"] = drawing(ONE, ONE, SEVEN)
    app = settled(app.run())
    assert button(app, "Redo").disabled


def test_an_example_is_drawn_and_read():
    app = press(draw(), "Example")
    first = app.session_state["canvas_drawing"]
    assert prediction(app) and len(first) >= 1
    assert press(app, "Example").session_state["canvas_drawing"] != first
    assert press(app, "Undo").session_state["canvas_drawing"] == first


def test_a_drawing_is_kept_when_the_page_is_left():
    app = draw(SEVEN)
    del app.session_state["canvas"]  # as Streamlit does when another page is shown
    assert prediction(settled(app.run())) == "7"


def test_undo_takes_back_a_stroke_that_the_canvas_has_not_reported_yet():
    app = draw(ONE)
    app.session_state["canvas_unreported"] = drawing(SEVEN)["drawing"]["raw"]["objects"]
    app = press(app, "Undo")
    assert prediction(app) == "1"
    assert len(app.session_state["canvas_drawing"]) == 1
    app = press(app, "Redo")
    assert len(app.session_state["canvas_drawing"]) == 2


def test_the_replay_shows_each_moment_and_each_change():
    app = draw(SEVEN)
    app = explain(app, "Replay")
    told = next(text.value for text in app.markdown if text.value.startswith("Read as"))
    assert told.count("from") >= 1 and "7 from" in told
    app.session_state["canvas"] = drawing((["M", 10, 10], ["L", 10, 30]))
    settled(app.run())  # a drawing with fewer moments to show


def test_why_names_the_answer_and_its_rival():
    app = explain(draw(SEVEN), "Why")
    assert has_text(app.markdown, "supports **7**")
    assert has_text(app.markdown, "it would read **1**")


def test_look_alikes_are_five_labelled_test_images(with_mnist):
    app = explain(draw(SEVEN), "Look-alikes")
    assert has_text(app.markdown, "10,000 images (MNIST test images)")
    tiles = shown_images(app)
    assert [tile["caption"] for tile in tiles] == ["a 7"] * 5


def test_without_mnist_the_look_alikes_come_from_the_bundled_digits(no_mnist):
    app = explain(draw(SEVEN), "Look-alikes")
    labels = bundled_digits().labels
    assert has_text(app.markdown, f"{len(labels):,} images")
    tiles = shown_images(app)
    assert len(tiles) == 5 and all(f"a {labels[t['number']]}" == t["caption"] for t in tiles)


def test_look_alikes_say_what_they_need(mnist_folder, monkeypatch, caplog):
    monkeypatch.setenv("DIGITPAD_DATA", str(mnist_folder))
    monkeypatch.setattr(
        "ui.networks.load_look_alikes", lambda _: atomic.load_json(ROOT / "no", "x")
    )
    st.cache_resource.clear()
    assert explain(draw(SEVEN), "Look-alikes").warning and "There is no x" in caplog.text


LEFT_ONE = ["M", 60, 80], ["L", 60, 200]


RIGHT_SEVEN = ["M", 130, 80], ["L", 220, 80], ["L", 165, 200]


def test_two_digits_side_by_side_are_read_as_one_number():
    app = draw(RIGHT_SEVEN, LEFT_ONE)  # drawn from right to left
    assert prediction(app) == "17"
    assert app.code[0].value == "17"


def test_a_chip_shows_another_digit_of_the_number():
    app = draw(LEFT_ONE, RIGHT_SEVEN)
    assert (panel(app)["best"], panel(app)["note"]) == (1, "Digit 1: 1")
    app = settled(app.button_group(key="chips-2").set_value(1).run())
    assert (panel(app)["best"], panel(app)["note"]) == (7, "Digit 2: 7")


def report(*strokes, base: int = 0, **more) -> dict:
    """What the panel reports of the pen."""
    points = [[point[1:] for point in stroke] for stroke in strokes]
    report = {"commands": 0, "base": base, "strokes": points, "round": 1, "isLifted": True}
    return {"strokes": {**report, **more}}


def test_a_stroke_is_read_before_the_canvas_reports_it_and_once_only(monkeypatch):
    runs, read = [], Recognizer.probabilities
    monkeypatch.setattr(Recognizer, "probabilities", lambda *given: runs.append(1) or read(*given))
    app = draw()
    app.session_state["answer"] = report(SEVEN[:2], isLifted=False)
    app = settled(app.run())
    assert panel(app)["spoken"] is None and panel(app)["kind"] != "hint"
    app.session_state["answer"] = report(SEVEN)
    app = settled(app.run())
    assert prediction(app) == "7" and "It reads 7" in panel(app)["spoken"]
    num = len(runs)
    app.session_state["canvas"] = drawing(SEVEN)
    app = settled(app.run())
    assert prediction(app) == "7" and len(runs) == num


def test_a_report_from_before_a_button_was_pressed_is_out_of_date():
    app = press(draw(SEVEN), "Clear")
    app.session_state["answer"] = report(SEVEN)
    assert panel(settled(app.run()))["kind"] == "hint"


def test_strokes_that_the_canvas_did_not_take_are_given_to_it():
    app = draw()
    app.session_state["answer"] = report(SEVEN, isUnseen=True)
    app = settled(app.run())
    assert prediction(app) == "7" and len(app.session_state["canvas_drawing"]) == 1


@pytest.mark.parametrize("sent", ["x", 7, {"strokes": "x"}, {"base": -9}, {"base": "0"}])
def test_a_report_that_no_panel_sends_gets_one_sentence(sent):
    app = draw()
    odd = {"commands": 0, "base": 0, "round": 1, "strokes": [[["x", 1]], 7, [[1]], []]}
    app.session_state["answer"] = {"strokes": {**odd, **sent} if isinstance(sent, dict) else sent}
    assert panel(settled(app.run()))["kind"] == "hint"


def asked(app):
    """The question about the first doubtful digit."""
    return next(group for group in app.get("button_group") if "doubtful" in group.label)


def test_a_doubtful_digit_of_a_number_can_be_corrected(always_doubtful):
    app = draw(LEFT_ONE, RIGHT_SEVEN)
    pills = asked(app)
    other = int(pills.options[1])
    pills.set_value(other)
    assert prediction(settled(app.run())) == f"{other}7"


ZERO = [
    ["M", 110, 110],
    *(["L", 75 + 35 * np.cos(t), 110 + 50 * np.sin(t)] for t in np.linspace(0, 6.28, 40)[1:]),
]


TOUCHING_SEVEN = ["M", 101, 80], ["L", 161, 80], ["L", 126, 180]


def test_two_digits_that_touch_are_a_guess_that_can_be_corrected():
    app = draw(ZERO, TOUCHING_SEVEN)
    assert prediction(app) == "07"
    assert panel(app)["confidence"] == "a guess"
    assert panel(app)["runner_up"] == "digits 1 and 2 touch"
    left, _right = [group for group in app.get("button_group") if "doubtful" in group.label]
    left.set_value(int(left.options[1]))
    assert app.run().code[0].value == f"{left.options[1]}7"


def test_a_choice_is_about_one_drawing_only(always_doubtful):
    app = draw(LEFT_ONE, RIGHT_SEVEN)
    pills = asked(app)
    pills.set_value(int(pills.options[1]))
    settled(app.run())
    app.session_state["canvas"] = drawing((["M", 60, 80], ["L", 70, 200]), RIGHT_SEVEN)
    assert prediction(settled(app.run())) == "17"
