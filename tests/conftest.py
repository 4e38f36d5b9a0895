"""Fixtures that tests share; tests that need MNIST or Chromium skip where there is none."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from model.files import served
from model.learning import data
from model.learning.data import Dataset
from ops import training_jobs
from ops.settings import variable
from tests.postgres_server import PostgresServer, programs, running_server
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
    monkeypatch.setenv(variable("corrections"), str(path))
    monkeypatch.setenv(variable("runs"), str(tmp_path / "runs"))  # nor are a developer's runs read
    return path


@pytest.fixture(autouse=True)
def main_module(monkeypatch):
    """Gives `__main__` back: Streamlit puts a page there, and new processes would run it."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(autouse=True)
def no_owner(monkeypatch):
    """Nothing of the owner's is open in a test that does not say so, whoever runs the tests."""
    for name in ("password", "corrections_page", "training"):
        monkeypatch.delenv(variable(name), raising=False)


@pytest.fixture
def corrections_open(monkeypatch):
    """The corrections are open to everyone, as at home."""
    monkeypatch.setenv(variable("corrections_page"), "on")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server, started once a session."""
    if programs() is None:
        pytest.skip('needs PostgreSQL: "apt-get install postgresql"')
    with running_server() as server:
        yield server


@pytest.fixture
def corrections_database(postgres, monkeypatch) -> str:
    """The address of an empty database, to which corrections go in this test."""
    postgres.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    monkeypatch.setenv(variable("corrections"), postgres.address())
    return postgres.address()


@pytest.fixture(scope="session")
def mnist_folder() -> Path:
    folder = Path(os.environ.get(variable("data")) or BESIDE)
    if not folder.is_dir():
        pytest.skip(
            f"needs MNIST and there is no folder {folder}: name one with "
            f"{variable('data')}, or put a folder shared/mnist beside the checkout"
        )
    return folder


@pytest.fixture(scope="session")
def mnist(mnist_folder) -> tuple[Dataset, Dataset]:
    return data.load_mnist(mnist_folder)


@pytest.fixture(scope="session")
def trained() -> Path:
    """The folder of the shipped network; to be read, not written."""
    return TRAINED


@pytest.fixture(scope="session")
def bars() -> tuple[Dataset, Dataset]:
    """Little data sets to train and to test on: bars whose place is the label."""
    rng = np.random.default_rng(0)

    def some(num: int, name: str) -> Dataset:
        labels = np.arange(num, dtype=np.uint8) % 10
        images = rng.integers(0, 40, (num, 28, 28)).astype(np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[4:24, 4 + 2 * label : 6 + 2 * label] = 255
        return Dataset(images, labels, name)

    return some(320, "bars to train on"), some(100, "bars to test on")


@pytest.fixture
def tiny_mnist(bars, monkeypatch) -> tuple[Dataset, Dataset]:
    """The bars, which `train.py` takes for MNIST."""
    monkeypatch.setattr("train.load_mnist", lambda *_args, **_options: bars)
    return bars


@pytest.fixture
def jobs(tmp_path, monkeypatch):
    """Training jobs in folders of the test, with a trainer that takes no time."""
    monkeypatch.setenv(variable("training"), "on")
    monkeypatch.setattr(training_jobs, "TRAINER", SCRIPTS / "fake_trainer.py")
    monkeypatch.setattr(served, "SHIPPED", tmp_path / "trained")
    shutil.copytree(TRAINED, served.SHIPPED)
    jobs = training_jobs.TrainingJobs()
    yield jobs
    end_run(jobs)
