"""Tables and sentences that compare training runs: settings, metrics, learning curves."""

import math

import numpy as np
import pandas as pd

from model.errors import ArtifactError
from model.files import served
from model.files.runs import HISTORY_FILE, Run, load_history, load_report, load_runs
from model.learning import evaluation
from ops.settings import settings
from ui import networks
from ui.results.report_tables import UNEXPECTED_FORM, confusion, finite

MAX_MISSES = 60_000  # misread images that are compared; MNIST has no more
SIGNIFICANT = 0.05  # below it, McNemar's p is called a difference
ERROR, VALIDATION = "share wrong", "validation"
_CURVES = (
    ("accuracy", ERROR, "training"),
    ("val_accuracy", ERROR, VALIDATION),
    ("loss", "loss", "training"),
    ("val_loss", "loss", VALIDATION),
    ("learning_rate", "learning rate", ""),
)


def runs() -> list[Run]:
    """All runs in `runs/`, newest first."""
    return load_runs(settings().runs)


def shipped() -> Run:
    """The shipped network as if it were a run.

    Raises:
        ArtifactError: If its report or its history is damaged.
    """
    report = load_report(served.SHIPPED)
    return Run(
        networks.SHIPPED, report["config"], load_history(served.SHIPPED / HISTORY_FILE), report
    )


