"""One visitor can't use up the room for everybody's corrections."""

import pytest

from model.errors import AccessError
from ops import corrections_quota
from ops.corrections_quota import OF_ADDRESS, OF_VISIT, Quota
from tests.support import Clock


def take_all(quota: Quota, visit: str, address: str = "192.0.2.1") -> int:
    """How many corrections a visit may store now."""
    for num in range(OF_ADDRESS + 2):
        try:
            quota.take(visit, address)
        except AccessError:
            return num
    raise AssertionError("no bound")


def test_a_visit_has_a_number_an_hour_and_others_keep_theirs():
    clock = Clock()
    quota = Quota(clock)
    assert take_all(quota, "one") == take_all(quota, "two") == OF_VISIT
    clock.now = 1800
    assert take_all(quota, "one") == OF_VISIT // 2


def test_new_visits_of_an_address_share_a_number_an_hour():
    quota = Quota(Clock())
    assert sum(take_all(quota, f"{visit}") for visit in range(20)) == OF_ADDRESS
    assert take_all(quota, "elsewhere", "198.51.100.7") == OF_VISIT


def test_visits_are_forgotten_once_their_number_is_whole_again(monkeypatch):
    monkeypatch.setattr(corrections_quota, "MAX_KEPT", 10)
    clock = Clock()
    quota = Quota(clock)
    for visit in range(100):
        clock.now += 3600
        quota.take(f"{visit}", "")
    assert len(quota._left) < 20


def test_a_refusal_says_what_to_do():
    quota = Quota(Clock())
    take_all(quota, "one")
    with pytest.raises(AccessError, match="wait some minutes"):
        quota.take("one", "192.0.2.1")
