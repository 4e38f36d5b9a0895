"""Fuzzes a folder of training runs, as dashboard, Train page and `train.py --resume` read it."""

import json
import math
import os
import warnings
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import ArtifactError
from model.files import runs as run_files
from model.files import served
from model.files.runs import (
    CHECKPOINT_FILE,
    CONFIG_FILE,
    HISTORY_FILE,
    ONNX_FILE,
    REPORT_FILE,
    load_run,
    load_runs,
)
from model.files.served import SERVED_FILE, SHIPPED
from model.files.training_lock import AtWork
from model.learning.config import PRESETS, load_config
from model.reading.recognizer import Recognizer
from ops import training_jobs
from ops.training_jobs import JOB_FILE, LOG_FILE, Job, Status, TrainingJobs
from tests.fuzz import fuzzing
from tests.fuzz.test_reports import ODD_FIGURE_IDS, ODD_FIGURES, REPORT, REPORTS, histories
from ui.owner import training_run
from ui.results import run_tables, sweep_tables
from ui.results.sweep_charts import means_chart, parallel_chart

RUN = "20260101-120000-digitpad"
SETTINGS = vars(PRESETS["digitpad"])
JOB = vars(Job(RUN, 60, 4_000_000, "123"))
POINTER = {"current": None, "former": RUN}
ODD_RUNS = st.sampled_from(("..", ".", "", "\x00", "a" * 300, "a/b", "/", "\udcff", "é"))
ODD_POINTERS = st.fixed_dictionaries(
    {"current": ODD_RUNS | st.none(), "former": ODD_RUNS | st.sampled_from((None, RUN))}
)
ODD_JOBS = st.fixed_dictionaries(
    {},
    optional={
        "run": ODD_RUNS,
        "epochs": st.sampled_from((-1, 10**400)),
        "pid": st.sampled_from((-1, 0, 1, 2**40, 10**30)),
    },
).map(lambda change: JOB | change)


def as_bytes(content: object) -> bytes:
    return json.dumps(content).encode()


UNFINISHED = {
    f"{RUN}/{CONFIG_FILE}": as_bytes(SETTINGS),
    f"{RUN}/{HISTORY_FILE}": (SHIPPED / HISTORY_FILE).read_bytes(),
    f"{RUN}/{CHECKPOINT_FILE}": b"",
    f"{RUN}/{LOG_FILE}": b"epoch 1\n",
    JOB_FILE: as_bytes(JOB),
}
FINISHED = {
    f"{RUN}/{REPORT_FILE}": as_bytes(REPORT),
    f"b/{REPORT_FILE}": as_bytes(REPORT),
    f"b/{CONFIG_FILE}": as_bytes(SETTINGS | {"sweep": "a sweep"}),
    f"{RUN}/{ONNX_FILE}": (SHIPPED / ONNX_FILE).read_bytes(),
    SERVED_FILE: as_bytes(POINTER),
}
CHANGED = {  # by file; `None` is a folder in its place
    f"{RUN}/{CONFIG_FILE}": fuzzing.changed_json(SETTINGS),
    f"{RUN}/{HISTORY_FILE}": histories(),
    f"{RUN}/{REPORT_FILE}": REPORTS,
    f"b/{REPORT_FILE}": REPORTS,
    f"b/{CONFIG_FILE}": fuzzing.changed_json(SETTINGS | {"sweep": "a sweep"}),
    f"{RUN}/{LOG_FILE}": fuzzing.damaged(b"epoch 1\n" * 20),
    f"{RUN}/{ONNX_FILE}": st.none(),
    SERVED_FILE: fuzzing.changed_json(POINTER) | ODD_POINTERS.map(as_bytes),
    JOB_FILE: fuzzing.changed_json(JOB) | ODD_JOBS.map(as_bytes),
    os.fsdecode(b"\xff\xfe run"): st.none(),
}
CHANGES = st.sampled_from(sorted(CHANGED)).flatmap(
    lambda name: st.tuples(st.just(name), CHANGED[name] | CHANGED[name] | st.none())
)
RUNS = st.builds(
    lambda finished, changes, gone: {
        name: content
        for name, content in (UNFINISHED | finished | dict(changes)).items()
        if name != gone
    },
    st.sampled_from(({}, FINISHED)),
    st.lists(CHANGES, min_size=1, max_size=3),
    st.one_of(*[st.none()] * 4, st.sampled_from(sorted(UNFINISHED))),
)


