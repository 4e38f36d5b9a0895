"""Tries settings: many runs of one recipe, by as many processes as are started, under Optuna.

A sweep is an Optuna study; its name tells what it tries, so that workers started by the same
command find each other in the storage. A list of values is gone through, a range is searched. A
trial is an ordinary run. If its worker is killed, another one goes on with it.
"""

import contextlib
import itertools
import math
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import optuna
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.trial import TrialState
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from model.errors import TrainingError
from model.files.progress import end_progress
from model.files.runs import REPORT_FILE, load_report
from model.files.training_lock import only_trainer
from model.learning.config import BOUNDS, VARIED, TrainConfig, start_run

STORAGE_FILE = "sweeps.sqlite3"  # in the runs' folder
MAX_TRIALS = 10_000
HEARTBEAT = 20  # seconds between a worker's signs of life; four in a row missed, and it is dead
MISSED = 4
SQLITE_TIMEOUT = 60  # seconds that a worker waits while others write
NUM_UNPRUNED = 5  # trials before the first one is pruned: a median needs some
UNPRUNED_SHARE = 0.2  # of a trial's epochs, in which it is not pruned
NO_TRIAL_LEFT = "no trial is left"

AfterEpoch = Callable[[dict], None]
TrainTrial = Callable[[TrainConfig, Path, AfterEpoch], dict]


@dataclass(frozen=True)
class Sweep:
    """What a sweep tries.

    Attributes:
        name: What it tries, in the words of the command line.
        config: The settings that stay.
        lists: The values that are gone through, by setting.
        ranges: Lowest and highest value that are searched, by setting.
    """

    name: str
    config: TrainConfig
    lists: dict[str, list]
    ranges: dict[str, tuple[float, float]]

    def combinations(self) -> list[dict]:
        """All combinations of the lists' values; each seed has all others in turn."""
        names = sorted(self.lists, key=lambda name: name != "seed")
        values = itertools.product(*(self.lists[name] for name in names))
        return [dict(zip(names, each, strict=True)) for each in values]


def plan(config: TrainConfig, given: dict, varied: list[str], num_trials: int) -> Sweep:
    """Reads what is to be tried.

    Args:
        config: The settings that stay, those of `given` among them.
        given: The settings that the command line changed, which the sweep's name tells.
        varied: Such as `"seed=1,2,3"`, a list, or `"learning-rate=0.0005..0.004"`, a range; of
            seeds a range is a list. Without any, as many seeds as there are trials.
        num_trials: How many trials there are to be.

    Raises:
        TrainingError: If it makes no sense.
    """
    if not config.modern:
        raise TrainingError(
            f"The recipe {config.preset} holds no validation images out, by which a sweep chooses: "
            "leave --preset out."
        )
    varied = varied or [f"seed=1..{num_trials}"]
    lists, ranges = {}, {}
    for text in varied:
        name, _, values = text.partition("=")
        name = name.replace("-", "_")
        if name not in VARIED or name in {**lists, **ranges}:
            raise TrainingError(
                f"A sweep can't vary {text[:100]}: name each of "
                f"{', '.join(VARIED).replace('_', '-')} once, as in seed=1,2,3 or "
                "learning-rate=0.0005..0.004."
            )
        kind = int if name == "seed" else float
        low, is_range, high = values.partition("..")
        try:
            found = [kind(value) for value in ((low, high) if is_range else values.split(","))]
        except ValueError:
            found = []
        bounds = BOUNDS[name]
        if not (
            found
            and all(bounds[0] <= value <= bounds[1] for value in found)  # NaN fails as well
            and (found == sorted(found) if is_range else len(set(found)) == len(found))
            and not (name == "seed" and is_range and found[1] - found[0] >= MAX_TRIALS)
        ):
            raise TrainingError(
                f"A sweep can't vary {text[:100]}: give values from {bounds[0]:g} to "
                f"{bounds[1]:g}, apart by commas, or the lowest and the highest with two dots "
                "between."
            )
        if name == "seed" and is_range:
            lists[name] = list(range(found[0], found[1] + 1))
        elif is_range:
            ranges[name] = (found[0], found[1])
        else:
            lists[name] = found
    words = [f"{name.replace('_', '-')}={value}" for name, value in sorted(given.items())]
    sweep = Sweep(" ".join([config.preset, *words, *sorted(varied)]), config, lists, ranges)
    if not ranges and num_trials > (num := math.prod(map(len, lists.values()))):
        raise TrainingError(
            f"There are {num} combinations of these values and {num_trials} trials: ask for at "
            "most as many trials, or for more values."
        )
    return replace(sweep, config=replace(config, sweep=sweep.name))


