"""The owner's pages are closed by default, and passwords can't be guessed quickly."""

import contextlib
import hashlib
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest

from model.errors import AccessError, PasswordNeeded, TrainingError
from ops import access
from ops.access import GUARD, PasswordGuard, Visitor, check_corrections, check_training
from tests.support import Clock, SlowHash

WORD = "correct horse battery"
ME = Visitor("visit", "192.0.2.1", "connection")


@pytest.fixture(autouse=True)
def quick_hash(monkeypatch):
    monkeypatch.setattr(access, "SCRYPT", {"n": 2, "r": 1, "p": 1})
    access._hash_of_password.cache_clear()
    yield
    access._hash_of_password.cache_clear()


@pytest.fixture
def set_password(monkeypatch):
    """Sets the owner's password, as before the app's start."""
    return lambda word: monkeypatch.setenv("DIGITPAD_PASSWORD", word)


def refusal(guard: PasswordGuard, given: str, visitor: Visitor = ME) -> str:
    with pytest.raises(AccessError) as error:
        guard.log_in(given, visitor)
    return str(error.value)


def test_corrections_and_training_are_closed_by_default():
    with pytest.raises(AccessError, match="DIGITPAD_CORRECTIONS_PAGE=on"):
        check_corrections(None, "")
    with pytest.raises(TrainingError, match="DIGITPAD_TRAINING=on"):
        check_training(None, "")


@pytest.mark.parametrize(
    ("value", "is_open"),
    [(" On ", True), ("", False), ("off", False), ("1", False), ("yes", False), ("on it", False)],
)
def test_only_the_word_on_opens_corrections(value, is_open, monkeypatch):
    monkeypatch.setenv("DIGITPAD_CORRECTIONS_PAGE", value)
    with contextlib.nullcontext() if is_open else pytest.raises(AccessError):
        check_corrections(None, "")


def test_a_password_protects_pages_that_are_on(set_password, monkeypatch):
    set_password(WORD)
    monkeypatch.setenv("DIGITPAD_CORRECTIONS_PAGE", "on")
    with pytest.raises(TrainingError):
        check_training(
            GUARD.log_in(WORD, ME), ME.connection
        )  # the password alone doesn't turn training on
    monkeypatch.setenv("DIGITPAD_TRAINING", "on")
    for check in (check_corrections, check_training):
        forged = access.Pass(time.monotonic() + 1e6, b"x" * 32)
        for other in (None, b"", True, WORD, WORD.encode(), b"x" * 32, forged):
            with pytest.raises(PasswordNeeded):
                check(other, ME.connection)
        check(GUARD.log_in(WORD, ME), ME.connection)


def test_a_pass_holds_for_its_connection_and_some_hours(set_password, monkeypatch):
    set_password(WORD)
    owner_pass = GUARD.log_in(WORD, ME)
    with pytest.raises(PasswordNeeded):
        check_corrections(owner_pass, "of a stranger who took the visit over")
    longer = access.Pass(owner_pass.until + 1, owner_pass.signature)
    with pytest.raises(PasswordNeeded):
        check_corrections(longer, ME.connection)
    check_corrections(owner_pass, ME.connection)
    monkeypatch.setattr(time, "monotonic", lambda: owner_pass.until + 1)
    with pytest.raises(PasswordNeeded):
        check_corrections(owner_pass, ME.connection)


def test_a_changed_password_ends_all_visits(set_password):
    set_password(WORD)
    owner_pass = PasswordGuard().log_in(WORD, ME)
    set_password(f"{WORD}!")
    with pytest.raises(PasswordNeeded):
        check_corrections(owner_pass, ME.connection)


@pytest.mark.parametrize("given", ["", WORD])
def test_without_a_password_every_guess_is_wrong(given):
    assert "not the password" in refusal(PasswordGuard(), given)


@pytest.mark.parametrize("word", ["x", "x" * 11, "x" * 201])
def test_a_password_of_unusable_length_opens_nothing(word, set_password):
    set_password(word)
    with pytest.raises(AccessError, match="12 to 200 characters"):
        check_corrections(None, "")
    assert "12 to 200 characters" in refusal(PasswordGuard(), word)


def test_accents_match_in_either_unicode_form(set_password):
    set_password(unicodedata.normalize("NFC", "café crème brûlée"))
    other_form = unicodedata.normalize("NFD", "café crème brûlée")
    check_corrections(PasswordGuard().log_in(other_form, ME), ME.connection)


@pytest.mark.parametrize("given", [WORD * 100_000, "\ud800"])
def test_a_huge_or_malformed_guess_is_wrong(given, set_password):
    set_password(WORD)
    assert "not the password" in refusal(PasswordGuard(), given)


def test_a_visit_that_guesses_wrong_waits_longer_each_time(set_password):
    set_password(WORD)
    clock = Clock()
    guard = PasswordGuard(clock)
    for _ in range(access.FREE_GUESSES):
        assert "not the password" in refusal(guard, "wrong")
    assert "wait 11 seconds" in refusal(guard, "wrong")
    assert "wait 11 seconds" in refusal(guard, WORD)  # else the answer would tell the right one
    clock.now += access.FIRST_WAIT + 0.01
    assert "not the password" in refusal(guard, "wrong")
    assert "wait 21 seconds" in refusal(guard, WORD)
    clock.now += 2 * access.FIRST_WAIT + 0.01
    guard.log_in(WORD, ME)


@pytest.mark.parametrize("address", [ME.address, "198.51.100.7", ""])
def test_guesses_in_other_visits_never_refuse_the_right_word(address, set_password):
    set_password(WORD)
    guard = PasswordGuard(Clock())
    for index in range(100):
        refusal(guard, "wrong", Visitor("guessing", address, "c"))
        refusal(guard, "wrong", Visitor(f"guessing {index}", address, "c"))
    check_corrections(guard.log_in(WORD, ME), ME.connection)


def test_each_guess_is_hashed_with_scrypt_and_one_at_a_time(set_password, monkeypatch):
    set_password(WORD)
    slow = SlowHash()
    guard = PasswordGuard()
    refusal(guard, "wrong")  # the password's own hash is made once
    monkeypatch.setattr(hashlib, "scrypt", slow)
    guesses = [Visitor(f"{i}", f"{i % 3}", "c") for i in range(9)]
    with ThreadPoolExecutor(9) as pool:
        list(pool.map(lambda visitor: refusal(guard, "wrong", visitor), guesses))
    assert slow.most == 1


def test_wrong_guesses_of_many_visits_take_bounded_memory(set_password, monkeypatch):
    set_password(WORD)
    monkeypatch.setattr(access, "MAX_VISITS", 10)
    guard = PasswordGuard(Clock())
    for index in range(50):
        refusal(guard, "wrong", Visitor(f"{index}", f"{index}", "c"))
    assert len(guard._wrong) <= 10 and len(guard._lines) <= 11
