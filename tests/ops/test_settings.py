"""Settings: names, defaults, and what odd values mean."""

from pathlib import Path

import pytest

from ops.settings import ROOT, Settings, markdown_table, settings, variable


def test_defaults_open_nothing(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    found = settings()
    assert not (found.training or found.corrections_page or found.password.get_secret_value())
    assert found.runs == ROOT / "runs" and found.data is None


@pytest.mark.parametrize(
    ("word", "is_on"), [("on", True), (" ON ", True), ("", False), ("onn", False), ("1", False)]
)
def test_only_the_word_on_turns_a_feature_on(word, is_on, monkeypatch):
    monkeypatch.setenv(variable("training"), word)
    assert settings().training is is_on


def test_an_empty_path_counts_as_not_set(monkeypatch):
    monkeypatch.setenv(variable("runs"), "")
    assert settings().runs == ROOT / "runs"


def test_a_password_is_never_printed(monkeypatch):
    monkeypatch.setenv(variable("password"), "a long sentence")
    assert "long" not in repr(settings())


def test_every_setting_is_in_the_table():
    assert all(f"`{variable(name)}`" in markdown_table() for name in Settings.model_fields)


def test_an_unknown_setting_has_no_variable():
    with pytest.raises(ValueError, match="no such setting"):
        variable("colour")


def test_corrections_are_a_file_or_an_address_that_is_never_printed(monkeypatch):
    monkeypatch.setenv(variable("corrections"), "kept/corrections.sqlite3")
    assert settings().corrections == Path("kept/corrections.sqlite3")
    monkeypatch.setenv(variable("corrections"), "postgresql+psycopg://someone:a-secret@host/name")
    assert "a-secret" in settings().corrections.get_secret_value()
    assert "a-secret" not in repr(settings())