def lay_runs(folder: Path, files: dict[str, bytes | None]) -> None:
    """Writes files of runs; `None` makes a folder."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.mkdir() if content is None else path.write_bytes(content)


def check(files: dict[str, bytes | None], folder: Path) -> str:
    """Does with a folder of runs what dashboard, Train page and `train.py --resume` do."""
    lay_runs(folder, files)
    jobs = TrainingJobs(folder)
    return fuzzing.outcome_of(
        lambda: _compare(folder),
        lambda: _show_status(jobs),
        lambda: [run.name.encode() for run in jobs.finished()],
        lambda: f"{jobs.seconds_per_epoch('digitpad') or 0:.0f}",
        lambda: load_config(folder / RUN),
        lambda: run_files.newest_unfinished(folder, "digitpad"),
        lambda: _stop(jobs),
        lambda: served.objection(run_files.load_report(folder / "b"), folder),
        lambda: Recognizer.load(served.current(folder)),
        lambda: served.trained_by(served.former(folder)),
        lambda: served.go_back(folder),
    )


def _compare(folder: Path) -> None:
    runs = load_runs(folder)
    run_tables.runs_table(runs)
    for text in run_tables.differing_settings(runs).to_numpy().ravel():
        text.encode()
    for run in runs:
        f"{run.problem} {run.name}".encode()
        run_tables.curves({run.name: run.history})
        run_tables.difference(runs[0], run).encode()
    for trials in sweep_tables.by_sweep(runs).values():
        table = sweep_tables.trials_table(trials)
        if len(table):
            means_chart(sweep_tables.groups_table(table)).to_dict()
            parallel_chart(table).to_dict()


def _show_status(jobs: TrainingJobs) -> None:
    status = jobs.status()
    training_run.progress_words(status).encode()
    f"{status.run} {status.epochs} {status.problem}".encode()
    "\n".join(jobs.log(status.run)).encode()
    training_run.finished_words(status).encode()


def _stop(jobs: TrainingJobs) -> None:
    """Stops a run that seems to be training, without a real signal."""

    def kill(pid: int, _signal: int) -> None:
        assert pid > 1, "a signal to every process"

    with (
        mock.patch.dict(os.environ, {"DIGITPAD_TRAINING": "on"}),
        mock.patch.object(training_jobs, "_kill_late", lambda *_: None),
        mock.patch.object(training_jobs, "at_work", lambda _: AtWork("", None)),
        mock.patch.object(training_jobs, "_start_time", {JOB["pid"]: JOB["started"]}.get),
        mock.patch.object(os, "kill", kill),
    ):
        jobs.stop()


TARGET = fuzzing.Target(RUNS, check, share=7, ordinary=(UNFINISHED | FINISHED,))


@fuzzing.few_examples(10)
@given(RUNS)
def test_any_folder_of_runs_is_shown_or_refused_in_a_sentence(files):
    TARGET.run(files)


@pytest.mark.parametrize(("part", "key", "value"), ODD_FIGURES, ids=ODD_FIGURE_IDS)
def test_a_run_with_odd_figures_is_refused_in_a_sentence(part, key, value):
    report = as_bytes(REPORT | {part: REPORT[part] | {key: value}})
    assert (
        TARGET.run({f"a/{REPORT_FILE}": report, f"a/{CONFIG_FILE}": b'{"epochs": 1}'})
        == fuzzing.SENTENCE
    )


@pytest.mark.parametrize(
    "change",
    [
        *({"pid": -1}, {"pid": 0}, {"pid": 10**30}, {"run": ".."}, {"run": "\x00"}, {"epochs": -1}),
        *({"run": ""}, {"run": "a" * 5000}, {"run": "a\nb"}, {"epochs": 10**400}),
    ],
)
def test_a_changed_note_on_the_last_run_sends_no_signal(change):
    assert TARGET.run({JOB_FILE: as_bytes(JOB | {"started": ""} | change)}) == fuzzing.SENTENCE


@pytest.mark.parametrize("rows", ["1,0.5\n" * 10_001, "nan,0.5\n", "1e300,0.5\n", "-1,0.5\n"])
def test_impossible_epochs_in_a_history_are_reported(tmp_path, rows):
    (tmp_path / HISTORY_FILE).write_text("epoch,accuracy\n" + rows)
    assert "history" in load_run(tmp_path).problem


def test_names_that_are_not_text_leave_other_runs_readable(tmp_path):
    (tmp_path / "\udcff").mkdir()
    (tmp_path / "run" / ONNX_FILE).mkdir(parents=True)
    (tmp_path / "run" / REPORT_FILE).write_bytes(as_bytes(REPORT))
    assert [run.name for run in load_runs(tmp_path)] == ["run"]
    assert load_runs(tmp_path / ("a" * 5000)) == []


@pytest.mark.parametrize("seconds", [math.nan, math.inf, -1.0])
def test_impossible_times_are_left_out_of_the_progress(seconds):
    status = Status("running", "run", 9, [{"epoch": 1.0, "seconds": seconds}])
    assert training_run.progress_words(status) == "Epoch 2 of 9"


@pytest.mark.parametrize("accuracy", ["good", math.nan, 7.0, None, [1]])
def test_impossible_accuracies_are_left_out_of_the_result(accuracy):
    status = Status("finished", "run", report={"test": {"accuracy": accuracy}})
    assert training_run.finished_words(status) == "The run run has finished."


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("epochs", "1"), ("epochs", 1.5), ("epochs", 0), ("epochs", True), ("seed", -1)),
        *(("preset", []), ("preset", "x"), ("modern", 1), ("learning_rate", math.nan)),
        ("weight_decay", 10**400),
    ],
)
def test_settings_of_a_run_that_make_no_sense_are_refused(tmp_path, key, value):
    (tmp_path / CONFIG_FILE).write_bytes(as_bytes(SETTINGS | {key: value}))
    with pytest.raises(ArtifactError, match=key):
        load_config(tmp_path)


def test_curves_of_huge_numbers_are_drawn_without_a_warning():
    rows = [{"epoch": float(at), "loss": 10.0 ** (at * 150)} for at in (1, 2)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(run_tables.curves({"": rows}, 0.9, True)) == 2
