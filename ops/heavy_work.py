"""Work that takes much memory or time is done one piece at a time in a server process.

That is decoding pictures, and reading the images of a data set. The pages Paper and Test images and
the endpoint for programs share the line.
"""

import contextlib
import ctypes
import sys
import threading
from collections.abc import Iterator

from model.errors import BusyError

MAX_WAITING = 40  # pieces of work; a class that uploads photos together
SECONDS_TO_WAIT = 20.0  # 40 photos take nine, a data set of 20,000 images six

_turn = threading.Lock()
_holder = 0  # the thread whose turn it is
_waiting = threading.BoundedSemaphore(MAX_WAITING)


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Waits for this work's turn, and lets the next one go on at the end.

    Within a turn, another one begins at once and ends with the first.

    Raises:
        BusyError: If too many wait already, or the turn doesn't come.
    """
    global _holder
    if _holder == threading.get_ident():
        yield
        return
    if not _waiting.acquire(blocking=False):
        raise BusyError
    try:
        has_turn = _turn.acquire(timeout=SECONDS_TO_WAIT)
    finally:
        _waiting.release()
    if not has_turn:
        raise BusyError
    _holder = threading.get_ident()
    try:
        yield
    finally:
        _holder = 0
        _give_memory_back()
        _turn.release()


def _give_memory_back() -> None:
    """Returns freed memory to the system, which glibc would keep: 100 MB after a large data set."""
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):  # other C libraries return it themselves
            ctypes.CDLL(None).malloc_trim(0)
