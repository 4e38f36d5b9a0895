"""Checks Python, packages, settings and memory.

Each check imports what it needs inside its function: a missing package is then a fault of that
check only, and the others still run.
"""

import os
import platform
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from ops.doctor.findings import FAULT, NOTE, OK, Result, listed

ROOT = Path(__file__).parents[2]
SERVE_FILE, TRAIN_FILE = "requirements-serve.txt", "requirements.txt"
LOCK_FILE = "requirements.lock"
MIN_PYTHON = (3, 11)  # as in the README
MIN_MEMORY = 300_000_000  # bytes free: a server that reads drawings takes about 275 MB


def python() -> Result:
    version = platform.python_version()
    if sys.version_info < MIN_PYTHON:
        needed = ".".join(map(str, MIN_PYTHON))
        return FAULT, f"{version}, but {needed} or newer is needed: install it."
    return OK, version


def packages() -> Result:
    needed = list(_requirements(SERVE_FILE))
    if unmet := list(_unmet(needed)):
        return FAULT, f'{listed(unmet)}: run "pip install -r {SERVE_FILE}".'
    return OK, f"all {len(needed)} of {SERVE_FILE}"


def packages_to_train() -> Result:
    if not (ROOT / TRAIN_FILE).exists():
        return None
    needed = list(_requirements(TRAIN_FILE))
    if unmet := list(_unmet(needed)):
        return NOTE, f'{listed(unmet)}: to train here, run "pip install -r {TRAIN_FILE}".'
    return OK, f"all {len(needed)} of {TRAIN_FILE}"


def versions() -> Result:
    if not (ROOT / LOCK_FILE).exists():
        return None
    files = [name for name in (SERVE_FILE, TRAIN_FILE) if (ROOT / name).exists()]
    names = {each.name.lower() for name in files for each in _requirements(name)}
    tested = [each for each in _requirements(LOCK_FILE) if each.name.lower() in names]
    if others := [each for each in _unmet(tested) if "is missing" not in each]:
        return NOTE, f"not the tested ones: {listed(others)}."
    return OK, "the tested ones"


def _requirements(name: str) -> Iterator:
    """The requirements in a file that apply to this Python; ignores references to other files."""
    from packaging.requirements import Requirement

    for line in (ROOT / name).read_text().splitlines():
        line = line.split(" #")[0].strip()
        if line and not line.startswith(("#", "-")):
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate():
                yield requirement


def _unmet(requirements: Iterable) -> Iterator[str]:
    for each in requirements:
        try:
            version = metadata.version(each.name)
        except metadata.PackageNotFoundError:
            yield f"{each.name} is missing"
            continue
        if not each.specifier.contains(version, prereleases=True):
            yield f"{each.name} is {version} instead of {each.specifier}"


def streamlit_settings() -> Result:
    import tomllib  # not in a Python that is too old, which is the first check

    path = ROOT / ".streamlit" / "config.toml"
    try:
        with path.open("rb") as file:
            limit = tomllib.load(file).get("server", {}).get("maxUploadSize")
    except (OSError, ValueError) as error:
        return FAULT, f"{path} can't be read ({error}): restore it, it limits uploads."
    if not isinstance(limit, int):
        return FAULT, f"{path} limits no uploads: restore it, or set server.maxUploadSize."
    return OK, f"{path.name} limits what visitors may send"


def training() -> Result:
    from ops.settings import settings, variable

    if not settings().training:
        word = os.environ.get(variable("training"), "").strip()
        if word.lower() not in ("", "off"):
            return NOTE, f'off, because DIGITPAD_TRAINING is "{word}" and not "on".'
        return OK, "off"
    if not is_writable(settings().runs):
        return FAULT, f"on, but {settings().runs} can't be written: change DIGITPAD_RUNS."
    if missing := [each for each in ("tensorflow", "keras") if not _is_installed(each)]:
        return FAULT, f'on, but without {listed(missing)}: run "pip install -r {TRAIN_FILE}".'
    return NOTE, "on: every visitor can use this computer and replace the network."


def _is_installed(name: str) -> bool:
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False


def log() -> Result:
    from ops.settings import settings

    where = settings().log.strip()
    if where.lower() in ("", "on", "off"):
        return OK, where.lower() or "on under server.py, off under app.py"
    path = Path(where).absolute()
    if path.parent.is_dir() and not path.is_dir() and is_writable(path):
        return OK, f"{path}"
    return FAULT, f"{path} can't be written: change DIGITPAD_LOG."


def memory() -> Result:
    free = free_memory()
    if free is None:
        return NOTE, "this system doesn't say how much is free."
    if free < MIN_MEMORY:
        return NOTE, f"{free / 1e6:.0f} MB free, but a server takes {MIN_MEMORY / 1e6:.0f}."
    return OK, f"{free / 1e9:.1f} GB free"


def free_memory() -> int | None:
    """Bytes that Linux reports as free, at most a container's limit; `None` elsewhere."""
    try:
        rows = dict(row.split(":") for row in Path("/proc/meminfo").read_text().splitlines())
        free = int(rows["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, KeyError):
        return None
    try:
        return min(free, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):  # no container, or "max"
        return free


def is_writable(path: Path) -> bool:
    """Whether a file or folder could be written, or created."""
    return os.access(existing(path), os.W_OK)


def existing(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    return next(each for each in (path.absolute(), *path.absolute().parents) if each.exists())
