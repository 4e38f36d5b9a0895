"""Training from the command line into a folder: whole, resumable, and never for the worse."""

import json
from dataclasses import replace

import numpy as np
import pytest

import train
from model import artifacts
from model.artifacts import CHECKPOINT_FILE, HISTORY_FILE, ONNX_FILE, PUBLISHED, REPORT_FILE
from model.recognizer import Recognizer

pytestmark = pytest.mark.slow


@pytest.fixture
def training():
    from model import training

    return training


@pytest.fixture
def command(tiny_mnist, tmp_path):
    """Runs `train.py` on the tiny data set; returns its exit code."""

    def run(*arguments: str) -> int:
        places = ("--out", str(tmp_path / "out"), "--runs", str(tmp_path / "runs"))
        return train.main([*places, "--epochs", "1", *arguments])

    return run


def test_parameter_counts_are_those_published():
    from model import network

    assert network.build_tutorial().count_params() == network.NUM_TUTORIAL_PARAMETERS == 607_394
    assert network.build_digitpad().count_params() == network.NUM_DIGITPAD_PARAMETERS < 500_000


def test_the_tutorials_settings_are_the_textbooks(training):
    tutorial = training.PRESETS["tutorial"]
    assert (tutorial.epochs, tutorial.batch_size, tutorial.modern) == (10, 32, False)


@pytest.mark.parametrize("preset", ["tutorial", "digitpad"])
def test_a_run_leaves_all_its_files_and_publishes_them(command, tmp_path, preset, capsys):
    assert command("--preset", preset, "--min-accuracy", "0", "--batch-size", "16") == 0
    (run,) = (tmp_path / "runs").iterdir()
    assert run.name.endswith(preset)
    assert {path.name for path in run.iterdir()} == {*PUBLISHED, "config.json", CHECKPOINT_FILE}
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(PUBLISHED)
    report = artifacts.load_report(tmp_path / "out")
    assert report["config"]["batch_size"] == 16 and report["data"]["num_test"] == 100
    assert [row["epoch"] for row in artifacts.load_history(run / HISTORY_FILE)] == [1]
    assert "test images right" in capsys.readouterr().out
    frames = np.zeros((2, 28, 28), np.float32)
    assert Recognizer.load(tmp_path / "out").probabilities(frames).shape == (2, 10)


def test_a_network_below_the_asked_accuracy_is_kept_but_not_published(command, tmp_path, capsys):
    assert command("--preset", "tutorial", "--min-accuracy", "1.01") == 1
    assert "asked for" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    (run,) = (tmp_path / "runs").iterdir()
    assert (run / REPORT_FILE).exists()


def test_a_better_served_network_stays_unless_forced(command, tmp_path, capsys):
    assert command("--preset", "tutorial", "--min-accuracy", "0") == 0
    report = json.loads((tmp_path / "out" / REPORT_FILE).read_text())
    report["test"]["accuracy"] = 1.5
    (tmp_path / "out" / REPORT_FILE).write_text(json.dumps(report))
    before = (tmp_path / "out" / ONNX_FILE).read_bytes()
    assert command("--preset", "tutorial", "--min-accuracy", "0", "--seed", "2") == 1
    assert "is better" in capsys.readouterr().err
    assert (tmp_path / "out" / ONNX_FILE).read_bytes() == before
    assert command("--preset", "tutorial", "--force", "--seed", "2") == 0
    assert (tmp_path / "out" / ONNX_FILE).read_bytes() != before


def test_ctrl_c_keeps_the_checkpoint_and_resuming_finishes(
    command, tmp_path, capsys, training, monkeypatch
):
    class Interrupted(training._Keeper):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt
            super().on_epoch_begin(epoch, logs)

    with monkeypatch.context() as patch:
        patch.setattr(training, "_Keeper", Interrupted)
        assert command("--preset", "tutorial", "--epochs", "3") == 130
    assert "--resume" in capsys.readouterr().err
    (run,) = (tmp_path / "runs").iterdir()
    assert (run / CHECKPOINT_FILE).exists() and not (run / REPORT_FILE).exists()
    places = ["--out", str(tmp_path / "out"), "--runs", str(tmp_path / "runs")]
    options = ["--preset", "tutorial", "--resume", "--min-accuracy", "0"]
    assert train.main([*places, *options]) == 0
    assert [row["epoch"] for row in artifacts.load_history(run / HISTORY_FILE)] == [1, 2, 3]


@pytest.mark.parametrize("preset", ["tutorial", "digitpad"])
def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(
    training, tiny_mnist, tmp_path, preset
):
    config = replace(training.PRESETS[preset], epochs=2, batch_size=32)
    mnist, _ = tiny_mnist
    straight = training.train(config, mnist, training.start_run(config, tmp_path))

    class Stopped(training._Keeper):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            raise KeyboardInterrupt

    run = training.start_run(config, tmp_path)
    keeper, training._Keeper = training._Keeper, Stopped
    try:
        with pytest.raises(KeyboardInterrupt):
            training.train(config, mnist, run)
    finally:
        training._Keeper = keeper
    resumed = training.train(config, mnist, run)
    for expected, weights in zip(straight.get_weights(), resumed.get_weights(), strict=True):
        assert np.allclose(expected, weights, atol=1e-5)


def test_nothing_to_resume_and_a_damaged_checkpoint_are_told(command, tmp_path, capsys, training):
    places = ["--out", str(tmp_path / "out"), "--runs", str(tmp_path / "runs")]
    assert train.main([*places, "--resume"]) == 1
    assert "no unfinished run" in capsys.readouterr().err
    run = training.start_run(training.PRESETS["tutorial"], tmp_path / "runs")
    (run / CHECKPOINT_FILE).write_bytes(b"not a checkpoint")
    assert train.main([*places, "--resume", str(run)]) == 1
    assert "can't be read" in capsys.readouterr().err
    assert command("--resume", str(run), "--seed", "3") == 1
    assert "own settings" in capsys.readouterr().err


def test_batches_repeat_for_the_same_seed_epoch_and_step(training, tiny_mnist):
    mnist, _ = tiny_mnist
    config = replace(training.PRESETS["digitpad"], batch_size=32)
    first = training.TrainingBatches(mnist, config)
    second = training.TrainingBatches(mnist, config)
    assert np.array_equal(first[3][0], second[3][0])
    first.set_epoch(1)
    assert not np.array_equal(first[3][0], second[3][0])
    resumed = training.TrainingBatches(mnist, config, epoch=1)
    assert np.array_equal(first[3][0], resumed[3][0])
    assert not np.array_equal(
        first[3][0], training.TrainingBatches(mnist, replace(config, seed=9), 1)[3][0]
    )


def test_an_export_that_disagrees_is_refused(training, tiny_mnist, tmp_path):
    from model import network
    from model.errors import TrainingError

    with pytest.raises(TrainingError, match="nothing was replaced"):
        training.check_agreement(
            network.build_digitpad(seed=1), Recognizer.load(), tiny_mnist[1].frames
        )
