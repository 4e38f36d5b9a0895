"""Ends a command of the terminal in order when it is asked to stop."""

import contextlib
import signal
import threading


class StopSignals(contextlib.AbstractContextManager):
    """Turns Ctrl-C and SIGTERM into `KeyboardInterrupt`, and remembers which one came.

    TensorFlow, interrupted while it builds a graph, raises another error in its place.

    Attributes:
        received: The signal's number, 0 while none came.
    """

    def __init__(self):
        self.received = 0
        self._before = {}

    def __enter__(self) -> "StopSignals":
        if threading.current_thread() is threading.main_thread():  # no other may listen
            for number in (signal.SIGINT, signal.SIGTERM):
                before = signal.getsignal(number)
                if before not in (signal.SIG_IGN, None):  # nohup ignores them, and so do we then
                    self._before[number] = before
                    signal.signal(number, self._receive)
        return self

    def __exit__(self, *_) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _receive(self, number: int, _frame) -> None:
        self.received = number
        raise KeyboardInterrupt
