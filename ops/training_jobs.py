"""Runs one training at a time in a separate process: start, watch, stop, resume, then serve.

The process holds the training lock, as every `train.py` does, so that a training in a terminal is
seen here, and none starts beside it. `training.json` names the last run that was started here, and
its process. It survives a restart of the app.
"""

import contextlib
import os
import signal
import statistics
import subprocess  # a run is a process of its own  # nosec B404
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from threading import Thread

from model.errors import ArtifactError, TrainingError
from model.files import served
from model.files.atomic import LOCK_TIMEOUT, dataclass_from_json, load_json, locked, save_json
from model.files.progress import Judging, Progress, load_progress, load_steps
from model.files.runs import CHECKPOINT_FILE, Run, load_report, load_run, load_runs
from model.files.runs import MAX_EPOCHS as MAX_HISTORY
from model.files.training_lock import MAX_NAME, AtWork, at_work, name_training, training_lock
from model.learning.config import PRESETS, start_run
from ops.settings import settings, variable

TRAINER = Path(__file__).parent.parent / "train.py"

JOB_FILE = "training.json"
LOG_FILE = "train.log"  # in the run's folder
OPTIONS = ("--no-serve", "--lock-held")  # the process inherits the training lock
STOPPED = "Stopped. Resume with"  # the last line of train.py begins so when interrupted

MAX_EPOCHS = 200  # three hours of the shipped recipe, more than it gains from
MAX_SEED = 2**32 - 1
GRACE = 20.0  # seconds to end by itself: an epoch's files or an export may be half written
NICENESS = 10  # the page's answers go before
MAX_LOG_BYTES = 16_000  # of the log's end
MAX_PID = 2**31 - 1  # what a system's numbers of processes can be at most
MAX_SECONDS = 1e7  # an epoch that takes four months is none

OFF = (
    f"Training from the page is off: start the app with {variable('training')}=on, as in "
    f'"{variable("training")}=on streamlit run app.py". Every visitor could then use this computer '
    "and replace the network, so leave it off on a public server."
)


@dataclass(frozen=True)
class Job:
    """What is noted of the last run that was started or resumed.

    Attributes:
        run: The name of its folder.
        epochs: How many it is to train.
        pid: Its process' number, 0 until it is known.
        started: When that process began, in the system's words; numbers are used again.
        stop_asked: Whether someone stopped it.
    """

    run: str
    epochs: int
    pid: int = 0
    started: str = ""
    stop_asked: bool = False


@dataclass(frozen=True)
class Status:
    """How the last run stands.

    Attributes:
        phase: `idle` (none was ever started), `running`, `stopping`, `finished`, `stopped`,
            `crashed`, or `gone` if its folder is.
        run: The name of its folder, `""` if not known.
        epochs: How many it is to train.
        history: One dict of floats for each epoch that is done.
        report: Its report once it has finished.
        can_resume: Whether there is a checkpoint to go on from.
        problem: A sentence if a file can't be read, else `""`.
        progress: How far a run that is on is within its epoch, or what of its network is being
            judged; `None` until its first steps.
        elsewhere: The training that is on, if the page Train did not start it.
        steps: One dict of floats for each row of the run's file of steps.
    """

    phase: str
    run: str = ""
    epochs: int = 0
    history: list[dict] = field(default_factory=list)
    report: dict | None = None
    can_resume: bool = False
    problem: str = ""
    progress: Progress | Judging | None = None
    elsewhere: AtWork | None = None
    steps: list[dict] = field(default_factory=list)

    @property
    def is_on(self) -> bool:
        return self.phase in ("running", "stopping")

    @property
    def seconds_left(self) -> float | None:
        """What the epochs to come will take; `None` before the first one is done."""
        if not self.history:
            return None
        seconds = statistics.median(row.get("seconds", 0.0) for row in self.history)
        if not 0 <= seconds < MAX_SECONDS:  # NaN is not, either
            return None
        return max(self.epochs - len(self.history), 0) * seconds


def check_allowed() -> None:
    """Raises `TrainingError` unless training from the page is turned on, and possible here."""
    if not settings().training:
        raise TrainingError(OFF)
    if os.name != "posix":
        raise TrainingError('Training from the page needs Linux or macOS: use "python train.py".')


