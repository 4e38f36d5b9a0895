"""Corrections are learned from, and a network that forgets what it knew is never served."""

import json

import numpy as np
import pytest

import train
from model.errors import TrainingError
from model.files import artifacts, promotion
from model.files.artifacts import HISTORY_FILE, ONNX_FILE, PUBLISHED, REPORT_FILE
from model.ink.frame import strokes_to_mnist
from model.learning.config import load_config, start_run
from model.reading.recognizer import Recognizer
from ops.corrections import Corrections

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


@pytest.fixture
def places(tmp_path) -> list[str]:
    return ["--out", str(tmp_path / "out"), "--runs", str(tmp_path / "runs")]


@pytest.fixture
def served(tiny_mnist, tmp_path, places, monkeypatch):
    """The folder of a served network, trained a little; 100 bars validate."""
    from model.learning import training

    mnist, test = tiny_mnist
    monkeypatch.setattr(training, "split", lambda *_: (mnist, test))
    options = ["--preset", "digitpad", "--epochs", "2", "--batch-size", "32"]
    assert train.main([*places, *options, "--min-accuracy", "0"]) == 0
    return tmp_path / "out"


def test_corrections_are_learned_and_the_better_network_is_served(
    finetuning, corrected, served, places, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(promotion, "MAX_LOSS", 1.0)  # two epochs of bars are soon forgotten
    start = artifacts.load_report(served)["run"]
    options = ["--corrections", "--epochs", "4", "--learning-rate", "0.003"]
    assert train.main([*places, *options, "--min-accuracy", "0"]) == 0
    (run,) = (tmp_path / "runs").glob("*-corrections")
    assert {path.name for path in run.iterdir()} == {*PUBLISHED, "config.json"}
    report = artifacts.load_report(served)
    tuned = report["finetuning"]
    assert (report["run"], tuned["started_from"]) == (run.name, start)
    assert tuned["num_corrections"] == tuned["num_right_after"] == 2
    assert [row["epoch"] for row in artifacts.load_history(run / HISTORY_FILE)] == [1, 2, 3, 4]
    assert artifacts.load_json(run / "config.json", "")["learning_rate"] == 0.003
    frames = np.stack([strokes_to_mnist(strokes, 280) for strokes in (ANGLE, CORNER)])
    assert Recognizer.load(served).probabilities(frames).argmax(axis=1).tolist() == [3, 5]
    assert Recognizer.load(served).version == run.name
    assert "Fine-tuned from run" in (served / artifacts.CARD_FILE).read_text()
    assert "2 are now" in capsys.readouterr().out


def test_batch_normalisation_stays_as_it_was(finetuning, corrected, served, tiny_mnist, tmp_path):
    before, _ = finetuning.load_served(served)
    network, _ = finetuning.load_served(served)
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


def test_a_network_that_forgot_is_refused_with_both_figures_unless_forced(
    finetuning, corrected, served, places, tmp_path, capsys, monkeypatch
):
    told = []

    def figures(*_):
        told.append(finetuning.Figures(1, 0.98 if not told else 0.9789))
        return told[-1]

    monkeypatch.setattr(finetuning, "figures", figures)
    before = (served / ONNX_FILE).read_bytes()
    options = [*places, "--corrections", "--epochs", "1", "--min-accuracy", "0"]
    assert train.main(options) == 1
    sentence = capsys.readouterr().err.strip().splitlines()[-1]
    assert "97.89%" in sentence and "98.00%" in sentence and "nothing was replaced" in sentence
    assert (served / ONNX_FILE).read_bytes() == before
    (run,) = (tmp_path / "runs").glob("*-corrections")
    assert (run / REPORT_FILE).exists()
    told.clear()
    assert train.main([*options, "--force"]) == 0
    assert (served / ONNX_FILE).read_bytes() != before


def test_what_is_lost_on_the_test_set_alone_does_not_refuse_but_the_asked_accuracy_does(
    tmp_path, monkeypatch
):
    published = []
    monkeypatch.setattr(artifacts, "publish", lambda *places: published.append(places))
    report = {
        "test": {"accuracy": 0.98},
        "finetuning": {"validation_before": 0.99, "validation_after": 0.9891},
    }
    with pytest.raises(TrainingError, match="were asked for"):
        promotion.publish(tmp_path, report, artifacts.TRAINED, 0.985, force=False)
    assert not published
    promotion.publish(tmp_path, report, artifacts.TRAINED, 0.97, force=False)
    assert published == [(tmp_path, artifacts.TRAINED)]


def test_nothing_to_learn_from_or_to_start_from_is_told(
    places, tiny_mnist, corrections_path, tmp_path, capsys
):
    def sentence(*options: str) -> str:
        assert train.main([*places, *options]) == 1
        return capsys.readouterr().err.strip().splitlines()[-1]

    assert f"no corrections in {corrections_path}" in sentence("--corrections")
    assert str(tmp_path / "other") in sentence("--corrections", str(tmp_path / "other"))
    assert "leave out --resume" in sentence("--corrections", "--resume")
    store = Corrections(corrections_path)
    store.add(ANGLE, strokes_to_mnist(ANGLE, 280), np.full(10, 0.1, np.float32), 3, "")
    assert "no trained network" in sentence("--corrections")
    out = tmp_path / "out"
    out.mkdir()
    for name in (ONNX_FILE, artifacts.KERAS_FILE):
        (out / name).write_bytes((artifacts.TRAINED / name).read_bytes())
    (out / artifacts.KERAS_FILE).write_bytes(b"no network")
    assert "can't be read" in sentence("--corrections")
    (out / artifacts.KERAS_FILE).unlink()
    assert "no network to start from" in sentence("--corrections")
    corrections_path.write_bytes(b"no database" * 500)
    assert "is damaged" in sentence("--corrections")
    assert not (tmp_path / "runs").exists()


def test_batches_hold_mnist_what_is_no_digit_and_corrections_and_repeat(
    finetuning, corrected, tiny_mnist
):
    from model.learning.training import TrainingBatches

    def batches():
        rehearsal = TrainingBatches(tiny_mnist[0], finetuning.FINE_TUNING)
        return finetuning.FineTuningBatches(rehearsal, corrected.load(), seed=1)

    frames, targets = batches()[0]
    num = finetuning.CORRECTIONS_A_STEP
    assert frames.shape == (128 + 17 + num, 28, 28, 1) and frames.dtype == np.float32
    assert set(targets[-num:].argmax(axis=1)) == {3, 5}  # both: the seed is fixed
    assert np.allclose(targets[128:-num], 0.1)
    again = batches()
    assert np.array_equal(again[0][0], frames) and not np.array_equal(again[1][0], frames)
    again.set_epoch(1)
    assert not np.array_equal(again[0][0], frames)


def test_a_correction_is_drawn_with_thin_and_thick_pens(finetuning, corrected):
    seen, *drawn = finetuning.inked(corrected.load()[0])
    assert len(drawn) == 3 and drawn[0].sum() < drawn[1].sum() < drawn[2].sum()
    assert np.abs(seen - drawn[1]).max() < 0.003  # the pen that the app draws with


def test_the_settings_are_saved_as_those_of_any_run(finetuning, tmp_path):
    run = start_run(finetuning.FINE_TUNING, tmp_path, "corrections")
    assert run.name.endswith("-corrections")
    assert load_config(run) == finetuning.FINE_TUNING
    assert json.loads((run / "config.json").read_text())["epochs"] == 3
