"""What tests share besides fixtures: paths, and waiting for a condition."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from model.errors import CorrectionsError, TrainingError
from model.files import served
from ops import training_jobs
from ops.corrections import Corrections

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "tests" / "scripts"  # run by tests as processes of their own
TRAINED = served.SHIPPED  # the shipped network, whatever a test serves
SEVEN = np.array([[80.0, 60], [200, 60], [120, 230]])  # a stroke


class Clock:
    """Returns the seconds that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def end_run(jobs: training_jobs.TrainingJobs) -> None:
    """Leaves no process behind."""
    if job_of(jobs) and jobs.status().is_on:
        os.kill(job_of(jobs).pid, signal.SIGKILL)
        until(lambda: not jobs.status().is_on)


def job_of(jobs: training_jobs.TrainingJobs) -> training_jobs.Job | None:
    """What is noted of the last run, `None` if nothing can be read."""
    with contextlib.suppress(TrainingError):
        return jobs._job()


def keep(store: Corrections, shift: float = 0.0, stroke: np.ndarray = SEVEN) -> int:
    """Stores a correction of a stroke moved by some pixels; returns its number."""
    frame, probabilities = np.ones((28, 28), np.float32), np.full(10, 0.1, np.float32)
    return store.add([stroke + shift], frame, probabilities, 7, "a run")


def problem_of(store: Corrections) -> str:
    """The one sentence that every method of a broken store gives."""
    sentences = set()
    for attempt in (store.load, lambda: len(store), lambda: keep(store), store.delete_all):
        with pytest.raises(CorrectionsError) as error:
            attempt()
        sentences.add(str(error.value))
    (sentence,) = sentences
    assert "\n" not in sentence
    return sentence


class SlowHash:
    """Stands in for the password's hash function, and counts the calls at the same time."""

    def __init__(self):
        self.most = self._at_once = 0

    def __call__(self, *_arguments, **_options) -> bytes:
        self._at_once += 1
        self.most = max(self.most, self._at_once)
        time.sleep(0.01)
        self._at_once -= 1
        return b""


def popen_with_default_signals(command: list[str], **options) -> subprocess.Popen:
    """Starts a process that Ctrl-C stops, as `subprocess.Popen` does in the foreground.

    A shell starts a background job with SIGINT ignored, and its children inherit that.
    """
    return subprocess.Popen(
        command, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), **options
    )


def until(is_so, timeout: float = 30.0) -> None:
    """Waits for a condition; seconds."""
    deadline = time.monotonic() + timeout
    while not is_so():
        assert time.monotonic() < deadline, "it never came to this"
        time.sleep(0.02)
