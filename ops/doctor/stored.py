"""Checks stored data: MNIST, UCI digits, corrections, training runs, and free disk space."""

import os
import shutil
from pathlib import Path

from model.errors import CorrectionsError
from ops.doctor.findings import FAULT, NOTE, OK, Result, listed
from ops.doctor.installation import existing, is_writable

NUM_VALIDATION = 5707  # training images, of writers who are held out
MIN_DISK = 100_000_000  # bytes free: a run takes 10 MB, all corrections at most 200


def mnist() -> Result:
    from model.learning import data
    from ops.settings import settings

    folder = data.local_folder(settings().data)
    if folder is None:
        return NOTE, "not here: the first visit to the page Test images downloads it (11 MB)."
    data.load_mnist(folder)
    return OK, f"all hashes are right, in {folder}"


def split() -> Result:
    from model.learning import data

    if int(data.validation_mask().sum()) != NUM_VALIDATION:
        return FAULT, f"{data.SPLIT_FILE} is not the project's: restore it."
    return OK, f"{NUM_VALIDATION:,} training images are held out"


def bundled_digits() -> Result:
    from model.learning import data

    return OK, f"{len(data.bundled_digits()):,}"


def corrections() -> Result:
    from ops.corrections import Corrections

    store = Corrections()
    if store.path is None:
        return OK, f"{store.check():,} in {store.place}"
    remedy = "allow writing there, or name another file with DIGITPAD_CORRECTIONS."
    if not store.path.exists():
        if not is_writable(store.path):
            return NOTE, f"none can be stored at {store.path}: {remedy}"
        return OK, f"none yet; they go to {store.path}"
    try:
        num = store.check()
    except CorrectionsError as error:
        return FAULT, f"{store.path}: {error}"
    if not (os.access(store.path, os.W_OK) and is_writable(store.path.parent)):
        return FAULT, f"{num:,} in {store.path}, and no more can be stored: {remedy}"
    return OK, f"{num:,} in {store.path}, undamaged"


def runs() -> Result:
    from model.files.runs import load_runs
    from ops.settings import settings

    found = load_runs(settings().runs)
    if damaged := [run.name for run in found if run.problem]:
        return NOTE, f"{listed(damaged)} can't be read completely: the dashboard leaves them out."
    return OK, f"{len(found)} in {settings().runs}"


def disk_for_corrections() -> Result:
    from ops.settings import settings

    place = settings().corrections
    return _disk(place) if isinstance(place, Path) else None


def disk_for_runs() -> Result:
    from ops.settings import settings

    return _disk(settings().runs)


def _disk(path: Path) -> Result:
    if not is_writable(path):
        return OK, "nothing is written there"
    free = shutil.disk_usage(existing(path)).free
    if free < MIN_DISK:
        return FAULT, f"{free / 1e6:.0f} MB free at {path}: {MIN_DISK / 1e6:.0f} are needed."
    return OK, f"{free / 1e9:.1f} GB free"
