"""Files that training writes and the app reads: networks, reports, histories, runs.

The only writer of `model/trained/` and of `runs/`. Everything is written under a temporary
name, brought to the disk and then renamed, so a file is the old one or the new one, never half
of one, also after a power cut.

The files of a served network are replaced together. They are copied into a folder `.partial`
inside the served one; renaming it to `.next` is the one step that counts. From then on each file
is read from `.next` if it is there, and moved to its place, one by one. Whoever was stopped in
between, the next one to publish, or the app at its start, goes on moving. Readers write nothing.
"""

import contextlib
import csv
import dataclasses
import errno
import hashlib
import io
import itertools
import json
import os
import re
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from model.errors import ArtifactError
from model.files.model_card import render_card
from model.reading.look_alikes import NUM_COORDINATES, NUM_NEAREST, LookAlikes

TRAINED = Path(__file__).parents[1] / "trained"
RUNS_VARIABLE = "DIGITPAD_RUNS"
RUNS = Path(os.environ.get(RUNS_VARIABLE) or Path(__file__).parents[2] / "runs").absolute()

ONNX_FILE = "digits.onnx"
KERAS_FILE = "digits.keras"
REPORT_FILE = "report.json"
HISTORY_FILE = "history.csv"
CONFIG_FILE = "config.json"
CHECKPOINT_FILE = "checkpoint.keras"
CARD_FILE = "README.md"
LOOKALIKES_FILE = "lookalikes.npz"
TEST_READS_FILE = "test-set-reads.txt"  # in the runs' folder; a name for each read
PUBLISHED = (
    ONNX_FILE,
    KERAS_FILE,
    LOOKALIKES_FILE,
    HISTORY_FILE,
    CARD_FILE,
    REPORT_FILE,
)  # moved in this order; the report last, as it names the network's hash

PARTIAL = ".partial"  # in a served folder: a network that is being copied; nobody reads it
NEXT = ".next"  # in a served folder: a whole network on its way into it; read before the rest
GONE = ".gone"  # ending of an empty file in NEXT: the network comes without that file
LOCK_TIMEOUT = 5.0  # seconds; publishing takes a fraction of one
_TEMPORARY = re.compile(r"\.(\d+)-.")  # how temporary files begin: with their process' number

# Of what is read into memory; the shipped network has 1.5 million bytes, its report 12,000.
MAX_NETWORK_BYTES = 50_000_000
MAX_TEXT_BYTES = 5_000_000
MAX_EPOCHS = 10_000  # as many as `train.py` takes
MAX_QUOTED = 120  # letters of an error in a sentence
MAX_LOOKALIKES_BYTES = 20_000_000  # unpacked; the shipped ones have 0.6 million

RETRAIN = 'Train one with "python train.py", or restore the file from the repository.'


