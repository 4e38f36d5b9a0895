"""Processes work in order, are replaced when they are killed, and leave nobody behind."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from model.reading.workers import ATTEMPTS, in_order

# Each process imports this file for the functions below: tests import what else they need.
KILLER = -7


def square(number: int) -> int:
    return number * number


def killed_by(number: int) -> int:
    """Kills its process for a certain number, and sometimes for others."""
    if number == KILLER:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


class KilledOnce:
    """Kills its process at the first number that it gets, unless a file says that it did."""

    def __init__(self, note):
        self.note = note

    def __call__(self, number: int) -> int:
        if number == 5 and not self.note.exists():
            self.note.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return number


def slowly(number: int) -> int:
    time.sleep(0.01 * (3 - number % 3))
    return number


def of_a_bug(number: int) -> int:
    return 1 // number


def until_none_is_left() -> None:
    from tests.support import until

    def is_none_left() -> bool:
        return not [
            one for one in psutil.Process().children() if "spawn_main" in str(one.cmdline())
        ]

    until(is_none_left)


def test_results_come_in_order_however_long_each_takes():
    assert list(in_order(slowly, range(20), 2, square)) == list(range(20))
    until_none_is_left()


def test_a_single_task_needs_no_process():
    pids = list(in_order(lambda _: os.getpid(), [1], 2, square))
    assert pids == [os.getpid()]
    assert list(in_order(lambda _: os.getpid(), [1, 2], 1, square)) == pids * 2
    assert list(in_order(square, [], 2, square)) == []


def test_tasks_are_taken_only_when_needed():
    taken = []
    results = in_order(square, (taken.append(place) or place for place in range(100_000)), 2, None)
    assert next(results) == 0 and len(taken) <= 4
    results.close()
    until_none_is_left()


def test_a_killed_process_is_replaced_and_nothing_is_lost(tmp_path):
    work = KilledOnce(tmp_path / "killed")
    assert list(in_order(work, range(20), 2, None)) == list(range(20))
    assert work.note.exists()


def test_a_task_that_kills_each_process_is_given_up_and_no_other():
    tasks = [0, 1, 2, KILLER, 4, 5]
    found = list(in_order(killed_by, tasks, 2, lambda task: f"{task} killed {ATTEMPTS}"))
    assert found == [0, 1, 2, "-7 killed 3", 4, 5]


def test_what_work_raises_is_raised_here():
    with pytest.raises(ZeroDivisionError):
        list(in_order(of_a_bug, [2, 1, 0, 3], 2, square))
    until_none_is_left()


SCRIPT = """
import itertools
from model.reading.workers import in_order
if __name__ == "__main__":
    for number in in_order(abs, itertools.count(), 2, abs):
        print(number, flush=True)
"""


def test_processes_end_with_the_one_that_started_them(tmp_path):
    from tests.support import ROOT, until

    script = tmp_path / "count.py"
    script.write_text(SCRIPT)
    line, env = [sys.executable, str(script)], {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(line, stdout=subprocess.PIPE, env=env, cwd=ROOT) as process:
        assert process.stdout.readline() == b"0\n"
        workers = psutil.Process(process.pid).children(recursive=True)
        assert workers
        process.kill()
    until(lambda: not psutil.wait_procs(workers, timeout=0.1)[1])
