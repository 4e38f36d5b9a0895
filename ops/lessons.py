"""Runs one lesson at a time, a short training that a class watches, in a process of its own.

The process holds the lock of all trainings (`model.files.training_lock`), so that a lesson and a
run don't share the cores.
"""

import contextlib
import os
import subprocess  # a lesson is a process of its own  # nosec B404
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import numpy as np

from model.errors import TrainingError
from model.files.lesson import (
    LESSON_FILE,
    STOP_FILE,
    Lesson,
    load_lesson,
    save_board,
    write_problem,
)
from model.files.training_lock import LESSON, at_work, name_training, training_lock
from ops.settings import settings
from ops.training_jobs import NICENESS, check_allowed

ROOT = Path(__file__).parent.parent
TEACHER = "model.learning.lesson"  # the module that trains


@dataclass(frozen=True)
class LessonStatus:
    """How the last lesson stands.

    Attributes:
        lesson: Its steps so far.
        is_on: Whether it goes on.
        is_stopping: Whether someone stopped it.
    """

    lesson: Lesson
    is_on: bool
    is_stopping: bool


class Lessons:
    """Starts, watches and stops lessons; all visitors see the same one.

    Args:
        runs: The runs' folder. Default: the setting.
    """

    def __init__(self, runs: Path | None = None):
        self.runs = runs or settings().runs

    def status(self) -> LessonStatus:
        """How the last lesson stands; only reads."""
        training = at_work(self.runs)
        is_on = training is not None and training.name == LESSON
        is_stopping = is_on and (self.runs / STOP_FILE).exists()
        return LessonStatus(load_lesson(self.runs), is_on, is_stopping)

    def start(self, frame: np.ndarray | None) -> None:
        """Starts a lesson.

        Args:
            frame: As `show`.

        Raises:
            TrainingError: If a lesson or a run is on, or the process can't be started.
            ArtifactError: If the runs' folder can't be written.
        """
        check_allowed()
        with training_lock(self.runs) as lock:
            name_training(self.runs, LESSON)
            save_board(self.runs, frame)
            for name in (LESSON_FILE, STOP_FILE):
                (self.runs / name).unlink(missing_ok=True)
            data = [str(settings().data)] if settings().data else []
            try:
                process = subprocess.Popen(  # folders of our own, no shell  # nosec B603
                    [sys.executable, "-m", TEACHER, str(self.runs), *data],
                    cwd=ROOT,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                    pass_fds=[lock],
                )
            except OSError as error:
                raise TrainingError(
                    f"The lesson can't be started ({error.strerror or error}): see whether "
                    f"{sys.executable} can be run."
                ) from error
        Thread(target=_wait, args=(process, self.runs), daemon=True).start()

    def show(self, frame: np.ndarray | None) -> None:
        """Gives the lesson a drawing to read from now on.

        Args:
            frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink; `None` for none.

        Raises:
            ArtifactError: If the runs' folder can't be written.
        """
        check_allowed()
        save_board(self.runs, frame)

    def stop(self) -> None:
        """Has the lesson end after its present step.

        Raises:
            TrainingError: If none is on.
        """
        check_allowed()
        if not self.status().is_on:
            raise TrainingError("No lesson is on: there is nothing to stop.")
        (self.runs / STOP_FILE).touch()


def _wait(process: subprocess.Popen, runs: Path) -> None:
    """Lowers a lesson's priority, since the page's answers go before, and waits for its end."""
    with contextlib.suppress(OSError):  # it has just ended
        os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
    if code := process.wait():
        with (runs / LESSON_FILE).open("a") as file:
            write_problem(
                file, f"The lesson failed (exit status {code}): the server's log says why."
            )
