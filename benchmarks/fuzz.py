"""Feeds the app ten thousand bad inputs and reports outcomes, time and memory.

    python -m benchmarks.fuzz                     about eight minutes on two free cores
    python -m benchmarks.fuzz --only pictures --inputs 500 --seed 7

Each target in `tests/fuzz/` has hand-made inputs and a Hypothesis strategy, which draws the others.
A process of its own checks a target's inputs one by one. Each must end in an answer or one
sentence, within 2 s and with less than 200 MB on top of what the process used before. Time spent
waiting for a core is not counted, and an input that takes longer is tried again, because a busy
machine slows everything. Failing inputs are kept in a folder, and the exit code is 1.
"""

import argparse
import contextlib
import importlib
import multiprocessing
import os
import pickle  # failing inputs are written, never read  # nosec B403
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.fuzzing import ANSWER, MAX_MB, MAX_SECONDS, SENTENCE, Target

NUM_INPUTS = 10_000
TRIES = 3  # for an input that took too long
TIMEOUT = 30.0  # seconds; then the process is killed
FAILURE = "failure"
NAMES = (  # of the modules in `tests/fuzz/`, without "test_"
    *("drawings", "cells", "pictures", "uploads", "networks", "reports", "runs", "mnist_files"),
    *("command_lines", "corrections", "pages"),
)


def load_target(name: str) -> Target:
    return importlib.import_module(f"tests.fuzz.test_{name}").TARGET


class Checker:
    """A process that checks one input of a target after another."""

    def __init__(self, name: str):
        context = multiprocessing.get_context("spawn")
        self._connection, other_end = context.Pipe()
        self._process = context.Process(target=check_inputs, args=(name, other_end), daemon=True)
        self._process.start()
        other_end.close()
        for content in load_target(name).ordinary:  # loads what a process loads once
            self.check(content)

    def check(self, content: object) -> tuple[str, float, float]:
        """Has an input checked.

        Returns:
            `ANSWER`, `SENTENCE` or what went wrong; seconds; and MB used on top.
        """
        try:
            self._connection.send(content)
            self._receive()  # the input is loaded; memory counts from here on
            self._memory_file("clear_refs").write_text("5")  # proc(5): forget the peak
            before = self._memory("VmRSS")
            self._connection.send("start")
            outcome, seconds = self._receive()
            return outcome, seconds, self._memory("VmHWM") - before
        except TimeoutError:
            return f"no end after {TIMEOUT:.0f} s", TIMEOUT, 0.0
        except (EOFError, OSError):
            self._process.join()
            return f"the process ended with {self._process.exitcode}", 0.0, 0.0

    def _receive(self) -> object:
        if not self._connection.poll(TIMEOUT):
            raise TimeoutError
        return self._connection.recv()

    def _memory_file(self, name: str) -> Path:
        return Path(f"/proc/{self._process.pid}/{name}")

    def _memory(self, key: str) -> float:
        lines = self._memory_file("status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key))

    def end(self) -> None:
        self._connection.close()  # the process ends by itself, unless it hangs
        self._process.join(5)
        self._process.kill()
        self._process.join()


def check_inputs(name: str, connection: Connection) -> None:
    """Checks the inputs that come through a connection, until that closes."""
    target = load_target(name)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for output in (1, 2):  # only the parent prints
        os.dup2(nowhere, output)
    warnings.simplefilter("error", RuntimeWarning)  # how NumPy reports numbers that went wrong
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while True:
            content = target.load(connection.recv())
            prefix = "digitpad-fuzz-"
            with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
                connection.send("loaded")
                connection.recv()
                start, worked, waited = time.perf_counter(), time.process_time(), waiting()
                try:
                    outcome = target.check(content, Path(folder))
                except BaseException:
                    outcome = traceback.format_exc()
                worked = time.process_time() - worked
                elapsed = time.perf_counter() - start
                connection.send((outcome, max(elapsed - (waiting() - waited), worked)))
            del content


def waiting() -> float:
    """Seconds for which threads of this process were ready to run and had no core."""
    nanoseconds = 0
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            nanoseconds += int((task / "schedstat").read_text().split()[1])
    return nanoseconds / 1e9


@dataclass
class Tally:
    """Counts of outcomes, and the largest time and memory of one input."""

    outcomes: Counter = field(default_factory=Counter)
    seconds: float = 0.0
    memory: float = 0.0  # MB

    def add(self, other: "Tally") -> None:
        self.outcomes += other.outcomes
        self.seconds = max(self.seconds, other.seconds)
        self.memory = max(self.memory, other.memory)

    def print_row(self, name: str) -> None:
        answers, sentences, failures = (self.outcomes[x] for x in (ANSWER, SENTENCE, FAILURE))
        print(
            f"{name:<16}{self.outcomes.total():>8,}{answers:>9,}{sentences:>11,}"
            f"{1000 * self.seconds:>13,.0f}{self.memory:>10,.0f}{failures:>10,}",
            flush=True,
        )


def fuzz(name: str, num: int, first_seed: int, failing: Path) -> Tally:
    """Has a target check its hand-made inputs and as many drawn ones as make up `num`."""
    target, tally, checker = load_target(name), Tally(), Checker(name)

    def check(content: object) -> None:
        nonlocal checker
        outcome, seconds, memory = checker.check(content)
        for _ in range(TRIES - 1):
            if MAX_SECONDS < seconds < TIMEOUT:
                outcome, again, _ = checker.check(content)
                seconds = min(seconds, again)
        problem = "" if outcome in (ANSWER, SENTENCE) else outcome
        if problem:
            checker.end()
            checker = Checker(name)
        if seconds > MAX_SECONDS:
            problem += f" {seconds:.1f} s"
        if memory > MAX_MB:
            problem += f" {memory:.0f} MB"
        if problem:
            stem = f"{name}-{first_seed}-{tally.outcomes.total()}"
            (failing / f"{stem}.pickle").write_bytes(pickle.dumps(content))
            (failing / f"{stem}.txt").write_text(problem, errors="backslashreplace")
            print(f"{stem}: {problem.strip().splitlines()[-1][:200]!a}", flush=True)
        tally.add(Tally(Counter([FAILURE if problem else outcome]), seconds, memory))

    for make in target.special.values():
        check(make())
    draw = seed(first_seed)(given(target.inputs)(check))
    settings(
        max_examples=max(num - len(target.special), 1),
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )(draw)()
    checker.end()
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=NUM_INPUTS, help="over all targets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=NAMES, help="one target")
    options = parser.parse_args()
    names = [options.only] if options.only else NAMES
    shares = {name: load_target(name).share for name in names}

    failing = Path(tempfile.mkdtemp(prefix="digitpad-failing-inputs-"))
    total = Tally()
    print(f"{'target':<16}{'inputs':>8}{'answers':>9}{'sentences':>11}", end="")
    print(f"{'slowest, ms':>13}{'extra MB':>10}{'failures':>10}")
    for name, share in shares.items():
        num = -(-options.inputs * share // sum(shares.values()))
        tally = fuzz(name, num, options.seed, failing)
        tally.print_row(name)
        total.add(tally)
    total.print_row("all")
    if total.outcomes[FAILURE]:
        print(f"Failing inputs are in {failing}")
        return 1
    failing.rmdir()
    return 0


if __name__ == "__main__":
    sys.exit(main())
