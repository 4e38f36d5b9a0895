"""Which network is served: the rule that guards it, and the way back to the former one.

Needs no Keras, so that `train.py` and the app go by the same rule.
"""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path

from model.errors import ArtifactError, TrainingError
from model.files import artifacts
from model.reading.recognizer import Recognizer

MIN_ACCURACY = 0.97  # of the test images; a network below it is of no use on the page
MAX_LOSS = 0.001  # share of the validation images that fine-tuning may read worse than before


def publish(run: Path, report: dict, out: Path, min_accuracy: float, force: bool) -> None:
    """Makes a finished run's network the served one, unless something speaks against it.

    Args:
        run: The run's folder.
        report: Its report.
        out: Where the network is served from.
        min_accuracy: The share of the test images that it has to read.
        force: Whether it is published all the same.

    Raises:
        TrainingError: If `objection` has one and it is not forced.
        ArtifactError: If a file can't be written.
    """
    if not force and (against := objection(report, out, min_accuracy)):
        raise TrainingError(
            f"{against} The new network stays in {run} and nothing was replaced (--force "
            "replaces, --out names another folder)."
        )
    artifacts.publish(run, out)


def promote(run: Path, out: Path, former: Path, force: bool) -> None:
    """Makes a finished run's network the served one, and keeps the one that was.

    Args:
        run: The run's folder.
        out: Where the network is served from.
        former: Where the one before is kept; a single one.
        force: Whether it is served although something speaks against it.

    Raises:
        TrainingError: If `objection` has one and it is not forced, or if it is served already.
        ArtifactError: If the run's network is damaged, or a file can't be written.
    """
    settle(out, former)
    Recognizer.load(run)
    report = artifacts.load_report(run)
    if is_served(report, out):
        raise TrainingError(f"The network of {report['run']} is served already.")
    against = objection(report, out)
    if against and not force:
        raise TrainingError(f"{against} Nothing was replaced.")
    _exchange(lambda: artifacts.publish(run, out), out, former)


def go_back(out: Path, former: Path) -> None:
    """Serves the former network again; what was served becomes the former one.

    Raises:
        ArtifactError: If there is no former network, it is damaged or can't be copied.
    """
    settle(out, former)
    Recognizer.load(former)
    _exchange(lambda: artifacts.copy_network(former, out), out, former)


def _exchange(serve: Callable[[], None], out: Path, former: Path) -> None:
    """Serves a network and keeps the one that was, wherever it is stopped on the way.

    What was served lies in a spare folder before anything is replaced, and the former network
    stays until another is served: whichever step was the last, `settle` can tell.
    """
    if origin(out) is not None:
        artifacts.copy_network(out, _spare(former))
    serve()
    settle(out, former)


def settle(out: Path, former: Path) -> None:
    """Ends an exchange of networks that was cut short, and clears away what it left.

    Raises:
        ArtifactError: If the former network can't be written.
    """
    spare = _spare(former)
    if former_of(out, former) == spare:
        artifacts.copy_network(spare, former)
    rubbish = former.with_name(f"{former.name}.old")
    with contextlib.suppress(OSError):
        shutil.rmtree(rubbish, ignore_errors=True)
        # At once, so that half of a folder is never taken for what was served.
        spare.rename(rubbish)
        shutil.rmtree(rubbish, ignore_errors=True)


def former_of(out: Path, former: Path) -> Path:
    """The folder of the network that one can go back to; only reads.

    It is the spare one where an exchange was cut short after a new network was served, and
    before the one that was served became the former.
    """
    spare = _spare(former)
    is_whole = origin(spare) is not None
    return spare if is_whole and not _are_alike(spare, out) else former


def _spare(former: Path) -> Path:
    return former.with_name(f"{former.name}.new")


def _are_alike(one: Path, other: Path) -> bool:
    """Whether two folders hold the same network, byte for byte."""
    try:
        return artifacts.sha256(one / artifacts.ONNX_FILE) == artifacts.sha256(
            other / artifacts.ONNX_FILE
        )
    except ArtifactError:
        return False


def origin(folder: Path) -> str | None:
    """The run that a folder's network comes from; `None` if no whole network is there."""
    try:
        return Recognizer.load(folder).version
    except ArtifactError:
        return None


def is_served(report: dict, out: Path) -> bool:
    """Whether the network of a report is the one in `out`, byte for byte."""
    try:
        return report["network"].get("sha256") == artifacts.sha256(out / artifacts.ONNX_FILE)
    except ArtifactError:
        return False


def objection(report: dict, out: Path, min_accuracy: float = MIN_ACCURACY) -> str:
    """What speaks against serving a network, in a sentence; `""` if nothing does.

    A fine-tuned one must not have forgotten validation images; the test set does not choose
    between it and the network that it came from.

    Args:
        report: The network's report.
        out: Where the present one is served from.
        min_accuracy: The share of the test images that it has to read.

    Raises:
        TrainingError: If the report was written by another version.
    """
    try:
        return _objection(report, out, min_accuracy)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise TrainingError(
            f"The report of the run {report.get('run')} was written by another version (it lacks "
            f"{str(error)[:120]}): train again."
        ) from error


def _objection(report: dict, out: Path, min_accuracy: float) -> str:
    if tuned := report.get("finetuning"):
        before, after = tuned["validation_before"], tuned["validation_after"]
        if not after >= before - MAX_LOSS:
            return (
                f"The network forgot too much: it reads {after:.2%} of the validation images "
                f"where it read {before:.2%} before, and {MAX_LOSS:.1%} less is allowed; look for "
                "wrong corrections on the Corrections page."
            )
    reached = report["test"]["accuracy"]
    if not reached >= min_accuracy:
        return (
            f"The network reads {reached:.2%} of the test images, and {min_accuracy:.2%} were "
            "asked for."
        )
    served = None if tuned else served_accuracy(out)
    if served is not None and served > reached:
        return (
            f"The network in {out} is better: {served:.2%} of the test images against "
            f"{reached:.2%}."
        )
    return ""


def served_accuracy(out: Path) -> float | None:
    """Test accuracy of the network served from a folder; `None` if no whole one is there."""
    try:
        Recognizer.load(out)
        return float(artifacts.load_report(out)["test"]["accuracy"])
    except (ArtifactError, KeyError, TypeError, ValueError, OverflowError):
        return None
