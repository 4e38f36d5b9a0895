"""Who is let in: nobody unless the owner says so, and no faster than a password can be typed."""

import unicodedata

import pytest

from model.errors import AccessError, PasswordNeeded, TrainingError
from ops import access, training_jobs
from ops.access import GUARD, Guard, check_corrections, check_training

WORD = "correct horse battery"


@pytest.fixture
def set_password(monkeypatch):
    """Sets the owner's password, as of the app's start."""
    return lambda word: monkeypatch.setenv(access.PASSWORD_VARIABLE, word)


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def fails(guard: Guard, said: str) -> str:
    with pytest.raises(AccessError) as error:
        guard.enter(said)
    return str(error.value)


def test_by_default_corrections_and_training_are_closed_and_say_how_to_open_them():
    with pytest.raises(AccessError, match="DIGITPAD_CORRECTIONS_PAGE=on"):
        check_corrections(None)
    with pytest.raises(TrainingError, match="DIGITPAD_TRAINING=on"):
        check_training(None)


@pytest.mark.parametrize("value", ["", "off", "1", "yes", "on it"])
def test_only_on_opens_the_corrections(value, monkeypatch):
    monkeypatch.setenv(access.PAGE_VARIABLE, value)
    with pytest.raises(AccessError):
        check_corrections(None)
    monkeypatch.setenv(access.PAGE_VARIABLE, " On ")
    check_corrections(None)


def test_a_password_is_asked_for_whatever_else_is_on(set_password, monkeypatch):
    set_password(WORD)
    monkeypatch.setenv(access.PAGE_VARIABLE, "on")
    with pytest.raises(TrainingError):
        check_training(GUARD.enter(WORD))  # the password alone turns no training on
    monkeypatch.setenv(training_jobs.TRAINING_VARIABLE, "on")
    for check in (check_corrections, check_training):
        for held in (None, b"", True, WORD, WORD.encode(), b"x" * 32):
            with pytest.raises(PasswordNeeded):
                check(held)
        check(GUARD.enter(WORD))


def test_a_pass_ends_with_its_password(set_password):
    set_password(WORD)
    held = Guard().enter(WORD)
    set_password(f"{WORD}!")
    with pytest.raises(PasswordNeeded):
        check_corrections(held)


def test_without_a_password_no_guess_is_right():
    assert "not the password" in fails(Guard(), "")
    assert "not the password" in fails(Guard(), WORD)


@pytest.mark.parametrize("word", ["x", "x" * 11, "x" * 201])
def test_a_password_that_could_be_guessed_or_not_be_typed_opens_nothing(word, set_password):
    set_password(word)
    with pytest.raises(AccessError, match="12 to 200 characters"):
        check_corrections(None)
    assert "12 to 200 characters" in fails(Guard(), word)


def test_accents_are_the_same_however_a_keyboard_writes_them(set_password):
    set_password(unicodedata.normalize("NFC", "café crème brûlée"))
    check_corrections(Guard().enter(unicodedata.normalize("NFD", "café crème brûlée")))


def test_a_guess_of_megabytes_or_of_no_text_is_just_wrong(set_password):
    set_password(WORD)
    assert "not the password" in fails(Guard(), WORD * 100_000)
    assert "not the password" in fails(Guard(), "\ud800")


def test_guesses_are_slowed_for_all_together_and_the_allowance_comes_back(set_password):
    set_password(WORD)
    clock = Clock()
    guard = Guard(clock)
    for _ in range(access.FREE_GUESSES):
        assert "not the password" in fails(guard, "wrong")
    assert "wait 10 seconds" in fails(guard, "wrong").replace("11", "10")
    assert "Too many" in fails(guard, WORD)  # or a guess would be told by its answer
    clock.now += access.SECONDS_A_GUESS + 0.01
    guard.enter(WORD)
    guard.enter(WORD)  # a right one costs nothing
    assert "not the password" in fails(guard, "wrong")
    assert "Too many" in fails(guard, "wrong")


def test_in_an_hour_no_more_than_some_hundred_words_can_be_tried(set_password):
    set_password(WORD)
    clock = Clock()
    guard = Guard(clock)
    tried = 0
    for _ in range(3600):
        clock.now += 1
        tried += "not the password" in fails(guard, "wrong")
    assert tried <= access.FREE_GUESSES + 3600 / access.SECONDS_A_GUESS
