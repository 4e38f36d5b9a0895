"""Kills processes at random moments while they write, and checks that nothing is lost.

    python -m benchmarks.faults                 # 100 kills; --kills for another number
    python -m benchmarks.faults --seed 2        # other moments

Works in a temporary folder. Each round starts a process that trains, serves networks, goes back or
adds corrections, and kills it with SIGKILL at a random moment. Then it checks from the files alone:

- the network that is served is the last one whose serving was acknowledged, or the one that was
  being served at that moment; it is whole, and going back leads to the one before;
- no finished run has changed;
- every acknowledged correction is there, and SQLite finds no fault in its file;
- a killed run's checkpoint is whole, and `train.py --resume` ends every other one, each epoch once;
- the app starts (the real server, once at the end).

Exits with 1 if anything was lost. Needs Linux or macOS.
"""

import argparse
import contextlib
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.page import running_app
from model.errors import DigitError
from model.files import served
from model.files.runs import CHECKPOINT_FILE, HISTORY_FILE, REPORT_FILE, check_network, load_history
from model.learning.data import Dataset
from model.reading.recognizer import Recognizer
from ops.corrections import Corrections

SHARES = {"training": 0.28, "serving": 0.27, "going back": 0.27, "corrections": 0.18}  # of kills
NUM_EPOCHS = 3
NUM_NETWORKS = 3
LOOP_SECONDS = 1.0  # at most, before a loop of short writes is killed
END_SECONDS = 90  # for a run of a few seconds on a busy machine
WARM = ("train", "model.learning.training", "sklearn.manifold")  # imported before the first kill


class Lost(Exception):
    """Something was lost; the message says what."""


def expect(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise Lost(otherwise)


# What the killed processes do. Each reports through a pipe what it is about to do and has done.


def train(_pipe, runs: Path, log: Path, *arguments: str) -> None:
    """A real run of a few seconds, up to serving its network."""
    import train

    _print_to(log)
    train.load_mnist = lambda *_args, **_options: (_bars(320), _bars(100))
    os._exit(train.main(["--runs", str(runs), "--force", "--preset", "tutorial", *arguments]))


def serve(pipe, runs: Path, names: list[str]) -> None:
    """Serves one network after the other."""
    for at in range(1_000_000):
        name = names[at % len(names)]
        if served.current(runs).name != name:
            pipe.send(("about", name))
            served.serve(runs / name, force=True)
            pipe.send(("done", name))


def go_back(pipe, runs: Path) -> None:
    """Swaps the current and the former network for ever."""
    while True:
        name = served.former(runs).name
        pipe.send(("about", name))
        served.go_back(runs)
        pipe.send(("done", name))


def correct(pipe, first: int) -> None:
    """Adds corrections; one is reported once `add` has returned."""
    for number in range(first, first + 1_000_000):
        strokes = [np.array([[number / 100, 10.0], [20.0, 30.0]])]
        frame = np.full((28, 28), number % 256 / 255, np.float32)
        probabilities = np.full(10, 0.1, np.float32)
        ident = Corrections().add(strokes, frame, probabilities, number % 10, "a run")
        pipe.send(("done", (ident, number)))


def _print_to(log: Path) -> None:
    file = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)


