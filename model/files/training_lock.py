"""Lets one training at a time have a computer's cores, and says which one has them.

The lock is on `training.lock` in the runs' folder. The operating system releases it when the
process that trains ends; that the file exists means nothing. Its text names who trains, and it was
changed when that training began.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from model.errors import TrainingError
from model.files.atomic import locked, make_folder, read_text

LOCK_FILE = "training.lock"  # in the runs' folder
LOCK_TIMEOUT = 1.0  # seconds; a reader's look at the lock takes microseconds
PROBE_TIMEOUT = 0.1  # seconds; readers may look in the same moment
LESSON = "Watch it learn"  # the name of a lesson, which is no run, and of its page
MAX_NAME = 200  # letters of a run's folder; a file system takes 255 bytes


@dataclass(frozen=True)
class AtWork:
    """The training that is on; with several beside each other, the one that began last.

    Attributes:
        name: The run's folder, or the words that `name_training` was given; `""` if not known.
        since: When it began; `None` if not known.
    """

    name: str
    since: datetime | None

    @property
    def sentence(self) -> str:
        """That it is on, and since when."""
        name = f", {self.name}" if self.name else ""
        return f"A run is on{name}{f', since {self.since:%Y-%m-%d %H:%M}' if self.since else ''}"

    @property
    def where_to_stop(self) -> str:
        """How it is stopped, if the page Train didn't start it; one sentence."""
        if self.name == LESSON:
            return f"Stop it on the page {LESSON}."
        return "It was started in a terminal: stop it there, with Ctrl-C."


@contextlib.contextmanager
def training_lock(runs: Path, beside: bool = False, advice: str = "") -> Iterator[int]:
    """Holds a runs' folder for a training.

    Args:
        runs: The runs' folder; it is made if it is missing.
        beside: Whether others that say so too may train at the same time.
        advice: What else one could do if another training is on; ends the error's sentence.

    Yields:
        The lock's file number, which a child process may inherit to go on holding the lock.

    Raises:
        TrainingError: If another training is on.
        ArtifactError: If the folder can't be made.
    """
    make_folder(runs)
    with contextlib.suppress(OSError):  # writing the run will say why
        (runs / LOCK_FILE).open("a").close()  # does not change the time of one that is there
    with locked(runs / LOCK_FILE, LOCK_TIMEOUT, shared=beside) as lock:
        if lock is None:
            found = at_work(runs) or AtWork("", None)
            raise TrainingError(
                f"{found.sentence}: wait for it to end, or stop it first. There is one at a time."
                f"{advice}"
            )
        name_training(runs, "")
        yield lock


@contextlib.contextmanager
def only_trainer(run: Path) -> Iterator[None]:
    """Keeps other processes from training in the same run's folder, which would mix their epochs.

    Raises:
        TrainingError: If another one does.
    """
    with locked(run) as lock:
        if lock is None:
            raise TrainingError(
                f"Another process is training in {run}: wait for it to end, or stop it first."
            )
        yield


def name_training(runs: Path, name: str) -> None:
    """Notes what the training is that holds the lock: a run's name, or words."""
    with contextlib.suppress(OSError):  # a full disk ends the run at its next file
        (runs / LOCK_FILE).write_text(name)


def at_work(runs: Path) -> AtWork | None:
    """The training that is on; `None` if there is none."""
    path = runs / LOCK_FILE
    if not path.exists():
        return None
    with locked(path, shared=True) as lock:
        alone = lock is None
    if not alone:
        with locked(path, PROBE_TIMEOUT) as lock:
            if lock is not None:
                return None
    try:
        name, since = read_text(path), datetime.fromtimestamp(path.stat().st_mtime)
    except (OSError, ValueError, OverflowError):
        return AtWork("", None)
    return AtWork(name if len(name) <= MAX_NAME and name.isprintable() else "", since)