def smoothed(values: np.ndarray, weight: float) -> np.ndarray:
    """Exponential moving average, corrected so that the first values are not drawn towards zero.

    Args:
        values: `(n,)`.
        weight: Of the previous values, 0 (no smoothing) to below 1.

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
        weight: Of the smoothing, as in `smoothed`; the learning rate is never smoothed.
        log: Whether they are for a logarithmic axis, which has no place for zero.

    Returns:
        Columns `epoch`, `measure`, `curve`, `value`, `smooth` and `is_best`: whether a validation
        curve is lowest there. Accuracy is shown as the share that is wrong.
    """
    parts = []
    for name, history in histories.items():
        for key, measure, kind in _CURVES:
            rows = [(row["epoch"], row[key]) for row in history if key in row]
            rows = [row for row in rows if all(map(math.isfinite, row))]
            if not rows:
                continue
            epochs, values = np.array(rows).T
            if measure == ERROR:
                values = 1 - values
            parts.append(
                {
                    "epoch": epochs.astype(int),
                    "measure": np.full(len(values), measure, object),
                    "curve": np.full(len(values), f"{name} {kind}".strip() or measure, object),
                    "value": values,
                    "smooth": smoothed(values, 0 if measure == "learning rate" else weight),
                    "is_best": (np.arange(len(values)) == values.argmin()) & (kind == VALIDATION),
                }
            )
    if not parts:
        return pd.DataFrame(columns=["epoch", "measure", "curve", "value", "smooth", "is_best"])
    table = pd.DataFrame(
        {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    )
    return table[(table["value"] > 0) & (table["smooth"] > 0)] if log else table


def step_curves(
    steps: list[dict], history: list[dict], weight: float = 0.0, log: bool = False
) -> pd.DataFrame:
    """A run's file of steps, and its validation at the end of each epoch, as a long table.

    Args:
        steps: Rows as `load_steps` gives them, at least one.
        history: Rows of epochs.
        weight: Of the smoothing, as in `smoothed`; validation is never smoothed.
        log: Whether they are for a logarithmic axis, which has no place for zero; NaN is there.

    Returns:
        As `curves`, with a column `step` instead of `epoch`.
    """
    trained = curves({"": [row | {"epoch": row["step"]} for row in steps]}, weight)
    trained = trained[trained["curve"] == "training"]
    validated = curves({"": history})
    validated = validated[validated["curve"] == VALIDATION]
    if len(validated):
        per_epoch = steps[-1]["step"] / steps[-1]["epoch"]
        validated = validated.assign(epoch=(validated["epoch"] * per_epoch).round().astype(int))
    table = pd.concat([trained, validated], ignore_index=True).rename(columns={"epoch": "step"})
    if not log:
        return table
    # The few images of a row are often all right: the smoothed curve goes on there.
    table["value"] = table["value"].where(table["value"] > 0)
    return table[table["smooth"] > 0]


def runs_table(runs: list[Run]) -> pd.DataFrame:
    """One row per run; numbers that a run lacks are NaN, so that columns sort as numbers."""
    rows = []
    for run in runs:
        test, network = ((run.report or {}).get(part, {}) for part in ("test", "network"))
        last_epoch = run.history[-1] if run.history else {}
        rows.append(
            {
                "run": run.name,
                "test accuracy": _finite_or_none(test.get("accuracy")),
                "from": _finite_or_none(test.get("low")),
                "to": _finite_or_none(test.get("high")),
                "validation": _finite_or_none(last_epoch.get("val_accuracy")),
                "epochs done": len(run.history),
                "epochs": _finite_or_none(run.config.get("epochs")),
                "batch size": _finite_or_none(run.config.get("batch_size")),
                "learning rate": _finite_or_none(run.config.get("learning_rate")),
                "weight decay": _finite_or_none(run.config.get("weight_decay")),
                "seed": _finite_or_none(run.config.get("seed")),
                "parameters": _finite_or_none(network.get("num_parameters")),
            }
        )
    table = pd.DataFrame(rows)
    return table.astype({name: float for name in table.columns if name != "run"})


def differing_settings(runs: list[Run]) -> pd.DataFrame:
    """The settings that differ between runs: a row per setting, a column per run."""
    keys = dict.fromkeys(key for run in runs for key in run.config)
    rows = [
        {"setting": key} | {run.name: str(run.config.get(key, "–")) for run in runs}
        for key in keys
        if len({str(run.config.get(key)) for run in runs}) > 1
    ]
    return pd.DataFrame(rows, columns=["setting", *(run.name for run in runs)])


def difference(a: Run, b: Run) -> str:
    """The result of McNemar's test on two runs, in a sentence."""
    of_a, of_b = _misses(a), _misses(b)
    for run, misses in ((a, of_a), (b, of_b)):
        if misses is None:
            return f"{run.name} does not say which test images it misreads: it can't be compared."
    if of_a[0] != of_b[0]:
        return f"{a.name} and {b.name} were tested on different images: they can't be compared."
    figures = evaluation.mcnemar(of_a[1], of_b[1])
    p = figures["p"]
    p_text = "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
    verdict = (
        f"statistically significant (below {SIGNIFICANT})"
        if p < SIGNIFICANT
        else "not statistically significant"
    )
    return (
        f"{a.name} reads {_images(figures['only_a_right'])} that {b.name} misreads, {b.name} reads "
        f"{_images(figures['only_b_right'])} that {a.name} misreads: {p_text}, {verdict}."
    )


def confusion_difference(a: Run, b: Run) -> np.ndarray | None:
    """How many images more B reads as each digit than A.

    Args:
        a, b: Two runs.

    Returns:
        `int64` array of shape `(10, 10)`, `[true label, predicted label]`; `None` if a run lacks
        its counts, or they are of other images.
    """
    try:
        counts_a, counts_b = (confusion(run.report or {}) for run in (a, b))
    except ArtifactError:
        return None
    same = np.array_equal(counts_a.sum(axis=1), counts_b.sum(axis=1))
    return counts_b - counts_a if same else None


def _misses(run: Run) -> tuple[tuple[str, int], list[int]] | None:
    """The test set's name and size, and the misread images; `None` unless all are listed."""
    try:
        test = run.report["test"]
        misses = [int(index) for index in test["misses"][:MAX_MISSES]]
        is_whole = len(set(misses)) == len(misses) == test["num_all"] - test["num_right"]
        return ((str(run.report["data"]["test"]), test["num_all"]), misses) if is_whole else None
    except UNEXPECTED_FORM:
        return None


def _images(num: int) -> str:
    return "1 image" if num == 1 else f"{num:,} images"


def _finite_or_none(value: object) -> float | None:
    try:
        return finite(value)
    except (ValueError, OverflowError):  # a whole number too large for a float
        return None
