"""Bounds the bodies of requests while they arrive: their time, number and bytes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from starlette.types import Message, Receive


class Arrivals:
    """Gives each body a deadline, and ends the slowest ones while there are too many.

    Most bodies arrive within a moment, so the oldest ones are those of the slowest senders.

    Args:
        num: How many bodies may arrive at once.
        num_bytes: How many bytes of unfinished bodies there may be.
        first_byte: Seconds until a body begins.
        seconds: Seconds until it is complete.
    """

    def __init__(self, num: int, num_bytes: int, first_byte: float, seconds: float):
        self._num, self._num_bytes = num, num_bytes
        self._first_byte, self._seconds = first_byte, seconds
        self._bytes: dict[asyncio.Timeout, int] = {}  # so far, the oldest body first

    @property
    def num_bytes(self) -> int:
        """The bytes of all bodies that are not complete yet."""
        return sum(self._bytes.values())

    @contextlib.asynccontextmanager
    async def bounded(self, receive: Receive) -> AsyncIterator[Receive]:
        """Counts a body while it arrives.

        Args:
            receive: The request's, of the ASGI protocol.

        Yields:
            A function to receive the body with instead.

        Raises:
            TimeoutError: At the end of the context, if the body took too long.
        """
        now = asyncio.get_running_loop().time
        async with asyncio.timeout(self._first_byte) as deadline:

            async def receive_counted() -> Message:
                message = await receive()
                if deadline in self._bytes:
                    if not self._bytes[deadline]:
                        deadline.reschedule(now() + self._seconds)
                    self._bytes[deadline] += len(message.get("body", b""))
                    if message.get("more_body"):
                        self._end_slowest()
                    else:
                        del self._bytes[deadline]
                        deadline.reschedule(None)  # it is complete
                return message

            self._bytes[deadline] = 0
            self._end_slowest()
            try:
                yield receive_counted
            finally:
                self._bytes.pop(deadline, None)

    def _end_slowest(self) -> None:
        while len(self._bytes) > self._num or self.num_bytes > self._num_bytes:
            oldest = next(iter(self._bytes))
            del self._bytes[oldest]
            oldest.reschedule(0)  # a time in the past: at once
