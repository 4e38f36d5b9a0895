"""Training from the command line: complete, resumable, never serving a worse network."""

import shlex
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest

import train
from model.files import served
from model.files.progress import STEPS_FILE, load_progress
from model.files.runs import (
    CHECKPOINT_FILE,
    CONFIG_FILE,
    HISTORY_FILE,
    INT8_FILE,
    NETWORK_FILES,
    REPORT_FILE,
    check_network,
    load_history,
    load_report,
    save_report,
)
from model.learning.batches import BatchMaker
from model.learning.config import PRESETS, start_run
from model.learning.data import Dataset
from model.reading.recognizer import Recognizer, load_served

pytestmark = pytest.mark.slow


@pytest.fixture
def training():
    from model.learning import training

    return training


@pytest.fixture
def judging():
    from model.learning import judging

    return judging


@pytest.fixture
def runs_folder(tmp_path, monkeypatch):
    """A runs' folder; no network is shipped."""
    monkeypatch.setattr(served, "SHIPPED", tmp_path / "trained")
    return tmp_path / "runs"


@pytest.fixture
def command(tiny_mnist, runs_folder):
    """Runs `train.py` on the tiny data set; returns its exit status."""

    def run(*arguments: str) -> int:
        return train.main(["--runs", str(runs_folder), "--epochs", "1", *arguments])

    return run


def only_run(folder):
    (run,) = (path for path in folder.iterdir() if path.is_dir())
    return run


def test_the_tutorials_settings_are_the_textbooks():
    tutorial = PRESETS["tutorial"]
    assert (tutorial.epochs, tutorial.batch_size, tutorial.modern) == (10, 32, False)


@pytest.mark.parametrize("preset", ["tutorial", "digitpad"])
def test_a_run_leaves_all_its_files_and_is_served(command, runs_folder, preset, capsys):
    assert command("--preset", preset, "--min-accuracy", "0", "--batch-size", "16") == 0
    run = only_run(runs_folder)
    assert run.name.endswith(preset) and served.current(runs_folder) == run
    report = check_network(run)
    int8 = report["int8"]  # none of a network with one convolution
    assert (int8 is None) == (preset == "tutorial")
    assert {path.name for path in run.iterdir()} == {
        *NETWORK_FILES,
        *([INT8_FILE] if int8 and not int8["refused"] else []),
        CONFIG_FILE,
        CHECKPOINT_FILE,
        STEPS_FILE,
    }
    assert report["config"]["batch_size"] == 16 and report["data"]["num_test"] == 100
    assert [row["epoch"] for row in load_history(run / HISTORY_FILE)] == [1]
    assert "test images right" in capsys.readouterr().out
    frames = np.zeros((2, 28, 28), np.float32)
    assert load_served(runs_folder).probabilities(frames).shape == (2, 10)


def test_a_run_notes_its_steps_while_it_trains_and_not_afterwards(
    training, tiny_mnist, tmp_path, monkeypatch
):
    monkeypatch.setattr(training, "PROGRESS_EVERY", 0.0)
    noted = []
    save = training.progress.save_progress
    monkeypatch.setattr(
        training.progress,
        "save_progress",
        lambda folder, progress: (save(folder, progress), noted.append(load_progress(folder))),
    )
    config = replace(PRESETS["tutorial"], epochs=2)
    training.train(config, tiny_mnist[0], tmp_path)
    num = noted[0].num_steps
    assert [(each.epoch, each.step) for each in noted] == [
        (epoch, step) for epoch in (1, 2) for step in range(1, num + 1)
    ]
    assert noted[-1].share == 1 and load_progress(tmp_path) is None


def test_judging_exports_and_loads_the_network_once(command, judging, monkeypatch):
    calls = Counter()

    def counted(what, function):
        def call(*given, **more):
            calls[what] += 1
            return function(*given, **more)

        return call

    session = counted("load", onnxruntime.InferenceSession)
    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    monkeypatch.setattr(judging.onnx_file, "export", counted("export", judging.onnx_file.export))
    assert command("--preset", "tutorial", "--min-accuracy", "0") == 0
    # Two more for the int8 network: one finds its layers' ranges, one reads with it.
    assert calls == {"load": 3, "export": 1}


def test_a_network_below_the_asked_accuracy_is_not_served(command, runs_folder, capsys):
    assert command("--preset", "tutorial", "--min-accuracy", "1.01") == 1
    assert "asked for" in last_line(capsys)
    assert served.current(runs_folder) == served.SHIPPED
    assert (only_run(runs_folder) / REPORT_FILE).exists()


