"""Tables for the dashboard, made from the files that training wrote."""

import pandas as pd

from model.artifacts import (
    HISTORY_FILE,
    REPORT_FILE,
    TRAINED,
    Run,
    load_history,
    load_report,
    load_runs,
)
from model.errors import ArtifactError

_CURVES = (
    ("accuracy", "accuracy", "training"),
    ("val_accuracy", "accuracy", "validation"),
    ("loss", "loss", "training"),
    ("val_loss", "loss", "validation"),
)


def served() -> tuple[dict, list[dict]]:
    """The served network's report and history.

    Raises:
        ArtifactError: If the report is missing, damaged, of another network or too old.
    """
    report = load_report(TRAINED)
    try:
        _ = summary(report), per_class_table(report["test"]), settings_table(report)
        _ = report["test"]["confusion"], report["test"]["reliability"]
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(
            f"The training report at {TRAINED / REPORT_FILE} was written by another version "
            f'(it lacks {error}): train again with "python train.py".'
        ) from error
    return report, load_history(TRAINED / HISTORY_FILE)


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


def about() -> str:
    """Which network is served: its run, date, data and accuracy, or why that is not known."""
    try:
        report, _ = served()
    except ArtifactError as error:
        return str(error)
    return f"{summary(report)} It reads {report['test']['accuracy']:.2%} of MNIST's test images."


def curves(histories: dict[str, list[dict]]) -> pd.DataFrame:
    """Histories as a long table with columns `epoch`, `measure`, `curve` and `value`."""
    rows = [
        {
            "epoch": int(row["epoch"]),
            "measure": measure,
            "curve": f"{name} {kind}".strip(),
            "value": row[key],
        }
        for name, history in histories.items()
        for row in history
        for key, measure, kind in _CURVES
        if key in row
    ]
    return pd.DataFrame(rows, columns=["epoch", "measure", "curve", "value"])


def per_class_table(test: dict) -> pd.DataFrame:
    """Precision, recall and F1 of each digit."""
    table = pd.DataFrame(test["per_class"])[["digit", "precision", "recall", "f1", "num_images"]]
    return table.rename(columns={"num_images": "images", "f1": "F1"})


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
    """One row a run."""
    rows = []
    for run in all_runs:
        test = (run.report or {}).get("test", {})
        rows.append(
            {
                "run": run.name,
                "test accuracy": f"{test['accuracy']:.2%}" if test else "not finished",
                "epochs": f"{len(run.history)} of {run.config.get('epochs', '?')}",
                "batch size": run.config.get("batch_size"),
                "seed": run.config.get("seed"),
                "learning rate": run.config.get("learning_rate"),
                "parameters": (run.report or {}).get("network", {}).get("num_parameters"),
            }
        )
    return pd.DataFrame(rows)
