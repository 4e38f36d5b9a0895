"""Trains the digit network, judges it and puts it where the app serves it from.

    python train.py                      the shipped network and recipe
    python train.py --preset tutorial    the textbook network: about 98.4 % on MNIST's test set
    python train.py --resume             goes on with the newest unfinished run
    python train.py --tensorboard logs   writes curves for "tensorboard --logdir logs" too
    python train.py --corrections        teaches the served network what visitors corrected

Every run leaves a folder in runs/ with its settings, history, report and network.
"""

import argparse
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow greets with a page of notes

from model.errors import ArtifactError, CorrectionsError, DigitError, TrainingError
from model.files.artifacts import RUNS, TRAINED, locked, newest_unfinished
from model.files.promotion import MIN_ACCURACY, publish
from model.learning.config import BOUNDS, PRESETS, TrainConfig, load_config, start_run
from model.learning.data import load_mnist
from ops.corrections import Corrections

SIGNALLED = 128  # what a process that was stopped returns: this and the signal's number


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--preset", choices=("digitpad", "tutorial"), default="digitpad", help="what to train")
    add("--epochs", type=_number(int, *BOUNDS["epochs"]), help="passes over the training images")
    add("--batch-size", type=_number(int, *BOUNDS["batch_size"]), help="images a step")
    add("--seed", type=_number(int, *BOUNDS["seed"]), help="of weights, order and distortions")
    add(
        "--learning-rate",
        type=_number(float, *BOUNDS["learning_rate"]),
        help="the peak learning rate",
    )
    add("--weight-decay", type=_number(float, *BOUNDS["weight_decay"]), help="AdamW's")
    add("--data", help="folder with MNIST (default: DIGITPAD_DATA, else Keras' own copy)")
    add("--out", type=Path, default=TRAINED, help="where the network is served from")
    add("--runs", type=Path, default=RUNS, help="where the runs' folders go")
    add(
        "--resume",
        nargs="?",
        const="newest",
        metavar="RUN",
        help="go on with that run's folder, or with the newest unfinished run of the preset",
    )
    add(
        "--corrections",
        nargs="?",
        const="",
        metavar="FILE",
        help="fine-tune the served network on corrections; with --epochs of 100 steps each",
    )
    add(
        "--min-accuracy",
        type=_number(float, 0, 2),
        default=MIN_ACCURACY,
        help="publish from this test accuracy on, 0-1",
    )
    add("--tensorboard", type=Path, metavar="DIR", help="write TensorBoard's event files there")
    add("--force", action="store_true", help="publish a worse network too")
    add("--no-publish", action="store_true", help="leave the network in the run's folder")
    return parser.parse_args(arguments)


class Stop(contextlib.AbstractContextManager):
    """Listens for Ctrl-C and for SIGTERM, as a system sends it that shuts down.

    Which one came has to be remembered: interrupted while it builds a graph, TensorFlow raises
    an error of its own instead of handing the interruption on.

    Attributes:
        signal: The one that came, 0 while none did.
    """

    def __init__(self):
        self.signal = 0
        self._before = {}

    def __enter__(self) -> "Stop":
        if threading.current_thread() is threading.main_thread():  # no other may listen
            for number in (signal.SIGINT, signal.SIGTERM):
                before = signal.getsignal(number)
                if before not in (signal.SIG_IGN, None):  # as nohup wants it
                    self._before[number] = before
                    signal.signal(number, self._note)
        return self

    def __exit__(self, *_) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _note(self, number: int, _frame) -> None:
        self.signal = number
        raise KeyboardInterrupt

    def explains(self, error: BaseException) -> bool:
        """Whether an error comes from being stopped."""
        return bool(self.signal) or isinstance(error, KeyboardInterrupt)


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    with Stop() as stop:
        try:
            return run(options)
        except BaseException as error:
            if stop.explains(error):
                # Without a note of its own nothing was begun, or it can't be gone on with.
                notes = getattr(error, "__notes__", None) or ["Stopped; nothing was replaced."]
                tell(f"\n{notes[-1]}", sys.stderr)
                return SIGNALLED + (stop.signal or signal.SIGINT)
            if not isinstance(error, DigitError):
                raise
            tell(str(error), sys.stderr)
            return 1


def run(options: argparse.Namespace) -> int:
    if options.corrections is not None:
        return fine_tune(options)
    mnist, test = load_mnist(options.data, progress=True)
    config, folder = choose(options)
    tell(f"{config.preset}: {config.epochs} epochs, run folder {folder}")
    with to_go_on_with(folder, options), claimed(folder):
        from model.learning import training  # here, so that a wrong option or file is told at once

        trained = training.train(
            config,
            mnist,
            folder,
            say=tell,
            verbose=1 if sys.stdout.isatty() else 2,
            tensorboard=options.tensorboard,
        )
        report = training.judge(trained, config, mnist, test, folder)
        serve(folder, report, options)
    return 0


