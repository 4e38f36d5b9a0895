"""What a run tells while it is on: how far it is, and the losses of its steps."""

import contextlib
import csv
import io
import itertools
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from model.errors import ArtifactError
from model.files.atomic import load_json, read_text, save_json, write_atomically

PROGRESS_FILE = "progress.json"
STEPS_FILE = "steps.csv"
STEP_COLUMNS = ("step", "epoch", "loss", "accuracy")

MAX_STEPS = 1e9  # of an epoch, and its seconds; more are a damaged file
MAX_ROWS = 30_000  # of steps; a run writes about a thousand, or one or two an epoch
MAX_PART = 60  # letters


@dataclass(frozen=True)
class Progress:
    """How far a run is within its epoch.

    Attributes:
        epoch: From 1.
        step: How many of the epoch's steps are done.
        num_steps: Of an epoch.
        seconds: Since the epoch began.
    """

    epoch: int
    step: int
    num_steps: int
    seconds: float

    @property
    def share(self) -> float:
        """Of the epoch, 0 to 1."""
        return min(max(self.step / max(self.num_steps, 1), 0.0), 1.0)

    @property
    def steps_per_second(self) -> float:
        """0 before the first step."""
        return self.step / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float:
        """Of the epoch; infinite before the first step."""
        rate = self.steps_per_second
        return (self.num_steps - self.step) / rate if rate > 0 else math.inf


@dataclass(frozen=True)
class Judging:
    """What is being judged of a trained network.

    Attributes:
        part: Of the judging, in a word or two.
        ends: When all parts will probably be done, seconds since 1970.
    """

    part: str
    ends: float

    @property
    def seconds_left(self) -> float:
        """Below zero if it takes longer than expected."""
        return self.ends - time.time()


def save_progress(folder: Path, progress: Progress | Judging) -> None:
    """Notes how far a run is."""
    with contextlib.suppress(ArtifactError):  # a full disk ends the run at its next file
        save_json(folder / PROGRESS_FILE, asdict(progress))


def end_progress(folder: Path) -> None:
    """Takes the note away."""
    with contextlib.suppress(OSError):
        (folder / PROGRESS_FILE).unlink(missing_ok=True)


def load_progress(folder: Path) -> Progress | Judging | None:
    """How far a run is; `None` if it has not begun or does not say."""
    try:
        content = load_json(folder / PROGRESS_FILE, "progress")
    except ArtifactError:
        return None
    for kind in (Progress, Judging):
        if set(content) == set(kind.__dataclass_fields__):
            return kind(**content) if all(map(_is_sound, content.values())) else None
    return None


def _is_sound(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_PART and value.isprintable()
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value < 10 * MAX_STEPS  # NaN is not; it is 1.8e9 s since 1970


class JudgingProgress:
    """Notes which part of the judging is under way, and when all of it will be done.

    Args:
        folder: The run's.
        usual: What each part takes on two cores, seconds, in order. A slower computer shows in
            the first parts, and the others are expected to take as much longer.
    """

    def __init__(self, folder: Path, usual: dict[str, float]):
        self._folder, self._usual = folder, usual
        self._began = time.monotonic()

    def begin(self, part: str) -> None:
        """Notes that a part begins, which ends the one before."""
        names = list(self._usual)
        before = sum(self._usual[name] for name in names[: names.index(part)])
        after = sum(self._usual.values()) - before
        slowness = max((time.monotonic() - self._began) / before, 1.0) if before else 1.0
        save_progress(self._folder, Judging(part, time.time() + slowness * after))


class StepLog:
    """Appends the mean loss and accuracy of the last few steps to a run's file.

    Args:
        folder: The run's.
        steps_done: Rows of later steps are dropped: a resumed run trains those again.
    """

    def __init__(self, folder: Path, steps_done: int):
        self._path = folder / STEPS_FILE
        rows = [row for row in load_steps(folder) if row["step"] <= steps_done]
        text = io.StringIO()
        writer = csv.DictWriter(text, STEP_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_atomically(self._path, lambda temporary: temporary.write_text(text.getvalue()))

    def add(self, step: int, epoch: float, loss: float, accuracy: float) -> None:
        """Appends a row.

        Args:
            step: The last one of those, counted from the run's first as 1.
            epoch: How many epochs are done after it, with its fraction.
            loss: Their mean.
            accuracy: Theirs, 0 to 1.
        """
        # A full disk ends the run at its next checkpoint.
        with contextlib.suppress(OSError), self._path.open("a") as file:
            file.write(f"{step},{epoch:.6g},{loss:.6g},{accuracy:.4f}\n")


def load_steps(folder: Path) -> list[dict]:
    """The rows of a run's steps, as `StepLog` writes them; `[]` without any.

    A row that is being written or makes no sense is left out: nothing depends on it.
    """
    rows = []
    try:
        text = read_text(folder / STEPS_FILE)
    except (OSError, ValueError):
        return []
    whole = text[: text.rfind("\n") + 1]
    for line in itertools.islice(whole.splitlines()[1:], MAX_ROWS):
        try:
            step, epoch, loss, accuracy = map(float, line.split(","))
        except ValueError:
            continue
        is_step = 1 <= step < MAX_STEPS and 0 < epoch <= step
        if is_step and math.isfinite(loss) and 0 <= accuracy <= 1:
            rows.append(dict(zip(STEP_COLUMNS, (int(step), epoch, loss, accuracy), strict=True)))
    return rows
