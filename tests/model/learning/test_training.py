"""Training from the command line into a folder: whole, resumable, and never for the worse."""

import json
from dataclasses import replace

import numpy as np
import pytest

import train
from model.files import artifacts
from model.files.artifacts import (
    CHECKPOINT_FILE,
    CONFIG_FILE,
    HISTORY_FILE,
    ONNX_FILE,
    PUBLISHED,
    REPORT_FILE,
)
from model.learning.config import PRESETS, start_run
from model.learning.data import Dataset
from model.reading.recognizer import Recognizer

pytestmark = pytest.mark.slow


@pytest.fixture
def training():
    from model.learning import training

    return training


@pytest.fixture
def command(tiny_mnist, tmp_path):
    """Runs `train.py` on the tiny data set; returns its exit code."""

    def run(*arguments: str) -> int:
        places = ("--out", str(tmp_path / "out"), "--runs", str(tmp_path / "runs"))
        return train.main([*places, "--epochs", "1", *arguments])

    return run


def test_the_tutorials_settings_are_the_textbooks():
    tutorial = PRESETS["tutorial"]
    assert (tutorial.epochs, tutorial.batch_size, tutorial.modern) == (10, 32, False)


@pytest.mark.parametrize("preset", ["tutorial", "digitpad"])
def test_a_run_leaves_all_its_files_and_publishes_them(command, tmp_path, preset, capsys):
    assert command("--preset", preset, "--min-accuracy", "0", "--batch-size", "16") == 0
    (run,) = (path for path in (tmp_path / "runs").iterdir() if path.is_dir())
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
    (run,) = (path for path in (tmp_path / "runs").iterdir() if path.is_dir())
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


def test_a_network_that_is_not_to_be_published_stays_in_its_run(command, tmp_path, capsys):
    assert command("--preset", "tutorial", "--min-accuracy", "0", "--no-publish") == 0
    assert "as it was" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()
    (run,) = (path for path in (tmp_path / "runs").iterdir() if path.is_dir())
    assert artifacts.load_report(run)["run"] == run.name


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
    (run,) = (path for path in (tmp_path / "runs").iterdir() if path.is_dir())
    assert f"python train.py --resume {run}" in capsys.readouterr().err
    assert (run / CHECKPOINT_FILE).exists() and not (run / REPORT_FILE).exists()
    places = ["--out", str(tmp_path / "out"), "--runs", str(tmp_path / "runs")]
    options = ["--preset", "tutorial", "--resume", "--min-accuracy", "0"]
    assert train.main([*places, *options]) == 0
    assert [row["epoch"] for row in artifacts.load_history(run / HISTORY_FILE)] == [1, 2, 3]


@pytest.mark.parametrize("stopped_after", [1, 2])
@pytest.mark.parametrize(
    ("preset", "with_validation"), [("tutorial", False), ("digitpad", False), ("digitpad", True)]
)
def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(
    training, tiny_mnist, tmp_path, monkeypatch, preset, stopped_after, with_validation
):
    config = replace(PRESETS[preset], epochs=2, batch_size=32)
    mnist, test = tiny_mnist
    monkeypatch.setattr(training, "split", lambda *_: (mnist, test if with_validation else None))
    straight = training.train(config, mnist, start_run(config, tmp_path))

    class Stopped(training._Keeper):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            if epoch + 1 == stopped_after:
                raise KeyboardInterrupt

    run = start_run(config, tmp_path)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training, "_Keeper", Stopped)
        training.train(config, mnist, run)
    resumed = training.train(config, mnist, run)
    for expected, weights in zip(straight.get_weights(), resumed.get_weights(), strict=True):
        assert np.allclose(expected, weights, atol=1e-5)


def scalars_in(folder) -> dict[tuple[str, int], list[float]]:
    """What TensorFlow reads in a folder's event files, by name and step; it checks the sums."""
    import tensorflow as tf
    from tensorflow.core.util import event_pb2

    found = {}
    for path in sorted(folder.glob("events.out.tfevents.*")):
        for content in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            event = event_pb2.Event.FromString(content)
            for value in event.summary.value:
                found.setdefault((value.tag, event.step), []).append(value.simple_value)
    return found


def test_tensorboards_files_hold_what_the_history_does_and_a_resumed_run_goes_on_in_them(
    training, tiny_mnist, tmp_path, monkeypatch
):
    config = replace(PRESETS["digitpad"], epochs=2, batch_size=32)
    monkeypatch.setattr(training, "split", lambda *_: tiny_mnist)
    run, logs = start_run(config, tmp_path), tmp_path / "logs"

    class Stopped(training._Board):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training, "_Board", Stopped)
        training.train(config, tiny_mnist[0], run, tensorboard=logs)
    training.train(config, tiny_mnist[0], run, tensorboard=logs)
    history = artifacts.load_history(run / HISTORY_FILE)
    expected = {"train": {}, "validation": {}}
    for row in history:
        for key, value in row.items():
            part = "validation" if key.startswith("val_") else "train"
            if key not in ("epoch", "seconds"):
                expected[part][key.removeprefix("val_"), int(row["epoch"])] = [
                    pytest.approx(value, rel=1e-6)
                ]
    assert len(history) == 2 and len(expected["train"]) == 6
    assert {path.name for path in (logs / run.name).iterdir()} == set(expected)
    for part, figures in expected.items():
        assert scalars_in(logs / run.name / part) == figures


