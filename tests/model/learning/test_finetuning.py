"""Corrections are learned from, and a network that forgets what it knew is never served."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import train
from model.files import served
from model.files.atomic import load_json
from model.files.runs import (
    CARD_FILE,
    CONFIG_FILE,
    HISTORY_FILE,
    INT8_FILE,
    KERAS_FILE,
    NETWORK_FILES,
    ONNX_FILE,
    check_network,
    load_history,
)
from model.ink.frame import strokes_to_mnist
from model.learning import augment
from model.learning.config import load_config, start_run
from model.reading.recognizer import load_served
from ops.corrections import Corrections
from tests.support import TRAINED

pytestmark = pytest.mark.slow

ANGLE = [np.array([[60.0, 60], [200, 220], [60, 220]])]
CORNER = [np.array([[200.0, 60], [60, 60], [60, 220]])]


@pytest.fixture
def finetuning(monkeypatch):
    from model.learning import finetuning

    monkeypatch.setattr(finetuning, "STEPS_AN_EPOCH", 10)
    return finetuning


@pytest.fixture
def corrected(corrections_path) -> Corrections:
    store = Corrections()
    for strokes, label in ((ANGLE, 3), (CORNER, 5)):
        said = np.eye(10, dtype=np.float32)[0]
        store.add(strokes, strokes_to_mnist(strokes, 280), said, label, "a run")
    return store


def use_bars(patch: pytest.MonkeyPatch, bars: tuple, folder: Path) -> None:
    """Has `train.py` train on the bars, of which 100 validate, and find no shipped network."""
    from model.learning import judging, training

    patch.setattr("train.load_mnist", lambda *_args, **_options: bars)
    for module in (training, judging):
        patch.setattr(module, "split", lambda *_: bars)
    patch.setattr(served, "SHIPPED", folder / "trained")


@pytest.fixture(scope="module")
def little_run(bars, tmp_path_factory) -> Path:
    """A runs' folder whose served network was trained a little; to be read, not written."""
    folder = tmp_path_factory.mktemp("little")
    options = ["--preset", "digitpad", "--epochs", "2", "--batch-size", "32"]
    with pytest.MonkeyPatch.context() as patch:
        use_bars(patch, bars, folder)
        assert train.main(["--runs", str(folder / "runs"), *options, "--min-accuracy", "0"]) == 0
    return folder / "runs"


@pytest.fixture
def runs_folder(little_run, bars, tmp_path, monkeypatch) -> Path:
    """A copy of it."""
    use_bars(monkeypatch, bars, tmp_path)
    return Path(shutil.copytree(little_run, tmp_path / "runs"))


def test_corrections_are_learned_and_served(
    finetuning, corrected, runs_folder, capsys, monkeypatch
):
    monkeypatch.setattr(served, "MAX_FORGOTTEN", 1.0)  # two epochs of bars are soon forgotten
    start = served.current(runs_folder).name
    options = ["--corrections", "--epochs", "10", "--learning-rate", "0.003"]
    assert train.main(["--runs", str(runs_folder), *options, "--min-accuracy", "0"]) == 0
    (run,) = runs_folder.glob("*-corrections")
    assert served.current(runs_folder) == run
    report = check_network(run)
    int8 = [INT8_FILE] if report["int8"] and not report["int8"]["refused"] else []
    assert {path.name for path in run.iterdir()} == {*NETWORK_FILES, *int8, CONFIG_FILE}
    tuned = report["finetuning"]
    assert tuned["started_from"] == start
    assert tuned["num_corrections"] == tuned["num_right_after"] == 2
    assert [row["epoch"] for row in load_history(run / HISTORY_FILE)] == list(range(1, 11))
    assert load_json(run / CONFIG_FILE, "")["learning_rate"] == 0.003
    frames = np.stack([strokes_to_mnist(strokes, 280) for strokes in (ANGLE, CORNER)])
    assert load_served(runs_folder).probabilities(frames).argmax(axis=1).tolist() == [3, 5]
    assert "Fine-tuned from run" in (run / CARD_FILE).read_text()
    assert "2 are now" in capsys.readouterr().out


