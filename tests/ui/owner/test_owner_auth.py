"""Access to the owner's pages: off, behind a password, open; and what clients may forge."""

import shutil

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from model.errors import AccessError, ArtifactError, PasswordNeeded
from model.files import served
from model.learning.data import Dataset
from model.reading.confidence import Answer
from model.reading.numbers import Digit
from model.reading.recognizer import Recognizer
from ops import access, corrections_quota
from ops.corrections import Corrections
from tests.support import job_of
from tests.ui.pages import button, opened, page, settled
from ui import networks
from ui.draw import correction
from ui.owner import owner_auth

WORD = "correct horse battery"


@pytest.fixture(autouse=True)
def fresh_guard(monkeypatch):
    monkeypatch.setattr(access, "GUARD", access.PasswordGuard())


@pytest.fixture
def with_password(monkeypatch):
    monkeypatch.setenv("DIGITPAD_PASSWORD", WORD)


@pytest.fixture
def kept() -> Corrections:
    """A file with one correction."""
    store = Corrections()
    stroke = np.array([[100.0, 50], [120, 200]])
    store.add([stroke], np.eye(28, dtype=np.float32), np.eye(10, dtype=np.float32)[7], 1, "a run")
    return store


def enter(app: AppTest, word: str) -> AppTest:
    app.text_input[0].input(word)
    button(app, "Open").click()
    return settled(app.run())


def shows_nothing(app: AppTest) -> bool:
    return not any((app.checkbox, app.caption, app.get("vega_lite_chart"), app.get("imgs")))


PAGES = [("corrections", {}), ("test_set", {"data": "Corrections"}), ("train", {})]


@pytest.mark.parametrize(("name", "parameters"), PAGES)
def test_pages_that_are_off_show_only_a_sentence(name, parameters, kept):
    app = opened(name, **parameters)
    assert " off" in app.info[0].value and len(app.info) == 1
    assert shows_nothing(app) and not app.text_input and not app.button
    assert str(kept.path) not in app.info[0].value


@pytest.mark.parametrize(("name", "parameters"), PAGES)
def test_only_the_right_password_opens_pages_for_one_visit(
    name, parameters, kept, jobs, with_password
):
    app = opened(name, **parameters)
    assert "asks for the password" in app.info[0].value and shows_nothing(app)
    app = enter(app, "open sesame now")
    assert "not the password" in app.warning[0].value and shows_nothing(app)
    assert not app.text_input[0].value  # nor is it kept
    app = enter(app, WORD)
    assert not app.text_input and not app.warning
    assert WORD not in repr(app.session_state)
    settled(app.run())
    assert not app.text_input  # once a visit
    assert opened(name, **parameters).text_input  # and another visit is asked


def test_guesses_in_another_visit_keep_no_owner_out(with_password):
    for _ in range(access.FREE_GUESSES + 1):
        with pytest.raises(AccessError):
            access.GUARD.log_in("open sesame now", access.Visitor("another visit"))
    assert not enter(opened("corrections"), WORD).text_input


def test_logging_out_closes_the_page(kept, with_password):
    app = enter(opened("corrections"), WORD)
    assert app.checkbox
    button(app, "Log out").click()
    app = settled(app.run())
    assert shows_nothing(app) and app.text_input
    assert "Log out" not in [each.label for each in app.button]


def test_an_empty_answer_is_no_guess(with_password):
    app = opened("corrections")
    for _ in range(access.FREE_GUESSES + 1):
        app = enter(app, "")
    assert not app.warning and not enter(app, WORD).text_input


@pytest.mark.parametrize("held", [True, WORD, b"x" * 32, access.Pass(1e9, b"x" * 32)])
def test_a_made_up_pass_opens_nothing(held, kept, with_password):
    app = page("corrections")
    app.session_state["owner_pass"] = held
    assert shows_nothing(settled(app.run())) and app.text_input


@pytest.mark.parametrize("name", ["Delete all", "Delete selected"])
def test_deleting_checks_access_again(name, kept, with_password):
    app = enter(opened("corrections"), WORD)
    if name == "Delete selected":
        app.checkbox[0].check()
        app = settled(app.run())
    label = {"Delete all": "Yes, delete all 1", "Delete selected": "Delete 1 selected"}[name]
    del app.session_state["owner_pass"]  # a button that was shown with access is pressed without it
    button(app, label).click()
    settled(app.run())
    assert len(kept) == 1 and app.text_input


def test_training_checks_access_again(jobs, with_password):
    app = enter(opened("train"), WORD)
    del app.session_state["owner_pass"]
    button(app, "Start").click()
    settled(app.run())
    assert job_of(jobs) is None and app.text_input


def test_each_owner_function_checks_access_itself(monkeypatch, jobs, with_password):
    monkeypatch.setattr(st, "session_state", {})
    for ask in (owner_auth.corrections, owner_auth.training_jobs):
        with pytest.raises(PasswordNeeded):
            ask()
    done = []
    owner_auth.run_action(owner_auth.TRAINING, lambda: done.append(1))
    assert not done and "asks for the password" in owner_auth.take_problem()


def test_one_visit_stores_a_limited_number_of_corrections(monkeypatch, kept):
    monkeypatch.setattr(corrections_quota, "OF_VISIT", 2)
    monkeypatch.setattr(correction, "QUOTA", corrections_quota.Quota())
    monkeypatch.setattr(st, "session_state", {})
    frame = np.zeros((28, 28), np.float32)
    recognizer = Recognizer.load()
    digit = Digit([], frame, np.full(10, 0.1, np.float32), Answer((1,), True))
    for index in range(4):
        correction.store_correction([np.full((2, 2), float(index))], digit, 1, recognizer)
    assert len(kept) == 1 + 2
    assert "wait some minutes" in st.session_state["correction"]["problem"]


def test_a_path_as_network_name_shows_the_served_network(tmp_path, monkeypatch):
    data = Dataset(np.zeros((9, 28, 28), np.uint8), np.arange(9, dtype=np.uint8), "nine")
    monkeypatch.setattr("ui.datasets.test_images", lambda: (data, ""))
    monkeypatch.setattr("ui.networks.other_networks", lambda: ["a-run"])
    outside = tmp_path / "outside"
    shutil.copytree(served.SHIPPED, outside)  # there is a network at that path
    monkeypatch.setenv("DIGITPAD_RUNS", str(tmp_path / "runs"))
    loaded = []
    load = Recognizer.load
    monkeypatch.setattr(
        "ui.networks.Recognizer.load", lambda folder: loaded.append(folder) or load(folder)
    )
    in_the_address = opened("test_set", network="../outside")
    forged = page("test_set")
    forged.session_state["network"] = "../outside"  # a client may send any value of the box
    for app in (in_the_address, settled(forged.run())):
        box = next(box for box in app.selectbox if box.label == "Compare with")
        assert box.value == "no other network"
    assert set(loaded) <= {served.SHIPPED}  # it may have been loaded before


@pytest.mark.parametrize("name", ["../../etc", "/etc", "..", "a-run/../../x", "\0"])
def test_the_name_of_a_network_is_never_a_path(name, monkeypatch):
    monkeypatch.setattr("ui.networks.other_networks", lambda: ["a-run"])

    def never(*_):
        raise AssertionError("a path was made of it")

    monkeypatch.setattr("ui.networks.sha256", never)
    monkeypatch.setattr("ui.networks.Recognizer.load", never)
    data = Dataset(np.zeros((1, 28, 28), np.uint8), np.zeros(1, np.uint8), "one")
    with pytest.raises(ArtifactError, match="no such run"):
        networks.predictions(data, name)