def run_trials(
    sweep: Sweep,
    num_trials: int,
    storage: str,
    runs: Path,
    train: TrainTrial,
    say: Callable[[str], None],
) -> None:
    """Runs trials until all are done, together with other workers of the same sweep.

    Args:
        sweep: What to try.
        num_trials: How many trials all workers do together.
        storage: An SQLite file, or the address of a PostgreSQL database.
        runs: The runs' folder.
        train: Trains a run from where its folder stands, judges it and returns its report; it
            calls the function that it is given with each epoch's row of the history.
        say: Takes a line for the user.

    Raises:
        TrainingError: If the storage can't be used.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with _storage_errors(storage, ImportError, ValueError):  # of a wrong address
        study = _study(sweep, storage)
    with _storage_errors(storage):
        _Worker(sweep, num_trials, study, runs, train, say).work()


class _Worker:
    """One of a sweep's processes."""

    def __init__(self, sweep: Sweep, num_trials: int, study: optuna.Study, runs, train, say):
        self._sweep, self._num_trials, self._study = sweep, num_trials, study
        self._runs, self._train, self._say = runs, train, say

    def work(self) -> None:
        is_waiting = False
        while True:
            trials = self._study.get_trials(deepcopy=False)
            states = [trial.state for trial in trials]
            num_begun = sum(_is_first(trial) for trial in trials)
            if TrialState.WAITING in states or num_begun < self._num_trials:
                with _no_experimental_warnings():
                    self._study.optimize(self._run_trial, n_trials=1, catch=(_Surplus,))
            elif TrialState.RUNNING in states:
                if not is_waiting:
                    is_waiting = True
                    self._say("All trials have begun: waiting for the other workers' last ones")
                time.sleep(HEARTBEAT)
                with _no_experimental_warnings():
                    optuna.storages.fail_stale_trials(self._study)
            else:
                break
        self._tell_result()

    def _run_trial(self, trial: optuna.Trial) -> float:
        number = self._number(trial)
        config = self._config(trial, number)
        try:
            folder = self._folder(trial, config)
            self._say(f"Trial {number + 1} of {self._num_trials}, run folder {folder}")
            with only_trainer(folder):
                if (folder / REPORT_FILE).exists():  # the worker was killed after its last step
                    report = load_report(folder)
                else:
                    report = self._train(config, folder, lambda row: self._report(trial, row))
        except optuna.TrialPruned:
            end_progress(folder)
            self._say(f"Trial {number + 1} is pruned: at its epoch, others were better")
            raise
        except BaseException as error:
            # As when a worker is killed: another one, or this one started again, goes on with it.
            with _no_experimental_warnings(), contextlib.suppress(StorageInternalError):
                _retry(self._study, self._study.get_trials(deepcopy=False)[trial.number])
            if isinstance(error, KeyboardInterrupt):
                error.add_note("Stopped. The same command goes on with the sweep and this trial.")
            raise
        accuracy = float(report["validation"]["accuracy"])
        self._say(f"Trial {number + 1}: {accuracy:.2%} of the validation images right")
        return accuracy

    def _number(self, trial: optuna.Trial) -> int:
        """The trial's number in the sweep, from 0; one that is repeated keeps it."""
        if "number" not in trial.user_attrs:
            before = self._study.get_trials(deepcopy=False)[: trial.number]
            number = sum(map(_is_first, before))
            if number >= self._num_trials:  # two workers began the last one in one moment
                raise _Surplus(NO_TRIAL_LEFT)
            trial.set_user_attr("number", number)
        return trial.user_attrs["number"]

    def _config(self, trial: optuna.Trial, number: int) -> TrainConfig:
        combinations = self._sweep.combinations()
        settings = combinations[number % len(combinations)]
        for name, (low, high) in self._sweep.ranges.items():
            settings[name] = trial.suggest_float(name, low, high, log=name == "learning_rate")
        return replace(self._sweep.config, **settings)

    def _folder(self, trial: optuna.Trial, config: TrainConfig) -> Path:
        """The trial's run, which a repeated one goes on with if it is on this computer."""
        if (name := trial.user_attrs.get("run")) and (self._runs / name).is_dir():
            return self._runs / name
        folder = start_run(config, self._runs, "sweep")
        trial.set_user_attr("run", folder.name)
        return folder

    def _report(self, trial: optuna.Trial, row: dict) -> None:
        """Tells the study how an epoch ended.

        Raises:
            optuna.TrialPruned: If other trials were better at this epoch.
        """
        trial.report(row["val_accuracy"], int(row["epoch"]))
        if row["epoch"] < self._sweep.config.epochs and trial.should_prune():
            raise optuna.TrialPruned

    def _tell_result(self) -> None:
        done = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        num_pruned = len(self._study.get_trials(deepcopy=False, states=(TrialState.PRUNED,)))
        text = f"The sweep {self._sweep.name}: {len(done)} trials are complete, {num_pruned} pruned"
        if done:
            best = max(done, key=lambda trial: trial.value)
            run = self._runs / best.user_attrs.get("run", "")
            text += (
                f"; the best one reads {best.value:.2%} of the validation images. Serve it with: "
                f"python train.py --resume {run}"
            )
        self._say(text)


