"""Reads and writes the folders of training runs.

A run first writes its settings to its folder. While it trains, `history.csv` grows and
`checkpoint.keras` is replaced each epoch; `progress` writes what changes with the steps.
`report.json` is written last; after that nothing in the folder changes.
"""

import contextlib
import csv
import io
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from model.errors import ArtifactError, TrainingError
from model.files.atomic import (
    LOCK_TIMEOUT,
    RETRAIN,
    load_json,
    locked,
    make_folder,
    one_line,
    read_text,
    save_json,
    sha256,
    write_atomically,
)
from model.files.model_card import render_card

RUNS = Path(__file__).parents[2] / "runs"  # unless the caller names another folder

ONNX_FILE = "digits.onnx"
INT8_FILE = "digits-int8.onnx"  # for --fast; a run whose int8 network was refused has none
KERAS_FILE = "digits.keras"
REPORT_FILE = "report.json"
HISTORY_FILE = "history.csv"
CONFIG_FILE = "config.json"
CHECKPOINT_FILE = "checkpoint.keras"
CARD_FILE = "README.md"
LOOK_ALIKES_FILE = "lookalikes.npz"
# What a finished run has and the repository ships; copied in this order, the report last.
NETWORK_FILES = (ONNX_FILE, KERAS_FILE, LOOK_ALIKES_FILE, HISTORY_FILE, CARD_FILE, REPORT_FILE)
TEST_READS_FILE = "test-set-reads.txt"  # in the runs' folder: a run's name per line

MAX_EPOCHS = 10_000  # as many as `train.py` takes


@dataclass(frozen=True)
class Run:
    """One training run as its folder tells it.

    Attributes:
        name: The folder's name.
        config: The settings, empty if they can't be read.
        history: One dict of floats per epoch.
        report: The report, or `None` while the run has not finished.
        problem: One sentence if a file is damaged or missing, else `""`.
    """

    name: str
    config: dict
    history: list[dict]
    report: dict | None
    problem: str = ""


def start_run(config: dict, folder: Path, kind: str) -> Path:
    """Makes a new run's folder, named by time and kind, with its settings in it.

    Raises:
        ArtifactError: If it can't be made.
    """
    stem = f"{datetime.now():%Y%m%d-%H%M%S}-{kind}"
    run = folder / stem
    number = 2
    while not make_folder(run):  # another run may begin in this very second
        run = folder / f"{stem}-{number}"
        number += 1
    save_json(run / CONFIG_FILE, config)
    return run


def load_runs(folder: Path) -> list[Run]:
    """All runs in a folder, newest first; an unreadable one comes with its `problem`."""
    try:
        names = [path.name for path in folder.iterdir() if path.is_dir()]
    except (OSError, ValueError):  # there is none, or its name is none
        return []
    shown = [name for name in names if name.encode(errors="replace").decode() == name]
    return [load_run(folder / name) for name in sorted(shown, reverse=True)]


def load_run(folder: Path) -> Run:
    """One run, as far as its files can be read."""
    problems: list[str] = []

    def attempt(load: Callable, otherwise):
        try:
            return load()
        except ArtifactError as error:
            problems.append(str(error).split(" Train one with")[0])
            return otherwise

    config = attempt(lambda: load_json(folder / CONFIG_FILE, "configuration"), {})
    history = attempt(lambda: load_history(folder / HISTORY_FILE), [])
    report = None
    if (folder / REPORT_FILE).exists():
        report = attempt(lambda: load_report(folder), None)
    return Run(folder.name, config, history, report, " ".join(problems))


def find_run(name: str, runs: Path) -> Path:
    """A run's folder, by its path or by its name in the runs' folder.

    Raises:
        TrainingError: If there is none.
    """
    for folder in (Path(name), runs / name):
        with contextlib.suppress(OSError, ValueError):  # a name that no folder can have
            if folder.is_dir():
                return folder
    raise TrainingError(
        f"There is no run {name[:200]}, neither as a folder nor in {runs}: look there for its name."
    )


def newest_unfinished(folder: Path, preset: str) -> Path | None:
    """The newest run of a preset with a checkpoint and no report; a sweep's trials are left out."""
    for run in load_runs(folder):
        path = folder / run.name
        is_unfinished = run.report is None and (path / CHECKPOINT_FILE).exists()
        is_trial = bool(run.config.get("sweep"))
        if is_unfinished and not is_trial and run.config.get("preset") == preset:
            return path
    return None