def test_a_tensorboard_folder_that_is_a_file_is_told(command, tmp_path, capsys):
    (tmp_path / "logs").touch()
    assert command("--preset", "tutorial", "--tensorboard", str(tmp_path / "logs")) == 1
    assert "can't be written" in last_line(capsys)


@pytest.mark.parametrize("preset", ["tutorial", "digitpad"])
def test_the_modern_recipe_holds_out_whole_writers_and_no_image_is_on_both_sides(training, preset):
    images = np.zeros((60000, 28, 28), np.uint8)
    images[:, 0, :2] = np.arange(60000, dtype="<u2").view(np.uint8).reshape(-1, 2)  # its number
    mnist = Dataset(images, np.zeros(60000, np.uint8), "numbered")
    training_images, validation = training.split(mnist, PRESETS[preset])
    if preset == "tutorial":
        assert validation is None and len(training_images) == 60000
        return
    trains, validates = (
        set(np.ascontiguousarray(part.images[:, 0, :2]).view("<u2").ravel().tolist())
        for part in (training_images, validation)
    )
    assert len(validates) == 5707 and not trains & validates
    assert trains | validates == set(range(60000))


def last_line(capsys) -> str:
    return capsys.readouterr().err.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--epochs", "0"), ("--epochs", "many"), ("--batch-size", "-1")),
        *(("--seed", "-1"), ("--seed", str(2**32))),
        *(("--learning-rate", "0"), ("--learning-rate", "-1"), ("--learning-rate", "nan")),
        *(("--weight-decay", "-1"), ("--min-accuracy", "nan"), ("--preset", "lenet")),
    ],
)
def test_a_setting_that_makes_no_sense_is_told_in_a_sentence(
    command, tmp_path, capsys, option, value
):
    try:
        code = command(option, value)
    except SystemExit as stopped:  # argparse's way
        code = stopped.code
    assert code in (1, 2)
    assert option in last_line(capsys)
    assert not (tmp_path / "out").exists()


def test_an_out_folder_that_is_a_file_is_told(command, tmp_path, capsys):
    (tmp_path / "out").touch()
    assert command("--preset", "tutorial", "--min-accuracy", "0") == 1
    assert "can't be written" in last_line(capsys)


def test_mnist_that_is_missing_is_told_before_a_run_begins(tmp_path, capsys):
    runs = tmp_path / "runs"
    assert train.main(["--data", str(tmp_path / "nowhere"), "--runs", str(runs)]) == 1
    assert "no folder" in last_line(capsys) and not runs.exists()


def test_nothing_to_resume_and_a_damaged_checkpoint_are_told(command, tmp_path, capsys, training):
    from model.learning import network

    places = ["--out", str(tmp_path / "out"), "--runs", str(tmp_path / "runs")]
    assert train.main([*places, "--resume"]) == 1
    assert "no unfinished run" in capsys.readouterr().err
    run = start_run(PRESETS["tutorial"], tmp_path / "runs")
    network.build_tutorial().save(run / CHECKPOINT_FILE)
    whole = (run / CHECKPOINT_FILE).read_bytes()
    for damaged in (b"", b"not a checkpoint", whole[: len(whole) // 2]):
        (run / CHECKPOINT_FILE).write_bytes(damaged)
        assert train.main([*places, "--resume", str(run)]) == 1
        assert last_line(capsys).endswith("start a new run without --resume.")
    assert train.main([*places, "--resume", str(tmp_path / "nowhere")]) == 1
    assert "no unfinished run" in last_line(capsys)
    (run / CONFIG_FILE).write_text("{")
    assert train.main([*places, "--resume", str(run)]) == 1
    assert CONFIG_FILE in last_line(capsys)
    assert command("--resume", str(run), "--seed", "3") == 1
    assert "own settings" in capsys.readouterr().err


def test_batches_repeat_for_the_same_seed_epoch_and_step(training, tiny_mnist):
    mnist, _ = tiny_mnist
    config = replace(PRESETS["digitpad"], batch_size=32)
    first = training.TrainingBatches(mnist, config)
    second = training.TrainingBatches(mnist, config)
    for index in range(len(first)):
        for one, other in zip(first[index], second[index], strict=True):
            assert np.array_equal(one, other)
    assert not np.array_equal(first[3][0], first[4][0])
    first.set_epoch(1)
    assert not np.array_equal(first[3][0], second[3][0])
    resumed = training.TrainingBatches(mnist, config, epoch=1)
    assert np.array_equal(first[3][0], resumed[3][0])
    assert not np.array_equal(
        first[3][0], training.TrainingBatches(mnist, replace(config, seed=9), 1)[3][0]
    )


def test_an_epoch_of_the_tutorial_shows_every_image_once(training, tiny_mnist):
    mnist, _ = tiny_mnist
    batches = training.TrainingBatches(mnist, replace(PRESETS["tutorial"], batch_size=48))
    frames, labels = (np.concatenate(part) for part in zip(*map(list, batches), strict=True))
    assert frames.shape == (320, 28, 28, 1) and frames.dtype == np.float32
    shown = {
        (np.round(f * 255).astype(np.uint8).tobytes(), int(k))
        for f, k in zip(frames, labels, strict=True)
    }
    assert shown == {(f.tobytes(), int(k)) for f, k in zip(mnist.images, mnist.labels, strict=True)}


def test_an_export_that_disagrees_is_refused(training, tiny_mnist, tmp_path):
    from model.errors import TrainingError
    from model.learning import network

    with pytest.raises(TrainingError, match="nothing was replaced"):
        training.check_agreement(
            network.build_digitpad(seed=1), Recognizer.load(), tiny_mnist[1].frames
        )