class _Surplus(Exception):
    """A trial beyond those that were asked for."""


def _is_first(trial: optuna.trial.FrozenTrial) -> bool:
    """Whether a trial is no repetition of one whose worker was killed or stopped."""
    with _no_experimental_warnings():
        return optuna.storages.RetryHeartbeatStaleTrialCallback.retried_trial_number(trial) is None


def _retry(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
    optuna.storages.RetryHeartbeatStaleTrialCallback()(study, trial)


def _study(sweep: Sweep, storage: str) -> optuna.Study:
    """The sweep's study, which the first worker makes."""
    url = make_url(storage if "://" in storage else f"sqlite:///{storage}")
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise ValueError(f"{url.get_backend_name()} is neither SQLite nor PostgreSQL")
    options = {}
    if url.get_backend_name() == "sqlite":
        options = {"connect_args": {"timeout": SQLITE_TIMEOUT}}
    with _no_experimental_warnings():
        opened = optuna.storages.RDBStorage(
            url.render_as_string(hide_password=False),
            options,
            heartbeat_interval=HEARTBEAT,
            grace_period=MISSED * HEARTBEAT,
            heartbeat_stale_trial_callback=_retry,
        )
    pruner = optuna.pruners.MedianPruner(
        NUM_UNPRUNED, n_warmup_steps=math.ceil(UNPRUNED_SHARE * sweep.config.epochs)
    )
    if not sweep.ranges and set(sweep.lists) == {"seed"}:
        pruner = optuna.pruners.NopPruner()  # without its bad seeds, the mean would be too good
    return optuna.create_study(
        study_name=sweep.name,
        storage=opened,
        pruner=pruner,
        direction="maximize",
        load_if_exists=True,
    )


@contextlib.contextmanager
def _storage_errors(storage: str, *more: type[Exception]) -> Iterator[None]:
    """Turns errors of the storage into a sentence, without the password."""
    try:
        yield
    except (SQLAlchemyError, StorageInternalError, *more) as error:
        where = storage
        with contextlib.suppress(SQLAlchemyError):
            where = make_url(storage).render_as_string() if "://" in storage else storage
        cause = error.__cause__ or error
        if isinstance(error, ImportError):
            reason = f'{error}: "pip install -r requirements.txt" installs what it needs'
        else:
            reason = str(cause).strip().splitlines()[0] if str(cause).strip() else repr(cause)
        raise TrainingError(
            f"The sweep's storage {where} can't be used ({reason}): name a file, or a database as "
            "in postgresql://USER@HOST/DATABASE, with --storage."
        ) from error


@contextlib.contextmanager
def _no_experimental_warnings() -> Iterator[None]:
    """Heartbeats are experimental for Optuna, since 2021."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        yield
