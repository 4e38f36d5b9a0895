"""Messages pass at a bounded rate, those of quiet connections first."""

import asyncio

import pytest

from ops.shield.rates import TokenBucket, Turns


class Clock:
    """Returns the seconds that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_empties_and_refills():
    clock = Clock()
    bucket = TokenBucket(2, 10, clock)
    assert [bucket.take(1) for _ in range(4)] == pytest.approx([0, 0, 0.1, 0.2])
    clock.now = 0.2
    assert bucket.take(1) == pytest.approx(0.1)
    clock.now = 9
    assert bucket.level() == 2


def test_the_quietest_connection_goes_first():
    passed = []

    async def wait(turns: Turns, name: str, used: float) -> None:
        await turns.wait(used, 1)
        passed.append(name)

    async def all_wait() -> None:
        turns = Turns(1, 100)
        await turns.wait(0, 1)  # the only token
        await asyncio.gather(
            *(wait(turns, name, used) for name, used in [("loud", 9), ("quiet", 0), ("other", 5)])
        )

    asyncio.run(asyncio.wait_for(all_wait(), 5))
    assert passed == ["quiet", "other", "loud"]


def test_a_connection_that_gives_up_takes_no_turn():
    async def give_up() -> float:
        turns = Turns(1, 1)
        await turns.wait(0, 1)
        waiting = asyncio.create_task(turns.wait(0, 1_000))
        await asyncio.sleep(0)
        waiting.cancel()
        loop = asyncio.get_running_loop()
        before = loop.time()
        await turns.wait(1, 1)
        return loop.time() - before

    assert asyncio.run(asyncio.wait_for(give_up(), 10)) < 5
