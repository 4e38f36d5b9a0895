"""Sweeps: what they try, pruning, storage; workers that are killed."""

import os
import subprocess
import sys
from dataclasses import replace

import optuna
import pytest
from optuna.trial import TrialState

from model.errors import TrainingError
from model.files.runs import CONFIG_FILE, load_history, load_run, load_runs, newest_unfinished
from model.files.training_lock import at_work
from model.learning import sweep as sweeps
from model.learning.config import PRESETS
from tests.scripts import sweep_worker
from tests.support import ROOT, until

EPOCHS = 5
CONFIG = replace(PRESETS["digitpad"], epochs=EPOCHS)


def planned(num: int, *varied: str) -> sweeps.Sweep:
    return sweeps.plan(CONFIG, {"epochs": EPOCHS}, list(varied), num)


def train_trial(config, folder, after_epoch) -> dict:
    sweep_worker.fit(config, None, folder, after_epoch=after_epoch)
    return sweep_worker.judge(config, folder)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


def swept(folder, tried: sweeps.Sweep, num: int, train=train_trial) -> list[str]:
    """Runs a sweep in this process; what it said."""
    said = []
    storage = str(folder / sweeps.STORAGE_FILE)
    sweeps.run_trials(tried, num, storage, folder, train, said.append)
    return said


def trials(folder, tried: sweeps.Sweep, storage="") -> list[optuna.trial.FrozenTrial]:
    storage = storage or f"sqlite:///{folder / sweeps.STORAGE_FILE}"
    return optuna.load_study(study_name=tried.name, storage=storage).get_trials()


def test_lists_are_gone_through_each_seed_with_all_other_values():
    tried = planned(4, "learning-rate=0.001,0.002", "seed=1..2")
    assert tried.name == "digitpad epochs=5 learning-rate=0.001,0.002 seed=1..2"
    assert tried.combinations() == [
        {"seed": seed, "learning_rate": rate} for seed in (1, 2) for rate in (0.001, 0.002)
    ]
    assert planned(3).lists == {"seed": [1, 2, 3]}
    with pytest.raises(TrainingError, match="4 combinations of these values and 5 trials"):
        planned(5, "learning-rate=0.001,0.002", "seed=1..2")


@pytest.mark.parametrize(
    "varied",
    [
        *("epochs=1,2", "seed", "seed=", "seed=x", "seed=1.5", "seed=-1", "seed=2..1", "seed=1,1"),
        *("learning-rate=nan", "learning-rate=0..1", "distortion=1..9", "seed=1..99999999"),
        *("distortion=..1", "distortion=1..0.5"),
    ],
)
def test_what_cannot_be_varied_is_told_in_a_sentence(varied):
    with pytest.raises(TrainingError, match="A sweep can't vary"):
        planned(1, varied)
    with pytest.raises(TrainingError, match="no validation images"):
        sweeps.plan(PRESETS["tutorial"], {}, [], 1)


def test_each_trial_is_a_run_that_names_its_sweep(folder):
    tried = planned(4, "learning-rate=0.001,0.002", "seed=1,2")
    said = swept(folder, tried, 4)
    runs = load_runs(folder)
    found = {(run.report["config"]["seed"], run.report["config"]["learning_rate"]) for run in runs}
    assert found == {(1, 0.001), (1, 0.002), (2, 0.001), (2, 0.002)}
    assert {run.report["config"]["sweep"] for run in runs} == {tried.name}
    best = max(runs, key=lambda run: run.report["validation"]["accuracy"])
    assert said[-1].endswith(f"python train.py --resume {folder / best.name}")
    assert len(swept(folder, tried, 4)) == 1 and len(load_runs(folder)) == 4  # nothing left to do
    longer = replace(tried, lists=tried.lists | {"seed": [1, 2, 3]})
    swept(folder, longer, 5)
    assert len(load_runs(folder)) == 5


def test_a_range_is_searched_within_its_bounds(folder):
    tried = planned(6, "learning-rate=0.001..0.01", "distortion=0.5..1.5", "seed=1,2")
    swept(folder, tried, 6)
    configs = [run.config for run in load_runs(folder)]
    assert len({config["learning_rate"] for config in configs}) == 6
    assert all(0.001 <= config["learning_rate"] <= 0.01 for config in configs)
    assert all(0.5 <= config["distortion"] <= 1.5 for config in configs)
    assert sorted(config["seed"] for config in configs) == [1, 1, 1, 2, 2, 2]


def test_worse_trials_are_pruned_and_not_resumed_by_chance(folder):
    rates = "0.001,0.002,0.003,0.004,0.005,0.5"
    tried = planned(6, f"learning-rate={rates}")
    said = swept(folder, tried, 6)
    (pruned,) = (run for run in load_runs(folder) if run.report is None)
    assert pruned.config["learning_rate"] == 0.5 and len(pruned.history) == 1
    assert "5 trials are complete, 1 pruned" in said[-1]
    (folder / pruned.name / "checkpoint.keras").touch()
    assert newest_unfinished(folder, "digitpad") is None


