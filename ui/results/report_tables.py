"""Tables for the dashboard, made from the files that training wrote.

Whatever a file lacks or holds in another form becomes an `ArtifactError` whose text a page shows.
"""

import functools
import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from model.errors import ArtifactError
from model.files.artifacts import (
    HISTORY_FILE,
    REPORT_FILE,
    RETRAIN,
    TRAINED,
    Run,
    load_card,
    load_history,
    load_report,
    load_runs,
)
from model.learning import evaluation

MOST_MISSES = 60_000  # images misread that are compared; MNIST has no more
SIGNIFICANT = 0.05  # below it, McNemar's p is called a difference
MOST_QUOTED = 120  # letters of an error in a sentence
MOST_POINTS = 200  # of a curve; more would look the same
_CURVES = (
    ("accuracy", "accuracy", "training"),
    ("val_accuracy", "accuracy", "validation"),
    ("loss", "loss", "training"),
    ("val_loss", "loss", "validation"),
    ("learning_rate", "learning rate", ""),
)
_PEN_GROUPS = (
    ("strokes", "All drawings"),
    ("slashed zero", "Zeros with a slash"),
    ("flagged one", "Ones with a flag"),
    ("crossed seven", "Sevens with a bar"),
    ("curled nine", "Nines with a curl"),
    ("pixels", "All, as pictures"),
)
# What reading a report of another form raises; JSON also knows Infinity.
_ODD = (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError)
MOST_IMAGES = 10**9  # of a test set; sums of larger counts would not be exact
_WAYS = {"pixels": "DigitPad's preparation", "plain resize": "plain resize"}


def of_report(what: str) -> Callable:
    """Has a function that reads a report say in a sentence what it could not find."""

    def decorate(read: Callable) -> Callable:
        @functools.wraps(read)
        def guarded(*arguments):
            try:
                return read(*arguments)
            except _ODD as error:
                raise ArtifactError(
                    f"{what} can't be shown: {REPORT_FILE} was written by another version or "
                    f"changed by hand ({type(error).__name__}: "
                    f"{str(error)[:MOST_QUOTED]}). {RETRAIN}"
                ) from error

        return guarded

    return decorate


def served() -> tuple[dict, list[dict]]:
    """The served network's report and history.

    Raises:
        ArtifactError: If one is damaged, or the report is missing or of another network.
    """
    return load_report(TRAINED), load_history(TRAINED / HISTORY_FILE)


def card() -> str:
    """The served network's model card, Markdown without its title, headings three levels lower.

    Raises:
        ArtifactError: If there is none or it can't be read.
    """
    title, _, rest = load_card(TRAINED).partition("\n")
    return (rest if title.startswith("# ") else f"{title}\n{rest}").replace("\n## ", "\n##### ")


@of_report("How the network was trained")
def summary(report: dict) -> str:
    """One line on when, with what and on what the network was trained."""
    data = report["data"]
    text = (
        f"{report['network']['name']}, run {report['run']}, trained {report['trained_at']} on "
        f"{data['num_training']:,} {data['training']}"
    )
    if data["num_validation"]:
        text += f", validated on {data['num_validation']:,} {data['validation']}"
    return text + f"; {report['seconds_per_epoch']:.0f} s an epoch."


@of_report("How good the network is")
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


def about() -> str:
    """Which network is served: its run, date, data and accuracy, or why that is not known."""
    try:
        report, _ = served()
        accuracy = headline(report)["Accuracy on the test set"]
        return f"{summary(report)} It reads {accuracy} of MNIST's test images."
    except ArtifactError as error:
        return str(error)


@of_report("What the curves are of")
def about_curves(report: dict) -> str:
    """What to know before reading the served network's curves, or `""`."""
    if not report["data"]["num_validation"]:
        return "This run trained on all images, so it has no validation curves."
    if report["config"].get("modern"):
        return (
            "Training frames are distorted, and some are no digit at all: the loss of those "
            "can't fall below 2.3 nats, so the training loss stays above the validation loss."
        )
    return ""


def smoothed(values: np.ndarray, weight: float) -> np.ndarray:
    """Exponential moving average whose first values are not drawn towards zero.

    Args:
        values: `(n,)`.
        weight: Of what came before, 0 (no smoothing) to below 1.

    Returns:
        `float64` array of shape `(n,)`.

    Source: the bias correction of D. Kingma and J. Ba, ICLR 2015, arXiv:1412.6980, section 3.

    Example:
        >>> smoothed(np.array([4.0, 1.0]), 0.5).tolist()
        [4.0, 2.0]
    """
    averages, average = np.empty(len(values)), 0.0
    for index, value in enumerate(values):
        average = weight * average + (1 - weight) * value
        averages[index] = average / (1 - weight ** (index + 1))
    return averages


