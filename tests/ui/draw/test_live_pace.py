"""How often moving pens are followed, by how many draw at once."""

import pytest

from ui.draw import live_pace


@pytest.fixture
def clock(monkeypatch):
    time = [1000.0]
    monkeypatch.setattr(live_pace.time, "monotonic", lambda: time[0])
    monkeypatch.setattr(live_pace, "_last", {})
    return time


def test_all_who_draw_share_the_reports_and_a_lone_one_has_them_all(clock):
    assert live_pace.pause("a") == live_pace.pause("a") == 1 / live_pace.PER_SECOND
    assert live_pace.pause("b") == 2 / live_pace.PER_SECOND
    clock[0] += live_pace.RECENT + 0.1
    assert live_pace.pause("b") == 1 / live_pace.PER_SECOND  # the other has stopped


def test_with_many_only_lifted_pens_are_answered(clock):
    for number in range(live_pace.MANY):
        assert live_pace.pause(str(number)) < 1
    assert live_pace.pause("one more") == live_pace.LONG
