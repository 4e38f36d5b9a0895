"""What a run tells while it is on: progress, judging, steps."""

import json

import pytest

from model.files import progress
from model.files.progress import (
    PROGRESS_FILE,
    STEPS_FILE,
    Judging,
    JudgingProgress,
    Progress,
    StepLog,
    end_progress,
    load_progress,
    load_steps,
    save_progress,
)


@pytest.mark.parametrize("noted", [Progress(2, 50, 200, 10.0), Judging("look-alikes", 1.8e9)])
def test_progress_is_read_as_it_was_noted_until_it_ends(tmp_path, noted):
    save_progress(tmp_path, noted)
    assert load_progress(tmp_path) == noted
    end_progress(tmp_path)
    assert load_progress(tmp_path) is None and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content",
    [
        {"part": "x" * 100, "ends": 1.0},
        {"part": "pens", "ends": float("nan")},
        {"part": "pens\n", "ends": 1.0},
        {"part": 3.0, "ends": True},
        {"epoch": 1, "step": -1, "num_steps": 2, "seconds": 1},
        {"epoch": 1},
        {},
    ],
)
def test_a_damaged_note_on_progress_is_none(tmp_path, content):
    (tmp_path / PROGRESS_FILE).write_text(json.dumps(content))
    assert load_progress(tmp_path) is None


def test_the_time_left_of_judging_follows_the_computers_speed(tmp_path, monkeypatch):
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    monkeypatch.setattr(progress.time, "time", lambda: 1000 + now)
    telling = JudgingProgress(tmp_path, {"a": 10.0, "b": 20.0, "c": 30.0})
    telling.begin("a")
    assert load_progress(tmp_path).seconds_left == 60
    now = 30.0  # three times the usual 10
    telling.begin("b")
    assert load_progress(tmp_path).part == "b" and load_progress(tmp_path).seconds_left == 150
    now = 1000.0
    assert load_progress(tmp_path).seconds_left < 0


def test_steps_grow_and_those_that_are_trained_again_are_dropped(tmp_path):
    log = StepLog(tmp_path, 0)
    for step in (10, 20, 30):
        log.add(step, step / 20, 1 / step, 0.5)
    assert [row["step"] for row in load_steps(tmp_path)] == [10, 20, 30]
    StepLog(tmp_path, 20).add(30, 1.5, 9.0, 0.75)
    rows = load_steps(tmp_path)
    assert [row["step"] for row in rows] == [10, 20, 30]
    assert rows[0] == {"step": 10, "epoch": 0.5, "loss": 0.1, "accuracy": 0.5}
    assert rows[-1] == {"step": 30, "epoch": 1.5, "loss": 9.0, "accuracy": 0.75}


def test_damaged_and_half_written_steps_are_left_out(tmp_path):
    assert load_steps(tmp_path) == []
    rows = [
        "1,.1,2,.5",
        "x",
        "2,.2,nan,.5",
        "3,.3,1,2",
        "inf,1,1,1",
        "0,0,1,1",
        "4,.4,1,1",
        "5,.5,1",
    ]
    (tmp_path / STEPS_FILE).write_text("step,epoch,loss,accuracy\n" + "\n".join(rows))
    assert [row["step"] for row in load_steps(tmp_path)] == [1, 4]
    (tmp_path / STEPS_FILE).write_bytes(b"\xff")
    assert load_steps(tmp_path) == []


def test_a_note_that_cannot_be_written_stops_nothing(tmp_path):
    gone = tmp_path / "run"
    log = StepLog(gone, 0)
    (gone / STEPS_FILE).unlink()
    gone.rmdir()
    gone.touch()  # a file in the folder's place
    log.add(1, 0.1, 1.0, 1.0)
    save_progress(gone, Progress(1, 1, 1, 1.0))
    end_progress(gone)
    assert load_steps(gone) == [] and load_progress(gone) is None
