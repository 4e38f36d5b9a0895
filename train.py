"""Trains the digit network, writes its report and serves it.

    python train.py                      the shipped network and recipe
    python train.py --preset tutorial    the textbook network: about 98.4 % on MNIST's test set
    python train.py --resume             continues the newest unfinished run
    python train.py --tensorboard logs   writes curves for "tensorboard --logdir logs" too
    python train.py --train-only         trains with Keras alone, for instance on JAX and a GPU
    python train.py --corrections        fine-tunes the served network on visitors' corrections
    python train.py --sweep 8            tries seeds, or the settings that --vary names
    python train.py --ship RUN           copies a finished run to model/trained/, for a commit

Every run writes its settings, history, report and network to a folder in runs/.
"""

import argparse
import contextlib
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # else TensorFlow prints a page of notes

from model.errors import ArtifactError, CorrectionsError, DigitError, TrainingError
from model.files import served
from model.files.runs import REPORT_FILE, find_run, load_report, newest_unfinished
from model.files.training_lock import name_training, only_trainer, training_lock
from model.learning.config import BOUNDS, PRESETS, TrainConfig, load_config, start_run
from model.learning.data import Dataset, load_mnist
from ops.corrections import Corrections
from ops.settings import settings
from ops.stop_signals import StopSignals
from ops.training_jobs import STOPPED

SIGNALLED = 128  # added to the signal's number in the exit status, as shells do


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--preset", choices=tuple(PRESETS), default="digitpad", help="network and recipe")
    add("--epochs", type=_number(int, *BOUNDS["epochs"]), help="passes over the training images")
    add("--batch-size", type=_number(int, *BOUNDS["batch_size"]), help="images per step")
    add("--seed", type=_number(int, *BOUNDS["seed"]), help="seed of weights, order and distortions")
    add(
        "--learning-rate",
        type=_number(float, *BOUNDS["learning_rate"]),
        help="the peak learning rate",
    )
    add(
        "--weight-decay", type=_number(float, *BOUNDS["weight_decay"]), help="weight decay of AdamW"
    )
    add(
        "--data",
        default=settings().data,
        help="folder with MNIST (default: DIGITPAD_DATA, else Keras' own copy)",
    )
    add("--runs", type=Path, default=settings().runs, help="folder of the runs")
    add(
        "--resume",
        nargs="?",
        const="newest",
        metavar="RUN",
        help="continue that run (a name or a folder), or the newest unfinished one of the preset",
    )
    add(
        "--corrections",
        nargs="?",
        const=settings().corrections,
        type=Path,
        metavar="FILE",
        help="fine-tune the served network on corrections; its epochs have 100 steps",
    )
    add(
        "--start-from",
        metavar="RUN",
        help="begin with the weights of that finished run, for instance to add a few epochs",
    )
    add(
        "--start-share",
        type=_number(float, *BOUNDS["start_share"]),
        help="end with the mean of those weights, by this share, and the trained ones",
    )
    add(
        "--distortion",
        type=_number(float, *BOUNDS["distortion"]),
        help="times the ranges in which frames are turned, sheared, shifted, scaled and bent",
    )
    add(
        "--sweep",
        dest="num_trials",
        metavar="N",
        type=_number(int, 1, 10_000),
        help="run N trials, together with all processes that are started by the same command",
    )
    add(
        "--vary",
        nargs="+",
        metavar="SETTING=VALUES",
        help="what a sweep tries: seed, learning-rate or distortion, each with a list to go "
        "through (seed=1,2,3) or a range to search (learning-rate=0.0005..0.004); default: N seeds",
    )
    add(
        "--storage",
        help="where a sweep's workers meet: a file (default: sweeps.sqlite3 with the runs) or "
        "postgresql://USER@HOST/DATABASE",
    )
    add("--ship", metavar="RUN", help="only copy that finished run to model/trained/")
    add(
        "--min-accuracy",
        type=_number(float, 0, 2),
        default=served.MIN_ACCURACY,
        help="lowest test accuracy to serve, 0 to 1",
    )
    add("--tensorboard", type=Path, metavar="DIR", help="write TensorBoard event files to DIR")
    add("--force", action="store_true", help="serve the network even if it is worse")
    add(
        "--train-only",
        action="store_true",
        help="only train, on any Keras backend; --resume RUN exports and judges it",
    )
    add("--no-serve", action="store_true", help="don't serve the finished network")
    add(
        "--beside",
        action="store_true",
        help="train beside others that have this option, on a computer with room for several",
    )
    add("--lock-held", action="store_true", help=argparse.SUPPRESS)  # by who started this process
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    with StopSignals() as stop:
        try:
            run(options)
        except BaseException as error:
            if stop.received or isinstance(error, KeyboardInterrupt):
                # Without a note on how to resume nothing was begun, or it can't be resumed.
                with contextlib.suppress(OSError):
                    sys.stdout.flush()  # the epoch's line comes before the note
                notes = getattr(error, "__notes__", None) or ["Stopped; nothing was replaced."]
                say(f"\n{notes[-1]}", sys.stderr)
                return SIGNALLED + (stop.received or signal.SIGINT)
            if not isinstance(error, DigitError):
                raise
            say(str(error), sys.stderr)
            return 1
    return 0


