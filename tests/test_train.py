"""The command line of training, without the training."""

import shutil
from types import SimpleNamespace
from unittest import mock

import pytest

import train
from model.files import served
from model.files.runs import load_report
from model.files.training_lock import LOCK_FILE, at_work, name_training, training_lock
from model.learning.config import PRESETS, start_run
from tests.support import TRAINED


@pytest.fixture
def fake(tmp_path, monkeypatch, tiny_mnist):
    """Training that takes no time; `seen` has who was at work, for each."""
    monkeypatch.setattr(served, "SHIPPED", tmp_path / "trained")
    runs, seen = tmp_path / "runs", []

    def judge(_network, _config, _mnist, _test, run, *_more) -> dict:
        shutil.copytree(TRAINED, run, dirs_exist_ok=True)
        return load_report(run)

    def fit(_config, _mnist, _run, *_, **_options) -> None:
        seen.append(at_work(runs))

    module = SimpleNamespace(train=fit, judge=judge)
    with (
        mock.patch("model.learning.training", module, create=True),
        mock.patch("model.learning.judging", module, create=True),
    ):
        yield SimpleNamespace(runs=runs, seen=seen)


def command(runs, *words: str) -> int:
    return train.main(["--runs", str(runs), "--no-serve", *words])


def test_a_training_in_a_terminal_holds_the_lock_under_its_runs_name(fake):
    assert command(fake.runs) == 0
    (run,) = (path for path in fake.runs.iterdir() if path.is_dir())
    assert [each.name for each in fake.seen] == [run.name]
    assert at_work(fake.runs) is None


def test_a_second_training_is_refused_in_a_sentence_before_it_makes_a_folder(fake, capsys):
    with training_lock(fake.runs):
        name_training(fake.runs, "the first")
        for words in ([], ["--beside"]):
            assert command(fake.runs, *words) == 1
            (line,) = capsys.readouterr().err.splitlines()
            assert line.startswith("A run is on, the first, since 20") and "--beside" in line
    assert [path.name for path in fake.runs.iterdir()] == [LOCK_FILE] and not fake.seen


def test_trainings_with_beside_run_at_the_same_time(fake):
    with training_lock(fake.runs, beside=True):
        assert command(fake.runs, "--beside") == 0
        assert command(fake.runs) == 1
    assert len(fake.seen) == 1


def test_the_train_pages_process_needs_no_second_lock(fake):
    run = start_run(PRESETS["tutorial"], fake.runs)
    with training_lock(fake.runs):
        assert command(fake.runs, "--resume", str(run), "--lock-held") == 0
    assert fake.seen[0].name == run.name