class TrainingJobs:
    """Starts, watches, stops and resumes runs, and serves their networks.

    Every method that changes something raises `TrainingError` while training from the page is
    off. Errors are a `TrainingError` or an `ArtifactError`, one sentence.

    Args:
        runs: The runs' folder. Default: the setting.
    """

    def __init__(self, runs: Path | None = None):
        self.runs = runs or settings().runs

    def status(self) -> Status:
        """How the last run stands; only reads."""
        training = at_work(self.runs)
        try:
            job = self._job()
        except TrainingError as error:
            return Status("running" if training else "idle", problem=str(error))
        if training and (job is None or training.name not in ("", job.run)):
            return self._elsewhere(training)
        if job is None:
            return Status("idle")
        folder = self.runs / job.run
        run = load_run(folder) if folder.is_dir() else Run(job.run, {}, [], None)
        if training:
            phase = "stopping" if job.stop_asked else "running"
        elif not folder.is_dir():
            phase = "gone"
        elif run.report:
            phase = "finished"
        else:
            was_stopped = job.stop_asked or any(STOPPED in line for line in self.log(job.run, 1))
            phase = "stopped" if was_stopped else "crashed"
        return Status(
            phase,
            job.run,
            job.epochs,
            run.history,
            run.report,
            can_resume=phase in ("stopped", "crashed") and (folder / CHECKPOINT_FILE).exists(),
            problem=run.problem,
            progress=load_progress(folder) if training else None,
            steps=load_steps(folder),
        )

    def _elsewhere(self, training: AtWork) -> Status:
        """A training that the page Train did not start, with the run's figures if it is one run."""
        folder = self.runs / training.name
        run = load_run(folder) if _is_name(training.name) and folder.is_dir() else None
        epochs = run.config.get("epochs") if run else None
        if not isinstance(epochs, int) or not 0 < epochs <= MAX_HISTORY or run.report:
            return Status("running", elsewhere=training)
        return Status(
            "running",
            run.name,
            epochs,
            run.history,
            problem=run.problem,
            progress=load_progress(folder),
            elsewhere=training,
            steps=load_steps(folder),
        )

    def log(self, run: str, num: int = 12) -> list[str]:
        """The last lines that a run's process wrote; `[]` if it wrote none."""
        try:
            with (self.runs / run / LOG_FILE).open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(size - MAX_LOG_BYTES, 0))
                text = file.read().decode(errors="replace")
        except OSError:
            return []
        return [line.rstrip() for line in text.splitlines() if line.strip()][-num:]

    def start(self, preset: str, epochs: int, seed: int) -> None:
        """Starts a new run.

        Raises:
            TrainingError: If one is on, a setting makes no sense, or it can't be started.
            ArtifactError: If the runs' folder can't be written.
        """
        check_allowed()
        if preset not in PRESETS or not 1 <= epochs <= MAX_EPOCHS or not 0 <= seed <= MAX_SEED:
            raise TrainingError(
                f"There is a preset {' and a preset '.join(PRESETS)}, of 1 to {MAX_EPOCHS} "
                f"epochs, with a seed of 0 to {MAX_SEED}: choose among these."
            )
        with self._one_at_a_time(), training_lock(self.runs) as lock:
            run = start_run(replace(PRESETS[preset], epochs=epochs, seed=seed), self.runs)
            self._launch(Job(run.name, epochs), lock)

    def resume(self) -> None:
        """Goes on with the last run from its checkpoint.

        Raises:
            TrainingError: If one is on, or it has finished, is gone, or has no checkpoint.
            ArtifactError: If the runs' folder can't be written.
        """
        check_allowed()
        with self._one_at_a_time(), training_lock(self.runs) as lock:
            job = self._job()
            if job is None or not (self.runs / job.run / CHECKPOINT_FILE).exists():
                raise TrainingError("There is no run with a checkpoint to go on from: start one.")
            if load_run(self.runs / job.run).report:
                raise TrainingError(f"The run {job.run} has finished: start a new one.")
            self._launch(Job(job.run, job.epochs), lock)

    def stop(self) -> None:
        """Has the run end as by Ctrl-C, keeping its checkpoint; after `GRACE` it is killed.

        Raises:
            TrainingError: If none is on, or its process can't be told for certain.
        """
        check_allowed()
        with self._one_at_a_time():
            job = self._job()
            training = at_work(self.runs)
            if training is None:
                raise TrainingError("No run is on: there is nothing to stop.")
            if job is None or training.name not in ("", job.run):
                raise TrainingError(f"{training.sentence}. {training.where_to_stop}")
            if not job.pid or not job.started or _start_time(job.pid) != job.started:
                raise TrainingError(
                    f"The process of the run {job.run} can't be found: try again in a moment, or "
                    "stop it on the computer where it was started."
                )
            self._note(replace(job, stop_asked=True))
            if not job.stop_asked:
                with contextlib.suppress(ProcessLookupError):  # it has just ended
                    os.kill(job.pid, signal.SIGINT)
        Thread(target=_kill_late, args=(job, GRACE), daemon=True).start()

    def finished(self) -> list[Run]:
        """The runs whose networks could be served, newest first."""
        return [run for run in load_runs(self.runs) if run.report and not run.problem]

    def serve(self, run: str, force: bool) -> None:
        """Serves the network of a finished run; raises what `served.serve` does."""
        check_allowed()
        if run not in [each.name for each in self.finished()]:
            raise TrainingError(f"There is no finished run {run} any more: choose another.")
        served.serve(self.runs / run, force=force)

    def go_back(self) -> None:
        """Serves the former network again; raises what `served.go_back` does."""
        check_allowed()
        served.go_back(self.runs)

    def seconds_per_epoch(self, preset: str) -> float | None:
        """What an epoch took, of the newest run of a preset, else of the served network."""
        reports = [run.report for run in self.finished()]
        with contextlib.suppress(ArtifactError):
            reports.append(load_report(served.current(self.runs)))
        for report in reports:
            if report["config"].get("preset") == preset and "finetuning" not in report:
                seconds = report.get("seconds_per_epoch")
                is_time = isinstance(seconds, int | float) and 0 < seconds < MAX_SECONDS
                return seconds if is_time else None
        return None

    def _launch(self, job: Job, lock: int) -> None:
        """Starts the process, which takes the lock over, and notes it."""
        self._note(job)
        name_training(self.runs, job.run)
        folder = self.runs / job.run
        try:
            with (folder / LOG_FILE).open("ab", buffering=0) as log:
                if log.tell():
                    log.write(b"Resumed\n")  # so that what it said before is not its last word
                process = subprocess.Popen(  # a folder that we named, no shell  # nosec B603
                    [sys.executable, str(TRAINER), "--resume", str(folder), *OPTIONS],
                    env={**os.environ, "PYTHONUNBUFFERED": "1"},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # it outlives the app
                    pass_fds=[lock],
                )
        except OSError as error:
            raise TrainingError(
                f"The run can't be started ({error.strerror or error}): see whether "
                f"{folder} can be written and {sys.executable} run."
            ) from error
        try:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
            self._note(replace(job, pid=process.pid, started=_start_time(process.pid)))
        except BaseException:
            process.kill()  # a run that can't be noted could not be stopped
            raise
        finally:
            Thread(target=process.wait, daemon=True).start()

    def _job(self) -> Job | None:
        path = self.runs / JOB_FILE
        if not path.exists():
            return None
        try:
            content = load_json(path, "note on the last run")
            job = dataclass_from_json(Job, content)
            kinds = [type(value) for value in vars(job).values()]
            if kinds != [str, int, int, str, bool] or not _is_name(job.run):
                raise ArtifactError("odd values")
            # A signal to process 0 or less goes to many at once.
            if not (0 <= job.epochs <= MAX_HISTORY and 0 <= job.pid <= MAX_PID):
                raise ArtifactError("odd numbers")
        except ArtifactError as error:
            raise TrainingError(
                f"The note on the last run, {path}, is damaged. Starting a run writes a new one; a "
                "run that is on goes on to its end."
            ) from error
        return job

    def _note(self, job: Job) -> None:
        save_json(self.runs / JOB_FILE, asdict(job))

    @contextlib.contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """Lets one visitor and process at a time start, resume or stop a run."""
        try:
            self.runs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrainingError(
                f"The runs' folder {self.runs} can't be used ({error.strerror or error}): allow "
                f"writing there, or name another one with {variable('runs')}."
            ) from error
        with locked(self.runs, LOCK_TIMEOUT) as lock:
            if lock is None:
                raise TrainingError("Another visitor is changing this: try again in a moment.")
            yield


def _is_name(name: str) -> bool:
    """Whether a folder inside the runs' folder can have this name."""
    return (
        0 < len(name) <= MAX_NAME
        and Path(name).name == name
        and name != ".."
        and name.isprintable()
        and len(name.encode(errors="replace")) <= MAX_NAME
    )


def _start_time(pid: int) -> str:
    """When a process began, in the system's words; `""` if it has ended or there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]  # proc(5): state; ticks since the boot
    except OSError:
        if Path("/proc/self").exists():
            return ""
    answer = subprocess.run(  # a number, no shell  # nosec B603
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip()


def _kill_late(job: Job, grace: float) -> None:
    """Kills a run's process that has not ended in time."""
    deadline = time.monotonic() + grace
    while _start_time(job.pid) == job.started:
        if time.monotonic() > deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(job.pid, signal.SIGKILL)
            return
        time.sleep(0.1)
