"""Shares out how often moving pens are followed, so that lifted pens are answered first."""

import threading
import time

PER_SECOND = 40  # reports of moving pens that all visitors together may send
MANY = 10  # more visitors who draw at once are answered when they lift the pen
LONG = 60.0  # seconds; longer than a stroke
RECENT = 1.0  # seconds for which a visitor who reported counts as drawing

_lock = threading.Lock()
_last: dict[str, float] = {}  # by visit: when it reported last


def pause(visit: str) -> float:
    """Notes a report; returns the least time in seconds until the visit's next one.

    Args:
        visit: Names the visit.
    """
    now = time.monotonic()
    with _lock:
        _last[visit] = now
        for other in [each for each, reported in _last.items() if now - reported > RECENT]:
            del _last[other]
        return len(_last) / PER_SECOND if len(_last) <= MANY else LONG
