"""Replicas that share a database share the count of wrong passwords, and the line of guesses."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from model.errors import AccessError
from ops import access
from ops.access import PasswordGuard, Visitor, check_corrections
from tests.support import Clock, SlowHash

WORD = "correct horse battery"
ME = Visitor("visit", "192.0.2.1", "connection")


@pytest.fixture(autouse=True)
def quick_hash(monkeypatch):
    monkeypatch.setattr(access, "SCRYPT", {"n": 2, "r": 1, "p": 1})
    monkeypatch.setenv("DIGITPAD_PASSWORD", WORD)
    access._hash_of_password.cache_clear()
    yield
    access._hash_of_password.cache_clear()


@pytest.fixture
def replicas(corrections_database) -> list[PasswordGuard]:
    """Guards of three processes; their clock stands still."""
    return [PasswordGuard(Clock()) for _ in range(3)]


def refusal(guard: PasswordGuard, given: str, visitor: Visitor = ME) -> str:
    with pytest.raises(AccessError) as error:
        guard.log_in(given, visitor)
    return str(error.value)


def test_wrong_guesses_count_in_all_replicas(replicas):
    for index in range(access.FREE_GUESSES):
        assert "not the password" in refusal(replicas[index % 3], "wrong")
    for guard in replicas:
        assert "wait 11 seconds" in refusal(guard, WORD)
        guard._clock.now = access.FIRST_WAIT + 0.01
    assert "not the password" in refusal(replicas[0], "wrong")
    assert "wait 21 seconds" in refusal(replicas[1], WORD)


def test_other_visits_are_not_refused(replicas):
    for index in range(access.FREE_GUESSES + 1):
        refusal(replicas[index % 3], "wrong")
    owner_pass = replicas[0].log_in(WORD, Visitor("owner", "192.0.2.1", "c"))
    check_corrections(owner_pass, "c")


def test_replicas_check_one_guess_at_a_time(replicas, monkeypatch):
    slow = SlowHash()
    refusal(replicas[0], "wrong")  # the password's own hash is made once
    monkeypatch.setattr(access, "_hash", slow)
    with ThreadPoolExecutor(9) as pool:
        visitors = [Visitor(f"{index}", f"{index}", "c") for index in range(9)]
        guards = [replicas[index % 3] for index in range(9)]
        list(pool.map(lambda guard, visitor: refusal(guard, "wrong", visitor), guards, visitors))
    assert slow.most == 1


def test_visits_are_stored_as_hashes_and_forgotten_after_hours(postgres, replicas):
    refusal(replicas[0], "wrong", Visitor("a-visit", "192.0.2.1", "c"))
    assert "a-visit" not in postgres.sql("SELECT encode(visit, 'escape') FROM wrong_guesses")
    replicas[1]._clock.now = 3 * access.LONGEST_WAIT
    refusal(replicas[1], "wrong", Visitor("another", "192.0.2.1", "c"))
    assert postgres.sql("SELECT count(*) FROM wrong_guesses") == "1"


def test_without_an_answer_nobody_logs_in(monkeypatch):
    nowhere = "postgresql+psycopg://x:y@127.0.0.1:1/digitpad"
    monkeypatch.setenv("DIGITPAD_CORRECTIONS", nowhere)
    assert "can't be checked, because the database" in refusal(PasswordGuard(), WORD)
