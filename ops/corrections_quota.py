"""Bounds how many corrections one visitor stores, so that nobody uses up the room of all."""

import time
from collections.abc import Callable
from threading import Lock

from model.errors import AccessError
from ops.shield.rates import TokenBucket

OF_VISIT = 100  # an hour; a person who corrects a lot makes a few dozen
OF_ADDRESS = 1_000  # an hour; a class of forty has one address
MAX_KEPT = 10_000  # visits and addresses that are remembered


class Quota:
    """Counts corrections by visit and by address.

    Args:
        clock: Returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._lock = Lock()
        self._left: dict[tuple[str, str], TokenBucket] = {}

    def take(self, visit: str, address: str) -> None:
        """Counts one more correction.

        Args:
            visit: The visit's id.
            address: The IP address; "" if it is not known.

        Raises:
            AccessError: If the visit or the address has none left at the moment.
        """
        with self._lock:
            if len(self._left) > MAX_KEPT:
                self._left = {key: each for key, each in self._left.items() if not each.is_full}
            buckets = [
                self._left.setdefault(key, TokenBucket(size, size / 3600, self._clock))
                for key, size in ((("visit", visit), OF_VISIT), (("address", address), OF_ADDRESS))
            ]
            if any(bucket.level() < 1 for bucket in buckets):
                raise AccessError(
                    f"You have stored {OF_VISIT} corrections or more in the last hour, thank you: "
                    "wait some minutes before you store another one."
                )
            for bucket in buckets:
                bucket.take(1)


QUOTA = Quota()
