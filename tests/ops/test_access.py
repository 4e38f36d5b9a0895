"""The owner's pages are closed by default, and passwords can't be guessed quickly."""

import unicodedata

import pytest

from model.errors import AccessError, PasswordNeeded, TrainingError
from ops import access
from ops.access import GUARD, PasswordGuard, check_corrections, check_training

WORD = "correct horse battery"


@pytest.fixture
def set_password(monkeypatch):
    """Sets the owner's password, as before the app's start."""
    return lambda word: monkeypatch.setenv("DIGITPAD_PASSWORD", word)


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def refusal(guard: PasswordGuard, given: str) -> str:
    with pytest.raises(AccessError) as error:
        guard.log_in(given)
    return str(error.value)


def test_corrections_and_training_are_closed_by_default():
    with pytest.raises(AccessError, match="DIGITPAD_CORRECTIONS_PAGE=on"):
        check_corrections(None)
    with pytest.raises(TrainingError, match="DIGITPAD_TRAINING=on"):
        check_training(None)


@pytest.mark.parametrize(
    ("value", "is_open"),
    [(" On ", True), ("", False), ("off", False), ("1", False), ("yes", False), ("on it", False)],
)
def test_only_the_word_on_opens_corrections(value, is_open, monkeypatch):
    monkeypatch.setenv("DIGITPAD_CORRECTIONS_PAGE", value)
    if is_open:
        check_corrections(None)
    else:
        with pytest.raises(AccessError):
            check_corrections(None)


def test_a_password_protects_pages_that_are_on(set_password, monkeypatch):
    set_password(WORD)
    monkeypatch.setenv("DIGITPAD_CORRECTIONS_PAGE", "on")
    with pytest.raises(TrainingError):
        check_training(GUARD.log_in(WORD))  # the password alone doesn't turn training on
    monkeypatch.setenv("DIGITPAD_TRAINING", "on")
    for check in (check_corrections, check_training):
        for token in (None, b"", True, WORD, WORD.encode(), b"x" * 32):
            with pytest.raises(PasswordNeeded):
                check(token)
        check(GUARD.log_in(WORD))


def test_a_changed_password_ends_all_visits(set_password):
    set_password(WORD)
    token = PasswordGuard().log_in(WORD)
    set_password(f"{WORD}!")
    with pytest.raises(PasswordNeeded):
        check_corrections(token)


@pytest.mark.parametrize("given", ["", WORD])
def test_without_a_password_every_guess_is_wrong(given):
    assert "not the password" in refusal(PasswordGuard(), given)


@pytest.mark.parametrize("word", ["x", "x" * 11, "x" * 201])
def test_a_password_of_unusable_length_opens_nothing(word, set_password):
    set_password(word)
    with pytest.raises(AccessError, match="12 to 200 characters"):
        check_corrections(None)
    assert "12 to 200 characters" in refusal(PasswordGuard(), word)


def test_accents_match_in_either_unicode_form(set_password):
    set_password(unicodedata.normalize("NFC", "café crème brûlée"))
    check_corrections(PasswordGuard().log_in(unicodedata.normalize("NFD", "café crème brûlée")))


@pytest.mark.parametrize("given", [WORD * 100_000, "\ud800"])
def test_a_huge_or_malformed_guess_is_wrong(given, set_password):
    set_password(WORD)
    assert "not the password" in refusal(PasswordGuard(), given)


def test_wrong_guesses_make_all_visitors_wait(set_password):
    set_password(WORD)
    clock = Clock()
    guard = PasswordGuard(clock)
    for _ in range(access.FREE_GUESSES):
        assert "not the password" in refusal(guard, "wrong")
    assert "wait 10 seconds" in refusal(guard, "wrong").replace("11", "10")
    assert "Too many" in refusal(guard, WORD)  # else the answer would tell the right one
    clock.now += access.SECONDS_A_GUESS + 0.01
    guard.log_in(WORD)
    guard.log_in(WORD)  # a right one costs nothing
    assert "not the password" in refusal(guard, "wrong")
    assert "Too many" in refusal(guard, "wrong")


def test_an_hour_allows_a_few_hundred_guesses(set_password):
    set_password(WORD)
    clock = Clock()
    guard = PasswordGuard(clock)
    tried = 0
    for _ in range(3600):
        clock.now += 1
        tried += "not the password" in refusal(guard, "wrong")
    assert tried <= access.FREE_GUESSES + 3600 / access.SECONDS_A_GUESS
