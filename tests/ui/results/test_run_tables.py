"""Tables and sentences that compare runs."""

import numpy as np
import pytest

from model.files.runs import Run
from ui.results import run_tables


def run(name: str, misses=(), num_all: int = 100, **config) -> Run:
    test = {
        "accuracy": 1 - len(misses) / num_all,
        "num_right": num_all - len(misses),
        "num_all": num_all,
        "misses": list(misses),
    }
    history = [{"epoch": 1.0, "accuracy": 0.5, "val_accuracy": 0.75, "loss": 2.0}]
    return Run(name, config, history, {"test": test, "data": {"test": "a test set"}})


def test_smoothing_a_constant_changes_nothing_and_zero_weight_neither():
    assert run_tables.smoothed(np.full(5, 3.0), 0.9) == pytest.approx(3)
    values = np.array([1.0, 5.0, 2.0])
    assert run_tables.smoothed(values, 0).tolist() == values.tolist()
    by_hand = [1, (0.25 * 1 + 0.5 * 5) / 0.75, (0.125 * 1 + 0.25 * 5 + 0.5 * 2) / 0.875]
    assert run_tables.smoothed(values, 0.5) == pytest.approx(by_hand)


def test_a_logarithmic_axis_shows_error_and_leaves_out_what_is_zero():
    history = [
        {"epoch": 1.0, "accuracy": 0.75, "loss": 2.0, "learning_rate": 0.1},
        {"epoch": 2.0, "accuracy": 1.0, "loss": float("nan"), "learning_rate": 0.0},
    ]
    table = run_tables.curves({"": history}, log=True)
    found = [tuple(row) for row in table[["measure", "curve", "value"]].to_numpy()]
    assert found == [
        ("share wrong", "training", 0.25),
        ("loss", "training", 2.0),
        ("learning rate", "learning rate", 0.1),
    ]


def test_the_learning_rate_is_never_smoothed():
    history = [{"epoch": float(e), "loss": float(e), "learning_rate": float(e)} for e in (1, 2, 3)]
    table = run_tables.curves({"a": history}, weight=0.5)
    rate = table[table["measure"] == "learning rate"]
    assert rate["smooth"].tolist() == [1, 2, 3]
    assert table[table["measure"] == "loss"]["smooth"].tolist() != [1, 2, 3]


def test_runs_sort_as_numbers_and_what_a_run_does_not_say_is_missing():
    unfinished = Run("c", {"epochs": "ten", "batch_size": 64}, [], None)
    table = run_tables.runs_table([run("a", range(5)), run("b", range(20)), unfinished])
    assert [str(kind) for name, kind in table.dtypes.items() if name != "run"] == ["float64"] * 11
    assert table.sort_values("test accuracy")["run"].tolist() == ["b", "a", "c"]
    assert table["batch size"][2] == 64 and np.isnan(table["epochs"][2])


def test_only_settings_that_differ_are_shown_side_by_side():
    one, other = run("a", seed=1, epochs=3, old=True), run("b", seed=2, epochs=3)
    table = run_tables.differing_settings([one, other])
    assert table.to_dict("records") == [
        {"setting": "seed", "a": "1", "b": "2"},
        {"setting": "old", "a": "True", "b": "–"},
    ]
    assert len(run_tables.differing_settings([one, one])) == 0


def test_two_runs_are_compared_in_a_plain_sentence():
    said = run_tables.difference(run("A", range(20)), run("B", range(20, 32)))
    assert said == (
        "A reads 12 images that B misreads, B reads 20 images that A misreads: p = 0.22, "
        "not statistically significant."
    )
    said = run_tables.difference(run("A", [1]), run("B", range(1, 40)))
    assert "B reads 0 images" in said
    assert "p < 0.001, statistically significant (below 0.05)" in said


def test_runs_that_cannot_be_compared_are_told_why():
    whole = run("A", [1, 2])
    cut = run("B", [1, 2])
    cut.report["test"]["misses"].pop()
    for other in (cut, Run("B", {}, [], None), run("B", ["one"]), run("B", [float("inf")])):
        assert "B does not say which" in run_tables.difference(whole, other)
    assert "different images" in run_tables.difference(whole, run("B", [1], num_all=50))


def test_steps_and_validation_share_an_axis_of_steps():
    steps = [
        {"step": step, "epoch": step / 20, "loss": 1 / step, "accuracy": accuracy}
        for step, accuracy in ((10, 0.5), (20, 1.0), (30, 0.9), (40, 0.8))
    ]
    history = [
        {"epoch": epoch, "accuracy": 0.7, "val_accuracy": 0.6, "val_loss": 3.0} for epoch in (1, 2)
    ]
    table = run_tables.step_curves(steps, history)
    wrong = table[table["measure"] == run_tables.ERROR]
    by_curve = {
        curve: list(zip(rows["step"], rows["value"].round(6), strict=True))
        for curve, rows in wrong.groupby("curve")
    }
    assert by_curve == {
        "training": [(10, 0.5), (20, 0.0), (30, 0.1), (40, 0.2)],
        "validation": [(20, 0.4), (40, 0.4)],
    }
    log = run_tables.step_curves(steps, [], weight=0.6, log=True)
    log = log[log["measure"] == run_tables.ERROR]
    assert log["step"].tolist() == [10, 20, 30, 40] and (log["smooth"] > 0).all()
    assert log["value"].isna().tolist() == [False, True, False, False]
