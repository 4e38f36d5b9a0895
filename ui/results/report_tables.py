"""Tables and sentences for the dashboard, made from the served network's report.

Missing or malformed parts of a report raise an `ArtifactError`, which the page shows.
"""

import functools
import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from model.errors import ArtifactError
from model.files.atomic import RETRAIN
from model.files.runs import (
    HISTORY_FILE,
    REPORT_FILE,
    load_card,
    load_history,
    load_report,
)
from model.files.served import current
from model.learning import evaluation
from ops.settings import settings

MAX_QUOTED = 120  # letters of an exception in a sentence
MAX_POINTS = 200  # of a curve; more would look the same
MAX_IMAGES = 10**9  # of a test set; sums of larger counts would not be exact
# Exceptions raised by reading a report of another form; JSON may also hold Infinity.
UNEXPECTED_FORM = (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError)
_PEN_GROUPS = (
    ("strokes", "All drawings"),
    ("slashed zero", "Zeros with a slash"),
    ("flagged one", "Ones with a flag"),
    ("crossed seven", "Sevens with a bar"),
    ("curled nine", "Nines with a curl"),
    ("pixels", "All, as pictures"),
)
_WAYS = {"pixels": "DigitPad's preparation", "plain resize": "plain resize"}


def reads_report(what: str) -> Callable:
    """Decorates a function that reads a report: an unexpected form becomes an `ArtifactError`.

    Args:
        what: The part of the page that can't be shown then, as the beginning of a sentence.
    """

    def decorate(read: Callable) -> Callable:
        @functools.wraps(read)
        def checked(*arguments):
            try:
                return read(*arguments)
            except UNEXPECTED_FORM as error:
                raise ArtifactError(
                    f"{what} can't be shown: {REPORT_FILE} was written by another version or "
                    f"changed by hand ({type(error).__name__}: "
                    f"{str(error)[:MAX_QUOTED]}). {RETRAIN}"
                ) from error

        return checked

    return decorate


def served() -> tuple[dict, list[dict]]:
    """The served network's report and history.

    Raises:
        ArtifactError: If one is damaged, or the report is missing or about another network.
    """
    folder = current(settings().runs)
    return load_report(folder), load_history(folder / HISTORY_FILE)


def card() -> str:
    """The served network's model card, Markdown without its title, headings three levels lower.

    Raises:
        ArtifactError: If it is missing or can't be read.
    """
    title, _, rest = load_card(current(settings().runs)).partition("\n")
    return (rest if title.startswith("# ") else f"{title}\n{rest}").replace("\n## ", "\n##### ")


@reads_report("How the network was trained")
def summary(report: dict) -> str:
    """One line: which network, when and on which images it was trained."""
    data = report["data"]
    text = (
        f"{report['network']['name']}, run {report['run']}, trained {report['trained_at']} on "
        f"{data['num_training']:,} {data['training']}"
    )
    if data["num_validation"]:
        text += f", validated on {data['num_validation']:,} {data['validation']}"
    return text + f"; {report['seconds_per_epoch']:.0f} s per epoch."


@reads_report("How good the network is")
def headline(report: dict) -> dict[str, str]:
    """The figures on top of the dashboard, by name."""
    test, network = report["test"], report["network"]
    return {
        "Accuracy on the test set": f"{test['accuracy']:.2%}",
        "95 % interval": f"{test['low']:.2%} – {test['high']:.2%}",
        "Wrong": f"{test['num_all'] - test['num_right']} of {test['num_all']:,}",
        "Parameters": f"{network['num_parameters']:,}",
        "File": f"{network['num_bytes'] / 1e6:.1f} MB",
    }


@reads_report("What the curves show")
def about_curves(report: dict) -> str:
    """What to know before reading the served network's curves, or `""`."""
    if not report["data"]["num_validation"]:
        return "This run trained on all images, so it has no validation curves."
    if report["config"].get("modern"):
        return (
            "Training images are distorted, and some show no digit: on those the loss can't fall "
            "below 2.3 nats, so the training loss stays above the validation loss."
        )
    return ""


@reads_report("The confusion matrix")
def confusion(report: dict) -> np.ndarray:
    """Counts of `[true label, predicted label]`, an `int64` array of shape `(10, 10)`."""
    counts = np.array([[int(num) for num in row] for row in report["test"]["confusion"]], np.int64)
    if counts.shape != (10, 10) or counts.min() < 0 or counts.max() > MAX_IMAGES:
        raise ValueError(f"counts of shape {counts.shape}")
    return counts


def confusion_table(counts: np.ndarray) -> pd.DataFrame:
    """The mistakes, the most frequent first: columns `true label`, `predicted label`, `images`."""
    return difference_table(counts - np.diag(np.diag(counts)))


def difference_table(counts: np.ndarray) -> pd.DataFrame:
    """Cells that are not zero, the largest first, with columns as in `confusion_table`."""
    cells = [(int(t), int(p), int(counts[t, p])) for t, p in np.argwhere(counts)]
    cells.sort(key=lambda row: (-abs(row[2]), row))
    return pd.DataFrame(cells, columns=["true label", "predicted label", "images"])