def run(options: argparse.Namespace) -> None:
    if options.ship is not None:
        ship(options)
    elif options.num_trials:
        sweep(options)
    elif options.corrections is not None:
        fine_tune(options)
    else:
        train(options)


def train(options: argparse.Namespace) -> None:
    config, folder = resumed_run(options) if options.resume else (None, None)
    if folder and (folder / REPORT_FILE).exists():
        serve(folder, options)  # it had finished before it was stopped
        return
    if options.start_from:
        options.start_from = find_run(options.start_from, options.runs).name
    mnist, test = load_mnist(options.data, progress=True)
    runs = folder.absolute().parent if folder else options.runs
    with training_place(runs, options):
        if folder is None:
            config = replace(PRESETS[options.preset], **chosen_settings(options))
            folder = start_run(config, runs)
        name_training(runs, folder.name)
        say(f"{config.preset}: {config.epochs} epochs, run folder {folder}")
        with resume_hint(folder, options), only_trainer(folder):
            trained = fit(config, mnist, folder, options)
            if options.train_only:
                say(f"Trained. Export, judge and serve it: {resume_command(folder, options)}")
                return
            from model.learning import judging  # late: it needs TensorFlow

            judging.judge(trained, config, mnist, test, folder)
            serve(folder, options)


def fit(config: TrainConfig, mnist: Dataset, folder: Path, options, **more):
    """Trains a run's network; returns it."""
    from model.learning import training  # late: a wrong option is reported at once

    verbose = 1 if sys.stdout.isatty() else 2
    logs = options.tensorboard
    return training.train(config, mnist, folder, say, verbose, tensorboard=logs, **more)


def sweep(options: argparse.Namespace) -> None:
    if options.resume or options.corrections or options.train_only:
        raise TrainingError("--sweep trains anew: leave out --resume, --corrections, --train-only.")
    from model.learning import sweep as sweeps  # late: only a sweep needs Optuna

    given = chosen_settings(options)
    config = replace(PRESETS[options.preset], **given)
    tried = sweeps.plan(config, given, options.vary or [], options.num_trials)
    mnist, test = load_mnist(options.data, progress=True)

    def train_trial(config: TrainConfig, folder: Path, after_epoch: sweeps.AfterEpoch) -> dict:
        trained = fit(config, mnist, folder, options, after_epoch=after_epoch)
        from model.learning import judging

        return judging.judge(trained, config, mnist, test, folder)

    options.beside = True  # of other workers
    with training_place(options.runs, options):
        name_training(options.runs, f"the sweep {tried.name}")
        storage = options.storage or str(options.runs / sweeps.STORAGE_FILE)
        sweeps.run_trials(tried, options.num_trials, storage, options.runs, train_trial, say)


def fine_tune(options: argparse.Namespace) -> None:
    if options.resume or options.tensorboard or options.start_from:
        raise TrainingError(
            "--corrections begins with the served network and takes a minute or two: leave out "
            "--resume, --tensorboard and --start-from."
        )
    store = Corrections(options.corrections)
    corrections = store.load()
    if not corrections:
        raise CorrectionsError(
            f'There are no corrections in {store.place}: on the Draw page, press "Wrong?" under an '
            "answer and choose the right digit."
        )
    mnist, test = load_mnist(options.data, progress=True)
    from model.learning import finetuning, judging  # late: a wrong option is reported at once

    network, start = finetuning.load_network(served.current(options.runs))
    with training_place(options.runs, options):
        given = chosen_settings(options)
        config = replace(finetuning.FINE_TUNING, preset=network.name, **given)
        folder = start_run(config, options.runs, "corrections")
        name_training(options.runs, folder.name)
        say(f"{len(corrections)} corrections for the network of {start}, run folder {folder}")
        before, after = finetuning.fine_tune(
            network, config, mnist, corrections, folder, verbose=1 if sys.stdout.isatty() else 2
        )
        part = finetuning.report_part(start, len(corrections), before, after)
        judging.judge(network, config, mnist, test, folder, part)
    say(
        f"Of {len(corrections)} corrections, {before.num_right} were read right before and "
        f"{after.num_right} are now; of the validation images, {before.validation:.2%} before "
        f"and {after.validation:.2%} now"
    )
    serve(folder, options)


