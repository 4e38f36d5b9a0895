"""Which run is served: reads and changes `runs/served.json`.

The file holds `{"current": RUN, "former": RUN}` and is replaced atomically; `null` means the
shipped network. Without the file the shipped network is served. Runs are never copied or changed,
so no reader can load an incomplete network.
"""

import contextlib
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from model.errors import ArtifactError, TrainingError
from model.files.atomic import (
    LOCK_TIMEOUT,
    load_json,
    locked,
    one_line,
    save_json,
    write_atomically,
)
from model.files.runs import INT8_FILE, NETWORK_FILES, check_network

SHIPPED = Path(__file__).parents[1] / "trained"
SERVED_FILE = "served.json"
MIN_ACCURACY = 0.97  # share of the test images; a network below it is of no use on the page
MAX_FORGOTTEN = 0.001  # share of the validation images that fine-tuning may read worse


@dataclass(frozen=True)
class _Pointer:
    """Names of runs, `None` for the shipped network; no `former` before the first change."""

    current: str | None
    former: str | None


def current(runs: Path) -> Path:
    """The folder of the network that is served.

    Args:
        runs: The runs' folder.

    Raises:
        ArtifactError: If `served.json` is damaged.
    """
    pointer = _load(runs)
    return _folder(runs, pointer.current) if pointer else SHIPPED


def former(runs: Path) -> Path | None:
    """The folder of the network that was served before; `None` if there was none.

    Raises:
        ArtifactError: If `served.json` is damaged.
    """
    pointer = _load(runs)
    return _folder(runs, pointer.former) if pointer else None


def serve(run: Path, min_accuracy: float = MIN_ACCURACY, force: bool = False) -> None:
    """Serves a finished run's network from now on; the one served so far becomes the former.

    Args:
        run: The run's folder, in the runs' folder.
        min_accuracy: Share of the test images that it must read, 0 to 1.
        force: Whether to serve it although `objection` has one.

    Raises:
        TrainingError: If there is an objection, or the run is served already.
        ArtifactError: If its network is missing or damaged, or `served.json` can't be written.
    """
    runs = run.parent
    report = check_network(run)
    with _changing(runs):
        pointer = _load(runs) or _Pointer(None, None)
        if pointer.current == run.name:
            raise TrainingError(f"The network of {run.name} is served already.")
        if not force and (against := objection(report, runs, min_accuracy)):
            raise TrainingError(f"{against} It stays in {run}, and nothing was replaced.")
        save_json(runs / SERVED_FILE, asdict(_Pointer(run.name, pointer.current)))


def go_back(runs: Path) -> None:
    """Serves the former network again; the one served so far becomes the former.

    Raises:
        TrainingError: If there is no former network.
        ArtifactError: If it is missing or damaged, or `served.json` can't be written.
    """
    with _changing(runs):
        pointer = _load(runs)
        if pointer is None:
            raise TrainingError("There is no former network: the shipped one was always served.")
        check_network(_folder(runs, pointer.former))
        save_json(runs / SERVED_FILE, asdict(_Pointer(pointer.former, pointer.current)))


def ship(run: Path) -> None:
    """Copies a finished run's network to `model/trained/`, for a commit.

    Raises:
        ArtifactError: If its network is missing or damaged, or a file can't be written.
    """
    check_network(run)
    for name in NETWORK_FILES:
        if not (run / name).is_file():
            raise ArtifactError(f"The run {run} has no {name}: nothing was copied.")
    has_int8 = (run / INT8_FILE).is_file()
    for name in (INT8_FILE,) * has_int8 + NETWORK_FILES:

        def copy(temporary: Path, name: str = name) -> None:
            shutil.copyfile(run / name, temporary)

        write_atomically(SHIPPED / name, copy)
    if not has_int8:
        (SHIPPED / INT8_FILE).unlink(missing_ok=True)


def objection(report: dict, runs: Path, min_accuracy: float = MIN_ACCURACY) -> str:
    """The reason against serving a network, one sentence; `""` if there is none.

    A fine-tuned network is held to the validation images alone: the test set must not choose
    between it and the network it started from.

    Args:
        report: The network's report.
        runs: The runs' folder.
        min_accuracy: Share of the test images that it must read, 0 to 1.

    Raises:
        TrainingError: If the report was written by another version.
    """
    try:
        return _objection(report, runs, min_accuracy)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise TrainingError(
            f"The report of the run {report.get('run')} was written by another version (it lacks "
            f"{one_line(error)}): train again."
        ) from error


def _objection(report: dict, runs: Path, min_accuracy: float) -> str:
    if tuned := report.get("finetuning"):
        before, after = tuned["validation_before"], tuned["validation_after"]
        if not after >= before - MAX_FORGOTTEN:
            return (
                f"The network forgot too much: it reads {after:.2%} of the validation images "
                f"where it read {before:.2%} before, and {MAX_FORGOTTEN:.1%} less is allowed; look "
                "for wrong corrections on the Corrections page."
            )
    reached = report["test"]["accuracy"]
    if not reached >= min_accuracy:
        return (
            f"The network reads {reached:.2%} of the test images, and {min_accuracy:.2%} were "
            "asked for."
        )
    served = None if tuned else served_accuracy(runs)
    if served is not None and served > reached:
        return (
            f"The network that is served is better: it reads {served:.2%} of the test images, "
            f"this one {reached:.2%}."
        )
    return ""


def served_accuracy(runs: Path) -> float | None:
    """Test accuracy of the network that is served; `None` if it is missing or damaged."""
    try:
        return float(check_network(current(runs))["test"]["accuracy"])
    except (ArtifactError, KeyError, TypeError, ValueError, OverflowError):
        return None


def trained_by(folder: Path | None) -> str | None:
    """The run that a network comes from; `None` if it is missing or damaged."""
    try:
        return check_network(folder)["run"] if folder else None
    except ArtifactError:
        return None


@contextlib.contextmanager
def _changing(runs: Path):
    with locked(runs, LOCK_TIMEOUT) as lock:
        if lock is None:
            raise ArtifactError(
                f"Another process is changing what is served in {runs}: try again in a moment."
            )
        yield


def _folder(runs: Path, name: str | None) -> Path:
    return SHIPPED if name is None else runs / name


def _load(runs: Path) -> _Pointer | None:
    """What `served.json` holds; `None` if there is none."""
    path = runs / SERVED_FILE
    try:
        if not path.exists():
            return None
        content = load_json(path, "note on the served network")
        pointer = _Pointer(content["current"], content["former"])
        for name in (pointer.current, pointer.former):
            # A name, never a path: it must stay inside the runs' folder.
            if name is not None and (Path(name).name != name or name in ("", "..")):
                raise ValueError(f"no run can be named {name!r}")
    except (ArtifactError, OSError, KeyError, TypeError, ValueError) as error:
        raise ArtifactError(
            f"The note on the served network, {path}, can't be read ({one_line(error)}): delete "
            "it to serve the shipped network again."
        ) from error
    return pointer