def save_history(path: Path, history: list[dict]) -> None:
    """Writes one CSV row per epoch; the columns are those of the first."""
    text = io.StringIO()
    if history:
        writer = csv.DictWriter(text, list(history[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)
    write_atomically(path, lambda temporary: temporary.write_text(text.getvalue()))


def load_history(path: Path) -> list[dict]:
    """Reads a history; `[]` if there is none yet.

    Raises:
        ArtifactError: If it is damaged.
    """
    try:
        reader = csv.DictReader(io.StringIO(read_text(path), newline=""))
        rows = [
            {key: float(value) for key, value in row.items()}
            for row in itertools.islice(reader, MAX_EPOCHS + 1)
        ]
        if len(rows) > MAX_EPOCHS:
            raise ValueError(f"more than {MAX_EPOCHS:,} epochs")
        if not all(0 <= row.get("epoch", -1) <= MAX_EPOCHS for row in rows):  # NaN fails, too
            raise ValueError("no epochs")
        return rows
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, AttributeError, csv.Error) as error:
        raise ArtifactError(
            f"The history at {path} can't be read ({one_line(error)}). {RETRAIN}"
        ) from error


def save_report(folder: Path, report: dict) -> None:
    """Writes a network's report and the model card made from it, the report last."""
    card = render_card(report)
    write_atomically(folder / CARD_FILE, lambda temporary: temporary.write_text(card))
    save_json(folder / REPORT_FILE, report)


def load_report(folder: Path) -> dict:
    """The report on the network in `folder`; `check_network` tells whether they belong together.

    Raises:
        ArtifactError: If it is missing, damaged or lacks a part.
    """
    report = load_json(folder / REPORT_FILE, "training report")
    parts = {"config": dict, "data": dict, "network": dict, "test": dict}
    parts |= {"run": str, "trained_at": str}
    odd = [key for key, kind in parts.items() if not isinstance(report.get(key), kind)]
    if not odd and not isinstance(report["network"].get("sha256"), str):
        odd = ["network's sha256"]
    if odd:
        raise ArtifactError(
            f"The training report at {folder / REPORT_FILE} lacks {', '.join(sorted(odd))}. "
            f"{RETRAIN}"
        )
    return report


def check_network(folder: Path) -> dict:
    """Checks that the network file in `folder` is the one its report was written about.

    Returns:
        The report.

    Raises:
        ArtifactError: If either is missing or damaged, or they don't belong together.
    """
    report = load_report(folder)
    path = folder / ONNX_FILE
    if report["network"]["sha256"] != sha256(path):
        raise ArtifactError(
            f"The network at {path} is damaged or was replaced: its SHA-256 is not the one in "
            f"{REPORT_FILE} beside it. {RETRAIN}"
        )
    return report


def load_card(folder: Path) -> str:
    """The model card of the network in `folder`, Markdown.

    Raises:
        ArtifactError: If there is none or it can't be read.
    """
    path = folder / CARD_FILE
    try:
        return read_text(path)
    except FileNotFoundError as error:
        raise ArtifactError(f"There is no model card at {path}. {RETRAIN}") from error
    except (OSError, ValueError) as error:
        raise ArtifactError(
            f"The model card at {path} can't be read ({one_line(error)}). {RETRAIN}"
        ) from error


def count_test_read(run: Path) -> int:
    """Notes that a run's network was measured on the test set, in the runs' folder.

    A test set that chooses between candidates stops being one, so reports say how often it
    was read.

    Returns:
        How many runs have been measured, this one included.

    Raises:
        ArtifactError: If the note can't be read or written.
    """
    path = run.parent / TEST_READS_FILE
    with locked(run.parent, LOCK_TIMEOUT):  # two runs may end at once
        try:
            names = path.read_text().split() if path.exists() else []
        except (OSError, ValueError) as error:
            raise ArtifactError(f"{path} can't be read ({error}): repair or remove it.") from error
        if run.name not in names:
            names.append(run.name)
            write_atomically(path, lambda temporary: temporary.write_text("\n".join(names) + "\n"))
    return len(names)