def per_class_table(counts: np.ndarray) -> pd.DataFrame:
    """Precision, recall with its Wilson interval, and F1 of each digit.

    Args:
        counts: `(10, 10)`, as `confusion` returns it.
    """
    rows = []
    for row in evaluation.per_class(counts):
        digit = row["digit"]
        low, high = evaluation.wilson_interval(int(counts[digit][digit]), row["num_images"])
        rows.append(
            {
                "digit": digit,
                "recall": row["recall"],
                "from": low,
                "to": high,
                "precision": row["precision"],
                "F1": row["f1"],
                "images": row["num_images"],
            }
        )
    return pd.DataFrame(rows)


@reads_report("Calibration")
def reliability_table(report: dict) -> tuple[pd.DataFrame, float]:
    """Stated confidence beside the share that was right, and the calibration error.

    Returns:
        Columns `confidence` (mean), `accuracy`, `low`, `high` (Wilson interval), `images`, and
        `start` and `end` of the bin; and the expected calibration error, 0 to 1.
    """
    rows = []
    for row in report["test"]["reliability"]:
        confidence, accuracy = finite(row["confidence"]), finite(row["accuracy"])
        num = int(row["num_all"])
        low, high = evaluation.wilson_interval(round(accuracy * num), num)
        index = min(int(confidence * evaluation.NUM_BINS), evaluation.NUM_BINS - 1)
        rows.append(
            {
                "confidence": confidence,
                "accuracy": accuracy,
                "low": low,
                "high": high,
                "images": num,
                "start": index / evaluation.NUM_BINS,
                "end": (index + 1) / evaluation.NUM_BINS,
            }
        )
    if not rows:
        raise ValueError("no bins")
    return pd.DataFrame(rows), finite(report["test"]["ece"])


def risk_table(probabilities: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """`evaluation.risk_coverage` in at most `MAX_POINTS` rows, dense where most is answered.

    Returns:
        Columns `answered`, `wrong` (shares, 0 to 1) and `threshold`.
    """
    curve = evaluation.risk_coverage(probabilities, labels)
    num = len(curve["risk"])
    from_the_end = np.geomspace(1, num, min(num, MAX_POINTS)).round().astype(int)
    which = np.unique(num - from_the_end)
    return pd.DataFrame(
        {
            "answered": curve["coverage"][which],
            "wrong": curve["risk"][which],
            "threshold": curve["threshold"][which],
        }
    )


@reads_report("Accuracy by data set")
def sets_table(report: dict) -> pd.DataFrame:
    """Accuracy on MNIST and on each data set that `benchmarks.recognition` measured.

    Returns:
        Columns as in `widths_table`, a row per data set.
    """
    pen = report.get("pen", {})
    rows = [("MNIST test", report["test"])]
    if "strokes" in pen:
        rows.append(("UNIPEN", pen["strokes"]))
    rows += [(str(figures["name"]), figures) for figures in pen.get("sets", [])]
    if "pictures" in pen:
        rows.append(("photos and pictures", pen["pictures"]))
    return _intervals((name, "", figures) for name, figures in rows)


@reads_report("Accuracy on pen drawings")
def pen_table(report: dict) -> pd.DataFrame:
    """Accuracy on pen drawings by way of writing.

    Returns:
        Columns as in `widths_table`; no rows if the report has no such figures.
    """
    pen = report.get("pen", {})
    return _intervals((name, "strokes", pen[key]) for key, name in _PEN_GROUPS if key in pen)


@reads_report("Accuracy by pen width")
def widths_table(report: dict) -> pd.DataFrame:
    """Accuracy on pen drawings as pictures, by pen width and preparation.

    Returns:
        Columns `name`, `way`, `accuracy`, `low`, `high`, `right` and `images`; no rows if the
        report has no such figures.
    """
    return _intervals(
        (f"{int(row['pen_width'])} pixels", _WAYS.get(row["way"], str(row["way"])), row)
        for row in report.get("pen", {}).get("widths", [])
    )


@reads_report("Further figures on pen drawings")
def about_pen(report: dict) -> str:
    """Refusals, answer sets and letters, a sentence each; `""` if the report has none of them."""
    pen = report.get("pen", {})
    parts = []
    if "refused" in pen:
        parts.append(f"{pen['refused']:.2%} of the drawings are refused as no digit.")
    if "covered" in pen:
        parts.append(
            f"{pen['covered']:.2%} of the answers contain the true digit, with "
            f"{pen['set_size']:.3f} digits on average."
        )
    if "ece" in pen:
        parts.append(f"Calibration error {pen['ece']:.4f}.")
    if "auroc" in pen:
        parts.append(f"Letters are distinguished from digits with an AUROC of {pen['auroc']:.3f}.")
    return " ".join(parts)


@reads_report("Settings, data and software")
def settings_table(report: dict) -> pd.DataFrame:
    """Settings, data and software, a row each: columns `setting` and `value`."""
    rows = [
        {"setting": key, "value": str(value)}
        for part in ("config", "data", "software")
        for key, value in report[part].items()
    ]
    return pd.DataFrame(rows)


def finite(value: object) -> float:
    """A number of a report as a float.

    Raises:
        ValueError: If it is not a finite number; `True` and `"1"` are not.

    Example:
        >>> finite(1)
        1.0
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a finite number")
    return float(value)


def _intervals(rows) -> pd.DataFrame:
    """A table of names, ways and accuracies from `(name, way, figures)`."""
    columns = ["name", "way", "accuracy", "low", "high", "right", "images"]
    keys = ("accuracy", "low", "high", "num_right", "num_all")
    found = [(name, way, *(finite(figures[key]) for key in keys)) for name, way, figures in rows]
    return pd.DataFrame(found, columns=columns).astype({"right": int, "images": int})
