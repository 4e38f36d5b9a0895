"""Bounds how often pages run, so that one client can't take all of the processor."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable


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
    """Lets messages through at a bounded rate, those of the quietest connections first.

    Args:
        size: How many pass at once.
        per_second: How many pass each second after that.
    """

    def __init__(self, size: float, per_second: float):
        self._bucket = TokenBucket(size, per_second)
        self._waiting: list[tuple[float, int, float, asyncio.Future]] = []
        self._number = itertools.count()  # so that equally quiet ones go in order
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, used: float, cost: float) -> None:
        """Waits for the turn of a message.

        Args:
            used: How much its connection has used lately; less goes first.
            cost: How many ordinary messages it counts for.
        """
        if not self._waiting and self._bucket.level() >= 1:
            self._bucket.take(cost)
            return
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (used, next(self._number), cost, turn))
        self._schedule()
        await turn

    def _schedule(self) -> None:
        if self._timer is None and self._waiting:
            seconds = max(1 - self._bucket.level(), 0.0) / self._bucket.per_second
            self._timer = asyncio.get_running_loop().call_later(seconds, self._let_pass)

    def _let_pass(self) -> None:
        self._timer = None
        while self._waiting and self._bucket.level() >= 1:
            _used, _number, cost, turn = heapq.heappop(self._waiting)
            if not turn.cancelled():
                self._bucket.take(cost)
                turn.set_result(None)
        self._schedule()
