"""One pointer says which network is served; it changes by rule and in one step."""

import json
import os
import shutil

import pytest

from model.errors import ArtifactError, TrainingError
from model.files import served
from model.files.atomic import locked
from model.files.runs import (
    INT8_FILE,
    NETWORK_FILES,
    ONNX_FILE,
    REPORT_FILE,
    load_report,
    save_report,
)
from tests.model.files.test_runs import make_run


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A runs' folder with the runs `a` (96 %), `b` (98 %) and `c` (99 %); 97.5 % are shipped."""
    make_run(tmp_path / "trained", run="the shipped one", test={"accuracy": 0.975})
    monkeypatch.setattr(served, "SHIPPED", tmp_path / "trained")
    for name, accuracy in (("a", 0.96), ("b", 0.98), ("c", 0.99)):
        (tmp_path / "runs").mkdir(exist_ok=True)
        make_run(tmp_path / "runs" / name, test={"accuracy": accuracy})
    return tmp_path / "runs"


def test_without_a_pointer_the_shipped_network_is_served(runs):
    assert served.current(runs) == served.SHIPPED
    assert served.former(runs) is None


def test_serving_replaces_the_pointer_and_copies_nothing(runs):
    before = {path: path.read_bytes() for path in runs.glob("*/*")}
    served.serve(runs / "b")
    assert (served.current(runs), served.former(runs)) == (runs / "b", served.SHIPPED)
    served.serve(runs / "c")
    assert (served.current(runs), served.former(runs)) == (runs / "c", runs / "b")
    assert {path: path.read_bytes() for path in runs.glob("*/*")} == before


def test_going_back_swaps_current_and_former(runs):
    served.serve(runs / "b")
    served.go_back(runs)
    assert (served.current(runs), served.former(runs)) == (served.SHIPPED, runs / "b")
    served.go_back(runs)
    assert (served.current(runs), served.former(runs)) == (runs / "b", served.SHIPPED)


def test_there_is_no_way_back_before_the_first_change(runs):
    with pytest.raises(TrainingError, match="no former network"):
        served.go_back(runs)


def test_a_served_run_is_not_served_again(runs):
    served.serve(runs / "b")
    with pytest.raises(TrainingError, match="b is served already"):
        served.serve(runs / "b", force=True)
    assert served.former(runs) == served.SHIPPED


@pytest.mark.parametrize(
    ("run", "min_accuracy", "sentence"),
    [
        ("a", 0.97, r"reads 96\.00% of the test images, and 97\.00% were asked for"),
        ("a", 0.9, r"is better: it reads 97\.50% of the test images, this one 96\.00%"),
        ("b", 0.985, r"98\.50% were asked for"),
    ],
)
def test_an_objection_refuses_unless_forced(runs, run, min_accuracy, sentence):
    with pytest.raises(TrainingError, match=f"{sentence}.*nothing was replaced"):
        served.serve(runs / run, min_accuracy)
    assert served.current(runs) == served.SHIPPED
    served.serve(runs / run, min_accuracy, force=True)
    assert served.current(runs) == runs / run


@pytest.mark.parametrize(("after", "is_refused"), [(0.9891, False), (0.9889, True)])
def test_fine_tuning_is_judged_by_what_it_forgot(runs, after, is_refused):
    tuned = {"validation_before": 0.99, "validation_after": after}
    report = load_report(runs / "a") | {"finetuning": tuned}
    objection = served.objection(report, runs, 0.9)  # 96 % of the test set; 97.5 % are served
    assert ("forgot too much" in objection) is bool(objection) is is_refused


def test_fine_tuning_must_reach_the_asked_accuracy_too(runs):
    tuned = {"validation_before": 0.99, "validation_after": 0.99}
    report = load_report(runs / "a") | {"finetuning": tuned}
    assert "97.00% were asked for" in served.objection(report, runs, 0.97)


@pytest.mark.parametrize("name", [ONNX_FILE, REPORT_FILE])
@pytest.mark.parametrize("content", [b"damaged", None])
def test_a_damaged_network_is_neither_served_nor_gone_back_to(runs, name, content):
    served.serve(runs / "b")
    served.serve(runs / "c")
    for run in ("a", "b"):
        (runs / run / name).unlink() if content is None else (runs / run / name).write_bytes(
            content
        )
    with pytest.raises(ArtifactError):
        served.serve(runs / "a", force=True)
    with pytest.raises(ArtifactError):
        served.go_back(runs)
    assert served.current(runs) == runs / "c"


def test_a_damaged_current_network_is_no_objection(runs):
    (served.SHIPPED / ONNX_FILE).write_bytes(b"damaged")
    assert served.served_accuracy(runs) is None and served.trained_by(served.SHIPPED) is None
    served.serve(runs / "b")


def test_a_report_of_another_version_is_told(runs):
    with pytest.raises(TrainingError, match=r"another version.*train again"):
        served.objection({"run": "x", "test": {}}, runs)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"current": "../x", "former": null}', '{"current": 1}']
)
def test_a_damaged_pointer_says_how_to_mend_it(runs, content):
    (runs / served.SERVED_FILE).write_text(content)
    for action in (
        served.current,
        served.former,
        served.go_back,
        lambda _: served.serve(runs / "b"),
    ):
        with pytest.raises(ArtifactError, match=r"served\.json.*delete it"):
            action(runs)


def test_two_changes_at_once_take_turns(runs, monkeypatch):
    monkeypatch.setattr(served, "LOCK_TIMEOUT", 0.05)
    with locked(runs), pytest.raises(ArtifactError, match="Another process"):
        served.serve(runs / "b")
    assert served.current(runs) == served.SHIPPED


class Killed(BaseException):
    """Stands for SIGKILL."""


@pytest.mark.parametrize("step", ["os.replace", "os.fsync"])
def test_a_kill_leaves_the_old_pointer_or_the_new_one(runs, monkeypatch, step):
    served.serve(runs / "b")

    def die(*_):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(step, die)
        served.serve(runs / "c")
    assert (served.current(runs), served.former(runs)) == (runs / "b", served.SHIPPED)
    served.serve(runs / "c")
    pointer = {"current": "c", "former": "b"}
    assert json.loads((runs / served.SERVED_FILE).read_text()) == pointer


def test_shipping_copies_the_network_with_its_report_last(runs, tmp_path, trained, monkeypatch):
    shutil.copytree(trained, runs / "whole")
    order = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: (order.append(b.name), replace(a, b)))
    served.ship(runs / "whole")
    assert order == [INT8_FILE, *NETWORK_FILES] and order[-1] == REPORT_FILE
    for name in order:
        assert (served.SHIPPED / name).read_bytes() == (trained / name).read_bytes()


def test_shipping_a_run_without_an_int8_network_takes_the_old_one_away(runs, trained):
    shutil.copytree(trained, runs / "refused")
    (runs / "refused" / INT8_FILE).unlink()
    (served.SHIPPED / INT8_FILE).write_bytes(b"of the run before")
    served.ship(runs / "refused")
    assert not (served.SHIPPED / INT8_FILE).exists()


def test_a_run_that_lacks_a_file_is_not_shipped(runs):
    before = (served.SHIPPED / ONNX_FILE).read_bytes()
    with pytest.raises(ArtifactError, match=r"has no digits\.keras: nothing was copied"):
        served.ship(runs / "b")
    assert (served.SHIPPED / ONNX_FILE).read_bytes() == before


def test_the_shipped_card_is_made_from_the_shipped_report(trained, tmp_path):
    save_report(tmp_path, load_report(trained))
    assert (tmp_path / "README.md").read_text() == (trained / "README.md").read_text()