@dataclass(frozen=True)
class Run:
    """One training run as its folder tells it.

    Attributes:
        name: The folder's name.
        config: The settings, empty if they can't be read.
        history: One dict of floats an epoch.
        report: The report, or `None` while the run has not finished.
        problem: One sentence if a file is damaged or missing, else `""`.
    """

    name: str
    config: dict
    history: list[dict]
    report: dict | None
    problem: str = field(default="")


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Lets `write` write a temporary file beside `path`, then renames it to `path`.

    Both are on the disk when it returns. What killed processes left in the folder is removed.

    Raises:
        ArtifactError: If the folder can't be written to; the old file is kept.
    """
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.parent)
        write(temporary)
        _to_disk(temporary)
        os.replace(temporary, path)
        _to_disk(path.parent)
    except OSError as error:
        raise ArtifactError(
            f"{path} can't be written ({error.strerror or error}): make room or allow writing "
            "there; nothing was replaced."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _sweep(folder: Path) -> None:
    """Removes the temporary files of processes that are no more."""
    for path in folder.glob(".[0-9]*-*"):
        named = _TEMPORARY.match(path.name)
        if named and not _is_alive(int(named[1])):
            with contextlib.suppress(OSError):
                path.unlink()


def _is_alive(pid: int) -> bool:
    if os.name != "posix":
        return True  # asking would interrupt it
    try:
        os.kill(pid, 0)  # signal 0 only asks
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # another user's
    return True


def _to_disk(path: Path) -> None:
    """Waits until a file, or a folder's names, would outlast a power cut."""
    if os.name != "posix":
        return  # Windows can't open folders, and syncs only what is open for writing
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def locked(folder: Path, timeout: float = 0.0) -> Iterator[bool]:
    """Holds a folder against other processes and threads that ask the same.

    The system lets go of it however this process ends, and no file is left. Where a folder can't
    be locked (it is not there, Windows, some network drives) it counts as held.

    Args:
        folder: The folder.
        timeout: Seconds to wait while others hold it.

    Yields:
        Whether it is held.
    """
    try:
        import fcntl  # not on Windows
    except ImportError:
        yield True
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        yield True  # writing there will say why
        return
    try:
        yield _flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, timeout)
    finally:
        os.close(handle)


def _flock(handle: int, how: int, timeout: float) -> bool:
    import fcntl

    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(handle, how)
            return True
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        except OSError:
            return True  # this file system has no locks


def where(path: Path) -> Path:
    """Where a file is to be read: in a publication that is on its way, else at its place."""
    pending = path.parent / NEXT / path.name
    return pending if pending.exists() else path


def read(path: Path, most: int = MAX_NETWORK_BYTES) -> bytes:
    """A file's content; of a served folder, always the newest whole publication's.

    Args:
        path: Where it belongs.
        most: Bytes that it may have.

    Raises:
        OSError: As reading a file does, and if it has more bytes.
    """
    pending = path.parent / NEXT
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return _content(pending / path.name, most)
    if (pending / f"{path.name}{GONE}").exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    return _content(path, most)


