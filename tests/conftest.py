"""Fixtures that tests share; tests that need MNIST or Chromium skip where there is none."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from model.files import artifacts
from model.learning import data
from model.learning.data import Dataset
from ops import training_jobs
from tests.support import ROOT, SCRIPTS, TRAINED, end_run

BESIDE = ROOT.parent / "shared" / "mnist"  # a folder `shared/mnist` beside the checkout


def pytest_collection_modifyitems(items):
    """Fast tests first, then slow ones, then those with a browser."""

    def order(item):
        return bool(item.get_closest_marker("slow")) + 2 * bool(item.get_closest_marker("browser"))

    items.sort(key=order)


@pytest.fixture(autouse=True)
def corrections_path(tmp_path, monkeypatch) -> Path:
    """Where corrections go in a test: never into the checkout."""
    path = tmp_path / "kept" / "corrections.sqlite3"
    monkeypatch.setenv("DIGITPAD_CORRECTIONS", str(path))
    return path


@pytest.fixture(autouse=True)
def no_owner(monkeypatch):
    """Nothing of the owner's is open in a test that does not say so, whoever runs the tests."""
    for variable in (
        "DIGITPAD_PASSWORD",
        "DIGITPAD_CORRECTIONS_PAGE",
        training_jobs.TRAINING_VARIABLE,
    ):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def corrections_open(monkeypatch):
    """The corrections are open to everyone, as at home."""
    monkeypatch.setenv("DIGITPAD_CORRECTIONS_PAGE", "on")


@pytest.fixture(scope="session")
def mnist_folder() -> Path:
    folder = Path(os.environ.get(data.FOLDER_VARIABLE) or BESIDE)
    if not folder.is_dir():
        pytest.skip(
            f"needs MNIST and there is no folder {folder}: name one with "
            f"{data.FOLDER_VARIABLE}, or put a folder shared/mnist beside the checkout"
        )
    return folder


@pytest.fixture(scope="session")
def mnist(mnist_folder) -> tuple[Dataset, Dataset]:
    return data.load_mnist(mnist_folder)


@pytest.fixture(scope="session")
def trained() -> Path:
    """The folder of the shipped network; to be read, not written."""
    path = artifacts.TRAINED / artifacts.ONNX_FILE
    assert path.is_file(), f"{path} ships with the repository: restore it"
    return artifacts.TRAINED


@pytest.fixture
def tiny_mnist(monkeypatch) -> tuple[Dataset, Dataset]:
    """A little data set that `train.py` takes for MNIST: bars whose place is the label."""
    rng = np.random.default_rng(0)

    def bars(num: int, name: str) -> Dataset:
        labels = np.arange(num, dtype=np.uint8) % 10
        images = rng.integers(0, 40, (num, 28, 28)).astype(np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[4:24, 4 + 2 * label : 6 + 2 * label] = 255
        return Dataset(images, labels, name)

    sets = bars(320, "bars to train on"), bars(100, "bars to test on")
    monkeypatch.setattr("train.load_mnist", lambda *_args, **_options: sets)
    return sets


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """Where runs are started in a test: folders of its own, and a trainer that takes no time."""
    monkeypatch.setenv(training_jobs.TRAINING_VARIABLE, "on")
    monkeypatch.setattr(training_jobs, "TRAINER", SCRIPTS / "fake_trainer.py")
    monkeypatch.setattr(artifacts, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(artifacts, "TRAINED", tmp_path / "model" / "trained")
    shutil.copytree(TRAINED, artifacts.TRAINED)
    desk = training_jobs.Desk()
    yield desk
    end_run(desk)
