"""Starting, watching and stopping a lesson; its process is a short script in place of Keras."""

import textwrap
import time

import numpy as np
import pytest

from model.errors import TrainingError
from model.files.lesson import load_board
from model.files.training_lock import training_lock
from ops import lessons
from ops.lessons import Lessons
from ops.training_jobs import TrainingJobs

SCRIPT = """
import sys, time
from pathlib import Path
from model.files.lesson import Step, write_step
runs = Path(sys.argv[1])
with (runs / "lesson.jsonl").open("w") as file:
    write_step(file, Step(1, 2.5, 0.1))
    while not (runs / "lesson.stop").exists():
        time.sleep(0.01)
"""


@pytest.fixture
def school(tmp_path, monkeypatch):
    """Lessons in a folder of their own, which go on until they are stopped."""
    package = tmp_path / "model_of_test"
    package.mkdir()
    (package / "lesson.py").write_text(textwrap.dedent(SCRIPT))
    monkeypatch.setenv("DIGITPAD_TRAINING", "on")
    monkeypatch.setenv("PYTHONPATH", str(package))
    monkeypatch.setattr(lessons, "TEACHER", "lesson")
    school = Lessons(tmp_path / "runs")
    yield school
    if school.status().is_on:
        school.stop()
        until(lambda: not school.status().is_on)


def until(condition) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_lesson_runs_shows_a_drawing_and_stops(school):
    school.start(np.eye(28, dtype=np.float32))
    until(lambda: school.status().lesson.steps)
    assert school.status().is_on and not school.status().is_stopping
    assert load_board(school.runs)[0, 0] == 1
    school.show(None)
    assert load_board(school.runs) is None
    school.stop()
    until(lambda: not school.status().is_on)
    assert [step.loss for step in school.status().lesson.steps] == [2.5]
    with pytest.raises(TrainingError, match="nothing to stop"):
        school.stop()


def test_a_lesson_that_fails_says_so(school, monkeypatch):
    monkeypatch.setattr(lessons, "TEACHER", "no.such.module")
    school.start(None)
    until(lambda: school.status().lesson.problem)
    assert "exit status 1" in school.status().lesson.problem


def test_a_lesson_and_a_training_exclude_each_other(school):
    with training_lock(school.runs), pytest.raises(TrainingError, match="A run is on"):
        school.start(None)
    school.start(None)
    with (
        pytest.raises(TrainingError, match="Watch it learn, since"),
        training_lock(school.runs),
    ):
        pass
    with pytest.raises(TrainingError, match="Stop it on the page Watch it learn"):
        TrainingJobs(school.runs).stop()


def test_without_leave_to_train_there_is_no_lesson(school, monkeypatch):
    monkeypatch.delenv("DIGITPAD_TRAINING")
    for act in (lambda: school.start(None), lambda: school.show(None), school.stop):
        with pytest.raises(TrainingError, match="Training from the page is off"):
            act()
