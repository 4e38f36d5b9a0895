"""Tables of sweeps: their trials, and what seeds make of the same settings."""

import math
import statistics

import pandas as pd

from model.files.runs import Run
from model.learning.config import BOUNDS, VARIED
from ui.results.report_tables import UNEXPECTED_FORM, finite

# Quantiles of Student's t distribution, two-sided 95 %, by degrees of freedom from 1; above 30 the
# normal distribution's is at most 4 % smaller.
_T_95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
_T_95 += (2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086)
_T_95 += (2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042)
_Z_95 = 1.960
WAYS = ("validation", "test")  # by which images a trial is measured
MAX_NAME = 300  # letters of a sweep's name that are shown


def by_sweep(runs: list[Run]) -> dict[str, list[Run]]:
    """The trials of each sweep by its name, the newest sweep first."""
    sweeps: dict[str, list[Run]] = {}
    for run in runs:
        name = run.config.get("sweep")
        if isinstance(name, str) and name:
            sweeps.setdefault(name[:MAX_NAME], []).append(run)
    return sweeps


def mean_interval(values: list[float]) -> tuple[float, float, float]:
    """The mean of a few values and its 95 % interval; the interval of one value is NaN.

    Source: Student, "The probable error of a mean", Biometrika 6 (1908) 1-25.

    Example:
        >>> mean, low, high = mean_interval([0.2, 0.4, 0.6])
        >>> round(mean, 3), round(low, 3), round(high, 3)
        (0.4, -0.097, 0.897)
    """
    mean, num = statistics.fmean(values), len(values)
    if num == 1:
        return mean, math.nan, math.nan
    t = _T_95[num - 2] if num - 2 < len(_T_95) else _Z_95
    half = t * statistics.stdev(values) / math.sqrt(num)
    return mean, mean - half, mean + half


def trials_table(runs: list[Run]) -> pd.DataFrame:
    """The finished trials of a sweep, the best on validation images first.

    Returns:
        Columns `run`, the settings that differ, in the words of the page, and `validation` and
        `test`: the shares wrong of these images.
    """
    rows = []
    for run in runs:
        try:
            settings = {name: _within(run.config[name], *BOUNDS[name]) for name in VARIED}
            wrong = {way: 1 - _within(run.report[way]["accuracy"], 0, 1) for way in WAYS}
        except UNEXPECTED_FORM:  # it has not finished, or is damaged
            continue
        rows.append({"run": run.name, **settings, **wrong})
    table = pd.DataFrame(rows, columns=["run", *VARIED, *WAYS])
    same = [name for name in VARIED if table[name].nunique() < 2]
    words = {name: name.replace("_", " ") for name in VARIED}
    table = table.drop(columns=same).rename(columns=words)
    return table.sort_values("validation", ignore_index=True)


def _within(value: object, low: float, high: float) -> float:
    """A number of a run's files that lies between two others.

    Raises:
        ValueError: If it does not.
    """
    number = finite(value)
    if not low <= number <= high:
        raise ValueError(f"{number} is not between {low} and {high}")
    return number


def groups_table(trials: pd.DataFrame) -> pd.DataFrame:
    """The means over seeds of trials with equal settings, the best first.

    Args:
        trials: As `trials_table` gives it.

    Returns:
        Columns `settings`, `way` ("validation" or "test"), `num` of seeds, `wrong` (the mean
        share), `low` and `high`.
    """
    names = [name for name in trials.columns if name not in ("run", "seed", *WAYS)]
    rows = []
    for values, group in trials.groupby(names) if names else [((), trials)]:
        each = zip(names, values, strict=True)
        words = ", ".join(f"{name} {value:.4g}" for name, value in each) or "all"
        for way in WAYS:
            mean, low, high = mean_interval(group[way].tolist())
            limits = {"low": max(low, 0.0), "high": high}
            rows.append({"settings": words, "way": way, "num": len(group), "wrong": mean, **limits})
    table = pd.DataFrame(rows)
    best = table[table["way"] == "validation"].sort_values("wrong")["settings"]
    order = {words: place for place, words in enumerate(best)}
    return table.sort_values("settings", key=lambda column: column.map(order), kind="stable")