def serve(folder: Path, options: argparse.Namespace) -> None:
    """Prints how good a finished run's network is, and serves it unless that is not wanted."""
    figures = load_report(folder)["test"]
    say(
        f"{figures['accuracy']:.2%} of {figures['num_all']} test images right "
        f"(95 % interval {figures['low']:.2%} to {figures['high']:.2%})"
    )
    if options.no_serve:
        say(f"The network is in {folder}; what is served is as it was")
        return
    try:
        served.serve(folder, options.min_accuracy, options.force)
    except TrainingError as error:
        raise TrainingError(f"{error} --force serves it all the same.") from error
    runs = folder.absolute().parent
    where = "" if runs == options.runs.absolute() else f", by apps with DIGITPAD_RUNS={runs}"
    say(f"The network of {folder.name} is served from now on{where}")


def ship(options: argparse.Namespace) -> None:
    folder = find_run(options.ship, options.runs)
    served.ship(folder)
    say(f"{served.SHIPPED} holds the network of {folder.name} now")


def resumed_run(options: argparse.Namespace) -> tuple[TrainConfig, Path]:
    """The settings and the folder of the run that `--resume` names."""
    if given := chosen_settings(options):
        raise TrainingError(
            f"--resume continues with the run's own settings: leave out {', '.join(given)}."
        )
    if options.resume != "newest":
        folder = find_run(options.resume, options.runs)
        return load_config(folder), folder
    folder = newest_unfinished(options.runs, options.preset)
    if folder is None:
        raise TrainingError(
            f"There is no unfinished run of {options.preset} in {options.runs}: start one with "
            f'"python train.py --preset {options.preset}".'
        )
    return load_config(folder), folder


@contextlib.contextmanager
def resume_hint(folder: Path, options: argparse.Namespace) -> Iterator[None]:
    """Adds the command that resumes the run to whatever ends it early, where resuming helps."""
    command = resume_command(folder, options)
    try:
        yield
    except ArtifactError as error:
        # No room, or no permission. (Keras hands errors on and clears their `__cause__`.)
        if isinstance(error.__context__, OSError):
            raise ArtifactError(f"{error} Then resume with: {command}") from error
        raise
    except TrainingError:
        raise
    except OSError as error:
        raise TrainingError(
            f"The run can't go on ({error.strerror or error}): fix that, then resume with: "
            f"{command}"
        ) from error
    except BaseException as error:
        error.add_note(f"{STOPPED}: {command}")
        raise


def resume_command(folder: Path, options: argparse.Namespace) -> str:
    """The command that goes on with a run, with the options that it was given."""
    words = ["python", "train.py", "--resume", str(folder)]
    for name in ("data", "tensorboard"):
        if value := getattr(options, name):
            words += [f"--{name}", str(value)]
    if options.min_accuracy != served.MIN_ACCURACY:
        words += ["--min-accuracy", f"{options.min_accuracy:g}"]
    words += ["--force"] * options.force + ["--no-serve"] * options.no_serve
    return shlex.join(words)


def training_place(runs: Path, options: argparse.Namespace) -> contextlib.AbstractContextManager:
    """The training lock, unless the process that started this one has taken it for it."""
    if options.lock_held:
        return contextlib.nullcontext()
    advice = " On a computer with room for several, start each with --beside."
    return training_lock(runs, options.beside, advice)


def chosen_settings(options: argparse.Namespace) -> dict:
    """The settings of a run that the command line changes."""
    return {
        field.name: getattr(options, field.name)
        for field in fields(TrainConfig)
        if field.name != "preset" and getattr(options, field.name, None) is not None
    }


def say(line: str, file=None) -> None:
    """Prints a line; a run goes on even if nobody can read it, as on a full disk."""
    with contextlib.suppress(OSError):
        print(line, file=file, flush=True)


def _number(kind: type, low: float, high: float):
    """An argparse type: a number from `low` to `high`."""

    def parse(text: str):
        number = kind(text)
        if not low <= number <= high:  # NaN fails as well
            raise argparse.ArgumentTypeError(f"{text} is not between {low:g} and {high:g}")
        return number

    parse.__name__ = kind.__name__  # what argparse calls it when the text is no number
    return parse


if __name__ == "__main__":
    code = main()
    if code:
        # Python's own exit can take more than 20 s with an epoch cut short.
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        os._exit(code)
