"""Sweeps on the page Results and runs."""

import json

import pytest

from model.files import atomic
from model.files.runs import load_report, load_runs
from tests.support import TRAINED
from tests.ui.pages import chart_specs, has_text, opened, select, settled
from ui.results import sweep_tables

REPORT = load_report(TRAINED)
NAME = "digitpad learning-rate=0.001,0.002 seed=1..3"


def lay_trial(folder, number: int, sweep: str = NAME, wrong: float | None = None, **settings):
    """A trial's run with a share wrong; without one it has not finished."""
    run = folder / f"20260101-0000{number:02d}-sweep"
    config = REPORT["config"] | {"distortion": 1.0, "sweep": sweep} | settings
    atomic.save_json(run / "config.json", config)
    if wrong is not None:
        parts = {part: REPORT[part] | {"accuracy": 1 - wrong} for part in ("validation", "test")}
        atomic.save_json(run / "report.json", REPORT | parts | {"run": run.name, "config": config})


@pytest.fixture
def folder(tmp_path):
    """Six trials of two learning rates and three seeds, and one that was pruned."""
    folder = tmp_path / "runs"
    numbers = iter(range(9))
    for rate, wrongs in ((0.001, (0.01, 0.02, 0.03)), (0.002, (0.005, 0.005, 0.011))):
        for seed, wrong in enumerate(wrongs, 1):
            lay_trial(folder, next(numbers), wrong=wrong, learning_rate=rate, seed=seed)
    lay_trial(folder, next(numbers), learning_rate=0.004, seed=1)
    return folder


def test_seeds_of_equal_settings_make_a_mean_with_an_interval(folder):
    (trials,) = sweep_tables.by_sweep(load_runs(folder)).values()
    table = sweep_tables.trials_table(trials)
    assert list(table.columns) == ["run", "seed", "learning rate", "validation", "test"]
    assert table["validation"].is_monotonic_increasing and len(table) == 6
    groups = sweep_tables.groups_table(table)
    assert groups["settings"].tolist() == ["learning rate 0.002"] * 2 + ["learning rate 0.001"] * 2
    last = groups.iloc[-1]
    assert (last["num"], round(last["wrong"], 6)) == (3, 0.02)
    assert round(last["high"], 6) == round(0.02 + 4.303 * 0.01 / 3**0.5, 6)
    assert last["low"] == 0.0  # no share is below it


def test_a_single_seed_has_no_interval_and_seeds_alone_are_one_group(folder, tmp_path):
    lay_trial(tmp_path / "one", 1, wrong=0.01)
    alone = sweep_tables.trials_table(load_runs(tmp_path / "one"))
    assert sweep_tables.groups_table(alone)["low"].isna().all()
    trials = sweep_tables.trials_table(load_runs(folder)).drop(columns="learning rate")
    groups = sweep_tables.groups_table(trials)
    assert groups["settings"].tolist() == ["all", "all"] and set(groups["num"]) == {6}


def test_the_page_shows_means_intervals_and_parallel_coordinates(folder, no_mnist):
    lay_trial(folder, 20, "another sweep", wrong=0.01)
    app = opened("dashboard")
    assert select(app, "Sweep").options == ["another sweep", NAME]
    app = settled(select(app, "Sweep").select(NAME).run())
    assert has_text(app.caption, "6 finished trials; 1 ended early, or are not finished.")
    told = [json.loads(spec).get("description", "") for spec in chart_specs(app)]
    (means,) = (text for text in told if text.startswith("Mean share wrong over seeds"))
    assert "learning rate 0.001 on validation images 2.00% (0.00% to 4.48%)" in means
    (lines,) = (text for text in told if text.startswith("Parallel coordinates of 6 trials"))
    assert "over seed, learning rate, share wrong" in lines
    assert "reads 0.50% of the validation images wrong, the worst 3.00%" in lines


def test_runs_of_no_sweep_show_none_and_damaged_trials_are_counted(tmp_path, no_mnist):
    folder = tmp_path / "runs"
    lay_trial(folder, 1, sweep="")
    assert not has_text(opened("dashboard").subheader, "Sweeps")
    lay_trial(folder, 2, wrong=0.01, learning_rate="fast")
    lay_trial(folder, 3, sweep=["x"], wrong=0.01)
    app = opened("dashboard")
    assert has_text(app.caption, "0 finished trials; 1 ended early, or are not finished.")