def test_a_better_served_network_stays_unless_forced(command, runs_folder, trained, capsys):
    shutil.copytree(trained, served.SHIPPED)  # reads more than the bars' network
    report = load_report(served.SHIPPED)
    report["test"]["accuracy"] = 1.5
    save_report(served.SHIPPED, report)
    assert command("--preset", "tutorial", "--min-accuracy", "0") == 1
    assert "is better" in last_line(capsys)
    run = only_run(runs_folder)
    assert served.current(runs_folder) == served.SHIPPED
    # A finished run is not trained again, only served.
    again = ["--runs", str(runs_folder), "--resume", run.name, "--min-accuracy", "0", "--force"]
    assert train.main(again) == 0
    assert served.current(runs_folder) == run


def test_train_only_leaves_a_run_that_resume_judges_and_serves(command, runs_folder, capsys):
    assert command("--preset", "digitpad", "--batch-size", "16", "--train-only") == 0
    run = only_run(runs_folder)
    assert not (run / REPORT_FILE).exists() and served.current(runs_folder) == served.SHIPPED
    words = shlex.split(capsys.readouterr().out.splitlines()[-1].partition("python ")[2])
    assert words[:3] == ["train.py", "--resume", str(run)]
    assert train.main([*words[1:], "--runs", str(runs_folder), "--min-accuracy", "0"]) == 0
    assert check_network(run)["config"]["batch_size"] == 16
    assert served.current(runs_folder) == run


