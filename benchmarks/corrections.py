"""Measures corrections in a SQLite file and in PostgreSQL: adding, reading a page, and the move.

    python -m benchmarks.corrections [--num 10000]

Fills a file with drawings of 330 points, moves it into a PostgreSQL server that it starts for this,
and prints the times in both and their ratio.
"""

import argparse
import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import numpy as np
from pydantic import SecretStr

from ops.correction_rows import Correction
from ops.corrections import MAX_CORRECTIONS, Corrections
from tests.postgres_server import running_server

NUM_POINTS = 330  # 5,000 bytes as text, like a digit that is drawn
NUM_CALLS = 50
PER_PAGE = 48  # as on the Corrections page


def drawings(num: int) -> Iterator[Correction]:
    rng = np.random.default_rng(0)
    frame, answer = np.zeros((28, 28), np.uint8), np.full(10, 0.1, np.float32)
    for index in range(num):
        stroke = rng.uniform(0, 280, (NUM_POINTS, 2))
        moment = f"2026-01-01T{index // 3600 % 24:02}:{index // 60 % 60:02}:{index % 60:02}+00:00"
        yield Correction(0, moment, [stroke], frame, answer, index % 10, "a run")


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def add(store: Corrections, index: int) -> None:
    stroke = np.random.default_rng(1_000_000 + index).uniform(0, 280, (NUM_POINTS, 2))
    store.add([stroke], np.zeros((28, 28), np.float32), np.full(10, 0.1, np.float32), 1, "a run")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--num", type=int, default=MAX_CORRECTIONS, help="stored corrections")
    num = parser.parse_args().num
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        file = Corrections(folder / "corrections.sqlite3")
        file.add_all(drawings(num - NUM_CALLS))
        server = stack.enter_context(running_server())
        database = Corrections(SecretStr(server.address()))
        moved = seconds(lambda: database.add_all(file.load()))
        print(f"{len(database):,} corrections moved in  {moved:8.1f} s")
        print(f"{'':<32}{'SQLite':>10}{'PostgreSQL':>12}{'ratio':>8}")
        times = {"add, ms": ([], []), "read a page of 48, ms": ([], [])}
        for index in range(NUM_CALLS):
            for which, store in enumerate((file, database)):
                times["add, ms"][which].append(seconds(lambda s=store, i=index: add(s, i)))
                page = seconds(lambda s=store: s.load_readable(PER_PAGE))
                times["read a page of 48, ms"][which].append(page)
        for name, (one, other) in times.items():
            a, b = median(one) * 1000, median(other) * 1000
            print(f"{name:<32}{a:10.1f}{b:12.1f}{b / a:8.1f}")


if __name__ == "__main__":
    main()