def curves(
    histories: dict[str, list[dict]], weight: float = 0.0, log: bool = False
) -> pd.DataFrame:
    """Histories as a long table.

    Args:
        histories: Rows of epochs by the run's name.
        weight: Of the smoothing, as in `smoothed`; the learning rate stays as it is.
        log: Whether they are for a logarithmic axis: accuracy becomes the share that is wrong,
            and what is not above zero is left out.

    Returns:
        Columns `epoch`, `measure`, `curve`, `value` and `smooth`.
    """
    parts = []
    for name, history in histories.items():
        for key, measure, kind in _CURVES:
            rows = [(row["epoch"], row[key]) for row in history if key in row]
            rows = [row for row in rows if all(map(math.isfinite, row))]
            if not rows:
                continue
            epochs, values = np.array(rows).T
            if log and measure == "accuracy":
                values = 1 - values
            smooth = values if measure == "learning rate" else smoothed(values, weight)
            parts.append(
                pd.DataFrame(
                    {
                        "epoch": epochs.astype(int),
                        "measure": measure,
                        "curve": f"{name} {kind}".strip() or measure,
                        "value": values,
                        "smooth": smooth,
                    }
                )
            )
    if not parts:
        return pd.DataFrame(columns=["epoch", "measure", "curve", "value", "smooth"])
    table = pd.concat(parts, ignore_index=True)
    return table[(table["value"] > 0) & (table["smooth"] > 0)] if log else table


@of_report("The confusion matrix")
def confusion(report: dict) -> np.ndarray:
    """Counts of `[true label, predicted label]`, an `int64` array of shape `(10, 10)`."""
    counts = np.array([[int(num) for num in row] for row in report["test"]["confusion"]], np.int64)
    if counts.shape != (10, 10) or counts.min() < 0 or counts.max() > MOST_IMAGES:
        raise ValueError(f"counts of shape {counts.shape}")
    return counts


def confusion_table(counts: np.ndarray) -> pd.DataFrame:
    """The mistakes, the most frequent first: columns `true label`, `predicted label`, `images`."""
    pairs = [(int(t), int(p), int(counts[t, p])) for t, p in np.argwhere(counts) if t != p]
    pairs.sort(key=lambda row: (-row[2], row))
    return pd.DataFrame(pairs, columns=["true label", "predicted label", "images"])


def per_class_table(counts: np.ndarray) -> pd.DataFrame:
    """Precision, recall with its Wilson interval, and F1 of each digit.

    Args:
        counts: `(10, 10)`, as `confusion` gives it.
    """
    rows = []
    for row in evaluation.per_class(counts):
        low, high = evaluation.wilson_interval(
            int(counts[row["digit"]][row["digit"]]), row["num_images"]
        )
        rows.append(
            {
                "digit": row["digit"],
                "recall": row["recall"],
                "from": low,
                "to": high,
                "precision": row["precision"],
                "F1": row["f1"],
                "images": row["num_images"],
            }
        )
    return pd.DataFrame(rows)


@of_report("Calibration")
def reliability_table(report: dict) -> tuple[pd.DataFrame, float]:
    """Stated confidence against what was right, and the calibration error.

    Returns:
        Columns `confidence` (mean), `accuracy`, `low`, `high` (Wilson's), `images`, and `start`
        and `end` of the bin; and the expected calibration error, 0 to 1.
    """
    rows = []
    for row in report["test"]["reliability"]:
        confidence, accuracy, num = (
            _number(row["confidence"]),
            _number(row["accuracy"]),
            int(row["num_all"]),
        )
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
    return pd.DataFrame(rows), _number(report["test"]["ece"])