def test_training_alone_needs_no_onnx_and_no_downloader():
    script = """
import sys
for name in ("tf2onnx", "onnx", "onnxruntime", "pooch"):
    sys.modules[name] = None  # importing it raises ImportError
import train
from model.learning import network, training
assert network.build_digitpad(1).count_params() == network.NUM_DIGITPAD_PARAMETERS
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_no_serve_leaves_what_is_served(command, runs_folder, capsys):
    assert command("--preset", "tutorial", "--min-accuracy", "0", "--no-serve") == 0
    assert "as it was" in capsys.readouterr().out
    assert served.current(runs_folder) == served.SHIPPED
    assert check_network(only_run(runs_folder))["run"] == only_run(runs_folder).name


def test_ship_copies_a_run_to_the_shipped_folder(runs_folder, trained):
    shutil.copytree(trained, runs_folder / "a run")
    assert train.main(["--runs", str(runs_folder), "--ship", "a run"]) == 0
    assert {path.name for path in served.SHIPPED.iterdir()} == {*NETWORK_FILES, INT8_FILE}


def test_ctrl_c_prints_how_to_resume(command, runs_folder, capsys, training, monkeypatch):
    class Interrupted(training._EpochEnd):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt
            super().on_epoch_begin(epoch, logs)

    options = ["--data", "a folder's name", "--force", "--min-accuracy", "0.5", "--no-serve"]
    with monkeypatch.context() as patch:
        patch.setattr(training, "_EpochEnd", Interrupted)
        assert command("--preset", "tutorial", "--epochs", "3", *options) == 130
    run = only_run(runs_folder)
    words = shlex.split(last_line(capsys).removeprefix("Stopped. Resume with: "))
    assert words[:2] == ["python", "train.py"]
    resumed = train.parse(words[2:])
    assert (resumed.resume, resumed.data) == (str(run), "a folder's name")
    assert (resumed.force, resumed.no_serve, resumed.min_accuracy) == (True, True, 0.5)
    assert (run / CHECKPOINT_FILE).exists() and not (run / REPORT_FILE).exists()
    assert train.main(["--runs", str(runs_folder), *words[2:]]) == 0
    assert [row["epoch"] for row in load_history(run / HISTORY_FILE)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("preset", "with_validation"), [("tutorial", False), ("digitpad", False), ("digitpad", True)]
)
def test_a_resumed_run_ends_with_the_same_weights(
    training, tiny_mnist, tmp_path, monkeypatch, preset, with_validation
):
    config = replace(PRESETS[preset], epochs=2, batch_size=32, seed=2)
    mnist, test = tiny_mnist
    monkeypatch.setattr(training, "split", lambda *_: (mnist, test if with_validation else None))
    straight = training.train(config, mnist, start_run(config, tmp_path))

    class Stopped(training._EpochEnd):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            raise KeyboardInterrupt

    run = start_run(config, tmp_path)
    for _ in range(2):  # after each of the two epochs
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(training, "_EpochEnd", Stopped)
            training.train(config, mnist, run)
    resumed = training.train(config, mnist, run)
    for expected, weights in zip(straight.get_weights(), resumed.get_weights(), strict=True):
        assert np.allclose(expected, weights, atol=1e-5)


def read_events(folder) -> tuple[dict[tuple[str, int], list[float]], list[int]]:
    """The figures in a folder's event files by name and step, and the steps they start at.

    TensorFlow reads them, and checks their checksums.
    """
    import tensorflow as tf
    from tensorboardX.proto.event_pb2 import Event, SessionLog

    figures, starts = {}, []
    for path in sorted(folder.glob("events.out.tfevents.*")):
        for content in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            event = Event.FromString(content)
            if event.session_log.status == SessionLog.START:
                starts.append(event.step)
            for value in event.summary.value:
                figures.setdefault((value.tag, event.step), []).append(value.simple_value)
    return figures, starts


def test_event_files_hold_the_history_also_when_resumed(
    training, tiny_mnist, tmp_path, monkeypatch
):
    config = replace(PRESETS["digitpad"], epochs=2, batch_size=32)
    monkeypatch.setattr(training, "split", lambda *_: tiny_mnist)
    run, logs = start_run(config, tmp_path), tmp_path / "logs"

    class Stopped(training._TensorBoard):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training, "_TensorBoard", Stopped)
        training.train(config, tiny_mnist[0], run, tensorboard=logs)
    training.train(config, tiny_mnist[0], run, tensorboard=logs)
    history = load_history(run / HISTORY_FILE)
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
        assert read_events(logs / run.name / part) == (figures, [1, 2])


def test_a_tensorboard_folder_that_is_a_file_is_an_error(command, tmp_path, capsys):
    (tmp_path / "logs").touch()
    assert command("--preset", "tutorial", "--tensorboard", str(tmp_path / "logs")) == 1
    assert "can't be written" in last_line(capsys)


@pytest.mark.parametrize("preset", ["tutorial", "digitpad"])
def test_no_image_is_in_training_and_validation(training, preset):
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
def test_an_invalid_option_is_named(command, runs_folder, capsys, option, value):
    try:
        code = command(option, value)
    except SystemExit as stopped:  # argparse's way
        code = stopped.code
    assert code in (1, 2)
    assert option in last_line(capsys)
    assert not runs_folder.exists()


def test_missing_mnist_ends_before_a_run_begins(tmp_path, capsys):
    runs = tmp_path / "runs"
    assert train.main(["--data", str(tmp_path / "nowhere"), "--runs", str(runs)]) == 1
    assert "no folder" in last_line(capsys) and not runs.exists()


def test_nothing_to_resume_is_told(runs_folder, capsys):
    assert train.main(["--runs", str(runs_folder), "--resume"]) == 1
    assert "no unfinished run" in last_line(capsys)


@pytest.mark.parametrize("name", ["nowhere", "x" * 300, "\0"])
def test_a_mistyped_run_is_named(tiny_mnist, runs_folder, capsys, name):
    assert train.main(["--runs", str(runs_folder), "--resume", name]) == 1
    assert f"There is no run {name[:200]}" in capsys.readouterr().err


def test_a_damaged_checkpoint_says_what_to_do(command, runs_folder, capsys, training):
    run = start_run(PRESETS["tutorial"], runs_folder)
    training.network.build_tutorial().save(run / CHECKPOINT_FILE)
    whole = (run / CHECKPOINT_FILE).read_bytes()
    for damaged in (b"", b"not a checkpoint", whole[: len(whole) // 2]):
        (run / CHECKPOINT_FILE).write_bytes(damaged)
        assert train.main(["--runs", str(runs_folder), "--resume", run.name]) == 1
        assert last_line(capsys).endswith("start a new run without --resume.")
    assert command("--resume", str(run), "--seed", "3") == 1
    assert "own settings" in last_line(capsys)
    (run / CONFIG_FILE).write_text("{")
    assert train.main(["--runs", str(runs_folder), "--resume", str(run)]) == 1
    assert CONFIG_FILE in last_line(capsys)


def test_an_epoch_of_the_tutorial_shows_every_image_once(training, tiny_mnist):
    mnist, _ = tiny_mnist
    maker = BatchMaker(mnist, replace(PRESETS["tutorial"], batch_size=48))
    batches = training.TrainingBatches(maker, len(maker))
    frames, labels = (np.concatenate(part) for part in zip(*map(list, batches), strict=True))
    assert frames.shape == (320, 28, 28, 1) and frames.dtype == np.float32
    shown = {
        (np.round(f * 255).astype(np.uint8).tobytes(), int(k))
        for f, k in zip(frames, labels, strict=True)
    }
    assert shown == {(f.tobytes(), int(k)) for f, k in zip(mnist.images, mnist.labels, strict=True)}


def test_an_export_that_disagrees_is_refused(judging, tiny_mnist, tmp_path):
    from model.errors import TrainingError
    from model.learning import network

    with pytest.raises(TrainingError, match="nothing was replaced"):
        judging.check_agreement(
            network.build_digitpad(seed=1), Recognizer.load(), tiny_mnist[1].frames
        )