@contextlib.contextmanager
def to_go_on_with(folder: Path, options: argparse.Namespace) -> Iterator[None]:
    """Has whatever ends a run say how to go on with it, where that helps."""
    again = f"python train.py --resume {folder}"
    again += f" --data {options.data}" if options.data else ""
    again += f" --tensorboard {options.tensorboard}" if options.tensorboard else ""
    again += f" --out {options.out}" if options.out != TRAINED else ""
    again += " --no-publish" if options.no_publish else ""
    try:
        yield
    except ArtifactError as error:
        # No room, or not allowed. (Keras, which hands errors on, clears their `__cause__`.)
        if isinstance(error.__context__, OSError):
            raise ArtifactError(f"{error} Then go on with: {again}") from error
        raise
    except TrainingError:
        raise
    except OSError as error:
        raise TrainingError(
            f"The run can't go on ({error.strerror or error}): mend that, then go on with: {again}"
        ) from error
    except BaseException as error:
        error.add_note(f"Stopped. Go on with: {again}")
        raise


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Keeps other processes from training in the same folder, as they would mix their epochs."""
    with locked(folder) as held:
        if not held:
            raise TrainingError(
                f"Another process is training in {folder}: wait for it to end, or stop it first."
            )
        yield


def tell(line: str, file=None) -> None:
    """Prints a line; a run does not end because nobody can read it, as on a full disk."""
    with contextlib.suppress(OSError):
        print(line, file=file, flush=True)


def fine_tune(options: argparse.Namespace) -> int:
    if options.resume is not None or options.tensorboard is not None:
        raise TrainingError(
            "--corrections takes a minute or two: leave out --resume and --tensorboard."
        )
    store = Corrections(options.corrections)
    corrections = store.load()
    if not corrections:
        raise CorrectionsError(
            f'There are no corrections in {store.path}: on the Draw page, press "Wrong?" under an '
            "answer and tap the digit that it is."
        )
    mnist, test = load_mnist(options.data, progress=True)
    from model.learning import (  # here, so that a wrong option or file is told at once
        finetuning,
        training,
    )

    network, start = finetuning.load_served(options.out)
    given = settings(options)
    config = replace(finetuning.FINE_TUNING, preset=network.name, **given)
    folder = start_run(config, options.runs, "corrections")
    tell(f"{len(corrections)} corrections for the network of {start}, run folder {folder}")
    before, after = finetuning.fine_tune(
        network, config, mnist, corrections, folder, verbose=1 if sys.stdout.isatty() else 2
    )
    report = training.judge(network, config, mnist, test, folder)
    finetuning.note(report, start, len(corrections), before, after, folder)
    tell(
        f"Of {len(corrections)} corrections, {before.num_right} were read right before and "
        f"{after.num_right} are now; of the validation images, {before.validation:.2%} before "
        f"and {after.validation:.2%} now"
    )
    serve(folder, report, options)
    return 0


def serve(folder: Path, report: dict, options: argparse.Namespace) -> None:
    """Says how good a network is and publishes it, if that is wanted and nothing is against it."""
    figures = report["test"]
    tell(
        f"{figures['accuracy']:.2%} of {figures['num_all']} test images right "
        f"(95 % interval {figures['low']:.2%} to {figures['high']:.2%})"
    )
    if options.no_publish:
        tell(f"The network is in {folder}; what is served is as it was")
        return
    publish(folder, report, options.out, options.min_accuracy, options.force)
    tell(f"The network is served from {options.out}")


def choose(options: argparse.Namespace) -> tuple[TrainConfig, Path]:
    """The settings and the folder of the run: a new one, or one to go on with."""
    given = settings(options)
    if options.resume is None:
        config = replace(PRESETS[options.preset], **given)
        return config, start_run(config, options.runs)
    if given:
        raise TrainingError(
            f"--resume goes on with the run's own settings: leave out {', '.join(given)}."
        )
    folder = (
        newest_unfinished(options.runs, options.preset)
        if options.resume == "newest"
        else Path(options.resume)
    )
    if folder is None or not is_folder(folder):
        raise TrainingError(
            f"There is no unfinished run of {options.preset} in {options.runs}: start one with "
            f'"python train.py --preset {options.preset}".'
        )
    return load_config(folder), folder


def is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that no folder can have
        return False


def settings(options: argparse.Namespace) -> dict:
    """The settings that the command line changes."""
    return {
        field.name: getattr(options, field.name)
        for field in fields(TrainConfig)
        if field.name != "preset" and getattr(options, field.name, None) is not None
    }


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
        # Python's own exit was seen to take more than 20 s here, with an epoch cut short.
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        os._exit(code)
