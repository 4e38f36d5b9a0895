"""What a lesson's process tells the page "Watch it learn", line by line.

A lesson trains the textbook network for some seconds. `lesson.jsonl` in the runs' folder holds a
line for each step; every so many steps the line also has the first layer's filters, the accuracy on
images that were not trained on, and the reading of the visitor's own drawing.
"""

import contextlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np

from model.files.atomic import write_atomically

LESSON_FILE = "lesson.jsonl"  # in the runs' folder, as all files of a lesson
BOARD_FILE = "lesson.npy"  # the frame of the visitor's drawing
STOP_FILE = "lesson.stop"  # is there once the lesson is to end
NUM_STEPS = 300  # 15 seconds on two cores; the accuracy hardly grows after them
FRAME_SHAPE = (28, 28)
FILTER_SHAPE = (3, 3)
MAX_BYTES = 2_000_000  # of the lesson's file; one has 200 kB


@dataclass(frozen=True)
class Step:
    """One step of the training.

    Attributes:
        step: From 1.
        loss: Of the step's images; the filters and readings are those after it.
        accuracy: Share of the step's images that were read right, before it.
        unseen: Share of images that are not trained on that are read right; `None` at most steps.
        filters: Weights, `(num, 3, 3)` as lists; empty at most steps.
        reading: Ten probabilities for the visitor's drawing; empty at most steps, or without one.
    """

    step: int
    loss: float
    accuracy: float
    unseen: float | None = None
    filters: list = field(default_factory=list)
    reading: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Lesson:
    """The last lesson as far as it went.

    Attributes:
        steps: In their order.
        problem: Why it ended early; `""` if it did not.
    """

    steps: list[Step] = field(default_factory=list)
    problem: str = ""

    @property
    def moments(self) -> list[Step]:
        """The steps that have filters."""
        return [step for step in self.steps if step.filters]


def write_step(file: TextIO, step: Step) -> None:
    """Appends a step to a lesson's file; what a step does not have is left out."""
    _write(file, {key: value for key, value in asdict(step).items() if value not in (None, [])})


def write_problem(file: TextIO, problem: str) -> None:
    """Appends why a lesson ends early."""
    _write(file, {"problem": problem})


def _write(file: TextIO, content: dict) -> None:
    file.write(json.dumps(content) + "\n")
    file.flush()


def load_lesson(runs: Path) -> Lesson:
    """The last lesson; a line that can't be read, or is half written, is left out."""
    try:
        with (runs / LESSON_FILE).open("rb") as file:
            lines = file.read(MAX_BYTES).splitlines()
    except OSError:
        return Lesson()
    steps, problem = [], ""
    for line in lines:
        with contextlib.suppress(ValueError, TypeError):
            content = json.loads(line)
            if isinstance(content, dict) and isinstance(content.get("problem"), str):
                problem = content["problem"]
            else:
                steps.append(_checked(Step(**content)))
    return Lesson(steps, problem)


def _checked(step: Step) -> Step:
    """Raises `ValueError` or `TypeError` for what no lesson writes."""
    filters, reading = np.array(step.filters, float), np.array(step.reading, float)
    numbers = [step.step, step.loss, step.accuracy, step.unseen or 0.0]
    if not np.isfinite(numbers).all() or filters.shape[1:] not in ((), FILTER_SHAPE):
        raise ValueError("not a step")
    if reading.shape not in ((0,), (10,)) or not np.isfinite(reading).all():
        raise ValueError("not a reading")
    return step


def save_board(runs: Path, frame: np.ndarray | None) -> None:
    """Gives the lesson the visitor's drawing.

    Args:
        runs: The runs' folder.
        frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink; `None` for an empty board.

    Raises:
        ArtifactError: If the folder can't be written.
    """
    if frame is None:
        (runs / BOARD_FILE).unlink(missing_ok=True)
        return
    write_atomically(runs / BOARD_FILE, lambda path: np.save(path, frame.astype(np.float32)))


def load_board(runs: Path) -> np.ndarray | None:
    """The visitor's drawing, `float32` of shape `(28, 28)`; `None` without one."""
    try:
        frame = np.load(runs / BOARD_FILE, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return frame if frame.shape == FRAME_SHAPE and frame.dtype == np.float32 else None
