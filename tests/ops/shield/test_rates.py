"""Messages pass at a bounded rate, and all visits have the same share of it."""

import asyncio

import pytest

from ops.shield.rates import TokenBucket, Turns
from tests.support import Clock


def test_a_bucket_empties_and_refills():
    clock = Clock()
    bucket = TokenBucket(2, 10, clock)
    assert [bucket.take(1) for _ in range(4)] == pytest.approx([0, 0, 0.1, 0.2])
    clock.now = 0.2
    assert bucket.take(1) == pytest.approx(0.1)
    clock.now = 9
    assert bucket.level() == 2


def order(turns: Turns, messages: list[tuple[str, float | None, float]]) -> list[str]:
    """The names of messages that wait together, by their turn."""
    passed = []

    async def wait(name: str, end: float | None, cost: float) -> None:
        await turns.wait(end, cost)
        passed.append(name)

    async def wait_all() -> None:
        await turns.wait(0.0, 1)  # the only token
        await asyncio.gather(*(wait(*message) for message in messages))

    asyncio.run(asyncio.wait_for(wait_all(), 20))
    return passed


def test_a_visit_that_sent_less_goes_first():
    messages = [("loud", 9.0, 1), ("quiet", 0.0, 1), ("other", 5.0, 1)]
    assert order(Turns(1, 100), messages) == ["quiet", "other", "loud"]


def test_a_visit_waits_for_one_message_of_each_other_visit():
    async def storm() -> int:
        turns, passed = Turns(1, 500), 0

        async def visit() -> None:
            nonlocal passed
            end = 0.0
            while True:
                end = await turns.wait(end, 1)
                passed += 1

        visits = [asyncio.create_task(visit()) for _ in range(40)]
        await asyncio.sleep(0.2)
        before = passed
        await turns.wait(0.0, 1)
        for each in visits:
            each.cancel()
        return passed - before

    assert asyncio.run(asyncio.wait_for(storm(), 20)) <= 41


def test_those_who_draw_do_not_wait_for_all_who_come():
    coming = [(f"new {index}", None, 1) for index in range(10)]
    assert order(Turns(1, 100), [*coming, ("draws", 0.0, 1)]).index("draws") <= 1


def test_a_visit_that_leaves_takes_no_turn():
    async def leave() -> float:
        turns = Turns(1, 1)
        await turns.wait(0.0, 1)
        waiting = asyncio.create_task(turns.wait(0.0, 1_000))
        await asyncio.sleep(0)
        waiting.cancel()
        loop = asyncio.get_running_loop()
        before = loop.time()
        await turns.wait(1.0, 1)
        return loop.time() - before

    assert asyncio.run(asyncio.wait_for(leave(), 20)) < 10


def test_a_visit_that_ended_while_it_waited_takes_no_turn():
    async def wait_behind_the_ended() -> float:
        turns = Turns(1, 1)
        await turns.wait(0.0, 1)
        ended = [asyncio.create_task(turns.wait(None, 9, lambda: True)) for _ in range(50)]
        await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        before = loop.time()
        await turns.wait(None, 1)
        await asyncio.gather(*ended)
        return loop.time() - before

    assert asyncio.run(asyncio.wait_for(wait_behind_the_ended(), 60)) < 10
