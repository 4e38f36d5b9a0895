"""Tells whether this installation is healthy: `python -m ops.doctor`, or with `--json`.

Each check says "ok", "note" (it works, and you may want to know) or "FAULT", and what to do. With a
fault the exit status is 1. Nothing is changed, made or downloaded.
"""

# What a check needs is imported inside of it, so that a missing package is a fault of one check
# and not the end of all.
import argparse
import json
import os
import platform
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from model.errors import ArtifactError, DigitError
from ops.settings import settings, variable

ROOT = Path(__file__).parent.parent
SERVE_FILE, TRAIN_FILE, LOCK_FILE = (
    "requirements-serve.txt",
    "requirements.txt",
    "requirements.lock",
)
LEAST_PYTHON = (3, 11)  # as the README says
OK, NOTE, FAULT = "ok", "note", "FAULT"
MAX_NAMED = 5  # packages named in one line

# Drawn by code on a canvas of 280 pixels: what has to be read, and what has to be refused.
CANVAS_SIDE = 280
SEVEN = (((80, 60), (200, 60), (120, 230)),)
LETTER = (((60, 230), (140, 50), (220, 230)), ((95, 160), (185, 160)))
# What the shipped network, by the beginning of its hash, answers to both: another answer of the
# same file means that the runtime computes something else.
KNOWN_NETWORK = "c3c7d60cbd6a"
KNOWN_ANSWERS = (
    (6e-07, 0.0008054, 1.61e-05, 2.6e-06, 1.4e-06, 5e-07, 1.3e-06, 0.9991401, 5.6e-06, 2.64e-05),
    (
        *(0.0975783, 0.1011188, 0.1006783, 0.0994191, 0.1011044),
        *(0.0997407, 0.0998841, 0.1005041, 0.0994807, 0.1004915),
    ),
)
TOLERANCE = 1e-4  # processors round differently, by less than 1e-6
NUM_VALIDATION = 5707  # training images of writers who are held out
NUM_READ = 500  # test images read again, besides those that the report says are misread