def test_seeds_alone_are_never_pruned(folder):
    tried = planned(8, "seed=9,8,7,6,5,4,3,2")  # ever worse ones
    swept(folder, tried, 8)
    assert all(run.report for run in load_runs(folder)) and len(load_runs(folder)) == 8


def test_a_stopped_trial_goes_on_in_its_folder(folder):
    tried = planned(2)

    def stopped(config, run, after_epoch):
        def stop(row):
            after_epoch(row)
            if row["epoch"] == 2:
                raise KeyboardInterrupt

        train_trial(config, run, stop)

    with pytest.raises(KeyboardInterrupt) as caught:
        swept(folder, tried, 2, stopped)
    assert "same command goes on" in caught.value.__notes__[-1]
    swept(folder, tried, 2)
    runs = load_runs(folder)
    assert len(runs) == 2 and all(run.report for run in runs)
    assert [row["epoch"] for row in runs[-1].history] == [1, 2, 3, 4, 5]


def test_a_trial_too_many_does_nothing(folder):
    tried = planned(2)
    swept(folder, tried, 2)
    study = sweeps._study(tried, str(folder / sweeps.STORAGE_FILE))
    worker = sweeps._Worker(tried, 2, study, folder, train_trial, print)
    with sweeps._no_experimental_warnings():
        study.optimize(worker._run_trial, n_trials=1, catch=(sweeps._Surplus,))
    assert trials(folder, tried)[-1].state == TrialState.FAIL and len(load_runs(folder)) == 2


@pytest.mark.parametrize(
    "storage",
    ["mysql://h/d", "nonsense://h", "://", "/nowhere/at/all", "postgresql://me:secret@[::1]:1/d"],
)
def test_a_wrong_storage_gets_a_sentence_without_the_password(folder, storage):
    with pytest.raises(TrainingError, match=r"The sweep's storage .* can't be used") as caught:
        sweeps.run_trials(planned(1), 1, storage, folder, train_trial, print)
    assert "secret" not in str(caught.value) and not load_runs(folder)


def worker(folder, *options: str, **environment: str) -> subprocess.Popen:
    """A process that takes part in the sweep."""
    command = [sys.executable, str(ROOT / "tests" / "scripts" / "sweep_worker.py")]
    command += ["--runs", str(folder), "--epochs", str(EPOCHS), *options]
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


@pytest.fixture(params=["file", "postgres"])
def storage(request) -> str:
    """A database's address; `""` is the file beside the runs."""
    if request.param == "file":
        yield ""
        return
    server = request.getfixturevalue("postgres")
    server.sql("CREATE DATABASE sweeps")
    yield server.address("sweeps")
    server.sql("DROP DATABASE sweeps WITH (FORCE)")


def test_a_killed_workers_trial_is_finished_by_another_and_each_is_done_once(folder, storage):
    options = ["--sweep", "6", "--vary", "seed=1..6"] + ["--storage", storage] * bool(storage)
    tried = planned(6, "seed=1..6")
    with worker(folder, *options, HOLDS="2") as killed:
        try:
            until(lambda: killed.stdout.readline() == "holds\n")
            assert at_work(folder).name == f"the sweep {tried.name}"
        finally:
            killed.kill()
    others = [worker(folder, *options) for _ in range(2)]
    try:
        said = [other.communicate(timeout=90)[0] for other in others]
    finally:
        for other in others:
            other.kill()
    assert [other.returncode for other in others] == [0, 0]
    # A worker that finds no trial left ends before the other has finished the last one.
    assert any("6 trials are complete, 0 pruned" in each for each in said)
    done = [trial for trial in trials(folder, tried, storage) if trial.state == TrialState.COMPLETE]
    assert sorted(trial.user_attrs["number"] for trial in done) == list(range(6))
    runs = load_runs(folder)
    assert len(runs) == 6 and {run.config["seed"] for run in runs} == set(range(1, 7))
    for run in runs:
        assert run.report["config"]["sweep"] == tried.name
        assert [row["epoch"] for row in run.history] == [1, 2, 3, 4, 5]
    assert at_work(folder) is None


@pytest.mark.slow
def test_a_sweep_trains_real_networks_and_serves_none(tmp_path, tiny_mnist, monkeypatch):
    import train
    from model.files import served
    from model.learning import judging, training

    for module in (training, judging):
        monkeypatch.setattr(module, "split", lambda mnist, _: (mnist, tiny_mnist[1]))
    runs = tmp_path / "runs"
    options = ["--runs", str(runs), "--epochs", "1", "--batch-size", "80", "--sweep", "2"]
    assert train.main([*options, "--vary", "distortion=0.5,1"]) == 0
    first, second = load_runs(runs)
    assert {first.config["distortion"], second.config["distortion"]} == {0.5, 1.0}
    for run in (first, second):
        assert run.report["config"]["sweep"].startswith("digitpad ")
        assert len(load_history(runs / run.name / "history.csv")) == 1
        assert "val_accuracy" in load_run(runs / run.name).history[0]
        assert (runs / run.name / CONFIG_FILE).exists()
    assert served.current(runs) == served.SHIPPED