def risk_table(probabilities: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """`evaluation.risk_coverage` as a table of few rows, most of them where nearly all is answered.

    Returns:
        Columns `answered`, `wrong` (shares) and `threshold`.
    """
    curve = evaluation.risk_coverage(probabilities, labels)
    num = len(curve["risk"])
    from_the_end = np.geomspace(1, num, min(num, MOST_POINTS)).round().astype(int)
    which = np.unique(num - from_the_end)
    return pd.DataFrame(
        {
            "answered": curve["coverage"][which],
            "wrong": curve["risk"][which],
            "threshold": curve["threshold"][which],
        }
    )


@of_report("How pen drawings are read")
def pen_table(report: dict) -> pd.DataFrame:
    """Accuracy on pen drawings by way of writing; columns as in `widths_table`, and no rows
    where they were not measured."""
    pen = report.get("pen", {})
    return _intervals((name, "strokes", pen[key]) for key, name in _PEN_GROUPS if key in pen)


@of_report("How pen drawings are read with each pen")
def widths_table(report: dict) -> pd.DataFrame:
    """Accuracy on pen drawings as pictures, by pen width and preparation.

    Returns:
        Columns `name`, `way`, `accuracy`, `low`, `high`, `right` and `images`; no rows where a
        report has no such figures.
    """
    return _intervals(
        (f"{int(row['pen_width'])} pixels", _WAYS.get(row["way"], str(row["way"])), row)
        for row in report.get("pen", {}).get("widths", [])
    )


@of_report("What else was measured on pen drawings")
def about_pen(report: dict) -> str:
    """Refusals, answer sets and letters, in a sentence each; `""` where they are not known."""
    pen = report.get("pen", {})
    parts = []
    if "refused" in pen:
        parts.append(f"{pen['refused']:.2%} of the drawings are refused as no digit.")
    if "covered" in pen:
        parts.append(
            f"{pen['covered']:.2%} of the answers hold the truth, with {pen['set_size']:.3f} "
            "digits on average."
        )
    if "ece" in pen:
        parts.append(f"Calibration error {pen['ece']:.4f}.")
    if "auroc" in pen:
        parts.append(
            f"Letters that look like no digit are told apart with AUROC {pen['auroc']:.3f}."
        )
    return " ".join(parts)


@of_report("Settings, data and software")
def settings_table(report: dict) -> pd.DataFrame:
    """Settings, data and software, a row each."""
    rows = [
        {"setting": key, "value": str(value)}
        for part in ("config", "data", "software")
        for key, value in report[part].items()
    ]
    return pd.DataFrame(rows)


def runs() -> list[Run]:
    """All runs in `runs/`, newest first."""
    return load_runs()


def runs_table(all_runs: list[Run]) -> pd.DataFrame:
    """One row a run; what a run does not say is missing, not a word."""
    rows = []
    for run in all_runs:
        test, network = ((run.report or {}).get(part, {}) for part in ("test", "network"))
        rows.append(
            {
                "run": run.name,
                "test accuracy": _maybe(test.get("accuracy")),
                "from": _maybe(test.get("low")),
                "to": _maybe(test.get("high")),
                "validation": _maybe(run.history[-1].get("val_accuracy")) if run.history else None,
                "epochs done": len(run.history),
                "epochs": _maybe(run.config.get("epochs")),
                "batch size": _maybe(run.config.get("batch_size")),
                "learning rate": _maybe(run.config.get("learning_rate")),
                "weight decay": _maybe(run.config.get("weight_decay")),
                "seed": _maybe(run.config.get("seed")),
                "parameters": _maybe(network.get("num_parameters")),
            }
        )
    table = pd.DataFrame(rows)
    return table.astype({name: float for name in table.columns if name != "run"})


def differing_settings(chosen: list[Run]) -> pd.DataFrame:
    """The settings that differ between runs: a row a setting, a column a run."""
    keys = dict.fromkeys(key for run in chosen for key in run.config)
    rows = [
        {"setting": key} | {run.name: str(run.config.get(key, "–")) for run in chosen}
        for key in keys
        if len({str(run.config.get(key)) for run in chosen}) > 1
    ]
    return pd.DataFrame(rows, columns=["setting", *(run.name for run in chosen)])


def difference(a: Run, b: Run) -> str:
    """What McNemar's test says of two runs, in a sentence."""
    of_a, of_b = _misses(a), _misses(b)
    for run, found in ((a, of_a), (b, of_b)):
        if found is None:
            return f"{run.name} does not say which test images it misreads: it can't be compared."
    if of_a[0] != of_b[0]:
        return f"{a.name} and {b.name} were tested on different images: they can't be compared."
    figures = evaluation.mcnemar(of_a[1], of_b[1])
    p = figures["p"]
    said = "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
    verdict = (
        f"a difference that chance alone would seldom make (p below {SIGNIFICANT})"
        if p < SIGNIFICANT
        else "no difference that could be told from chance"
    )
    return (
        f"{a.name} reads {_images(figures['only_a_right'])} that {b.name} misreads, {b.name} reads "
        f"{_images(figures['only_b_right'])} that {a.name} misreads: {said}, {verdict}."
    )


def _misses(run: Run) -> tuple[tuple[str, int], list[int]] | None:
    """The test set's name and size, and the images misread; `None` unless they are all there."""
    try:
        test = run.report["test"]
        misses = [int(index) for index in test["misses"][:MOST_MISSES]]
        is_whole = len(set(misses)) == len(misses) == test["num_all"] - test["num_right"]
        return ((str(run.report["data"]["test"]), test["num_all"]), misses) if is_whole else None
    except _ODD:
        return None


def _images(num: int) -> str:
    return "1 image" if num == 1 else f"{num:,} images"


def _intervals(rows) -> pd.DataFrame:
    """A table of names, ways and accuracies from `(name, way, figures)`."""
    columns = ["name", "way", "accuracy", "low", "high", "right", "images"]
    keys = ("accuracy", "low", "high", "num_right", "num_all")
    found = [(name, way, *(_number(figures[key]) for key in keys)) for name, way, figures in rows]
    return pd.DataFrame(found, columns=columns).astype({"right": int, "images": int})


def _number(value: object) -> float:
    """A finite number, and nothing that only looks like one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _maybe(value: object) -> float | None:
    try:
        return _number(value)
    except (ValueError, OverflowError):  # a whole number too large to be a float
        return None