LEAST_ROOM = 100_000_000  # bytes of disk: a run takes 10 MB, all corrections that may be kept 80
LEAST_MEMORY = 300_000_000  # bytes: a server that reads drawings takes about 275 MB


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        check: What was looked at.
        level: `ok`, `note` or `FAULT`.
        text: A sentence, with what to do if it is a fault.
    """

    check: str
    level: str
    text: str


def python() -> Iterator[Finding]:
    version = platform.python_version()
    least = ".".join(map(str, LEAST_PYTHON))
    if sys.version_info < LEAST_PYTHON:
        yield Finding("Python", FAULT, f"{version}, and {least} or newer is needed: install one.")
    else:
        yield Finding("Python", OK, version)


def packages() -> Iterator[Finding]:
    needed = list(_requirements(ROOT / SERVE_FILE))
    wrong = list(_wrong(needed))
    if wrong:
        text = f'{_some(wrong)}: run "pip install -r {SERVE_FILE}".'
        yield Finding("packages", FAULT, text)
    else:
        yield Finding("packages", OK, f"all {len(needed)} that serving needs, as {SERVE_FILE} asks")
    if (ROOT / TRAIN_FILE).exists():
        trains = list(_requirements(ROOT / TRAIN_FILE))
        wrong = list(_wrong(trains))
        level, text = OK, f"all {len(trains)}, as {TRAIN_FILE} asks"
        if wrong:
            remedy = f'"pip install -r {TRAIN_FILE}" if you want to train here'
            level, text = NOTE, f"{_some(wrong)}: {remedy}."
        yield Finding("packages to train", level, text)
        needed += trains
    if (ROOT / LOCK_FILE).exists():
        names = {each.name.lower() for each in needed}
        tested = [each for each in _requirements(ROOT / LOCK_FILE) if each.name.lower() in names]
        others = [each for each in _wrong(tested) if "is missing" not in each]
        level, text = OK, "the versions that were tested"
        if others:
            level, text = NOTE, f"not the versions that were tested: {_some(others)}."
        yield Finding("versions", level, text)


def _requirements(path: Path) -> Iterator:
    """What a requirements file asks for in this Python; files that it refers to are left out."""
    from packaging.requirements import Requirement

    for line in path.read_text().splitlines():
        line = line.split(" #")[0].strip()
        if line and not line.startswith(("#", "-")):
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate():
                yield requirement


def _wrong(requirements: Iterable) -> Iterator[str]:
    """What is missing or of another version than asked for, in words."""
    for each in requirements:
        try:
            version = metadata.version(each.name)
        except metadata.PackageNotFoundError:
            yield f"{each.name} is missing"
            continue
        if not each.specifier.contains(version, prereleases=True):
            yield f"{each.name} is {version} instead of {each.specifier}"


def _some(words: list[str]) -> str:
    rest = len(words) - MAX_NAMED
    return ", ".join(words[:MAX_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def limits() -> Iterator[Finding]:
    import tomllib  # not in a Python that is too old, which is told of first

    path = ROOT / ".streamlit" / "config.toml"
    try:
        with path.open("rb") as file:
            found = tomllib.load(file)
    except (OSError, ValueError) as error:
        text = f"{path} can't be read ({error}): restore it, it limits what a visitor may send."
        yield Finding("settings", FAULT, text)
        return
    if not isinstance(found.get("server", {}).get("maxUploadSize"), int):
        text = f"{path} limits no uploads: restore it, or set server.maxUploadSize."
        yield Finding("settings", FAULT, text)
    else:
        yield Finding("settings", OK, f"{path.name} limits what a visitor may send")


def network() -> Iterator[Finding]:
    from model.files import atomic, runs, served
    from model.reading.recognizer import Recognizer

    recognizer = Recognizer.load(served.current(settings().runs))
    yield Finding("network", OK, f"{runs.ONNX_FILE} of the run {recognizer.version or '?'}")
    yield from _known_digit(
        recognizer, atomic.sha256(served.current(settings().runs) / runs.ONNX_FILE)
    )


def _known_digit(recognizer, sha256: str) -> Iterator[Finding]:
    import numpy as np

    from model.ink.frame import strokes_to_mnist

    drawings = [[np.array(stroke, float) for stroke in drawing] for drawing in (SEVEN, LETTER)]
    frames = np.stack([strokes_to_mnist(strokes, CANVAS_SIDE) for strokes in drawings])
    probabilities = recognizer.probabilities(frames)
    seven, letter = (recognizer.answer(row) for row in probabilities)
    is_shipped = sha256.startswith(KNOWN_NETWORK)
    apart = float(np.abs(probabilities - np.array(KNOWN_ANSWERS)).max())
    runtime = f"onnxruntime {metadata.version('onnxruntime')}"
    if is_shipped and not apart <= TOLERANCE:  # NaN fails too
        text = (
            f"{runtime} answers {apart:.1g} away from what this network said when it was tested: "
            f'install the versions of {LOCK_FILE} ("pip install -r {SERVE_FILE} -c {LOCK_FILE}").'
        )
        yield Finding("a known digit", FAULT, text)
    elif not seven.is_digit or seven.digits != (7,):
        read = " or ".join(map(str, seven.digits)) if seven.is_digit else "no digit"
        text = f"a 7 is read as {read}: train again, or restore the file from the repository."
        yield Finding("a known digit", FAULT, text)
    elif letter.is_digit:
        text = f"a 7 is read, and a letter is taken for a {letter.digits[0]} and not refused."
        yield Finding("a known digit", NOTE, text)
    elif not is_shipped:
        text = "a 7 is read and a letter refused; how surely can't be compared: it is not the "
        yield Finding("a known digit", OK, f"{text}shipped network.")
    else:
        yield Finding("a known digit", OK, f"a 7 is read and a letter refused, to {apart:.0e}")


def report() -> Iterator[Finding]:
    from model.files import runs, served

    found = runs.check_network(served.current(settings().runs))
    text = f"of {found['run']}, SHA-256 {str(found['network'].get('sha256'))[:12]} as the file's"
    yield Finding("report", OK, text)


def look_alikes() -> Iterator[Finding]:
    from model.files import served
    from model.reading import look_alikes

    placed = look_alikes.load_look_alikes(served.current(settings().runs))
    yield Finding("look-alikes", OK, f"{len(placed.labels):,} images, made by this network")


def card() -> Iterator[Finding]:
    from model.files import atomic, runs, served

    folder = served.current(settings().runs)
    run = str(atomic.load_json(folder / runs.REPORT_FILE, "training report").get("run"))
    if run in runs.load_card(folder):
        yield Finding("model card", OK, f"of {run}")
    else:
        text = f"{folder / runs.CARD_FILE} is not that of {run}: restore both."
        yield Finding("model card", FAULT, text)


def history() -> Iterator[Finding]:
    from model.files import runs, served

    rows = runs.load_history(served.current(settings().runs) / runs.HISTORY_FILE)
    if rows:
        yield Finding("history", OK, f"{len(rows)} epochs")
    else:
        yield Finding("history", NOTE, "none: the dashboard shows no curves of the served network.")


def keras_file() -> Iterator[Finding]:
    from model.files import runs, served

    path = served.current(settings().runs) / runs.KERAS_FILE
    if not path.exists():
        text = f"there is no {path.name}: only learning from corrections needs it."
        yield Finding("Keras file", NOTE, text)
        return
    try:
        with zipfile.ZipFile(path) as file:
            damaged = file.testzip()
    except (OSError, zipfile.BadZipFile, EOFError) as error:
        damaged = str(error)
    if damaged:
        text = f"{path} is damaged ({damaged}): restore it, or learn no corrections."
        yield Finding("Keras file", FAULT, text)
    else:
        yield Finding("Keras file", OK, f"{path.stat().st_size / 1e6:.1f} MB, whole")


def former() -> Iterator[Finding]:
    from model.files import runs, served

    folder = served.former(settings().runs)
    if folder is None:
        yield Finding("former network", OK, "none yet")
    else:
        try:
            text = f"{runs.check_network(folder)['run']} can be served again"
            yield Finding("former network", OK, text)
        except ArtifactError as error:
            yield Finding("former network", NOTE, str(error))


def mnist() -> Iterator[Finding]:
    from model.learning import data

    if int(data.validation_mask().sum()) != NUM_VALIDATION:
        yield Finding("writers' split", FAULT, f"{data.SPLIT_FILE} is another's: restore it.")
    folder = data.at_hand(settings().data)
    if folder is None:
        text = "not here: the test set page downloads it (11 MB) at its first visit."
        yield Finding("MNIST", NOTE, text)
        return
    test = data.load_mnist(folder)[1]
    yield Finding("MNIST", OK, f"all hashes right, in {folder}")
    yield from _reads_as_reported(test)


def _reads_as_reported(test) -> Iterator[Finding]:
    """Whether the network misreads the test images that its report says, of some."""
    import numpy as np

    from model.files import runs, served
    from model.reading.recognizer import Recognizer

    try:
        missed = runs.load_report(served.current(settings().runs))["test"].get("misses", [])
        recognizer = Recognizer.load(served.current(settings().runs))
    except ArtifactError:
        return  # it is told elsewhere
    some = np.union1d(np.arange(NUM_READ), np.array(missed, int))
    answers = recognizer.probabilities(test.frames[some]).argmax(axis=1)
    wrong = set(some[answers != test.labels[some]].tolist())
    unlike = len(wrong ^ set(missed))
    # An image between two digits may fall either way on another processor.
    if unlike > 1:
        text = f"{unlike} of {len(some)} test images are read otherwise than the report says: "
        yield Finding("test images", FAULT, f"{text}restore network and report, or train again.")
    else:
        text = f"{len(some)} are read as the report says, {len(wrong)} of them wrong"
        yield Finding("test images", OK, text)


def bundled() -> Iterator[Finding]:
    from model.learning import data

    yield Finding("bundled digits", OK, f"{len(data.bundled_digits()):,}")


def corrections() -> Iterator[Finding]:
    from ops.corrections import Corrections

    kept = Corrections()
    remedy = "allow writing there, or name another file with DIGITPAD_CORRECTIONS."
    if kept.path.exists():
        num = kept.check()
        may_write = os.access(kept.path, os.W_OK) and _may_write(kept.path.parent)
        if may_write:
            yield Finding("corrections", OK, f"{num:,} in {kept.path}, whole")
        else:
            text = f"{num:,} in {kept.path}, and no more can be kept: {remedy}"
            yield Finding("corrections", FAULT, text)
    elif _may_write(kept.path):
        yield Finding("corrections", OK, f"none yet; they go to {kept.path}")
    else:
        text = f"none can be kept at {kept.path}: {remedy}"
        yield Finding("corrections", NOTE, text)


def training() -> Iterator[Finding]:
    from model.files import runs

    found = runs.load_runs(settings().runs)
    broken = [run.name for run in found if run.problem]
    if broken:
        text = f"{_some(broken)} can't be read whole: the dashboard leaves them out."
        yield Finding("runs", NOTE, text)
    else:
        yield Finding("runs", OK, f"{len(found)} in {settings().runs}")
    said = os.environ.get(variable("training"), "").strip()
    if said.lower() != "on":
        odd = said.lower() not in ("", "off")
        text = f"off ({variable('training')}={said} means off: say on)" if odd else "off"
        yield Finding("training from the page", NOTE if odd else OK, text)
    elif not _may_write(settings().runs):
        text = f"on, and {settings().runs} can't be written: name another with DIGITPAD_RUNS."
        yield Finding("training from the page", FAULT, text)
    elif missing := [each for each in ("tensorflow", "keras") if not _is_installed(each)]:
        text = f'on, and {_some(missing)} missing: run "pip install -r {TRAIN_FILE}".'
        yield Finding("training from the page", FAULT, text)
    else:
        text = "on: every visitor can use this computer and replace the network."
        yield Finding("training from the page", NOTE, text)


def log() -> Iterator[Finding]:
    where = os.environ.get("DIGITPAD_LOG", "").strip()
    if where.lower() in ("", "on", "off"):
        yield Finding("log", OK, where.lower() or "on under server.py, off under app.py")
        return
    path = Path(where).absolute()
    is_right = path.parent.is_dir() and not path.is_dir() and _may_write(path)
    if is_right:
        yield Finding("log", OK, f"{path}")
    else:
        text = f"{path} can't be written: name another file with DIGITPAD_LOG."
        yield Finding("log", FAULT, text)


def disk() -> Iterator[Finding]:
    from ops.corrections import Corrections

    for what, path in (("corrections", Corrections().path), ("runs", settings().runs)):
        if not _may_write(path):
            yield Finding(f"disk for {what}", OK, "nothing is written there")
            continue
        free = shutil.disk_usage(_existing(path)).free
        if free < LEAST_ROOM:
            text = f"{free / 1e6:.0f} MB are free at {path}: make room for {LEAST_ROOM / 1e6:.0f}."
            yield Finding(f"disk for {what}", FAULT, text)
        else:
            yield Finding(f"disk for {what}", OK, f"{free / 1e9:.1f} GB free")


def memory() -> Iterator[Finding]:
    free = _free_memory()
    if free is None:
        yield Finding("memory", NOTE, "this system doesn't say how much is free.")
    elif free < LEAST_MEMORY:
        text = f"{free / 1e6:.0f} MB are free, and a server takes {LEAST_MEMORY / 1e6:.0f}."
        yield Finding("memory", NOTE, text)
    else:
        yield Finding("memory", OK, f"{free / 1e9:.1f} GB free")


def _free_memory() -> int | None:
    """Bytes, as Linux tells them; no more than a container may have."""
    try:
        rows = dict(row.split(":") for row in Path("/proc/meminfo").read_text().splitlines())
        free = int(rows["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, KeyError):
        return None
    try:
        return min(free, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):  # no container, or "max"
        return free


def _may_write(path: Path) -> bool:
    """Whether a file or folder could be written, or made."""
    return os.access(_existing(path), os.W_OK)


def _existing(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    return next(each for each in (path.absolute(), *path.absolute().parents) if each.exists())


def _is_installed(name: str) -> bool:
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False


CHECKS: dict[str, Callable[[], Iterator[Finding]]] = {
    "Python": python,
    "packages": packages,
    "settings": limits,
    "network": network,
    "report": report,
    "look-alikes": look_alikes,
    "model card": card,
    "history": history,
    "Keras file": keras_file,
    "former network": former,
    "MNIST": mnist,
    "bundled digits": bundled,
    "corrections": corrections,
    "training": training,
    "log": log,
    "disk": disk,
    "memory": memory,
}


def examine(names: Iterable[str] = tuple(CHECKS)) -> list[Finding]:
    """Carries out checks; one that fails is a fault, whatever it failed of."""
    findings = []
    for name in names:
        try:
            for finding in CHECKS[name]():
                findings.append(finding)
        except DigitError as error:
            findings.append(Finding(name, FAULT, str(error)))
        except ImportError as error:
            text = f'{error.name or error} can\'t be imported: "pip install -r {SERVE_FILE}".'
            findings.append(Finding(name, FAULT, text))
        except Exception as error:  # whatever is broken here, the other checks go on
            text = f"it can't be looked at ({type(error).__name__}: {error})."
            findings.append(Finding(name, FAULT, text))
    return findings


def main(arguments: list[str] | None = None) -> int:
    """Prints what was found; returns the exit status, 1 with a fault."""
    parser = argparse.ArgumentParser(prog="python -m ops.doctor", description=__doc__)
    parser.add_argument("--json", action="store_true", help="for a program to read")
    options = parser.parse_args(arguments)
    findings = examine()
    faults = [finding for finding in findings if finding.level == FAULT]
    if options.json:
        content = {"healthy": not faults, "findings": [asdict(each) for each in findings]}
        print(json.dumps(content, indent=1))
    else:
        wide = max(len(each.check) for each in findings)
        for each in findings:
            print(f"{each.level:5}  {each.check:{wide}}  {each.text}")
        print(f"Faults: {len(faults)}, see above." if faults else "Healthy.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