def _bars(num: int) -> Dataset:
    """Images that are learnt in seconds: a bar whose place is the label."""
    labels = np.arange(num, dtype=np.uint8) % 10
    images = np.random.default_rng(0).integers(0, 40, (num, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[4:24, 4 + 2 * label : 6 + 2 * label] = 255
    return Dataset(images, labels, "bars")


class Rounds:
    """One method per kind of round; each kills one process and raises `Lost` if something is gone.

    Args:
        folder: An empty folder to work in.
        rng: Chooses the moments.
    """

    def __init__(self, folder: Path, rng: random.Random):
        self.runs, self._log, self._rng = folder / "runs", folder / "log.txt", rng
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(WARM))
        self._corrections: dict[int, int] = {}  # number of each acknowledged one, by its id
        self._next_number = 0
        self.acknowledged = self.killed_runs = self.resumed_runs = 0
        self._names = [f"20260101-00000{number}-copy" for number in range(NUM_NETWORKS)]
        for name in self._names:
            shutil.copytree(served.SHIPPED, self.runs / name)
        for name in self._names[:2]:
            served.serve(self.runs / name, force=True)
        started = time.monotonic()
        self._run(train, self.runs, self._log, "--epochs", str(NUM_EPOCHS), seconds=END_SECONDS)
        self._run_seconds = time.monotonic() - started
        expect(served.current(self.runs) == self._newest(), "a run is not served without a kill")
        self._finished = self._content()

    def training(self) -> str:
        seed = str(self._rng.randrange(10**6))
        before = self._newest()
        arguments = (self.runs, self._log, "--epochs", str(NUM_EPOCHS), "--seed", seed)
        self._kill(train, *arguments, seconds=self._run_seconds)
        run = self._newest()
        if run == before:
            self._check()
            return "before it began"
        self.killed_runs += 1
        is_finished = (run / REPORT_FILE).exists()
        where = "after its report" if is_finished else f"after epoch {self._epochs(run)}"
        expect(is_finished or served.current(self.runs) != run, f"{run} is served, unfinished")
        if (run / CHECKPOINT_FILE).exists():
            with zipfile.ZipFile(run / CHECKPOINT_FILE) as content:
                expect(content.testzip() is None, f"{run}'s checkpoint is damaged")
        if self.killed_runs % 2 and served.current(self.runs) != run:
            self._run(train, self.runs, self._log, "--resume", run.name, seconds=END_SECONDS)
            self.resumed_runs += 1
            expect(served.current(self.runs) == run, f"{run} can't be resumed; see the log")
            expect(self._epochs(run) == NUM_EPOCHS, f"{run} has {self._epochs(run)} epochs")
        self._check()
        return where

    def serving(self) -> str:
        return self._change(serve, self.runs, self._names)

    def going_back(self) -> str:
        return self._change(go_back, self.runs)

    def _change(self, work: Callable, *arguments) -> str:
        old, former = served.current(self.runs).name, served.former(self.runs).name
        reports = self._kill(work, *arguments, seconds=LOOP_SECONDS)
        for word, name in reports:
            if word == "done":
                old, former = name, old
        new = reports[-1][1] if reports else old
        pair = served.current(self.runs).name, served.former(self.runs).name
        expect(pair in ((old, former), (new, old)), f"{pair} are served after {old}, {former}")
        self._check()
        return "before the rename" if pair[0] != new else "after it"

    def corrections(self) -> str:
        reports = self._kill(correct, self._next_number, seconds=LOOP_SECONDS)
        self._corrections |= {ident: number for _, (ident, number) in reports}
        self.acknowledged += len(reports)
        self._next_number += len(reports) + 2  # the last one may not have been acknowledged
        found = {each.id: each.strokes[0][0][0] * 100 for each in Corrections().load()}
        lost = [i for i, number in self._corrections.items() if round(found.get(i, -1)) != number]
        expect(not lost, f"{len(lost)} acknowledged corrections are lost")
        if Corrections().path.exists():
            with contextlib.closing(sqlite3.connect(Corrections().path)) as connection:
                (answer,) = connection.execute("PRAGMA integrity_check").fetchone()
            expect(answer == "ok", f"the file of corrections is damaged: {answer}")
        if len(found) > 5_000:  # it takes 10,000
            Corrections().delete_all()
            self._corrections.clear()
        return "while adding"

    def _check(self) -> None:
        """Current and former network are whole, and no finished run has changed."""
        for folder in (served.current(self.runs), served.former(self.runs)):
            try:
                check_network(folder)
                Recognizer.load(folder)
            except DigitError as error:
                raise Lost(f"{folder} is not whole: {error}") from error
        content = self._content()
        for path, old in self._finished.items():
            expect(content.get(path) == old, f"{path} changed after its run had finished")
        self._finished = content

    def _content(self) -> dict[Path, tuple]:
        """What tells each file of the finished runs from a changed one."""
        finished = [report.parent for report in self.runs.glob(f"*/{REPORT_FILE}")]
        files = [(path, path.stat()) for run in finished for path in run.iterdir()]
        return {path: (found.st_ino, found.st_mtime_ns) for path, found in files}

    def _newest(self) -> Path:
        return max(path for path in self.runs.iterdir() if path.is_dir())

    def _epochs(self, run: Path) -> int:
        epochs = [row["epoch"] for row in load_history(run / HISTORY_FILE)]
        expect(epochs == list(range(1, len(epochs) + 1)), f"{run} has the epochs {epochs}")
        return len(epochs)

    def _run(self, work: Callable, *arguments, seconds: float) -> None:
        """Lets a process run to its end."""
        process = self._context.Process(target=work, args=(None, *arguments))
        process.start()
        process.join(seconds)
        expect(process.exitcode == 0, f"a process without a kill ended with {process.exitcode}")

    def _kill(self, work: Callable, *arguments, seconds: float) -> list[tuple]:
        """Kills a process after a random part of the seconds; returns what it reported."""
        receiver, sender = self._context.Pipe(duplex=False)
        process = self._context.Process(target=work, args=(sender, *arguments))
        process.start()
        sender.close()
        reports = []
        end = time.monotonic() + self._rng.uniform(0, seconds)
        with contextlib.suppress(EOFError, OSError):
            while (left := end - time.monotonic()) > 0:
                if receiver.poll(left):
                    reports.append(receiver.recv())
        time.sleep(max(end - time.monotonic(), 0))
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.join()
        with contextlib.suppress(EOFError, OSError):
            while receiver.poll():
                reports.append(receiver.recv())
        return reports


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100, help="how many processes are killed")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    options = parser.parse_args()
    started = time.monotonic()
    rng = random.Random(options.seed)  # chance, no secret  # nosec B311
    kinds = [kind for kind, share in SHARES.items() for _ in range(round(share * options.kills))]
    rng.shuffle(kinds)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["DIGITPAD_RUNS"] = str(folder / "runs")
        os.environ["DIGITPAD_CORRECTIONS"] = str(folder / "kept" / "corrections.sqlite3")
        rounds = Rounds(folder, rng)
        hits, losses = {kind: Counter() for kind in SHARES}, []
        for number, kind in enumerate(kinds, start=1):
            print(f"\r{number} of {len(kinds)}: {kind:12}", end="", file=sys.stderr, flush=True)
            try:
                hits[kind][getattr(rounds, kind.replace(" ", "_"))()] += 1
            except (Lost, DigitError, OSError) as error:
                losses.append(f"round {number}, {kind}: {error}")
                print(f"\n{losses[-1]}", flush=True)
        print(file=sys.stderr)
        for kind, places in hits.items():
            text = ", ".join(f"{num} {place}" for place, num in places.most_common())
            print(f"{kind:12} {sum(places.values()):4} kills: {text}")
        print(
            f"{rounds.resumed_runs} of {rounds.killed_runs} killed runs were resumed to their end"
        )
        print(f"{rounds.acknowledged} corrections were acknowledged")
        with running_app():
            print("the app started")
        if losses:
            print((folder / "log.txt").read_text()[-3000:], file=sys.stderr)
    seconds = time.monotonic() - started
    print(f"{len(kinds)} kills, {len(losses)} of them with a loss, in {seconds:.0f} s")
    return int(bool(losses))


if __name__ == "__main__":
    sys.exit(main())
