"""Processes of this machine that read; one that is killed is replaced.

Two threads of one process read no faster than one: they wait for each other between the calls of
the network.
"""

import contextlib
import itertools
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

ATTEMPTS = 3  # at a task whose process was killed
AHEAD = 2  # tasks that each process has waiting, so that it never waits for the next one


class Worker:
    """An executor with one process, which ends at once when told to or when this one dies.

    Args:
        work: What `call` runs; sent to the process once. Default: nothing.
    """

    def __init__(self, work: Callable | None = None):
        # Not forked: ONNX Runtime's and pyarrow's threads don't survive that.
        context = multiprocessing.get_context("spawn")
        end, self._open = context.Pipe(duplex=False)
        self.executor = ProcessPoolExecutor(1, context, initializer=_begin, initargs=(end, work))

    def submit(self, function: Callable, *arguments) -> Future:
        """Has the process call a function, after what it was asked for before."""
        with _without_interrupts():  # which the process, being started, would inherit
            try:
                return self.executor.submit(function, *arguments)
            except BrokenProcessPool as error:  # it was killed while it had nothing to do
                future = Future()
                future.set_exception(error)
                return future

    def end(self) -> None:
        """Kills the process, whatever it works at."""
        self._open.close()
        self.executor.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Holds Ctrl-C back; a process that is started meanwhile never gets it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield  # Windows
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_work: Callable | None = None  # in a worker's process


def _begin(end: Connection, work: Callable | None) -> None:
    """Lets a worker's process end when the other end of a pipe is closed."""
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; the first process ends us
    threading.Thread(target=_exit_after, args=(end,), daemon=True).start()


def _exit_after(end: Connection) -> None:
    end.poll(None)
    os._exit(1)


def _call(task) -> Any:
    return _work(task)


@dataclass
class _Call:
    task: Any
    worker: int
    future: Future
    attempt: int = 1


def in_order(
    work: Callable, tasks: Iterable, num_workers: int, killed: Callable[[Any], Any]
) -> Iterator:
    """What `work` returns for each task, in order; several processes work at once.

    A single task, or all with one worker, is done in this process, which saves a second.

    Args:
        work: A function or object that can be pickled.
        tasks: Taken only when a process has few left.
        num_workers: How many processes.
        killed: Gives the result of a task whose process was killed `ATTEMPTS` times.

    Yields:
        The results. What `work` raises is raised here.
    """
    tasks = iter(tasks)
    first = list(itertools.islice(tasks, 2))
    tasks = itertools.chain(first, tasks)
    if num_workers == 1 or len(first) < 2:
        yield from map(work, tasks)
        return
    workers = [Worker(work) for _ in range(num_workers)]
    waiting: deque[_Call] = deque()
    try:
        while True:
            for task in itertools.islice(tasks, AHEAD * num_workers - len(waiting)):
                busy = [call.worker for call in waiting]
                worker = min(range(num_workers), key=busy.count)
                waiting.append(_Call(task, worker, workers[worker].submit(_call, task)))
            if not waiting:
                return
            call = waiting[0]
            try:
                result = call.future.result()
            except BrokenProcessPool:
                # The first of its process' calls, so it is the one that was worked at.
                workers[call.worker].end()
                workers[call.worker] = Worker(work)
                call.attempt += 1
                if call.attempt > ATTEMPTS:
                    waiting.popleft()
                for other in waiting:
                    if other.worker == call.worker:
                        other.future = workers[call.worker].submit(_call, other.task)
                if call.attempt > ATTEMPTS:
                    yield killed(call.task)
            else:
                waiting.popleft()
                yield result
    finally:
        for worker in workers:
            worker.end()
