"""Ten thousand bad inputs for all that comes from outside: time, memory and what came of them.

    python -m benchmarks.fuzz                     about a quarter of an hour
    python -m benchmarks.fuzz --only pictures --inputs 500 --seed 7

What is made and checked is in `tests/fuzzing.py`. Each target's inputs go to a process of its own,
one by one, and are watched from here: each has to end in an answer or one sentence, within 2 s
and with less than 200 MB on top of what the process had when it was loaded. What it waited for a
core is not counted, and what takes longer is tried again, since a busy machine slows any. Failing
inputs are kept in a folder, and the exit code is 1.
"""

import argparse
import contextlib
import os
import pickle  # between our own two processes  # nosec B403
import random
import select
import shutil
import subprocess  # each target has a process of its own  # nosec B404
import sys
import tempfile
import time
import traceback
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzzing import ANSWER, ROOT, SENTENCE, TARGETS, first_inputs

NUM_INPUTS = 10_000
MOST_SECONDS = 2.0
MOST_MB = 200
TRIES = 3  # for what took too long
PATIENCE = 30.0  # seconds until an input counts as a hang, and its process is killed


@dataclass
class Row:
    """What came of a target's inputs."""

    num: int = 0
    said: dict[str, int] = field(default_factory=lambda: {ANSWER: 0, SENTENCE: 0})
    slowest: float = 0.0  # seconds
    most: float = 0.0  # MB
    failures: list[str] = field(default_factory=list)


class Child:
    """A process that checks one input after another.

    Args:
        name: The target's.
    """

    def __init__(self, name: str):
        self._process = subprocess.Popen(  # the words are ours  # nosec B603
            [sys.executable, "-m", "benchmarks.fuzz", "--child", name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def check(self, content: object) -> tuple[str, float, float]:
        """Has an input checked.

        Returns:
            `ANSWER`, `SENTENCE` or what went wrong; seconds; and MB on top.
        """
        pickle.dump(content, self._process.stdin)
        self._process.stdin.flush()
        try:
            self._hear()  # it has the input; all it takes from now on is on top
            self._memory_file("clear_refs").write_text("5")  # proc(5): forget the peak
            before = self._memory("VmRSS")
            self._process.stdin.write(b"\n")
            self._process.stdin.flush()
            said, seconds = self._hear()
            return said, seconds, self._memory("VmHWM") - before
        except TimeoutError:
            return f"no end after {PATIENCE:.0f} s", PATIENCE, 0.0
        except (EOFError, OSError):
            return f"the process ended with {self._process.wait()}", 0.0, 0.0

    def _hear(self) -> object:
        if not select.select([self._process.stdout], [], [], PATIENCE)[0]:
            raise TimeoutError
        return pickle.load(self._process.stdout)  # our own child sent it  # nosec B301

    def _memory_file(self, name: str) -> Path:
        return Path(f"/proc/{self._process.pid}/{name}")

    def _memory(self, key: str) -> float:
        lines = self._memory_file("status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key))

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()


def child(name: str) -> None:
    """Checks inputs from the standard input until it ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no answer
    target = TARGETS[name]
    warnings.simplefilter("error", RuntimeWarning)  # NumPy's way to say that numbers went wrong
    while True:
        try:
            sent = pickle.load(sys.stdin.buffer)  # by our own parent  # nosec B301
            content = target.load(sent)
        except EOFError:
            return
        folder = Path(tempfile.mkdtemp(prefix="digitpad-fuzz-"))
        pickle.dump("ready", answers)
        answers.flush()
        sys.stdin.buffer.read(1)
        start, worked, waited = time.perf_counter(), time.process_time(), waiting()
        try:
            said = target.check(content, folder)
        except BaseException:
            said = traceback.format_exc()
        worked = time.process_time() - worked
        seconds = max(time.perf_counter() - start - (waiting() - waited), worked)
        pickle.dump((said, seconds), answers)
        answers.flush()
        del content
        shutil.rmtree(folder, ignore_errors=True)


def waiting() -> float:
    """For how long this process could have worked and had no core, seconds: not its fault."""
    total = 0
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            total += int((task / "schedstat").read_text().split()[1])
    return total / 1e9


def warm(name: str) -> Child:
    """A process that has loaded what a target loads once."""
    process = Child(name)
    for content in first_inputs(name):
        process.check(content)
    return process


def fuzz(name: str, num: int, seed: int, kept: Path) -> Row:
    """Feeds a target its inputs."""
    row, target = Row(), TARGETS[name]
    process = warm(name)
    for number in range(num):
        rng = random.Random(f"{name} {seed} {number}")  # chance, no secret  # nosec B311
        content = target.make(rng)
        said, seconds, more = process.check(content)
        for _ in range(TRIES - 1):
            if MOST_SECONDS < seconds < PATIENCE:
                said, again, _ = process.check(content)
                seconds = min(seconds, again)
        row.num += 1
        row.slowest, row.most = max(row.slowest, seconds), max(row.most, more)
        problem = ""
        if said in row.said:
            row.said[said] += 1
        else:
            problem = said
        if seconds > MOST_SECONDS:
            problem += f" {seconds:.1f} s"
        if more > MOST_MB:
            problem += f" {more:.0f} MB"
        if problem:
            row.failures.append(problem)
            stem = f"{name.replace(' ', '-')}-{seed}-{number}"
            (kept / f"{stem}.pickle").write_bytes(pickle.dumps(content))
            (kept / f"{stem}.txt").write_text(problem, errors="backslashreplace")
            print(f"{name} {number}: {problem.strip().splitlines()[-1][:200]!a}", flush=True)
        if said not in row.said:
            process.end()
            process = warm(name)
    process.end()
    return row


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=NUM_INPUTS, help="over all targets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=tuple(TARGETS), help="one target")
    parser.add_argument("--child", choices=tuple(TARGETS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        with contextlib.suppress(KeyboardInterrupt):
            child(options.child)
        return 0
    names = [options.only] if options.only else list(TARGETS)
    whole = sum(TARGETS[name].share for name in names)
    kept = Path(tempfile.mkdtemp(prefix="digitpad-failing-inputs-"))
    rows = {}
    for name in names:
        num = -(-options.inputs * TARGETS[name].share // whole)
        rows[name] = fuzz(name, num, options.seed, kept)
        line(name, rows[name])
    total = Row(
        sum(row.num for row in rows.values()),
        {said: sum(row.said[said] for row in rows.values()) for said in (ANSWER, SENTENCE)},
        max(row.slowest for row in rows.values()),
        max(row.most for row in rows.values()),
        [failure for row in rows.values() for failure in row.failures],
    )
    print()
    print(f"{'target':<34}{'inputs':>8}{'answers':>9}{'sentences':>11}", end="")
    print(f"{'slowest, ms':>13}{'extra MB':>10}{'failures':>10}")
    for name, row in rows.items():
        line(name, row)
    line("all", total)
    if total.failures:
        print(f"Failing inputs are in {kept}")
    else:
        kept.rmdir()
    return 1 if total.failures else 0


def line(name: str, row: Row) -> None:
    print(
        f"{name:<34}{row.num:>8,}{row.said[ANSWER]:>9,}{row.said[SENTENCE]:>11,}"
        f"{1000 * row.slowest:>13,.0f}{row.most:>10,.0f}{len(row.failures):>10}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
