"""A file holds its old content or the new one, and damage is one sentence."""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from model.errors import ArtifactError
from model.files.atomic import (
    dataclass_from_json,
    load_json,
    locked,
    read_bytes,
    save_json,
    sha256,
    write_atomically,
)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failed_write_keeps_the_old_file(tmp_path, error):
    path = tmp_path / "report.json"
    save_json(path, {"old": 1})

    def fail(temporary):
        temporary.write_text("half")
        raise error

    with pytest.raises(
        ArtifactError if isinstance(error, OSError) else KeyboardInterrupt
    ) as caught:
        write_atomically(path, fail)
    assert str(error) in str(caught.value) or "No space left" in str(caught.value)
    assert json.loads(path.read_text()) == {"old": 1}
    assert [item.name for item in tmp_path.iterdir()] == ["report.json"]


def test_nan_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        save_json(tmp_path / "report.json", {"accuracy": float("nan")})


def test_a_file_left_by_a_killed_write_is_replaced(tmp_path):
    (tmp_path / ".partial-report.json").write_text("half")
    save_json(tmp_path / "report.json", {"new": 1})
    assert load_json(tmp_path / "report.json", "report") == {"new": 1}
    assert [item.name for item in tmp_path.iterdir()] == ["report.json"]


def test_a_folder_that_is_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactError, match="can't be written"):
        save_json(tmp_path / "file" / "report.json", {})


def test_a_file_above_the_limit_is_not_read(tmp_path):
    (tmp_path / "large").write_bytes(bytes(11))
    with pytest.raises(OSError, match="it has 11 bytes"):
        read_bytes(tmp_path / "large", 10)


def test_a_lock_keeps_others_out_until_it_is_released(tmp_path):
    with locked(tmp_path) as first, locked(tmp_path) as second:
        assert first is not None and second is None
    with locked(tmp_path) as again:
        assert again is not None


def test_shared_locks_do_not_exclude_each_other(tmp_path):
    with locked(tmp_path, shared=True) as first, locked(tmp_path, shared=True) as second:
        assert first is not None and second is not None


def test_a_missing_folder_counts_as_held(tmp_path):
    with locked(tmp_path / "none") as lock:
        assert lock is not None
    assert not (tmp_path / "none").exists()


def test_whoever_waits_for_a_lock_gets_it(tmp_path):
    with ThreadPoolExecutor() as pool, locked(tmp_path):

        def wait():
            with locked(tmp_path, timeout=30) as lock:
                return lock

        waiting = pool.submit(wait)
    assert waiting.result() is not None


def test_a_hash_follows_a_replacement_with_the_same_time_and_size(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_bytes(b"old")
    first = sha256(old)
    known = old.stat()
    new.write_bytes(b"new")
    os.utime(new, ns=(known.st_atime_ns, known.st_mtime_ns))
    shutil.move(new, old)
    assert old.stat().st_mtime_ns == known.st_mtime_ns
    assert sha256(old) != first


@dataclass(frozen=True)
class Settings:
    epochs: int
    seed: int


def test_saved_settings_come_back():
    assert dataclass_from_json(Settings, {"epochs": 2, "seed": 1}) == Settings(2, 1)


@pytest.mark.parametrize(
    ("content", "odd"), [({"epochs": 2}, "seed"), ({"epochs": 2, "seed": 1, "size": 1}, "size")]
)
def test_settings_of_another_version_are_refused(content, odd):
    with pytest.raises(ArtifactError, match=f"differ in {odd}"):
        dataclass_from_json(Settings, content)
