"""Bounds how often pages run, so that one client can't take all of the processor."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable

OPENING_SHARE = 10  # all opening visits together get as much as ten visits that draw


class TokenBucket:
    """Holds tokens that refill with time.

    Args:
        size: How many it holds at most, and at first.
        per_second: How many come back each second.
        clock: Returns seconds.
    """

    def __init__(self, size: float, per_second: float, clock: Callable[[], float] = time.monotonic):
        self._size, self.per_second, self._clock = size, per_second, clock
        self._tokens, self._updated = size, clock()

    @property
    def is_full(self) -> bool:
        """Whether no token is missing."""
        return self.level() >= self._size

    def take(self, cost: float) -> float:
        """Takes tokens, also those that are not there yet; returns the seconds until they are."""
        self._tokens = self.level() - cost
        return max(0.0, -self._tokens / self.per_second)

    def level(self) -> float:
        """The tokens now; below 0 if more were taken than there were."""
        now = self._clock()
        refilled = self._tokens + (now - self._updated) * self.per_second
        self._tokens, self._updated = min(self._size, refilled), now
        return self._tokens


class Turns:
    """Lets messages through at a bounded rate; all visits that send have the same share of it.

    A visit that sends less than its share goes first. The first messages of all visits have one
    share together, `OPENING_SHARE`, so that visitors who draw don't wait for all who arrive.

    Args:
        size: How much passes at once.
        per_second: How much passes each second after that.

    Source: start-time fair queueing, P. Goyal, H. Vin and H. Cheng, SIGCOMM 1996.
    """

    def __init__(self, size: float, per_second: float):
        self._bucket = TokenBucket(size, per_second)
        self._waiting: list[tuple] = []  # a heap by start
        self._clock = 0.0  # the start of the message that went last
        self._opening_end = 0.0  # where the share of first messages is used up to
        self._number = itertools.count()  # so that equal ones go in order
        self._timer: asyncio.TimerHandle | None = None

    async def wait(
        self, end: float | None, cost: float, is_gone: Callable[[], bool] = lambda: False
    ) -> float:
        """Waits for the turn of a message.

        Args:
            end: What this returned for the visit's message before; `None` for its first one.
            cost: How many ordinary messages it counts for.
            is_gone: Whether the visit has ended meanwhile; then its message takes no turn.

        Returns:
            Where the visit's share is used up to.
        """
        if end is None:
            start = max(self._clock, self._opening_end)
            self._opening_end = start + cost / OPENING_SHARE
        else:
            start = max(self._clock, end)
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (start, next(self._number), cost, is_gone, turn))
        if self._timer is None:
            self._let_pass()
        await turn
        return self._clock if end is None else start + cost

    def _let_pass(self) -> None:
        self._timer = None
        while self._waiting and self._bucket.level() >= 1:
            start, _number, cost, is_gone, turn = heapq.heappop(self._waiting)
            if is_gone() and not turn.done():
                turn.set_result(None)
            if not turn.done():
                self._clock = max(self._clock, start)
                self._bucket.take(cost)
                turn.set_result(None)
        if self._waiting:
            seconds = (1 - self._bucket.level()) / self._bucket.per_second
            self._timer = asyncio.get_running_loop().call_later(max(seconds, 0), self._let_pass)