def test_batch_normalisation_stays_as_it_was(
    finetuning, corrected, runs_folder, tiny_mnist, tmp_path
):
    folder = served.current(runs_folder)
    before, _ = finetuning.load_network(folder)
    network, _ = finetuning.load_network(folder)
    finetuning.fine_tune(
        network, finetuning.FINE_TUNING, tiny_mnist[0], corrected.load(), tmp_path / "run"
    )
    changed = set()
    for old, new in zip(before.layers, network.layers, strict=True):
        assert old.trainable == new.trainable
        weights = zip(old.get_weights(), new.get_weights(), strict=True)
        if not all(np.array_equal(*pair) for pair in weights):
            changed.add(type(new).__name__)
    assert changed == {"Conv2D", "Dense"}


def test_a_network_that_forgot_is_served_only_if_forced(
    finetuning, corrected, runs_folder, capsys, monkeypatch
):
    measured = []

    def figures(*_):
        measured.append(finetuning.Figures(1, 0.9789 if measured else 0.98))
        return measured[-1]

    monkeypatch.setattr(finetuning, "figures", figures)
    before = served.current(runs_folder)
    options = ["--runs", str(runs_folder), "--corrections", "--epochs", "1", "--min-accuracy", "0"]
    assert train.main(options) == 1
    sentence = capsys.readouterr().err.strip().splitlines()[-1]
    assert "97.89%" in sentence and "98.00%" in sentence and "nothing was replaced" in sentence
    assert served.current(runs_folder) == before
    measured.clear()
    assert train.main([*options, "--force"]) == 0
    assert served.current(runs_folder) != before


def test_nothing_to_learn_from_or_to_start_from_is_told(
    tiny_mnist, corrections_path, tmp_path, capsys, monkeypatch
):
    def sentence(*options: str) -> str:
        assert train.main(["--runs", str(tmp_path / "runs"), *options]) == 1
        return capsys.readouterr().err.strip().splitlines()[-1]

    monkeypatch.setattr(served, "SHIPPED", tmp_path / "trained")
    assert f"no corrections in {corrections_path}" in sentence("--corrections")
    assert str(tmp_path / "other") in sentence("--corrections", str(tmp_path / "other"))
    assert "leave out --resume" in sentence("--corrections", "--resume")
    store = Corrections(corrections_path)
    store.add(ANGLE, strokes_to_mnist(ANGLE, 280), np.full(10, 0.1, np.float32), 3, "")
    assert "no trained network" in sentence("--corrections")
    served.SHIPPED.mkdir()
    (served.SHIPPED / ONNX_FILE).write_bytes((TRAINED / ONNX_FILE).read_bytes())
    assert "no network to start from" in sentence("--corrections")
    (served.SHIPPED / KERAS_FILE).write_bytes(b"no network")
    assert "can't be read" in sentence("--corrections")
    corrections_path.write_bytes(b"no database" * 500)
    assert "is damaged" in sentence("--corrections")
    assert not (tmp_path / "runs").exists()


def test_batches_hold_mnist_negatives_and_corrections(finetuning, corrected, tiny_mnist):
    from model.learning.batches import BatchMaker
    from model.learning.training import TrainingBatches

    def batches():
        maker = BatchMaker(tiny_mnist[0], finetuning.FINE_TUNING)
        rehearsal = TrainingBatches(maker, len(maker))
        return finetuning.FineTuningBatches(rehearsal, corrected.load(), seed=1)

    frames, targets = batches()[0]
    num = finetuning.CORRECTIONS_A_STEP
    num_negatives = round(augment.NEGATIVE_SHARE * 128)
    assert frames.shape == (128 + num_negatives + num, 28, 28, 1) and frames.dtype == np.float32
    assert set(targets[-num:].argmax(axis=1)) == {3, 5}  # both: the seed is fixed
    assert np.allclose(targets[128:-num], 0.1)
    again = batches()
    assert np.array_equal(again[0][0], frames) and not np.array_equal(again[1][0], frames)
    again.set_epoch(1)
    assert not np.array_equal(again[0][0], frames)


def test_a_correction_is_drawn_with_thin_and_thick_pens(finetuning, corrected):
    seen, *drawn = finetuning.drawn_variants(corrected.load()[0])
    assert len(drawn) == 3 and drawn[0].sum() < drawn[1].sum() < drawn[2].sum()
    assert np.abs(seen - drawn[1]).max() < 0.003  # the pen that the app draws with


def test_the_settings_are_saved_in_the_run(finetuning, tmp_path):
    run = start_run(finetuning.FINE_TUNING, tmp_path, "corrections")
    assert run.name.endswith("-corrections")
    assert load_config(run) == finetuning.FINE_TUNING
    assert json.loads((run / "config.json").read_text())["epochs"] == 3
