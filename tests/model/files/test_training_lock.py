"""The training lock: who trains, since when, and who may train beside."""

import os
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from model.errors import TrainingError
from model.files.training_lock import (
    LOCK_FILE,
    at_work,
    name_training,
    only_trainer,
    training_lock,
)
from tests.support import ROOT


def test_a_second_training_is_told_who_trains_and_since_when(tmp_path):
    assert at_work(tmp_path / "none") is None
    with training_lock(tmp_path):
        name_training(tmp_path, "a-run")
        found = at_work(tmp_path)
        assert found.name == "a-run" and datetime.now() - found.since < timedelta(minutes=1)
        for beside in (False, True):
            with (
                pytest.raises(TrainingError, match=r"A run is on, a-run, since 20\d\d-\d\d-\d\d"),
                training_lock(tmp_path, beside),
            ):
                pass
        assert at_work(tmp_path).since == found.since
    assert at_work(tmp_path) is None


def test_trainings_that_all_say_so_train_beside_each_other(tmp_path):
    with training_lock(tmp_path, beside=True), training_lock(tmp_path, beside=True):
        name_training(tmp_path, "the second")
        assert at_work(tmp_path).name == "the second"
        with (
            pytest.raises(TrainingError, match=r"the second.* Or so"),
            training_lock(tmp_path, advice=" Or so."),
        ):
            pass
    with training_lock(tmp_path):
        assert at_work(tmp_path).name == ""


def test_a_killed_training_leaves_no_lock(tmp_path):
    script = (
        "import sys; from pathlib import Path\n"
        "from model.files.training_lock import name_training, training_lock\n"
        "with training_lock(Path(sys.argv[1])):\n"
        "    name_training(Path(sys.argv[1]), 'killed'); print('on', flush=True); input()\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "on\n" and at_work(tmp_path).name == "killed"
        process.kill()
    assert at_work(tmp_path) is None and (tmp_path / LOCK_FILE).exists()


def test_odd_words_in_the_lock_are_no_name(tmp_path):
    with training_lock(tmp_path):
        for odd in ("a\nb", "x" * 300):
            name_training(tmp_path, odd)
            assert at_work(tmp_path).sentence.startswith("A run is on, since 20")
        (tmp_path / LOCK_FILE).write_bytes(b"\xff")
        os.utime(tmp_path / LOCK_FILE, (1e18, 1e18))
        assert at_work(tmp_path).sentence == "A run is on"


def test_no_two_processes_train_in_one_runs_folder(tmp_path):
    with (
        only_trainer(tmp_path),
        pytest.raises(TrainingError, match="Another process is training in"),
        only_trainer(tmp_path),
    ):
        pass
