"""Fixtures of the pages' tests."""

import shutil

import pytest
import streamlit as st

from model.files import served
from model.reading.confidence import Answer
from tests.support import TRAINED


@pytest.fixture(autouse=True)
def fresh_caches():
    """Streamlit's caches outlive a page that its test harness runs."""
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """A copy of the served network that a test may damage."""
    folder = tmp_path / "trained"
    shutil.copytree(TRAINED, folder)
    monkeypatch.setattr(served, "SHIPPED", folder)
    return folder


@pytest.fixture
def no_mnist(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITPAD_DATA", str(tmp_path / "nowhere"))


@pytest.fixture
def with_mnist(mnist_folder, monkeypatch):
    monkeypatch.setenv("DIGITPAD_DATA", str(mnist_folder))


@pytest.fixture
def always_doubtful(monkeypatch):
    """Each digit may also be a 9."""
    monkeypatch.setattr(
        "model.reading.recognizer.Recognizer.answer",
        lambda self, row: Answer((int(row.argmax()), 9), is_digit=True),
    )