def _content(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise OSError(errno.EFBIG, f"it has {size:,} bytes", str(path))
        return file.read()


def make_folder(path: Path) -> bool:
    """Makes a folder; returns whether it was not there yet.

    Raises:
        ArtifactError: If it can't be made.
    """
    try:
        path.mkdir(parents=True)
    except FileExistsError:
        if not path.parent.is_dir():
            raise ArtifactError(f"{path.parent} is no folder: name another one.") from None
        return False
    except OSError as error:
        raise ArtifactError(
            f"The folder {path} can't be made ({error.strerror or error}): make room or allow "
            "writing there."
        ) from error
    return True


def save_json(path: Path, content: dict) -> None:
    """Writes a dict as readable JSON."""
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    write_atomically(path, lambda temporary: temporary.write_text(text))


def log_test_read(run: Path) -> int:
    """Notes that a run's network was measured on the test set, beside the runs' folders.

    A test set that chooses between candidates stops being one, so reports say how often it
    was read.

    Returns:
        How many runs have been, this one included.
    """
    path = run.parent / TEST_READS_FILE
    with locked(run.parent, LOCK_TIMEOUT):  # two runs may end at once
        try:
            names = path.read_text().split() if path.exists() else []
        except (OSError, ValueError) as error:
            raise ArtifactError(f"{path} can't be read ({error}): mend or remove it.") from error
        if run.name not in names:
            names.append(run.name)
            write_atomically(path, lambda temporary: temporary.write_text("\n".join(names) + "\n"))
    return len(names)


def save_report(folder: Path, report: dict) -> None:
    """Writes a network's report and the model card made from it."""
    card = render_card(report)
    settle(folder)
    write_atomically(folder / CARD_FILE, lambda temporary: temporary.write_text(card))
    save_json(folder / REPORT_FILE, report)


def load_card(folder: Path = TRAINED) -> str:
    """The model card of the network in `folder`, Markdown.

    Raises:
        ArtifactError: If there is none or it can't be read.
    """
    path = folder / CARD_FILE
    try:
        return _text(path)
    except FileNotFoundError as error:
        raise ArtifactError(f"There is no model card at {path}. {RETRAIN}") from error
    except (OSError, ValueError) as error:
        raise ArtifactError(
            f"The model card at {path} can't be read ({_brief(error)}). {RETRAIN}"
        ) from error


def save_history(path: Path, history: list[dict]) -> None:
    """Writes one CSV row an epoch; an epoch's columns are those of the first."""
    text = io.StringIO()
    if history:
        writer = csv.DictWriter(text, list(history[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)
    write_atomically(path, lambda temporary: temporary.write_text(text.getvalue()))


def load_json(path: Path, what: str) -> dict:
    """Reads a JSON object.

    Raises:
        ArtifactError: If there is none or it is damaged; the sentence says what to do.
    """
    try:
        content = json.loads(_text(path))
        if not isinstance(content, dict):
            raise ValueError("not an object")
        # Half a letter can be written in JSON and nowhere else, and what was read in a deep
        # place may not be reached in a deeper one.
        json.dumps(content, ensure_ascii=False).encode()
    except FileNotFoundError as error:
        raise ArtifactError(f"There is no {what} at {path}. {RETRAIN}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ArtifactError(
            f"The {what} at {path} can't be read ({_brief(error)}). {RETRAIN}"
        ) from error
    return content


def _brief(error: Exception) -> str:
    """What an error says, on one line, however much of a file it quotes."""
    return " ".join(str(error)[:MAX_QUOTED].split()).encode(errors="replace").decode()


def _text(path: Path) -> str:
    """A file's text; raises `OSError` or `ValueError`, also if it is far too large to be ours."""
    return read(path, MAX_TEXT_BYTES).decode()


def load_history(path: Path) -> list[dict]:
    """Reads a history; `[]` if there is none yet.

    Raises:
        ArtifactError: If it is damaged.
    """
    try:
        reader = csv.DictReader(io.StringIO(_text(path), newline=""))
        rows = [
            {key: float(value) for key, value in row.items()}
            for row in itertools.islice(reader, MAX_EPOCHS + 1)
        ]
        if len(rows) > MAX_EPOCHS:
            raise ValueError(f"more than {MAX_EPOCHS:,} epochs")
        if not all(0 <= row.get("epoch", -1) <= MAX_EPOCHS for row in rows):  # NaN is not, either
            raise ValueError("no epochs")
        return rows
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, AttributeError, csv.Error) as error:
        raise ArtifactError(
            f"The history at {path} can't be read ({_brief(error)}). {RETRAIN}"
        ) from error


def load_report(folder: Path = TRAINED) -> dict:
    """The report of the network in `folder`.

    Raises:
        ArtifactError: If it is missing, damaged, or speaks of another network file.
    """
    return steadily(folder, lambda: _load_report(folder))


def steadily(folder: Path, load: Callable):
    """What `load` gives of files that belong together, again if a publication came in between."""
    while True:
        before = _state(folder)
        try:
            return load()
        except ArtifactError:
            if _state(folder) == before:
                raise


def _state(folder: Path) -> tuple[int, int] | None:
    """Changes when another network file is served; stays while that is moved to its place."""
    for path in (folder / NEXT / ONNX_FILE, folder / ONNX_FILE):
        with contextlib.suppress(OSError):
            known = path.stat()
            return known.st_ino, known.st_mtime_ns
    return None


def _load_report(folder: Path) -> dict:
    report = load_json(folder / REPORT_FILE, "training report")
    parts = {"config": dict, "data": dict, "network": dict, "test": dict}
    parts |= {"run": str, "trained_at": str}
    odd = [key for key, kind in parts.items() if not isinstance(report.get(key), kind)]
    if odd:
        raise ArtifactError(
            f"The training report at {folder / REPORT_FILE} lacks {', '.join(sorted(odd))}. "
            f"{RETRAIN}"
        )
    onnx = folder / ONNX_FILE
    if where(onnx).exists() and report["network"].get("sha256") != sha256(onnx):
        raise ArtifactError(
            f"The training report at {folder / REPORT_FILE} belongs to another network than "
            f"{onnx}. {RETRAIN}"
        )
    return report


def save_lookalikes(folder: Path, placed: LookAlikes) -> None:
    """Writes where a data set's images lie in a network's feature space."""

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez(file, **vars(placed))

    write_atomically(folder / LOOKALIKES_FILE, write)


def load_lookalikes(folder: Path = TRAINED) -> LookAlikes:
    """Where the images lie in the feature space of the network in `folder`.

    Raises:
        ArtifactError: If the file is missing, damaged, or was made by another network.
    """
    return steadily(folder, lambda: _load_lookalikes(folder))


def _load_lookalikes(folder: Path) -> LookAlikes:
    path = folder / LOOKALIKES_FILE
    try:
        content = io.BytesIO(read(path, MAX_LOOKALIKES_BYTES))
        with zipfile.ZipFile(content) as archive:
            if sum(item.file_size for item in archive.infolist()) > MAX_LOOKALIKES_BYTES:
                raise ValueError("too large")
        with np.load(content, allow_pickle=False) as file:
            content = {key: file[key] for key in file.files}
        placed = LookAlikes(**content | {"network": str(content["network"])})
        num_features, num = len(placed.mean), len(placed.labels)
        for array in (placed.mean, placed.basis, placed.coordinates, placed.places):
            if array.dtype.kind != "f" or not np.isfinite(array).all():
                raise ValueError("odd numbers")
        if placed.labels.dtype.kind not in "iu" or placed.mean.ndim != 1:
            raise ValueError("odd kinds")
        if num < NUM_NEAREST or not 0 <= placed.labels.min() <= placed.labels.max() <= 9:
            raise ValueError("odd labels")
        if placed.basis.shape != (num_features, NUM_COORDINATES):
            raise ValueError("odd basis")
        if placed.coordinates.shape != (num, NUM_COORDINATES):
            raise ValueError("odd coordinates")
        if placed.places.shape != (num, 2) or not (np.abs(placed.places) <= 1).all():
            raise ValueError("odd places")
    except FileNotFoundError as error:
        raise ArtifactError(f"There are no look-alikes at {path}. {RETRAIN}") from error
    except Exception as error:  # a zip, NumPy or type error, by where it is damaged
        raise ArtifactError(
            f"The look-alikes at {path} can't be read ({type(error).__name__}). {RETRAIN}"
        ) from error
    if placed.network != sha256(folder / ONNX_FILE):
        raise ArtifactError(
            f"The look-alikes at {path} belong to another network than {ONNX_FILE}. {RETRAIN}"
        )
    return placed


def load_runs(folder: Path = RUNS) -> list[Run]:
    """All runs in a folder, newest first; a half-written one comes with its `problem`."""
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


def version_key(folder: Path = TRAINED) -> int:
    """Changes when the network file does: its time of change in ns, 0 if there is none."""
    state = _state(folder)
    return state[1] if state else 0


def sha256(path: Path) -> str:
    """The file's SHA-256 in hexadecimal.

    Raises:
        ArtifactError: If it can't be read.
    """
    try:
        return hashlib.sha256(read(path, MAX_NETWORK_BYTES)).hexdigest()
    except OSError as error:
        raise ArtifactError(f"{path} can't be read ({error.strerror or error}).") from error


def is_vouched_for(network: bytes, folder: Path) -> bool:
    """Whether a network's file is the one that the report in `folder` was written of.

    Also if there is no report yet, or none that can be read: then nothing speaks against it.
    """
    try:
        named = load_json(folder / REPORT_FILE, "training report")["network"]["sha256"]
    except (ArtifactError, KeyError, TypeError):
        return True
    return named == hashlib.sha256(network).hexdigest()


def publish(run: Path, out: Path = TRAINED) -> None:
    """Has a finished run's network be served, with its history, look-alikes, card and report.

    All of it or nothing: a reader, and whoever comes after a crash, finds the old files or the
    new ones.

    Raises:
        ArtifactError: If a file is missing or can't be written; what was served is kept.
    """
    _install(run, out, PUBLISHED)


def copy_network(source: Path, target: Path) -> None:
    """Copies a network and what belongs to it, however much of that there is, as `publish` does.

    Raises:
        ArtifactError: If a file can't be written; what was there is kept.
    """
    _install(source, target, ())


def settle(folder: Path) -> None:
    """Ends a publication that was cut short, if this process may write there and no other does."""
    if not (folder / NEXT).is_dir():
        return
    with contextlib.suppress(OSError), locked(folder) as held:
        if held:
            _move_in(folder)


def _install(source: Path, target: Path, required: tuple[str, ...]) -> None:
    partial = target / PARTIAL
    try:
        target.mkdir(parents=True, exist_ok=True)
        with locked(target, LOCK_TIMEOUT) as held:
            if not held:
                raise ArtifactError(
                    f"Another process is replacing the network in {target}: try again in a moment."
                )
            try:
                _move_in(target)
                _copy(source, partial, required)
                os.rename(partial, target / NEXT)  # the new network is read from now on
                _to_disk(target)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
            with contextlib.suppress(OSError):  # it is served all the same, and moved later
                _move_in(target)
    except FileNotFoundError as error:
        raise ArtifactError(
            f"The network in {target} can't be written: there is no {error.filename} to copy; "
            "nothing was replaced."
        ) from error
    except OSError as error:
        raise ArtifactError(
            f"The network in {target} can't be written ({error.strerror or error}): make room or "
            "allow writing there; nothing was replaced."
        ) from error


def _copy(source: Path, partial: Path, required: tuple[str, ...]) -> None:
    """Copies a network into a new folder; again if another was published while it was copied."""
    while True:
        before = _state(source)
        shutil.rmtree(partial, ignore_errors=True)  # a killed process may have left one
        partial.mkdir()
        for name in PUBLISHED:
            try:
                shutil.copy(where(source / name), partial / name)
            except FileNotFoundError:
                if _state(source) == before and name in required:
                    raise
                (partial / f"{name}{GONE}").touch()
        if _state(source) == before:
            break
    for path in (*partial.iterdir(), partial):
        _to_disk(path)


def _move_in(folder: Path) -> None:
    """Moves a publication's files to their places, as far as that was not done before."""
    pending = folder / NEXT
    if not pending.is_dir():
        return
    for name in PUBLISHED:
        missing = pending / f"{name}{GONE}"
        if missing.exists():
            (folder / name).unlink(missing_ok=True)
            missing.unlink()
        elif (pending / name).exists():
            os.replace(pending / name, folder / name)
    _to_disk(folder)
    shutil.rmtree(pending)


def newest_unfinished(folder: Path, preset: str) -> Path | None:
    """The newest run of a preset that has a checkpoint and no report."""
    for run in load_runs(folder):
        path = folder / run.name
        if (
            run.config.get("preset") == preset
            and run.report is None
            and (path / CHECKPOINT_FILE).exists()
        ):
            return path
    return None


def config_from_json(kind: type, content: dict):
    """Makes a frozen dataclass of settings from its saved form.

    Raises:
        ArtifactError: If a field is unknown or missing.
    """
    known = {item.name for item in dataclasses.fields(kind)}
    if set(content) != known:
        odd = ", ".join(sorted(set(content) ^ known))
        raise ArtifactError(
            f"The saved settings were written by another version (they differ in {odd}): start "
            "a new run."
        )
    return kind(**content)
