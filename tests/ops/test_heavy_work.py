"""Heavy work waits in one short line."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from model.errors import BusyError
from ops import heavy_work
from ops.heavy_work import one_at_a_time
from tests.support import until


def test_one_piece_of_work_runs_at_a_time():
    at_once, most = 0, 0

    def work(_) -> None:
        nonlocal at_once, most
        with one_at_a_time():
            at_once += 1
            most = max(most, at_once)
            at_once -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(16)))
    assert most == 1


def work_of_another() -> None:
    """Work in another thread."""

    def work() -> None:
        with one_at_a_time():
            pass

    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result(20)


def test_a_long_line_is_refused_at_once(monkeypatch):
    monkeypatch.setattr(heavy_work, "_waiting", threading.BoundedSemaphore(1))
    with ThreadPoolExecutor(1) as pool:
        with one_at_a_time():
            waiting = pool.submit(work_of_another)
            until(lambda: heavy_work._waiting._value == 0)
            with pytest.raises(BusyError, match="try again"):
                work_of_another()
        waiting.result(10)


def test_waiting_too_long_ends_in_a_sentence(monkeypatch):
    monkeypatch.setattr(heavy_work, "SECONDS_TO_WAIT", 0.01)
    with one_at_a_time(), pytest.raises(BusyError):
        work_of_another()
    work_of_another()  # the line is free again


def test_work_may_have_parts_that_also_take_turns(monkeypatch):
    monkeypatch.setattr(heavy_work, "SECONDS_TO_WAIT", 0.01)
    with one_at_a_time():
        with one_at_a_time():
            pass
        with pytest.raises(BusyError):  # the turn isn't over yet
            work_of_another()


def test_an_error_in_the_work_frees_the_line():
    with pytest.raises(ZeroDivisionError), one_at_a_time():
        raise ZeroDivisionError
    with one_at_a_time():
        pass
