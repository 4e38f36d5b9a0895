"""Nothing lost: kills what writes at random moments and looks at what is left.

    python -m benchmarks.faults                 # 100 kills; --kills for another number
    python -m benchmarks.faults --seed 2        # other moments

Works in a copy of the project in a temporary folder. A round starts a process that trains, exports,
publishes, serves, goes back or keeps corrections, and kills it with SIGKILL: at a moment of its
usual duration, or just after a temporary file or a half-moved network was seen. Then it checks,
from the files alone, that

- the served network is whole, the old one or the new one, byte for byte, with its own report, card,
  history and look-alikes, and the new one if its publication was acknowledged;
- going back still leads to the network before;
- every acknowledged correction is there, and SQLite finds no fault in its file;
- the checkpoint is whole, and `train.py --resume` takes a killed run (every other one, for time) to
  its end, with every epoch once;
- the next write clears away what was left over;
- the app starts (its first page and the dashboard, every few rounds; a real server at the end).

Exits with 1 if anything was lost. Needs Linux or macOS.
"""

import argparse
import contextlib
import hashlib
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import subprocess  # what is killed is another process  # nosec B404
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
from model.files.artifacts import (
    CHECKPOINT_FILE,
    HISTORY_FILE,
    NEXT,
    ONNX_FILE,
    PARTIAL,
    PUBLISHED,
    REPORT_FILE,
    TRAINED,
)

from benchmarks.page import ROOT, running_app
from model.errors import DigitError
from model.files import artifacts, promotion
from model.learning.data import Dataset
from model.reading.recognizer import Recognizer
from ops.corrections import Corrections
from ops.training_jobs import TRAINING_VARIABLE, Desk

HERE = "--here"  # says to the copy that it is the copy
COPIED = ("app.py", "train.py", "app_pages", "ui", "model", "benchmarks", ".streamlit")
SHARES = {  # of the kills
    "training": 0.16,
    "export": 0.12,
    "publish": 0.18,
    "serve": 0.18,
    "go back": 0.18,
    "corrections": 0.18,
}
NUM_EPOCHS = 3
NUM_NETWORKS = 3
LOOP_SECONDS = 1.5  # how long a loop of short writes is let run at most
APP_EVERY = 8  # rounds; starting the app takes longer than most of them
PATIENCE = 60  # seconds for what takes a few
WARM = ("train", "model.learning.training", "sklearn.manifold", "streamlit.testing.v1")
ENDED = "after its end"
WORK = ROOT / "faults"  # of the copy
LOG = WORK / "log.txt"


def quiet() -> None:
    """Sends what a process and its libraries print to a file."""
    log = os.open(LOG, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)


def bars(num: int, name: str) -> Dataset:
    """Images that are learnt in seconds: a bar whose place is the label."""
    labels = np.arange(num, dtype=np.uint8) % 10
    images = np.random.default_rng(0).integers(0, 40, (num, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[4:24, 4 + 2 * label : 6 + 2 * label] = 255
    return Dataset(images, labels, name)


# What the processes do that are killed. Each tells by a pipe what it is about to do and has done.


def train(_pipe, *arguments: str) -> None:
    """A real run of a few seconds, to its publication."""
    import train

    quiet()
    train.load_mnist = lambda *_args, **_options: (bars(320, "bars"), bars(100, "more bars"))
    places = ("--runs", str(WORK / "runs"), "--force")
    os._exit(train.main([*places, "--preset", "tutorial", *arguments]))


def publish(pipe) -> None:
    """As `train.py` does at its end, again and again."""
    quiet()
    names = sorted(networks())
    for at in range(10_000):
        run = networks()[names[at % len(names)]]
        pipe.send(("about", run.name))
        promotion.publish(run, artifacts.load_report(run), TRAINED, 0.0, force=True)
        pipe.send(("done", run.name))


def serve(pipe) -> None:
    """As the page does."""
    quiet()
    names = sorted(networks())
    for at in range(10_000):
        name = names[at % len(names)]
        if Recognizer.load(TRAINED).version != name:
            pipe.send(("about", name))
            desk().promote(name, force=True)
            pipe.send(("done", name))


def go_back(pipe) -> None:
    quiet()
    for _ in range(10_000):
        name = desk().former_run()
        pipe.send(("about", name))
        desk().go_back()
        pipe.send(("done", name))


def correct(pipe, first: int) -> None:
    """Keeps drawings; a number is told once `add` has returned."""
    quiet()
    for number in range(first, first + 100_000):
        pipe.send(("done", (Corrections().add(*drawing(number)), number)))


def drawing(number: int) -> tuple:
    """Strokes, frame, probabilities, label and network, another one for each number."""
    strokes = [np.array([[number / 100, 10.0], [20.0, 30.0]])]
    frame = np.full((28, 28), number % 256 / 255, np.float32)
    return strokes, frame, np.full(10, 0.1, np.float32), number % 10, "a run"


def pages(pipe) -> None:
    """Runs the app's first page and the dashboard; tells what they complain of."""
    quiet()
    os.environ["DIGITPAD_DATA"] = str(WORK / "nowhere")  # what needs MNIST is not looked at
    from streamlit.testing.v1 import AppTest

    told = []
    for script in ("app.py", "app_pages/dashboard.py", "app_pages/train.py"):
        app = AppTest.from_file(str(ROOT / script), default_timeout=PATIENCE).run()
        told += [f"{script}: {element.value}" for element in (*app.exception, *app.error)]
        told += [
            f"{script}: {element.value}"
            for element in (*app.warning, *app.info)
            if any(word in element.value for word in ("belong", "damaged", "can't be read"))
        ]
    pipe.send(told)


# The rounds.


class Lost(Exception):
    """Something was lost; says what."""


def desk() -> Desk:
    return Desk(WORK / "networks", TRAINED)


def networks() -> dict[str, Path]:
    """The finished runs that are served in turn, by name."""
    return {path.name: path for path in (WORK / "networks").iterdir() if path.is_dir()}


def make_networks() -> None:
    """Copies of the shipped network under other names, each of whose files differs."""
    report = artifacts.load_report(TRAINED)
    shipped = artifacts.read(TRAINED / ONNX_FILE)
    for number in range(NUM_NETWORKS):
        name = f"{report['run'][:-1]}{number}"  # as long as it was: it lies in a protocol buffer
        run = WORK / "networks" / name
        shutil.copytree(TRAINED, run)
        artifacts.save_json(run / artifacts.CONFIG_FILE, report["config"])
        text = name.encode()
        onnx = shipped.replace(report["run"].encode(), text)
        (run / ONNX_FILE).write_bytes(onnx)
        sha256 = hashlib.sha256(onnx).hexdigest()
        network = {**report["network"], "sha256": sha256, "num_bytes": len(onnx)}
        artifacts.save_report(run, {**report, "run": name, "network": network})
        placed = vars(artifacts.load_lookalikes(TRAINED)) | {"network": sha256}
        with (run / artifacts.LOOKALIKES_FILE).open("wb") as file:
            np.savez(file, **placed)
        (run / artifacts.KERAS_FILE).write_bytes(b"of " + text)
        history = artifacts.load_history(run / HISTORY_FILE)
        artifacts.save_history(run / HISTORY_FILE, history[: number + 1])
    artifacts.publish(networks()[name], TRAINED)
    artifacts.copy_network(next(iter(networks().values())), desk().former)


class Workshop:
    """Starts processes from a warm one that has imported Keras, and kills them."""

    def __init__(self):
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(WARM))

    def run(self, work: Callable, *arguments) -> tuple[list, int]:
        """Lets a process run to its end; what it told, and its exit code."""
        told, _, code = self._watch(work, arguments, None, PATIENCE)
        return told, code

    def kill(self, work: Callable, arguments: tuple, rng: random.Random, seconds: float, watched):
        """Kills a process on its way.

        Args:
            work: What it does.
            arguments: Beside the pipe.
            rng: Chooses the moment.
            seconds: How long it takes, or may take.
            watched: Folders in which temporary files tell of a write.

        Returns:
            What it told, and where it was hit.
        """
        by_sight = rng.random() < 0.6
        delay = rng.uniform(0, seconds)
        # From 0.1 to 30 ms, each size as likely: renames are microseconds apart.
        pause = 10 ** rng.uniform(-4, -1.5)
        sight = (watched, delay, pause) if by_sight else None
        told, is_late, _ = self._watch(work, arguments, sight, delay)
        return told, (ENDED if is_late else place(watched))

    def _watch(self, work, arguments, sight, seconds):
        receiver, sender = self._context.Pipe(duplex=False)
        process = self._context.Process(target=work, args=(sender, *arguments))
        process.start()
        sender.close()
        told, started = [], time.monotonic()

        def listen(timeout: float) -> bool:
            with contextlib.suppress(EOFError, OSError):
                while receiver.poll(timeout):
                    told.append(receiver.recv())
                    timeout = 0
                return True
            return False

        if sight:
            watched, delay, pause = sight
            until = started + delay
            while time.monotonic() < until and process.is_alive():
                listen(0.005)
            until = time.monotonic() + max(seconds, 1)
            while time.monotonic() < until and process.is_alive() and not leftovers(watched):
                listen(0.0005)
            time.sleep(pause)
        else:
            until = started + seconds
            while time.monotonic() < until and process.is_alive() and listen(0.01):
                pass
            process.join(max(until - time.monotonic(), 0))
        is_late = not process.is_alive()
        if not is_late:
            os.kill(process.pid, signal.SIGKILL)
        process.join()
        listen(0)
        return told, is_late, process.exitcode


def leftovers(folders) -> list[Path]:
    """Temporary files, SQLite's logs, and folders with a network on its way."""
    found = []
    for folder in folders:
        found += [*folder.glob(".[0-9]*-*"), *folder.glob("*-wal"), *folder.glob("*-journal")]
        found += [folder / name for name in (PARTIAL, NEXT) if (folder / name).exists()]
    return found


def place(folders) -> str:
    """Where a process was hit, by what it left."""
    names = [path.name for path in leftovers(folders)]
    if NEXT in names:
        return "while moving files in"
    if PARTIAL in names:
        return "while copying them"
    return "while writing a file" if names else "elsewhere"


def state() -> dict[str, str]:
    """Which network is served and which is the former one; each must be whole."""
    former = promotion.former_of(TRAINED, desk().former)
    return {"served": whole(TRAINED), "former": whole(former)}


def whole(folder: Path) -> str:
    """The name of the network in a folder, if all its files are that network's.

    Raises:
        Lost: If they are not.
    """
    try:
        name = Recognizer.load(folder).version
        report, placed = artifacts.load_report(folder), artifacts.load_lookalikes(folder)
        artifacts.load_card(folder), artifacts.load_history(folder / HISTORY_FILE)
        source = networks().get(name) or WORK / "runs" / name
        odd = [n for n in PUBLISHED if artifacts.read(folder / n) != artifacts.read(source / n)]
    except (DigitError, OSError) as error:
        raise Lost(f"{folder} is not whole: {error}") from error
    if odd or report["run"] != name or placed.network != report["network"]["sha256"]:
        raise Lost(f"{folder} holds files of two networks: {odd}")
    return name


def expect(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise Lost(otherwise)


def run_folder() -> Path | None:
    """The folder of the run that began last."""
    return max((path for path in (WORK / "runs").glob("[0-9]*/")), default=None)


class Rounds:
    """A kind of round each; every one returns where it hit and what was found."""

    def __init__(self, workshop: Workshop, rng: random.Random):
        self._shop, self._rng = workshop, rng
        self._seconds: dict[str, float] = {}
        self.kept: dict[int, int] = {}  # corrections: id -> number of the drawing
        self._next_drawing = 0
        self._killed = 0  # runs
        self.resumed = 0  # of them

    def measure(self) -> None:
        """How long an uninterrupted run and its export take; leaves a run that may be exported."""
        for kind, more in (("training", ("--epochs", str(NUM_EPOCHS))), ("export", None)):
            if more is None:
                shutil.copytree(run_folder(), WORK / "trained-run")
                (WORK / "trained-run" / REPORT_FILE).unlink()
                more = ("--resume", str(self._fresh_export()))
            started = time.monotonic()
            _, code = self._shop.run(train, *more)
            expect(code == 0, f"{kind} does not work without a kill either; see {LOG}")
            self._seconds[kind] = time.monotonic() - started

    def _fresh_export(self) -> Path:
        """A run whose epochs are done, and which is to be judged, exported and published."""
        folder = WORK / "runs" / f"export-{time.time_ns()}"
        shutil.copytree(WORK / "trained-run", folder)
        for name in PUBLISHED:
            if name != HISTORY_FILE:
                (folder / name).unlink(missing_ok=True)
        return folder

    def is_faster(self, kind: str) -> None:
        """A process ended before its moment came: the machine has become less busy."""
        self._seconds[kind] *= 0.8

    def training(self) -> tuple[str, str]:
        before = run_folder()
        arguments = ("--epochs", str(NUM_EPOCHS), "--seed", str(self._rng.randrange(10**6)))
        watched = [WORK / "runs", TRAINED]
        seconds = self._seconds["training"]
        # A run's folder gets its name when it begins: it is watched from then on.
        _, hit = self._shop.kill(train, arguments, self._rng, seconds, Newest(watched))
        folder = run_folder()
        if folder == before or not (folder / artifacts.CONFIG_FILE).exists():
            state()
            return "before it began", "nothing begun"
        done = len(artifacts.load_history(folder / HISTORY_FILE))
        finished = (folder / REPORT_FILE).exists()
        served = state()["served"]
        expect(served != folder.name or finished, f"{folder.name} is served without a report")
        self._goes_on(folder)
        where = hit if hit != "elsewhere" else f"after epoch {done} of {NUM_EPOCHS}"
        return where, "new" if served == folder.name else "old"

    def export(self) -> tuple[str, str]:
        folder = self._fresh_export()
        watched, seconds = [folder, TRAINED], self._seconds["export"]
        arguments = ("--resume", str(folder))
        _, hit = self._shop.kill(train, arguments, self._rng, seconds, watched)
        served = state()["served"]
        if (folder / ONNX_FILE).exists():
            Recognizer.load(folder)
        if (folder / REPORT_FILE).exists():
            whole(folder)
        self._goes_on(folder)
        return hit, "new" if served == folder.name else "old"

    def _goes_on(self, folder: Path) -> None:
        """Resumes every other run: it ends, has every epoch once, and is served whole."""
        checkpoint = folder / CHECKPOINT_FILE
        if checkpoint.exists():
            with zipfile.ZipFile(checkpoint) as content:  # checks its end, then each part's sum
                expect(content.testzip() is None, f"{checkpoint} is damaged")
        self._killed += 1
        if self._killed % 2:
            return
        self.resumed += 1
        _, code = self._shop.run(train, "--resume", str(folder))
        expect(code == 0, f"{folder.name} can't be resumed; see {LOG}")
        epochs = [row["epoch"] for row in artifacts.load_history(folder / HISTORY_FILE)]
        expect(epochs == list(range(1, NUM_EPOCHS + 1)), f"{folder.name} has epochs {epochs}")
        expect((folder / CHECKPOINT_FILE).exists(), f"{folder.name} has no checkpoint")
        expect(state()["served"] == folder.name, f"{folder.name} is not served")
        expect(not leftovers([folder, TRAINED]), f"{leftovers([folder, TRAINED])} are left over")
        for path in (WORK / "runs").iterdir():  # what is served is kept, to compare it with
            if path.is_dir() and path.name not in state().values():
                shutil.rmtree(path)

    def publish(self) -> tuple[str, str]:
        before = state()
        told, hit = self._shop.kill(publish, (), self._rng, LOOP_SECONDS, [TRAINED])
        expect(hit != ENDED, f"publishing ended by itself; see {LOG}")
        after = state()
        expect(after["former"] == before["former"], "the former network changed")
        found = self._old_or_new(told, before["served"], after["served"])
        artifacts.publish(next(iter(networks().values())), TRAINED)
        expect(not leftovers([TRAINED]), f"{leftovers([TRAINED])} are left over")
        return hit, found

    def serve(self) -> tuple[str, str]:
        return self._exchange(serve)

    def go_back(self) -> tuple[str, str]:
        return self._exchange(go_back)

    def _exchange(self, work: Callable) -> tuple[str, str]:
        before, former = state(), desk().former
        spare = former.with_name(f"{former.name}.new")
        folders = [TRAINED, former, spare]
        told, hit = self._shop.kill(work, (), self._rng, LOOP_SECONDS, folders)
        expect(hit != ENDED, f"it ended by itself; see {LOG}")
        after = state()
        found = self._old_or_new(told, before["served"], after["served"])
        served = [before["served"], *(name for word, name in told if word == "done")]
        if found == "new" and served[-1] != after["served"]:
            served.append(after["served"])
        # What can be gone back to is what was served before, as it was told.
        former_now = served[-2] if len(served) > 1 else before["former"]
        expect(after["former"] == former_now, f"{after['former']} is kept, not {former_now}")
        desk().go_back()
        expect(state() == {"served": after["former"], "former": after["served"]}, "no way back")
        expect(not leftovers(folders), f"{leftovers(folders)} are left over")
        expect(not spare.exists(), "the spare folder is left over")
        return hit, found

    def _old_or_new(self, told: list, old: str, served: str) -> str:
        """Whether the last one told of is served, or the one before it."""
        for word, name in told:
            if word == "done":
                old = name
        word, new = told[-1] if told else ("done", old)
        if word == "done":
            expect(served == old, f"{served} is served though {old} was acknowledged")
            return "between two"
        expect(served in (old, new), f"{served} is served, neither {old} nor {new}")
        return "new" if served == new else "old"

    def corrections(self) -> tuple[str, str]:
        path = Corrections().path
        first = self._next_drawing
        told, hit = self._shop.kill(correct, (first,), self._rng, LOOP_SECONDS, [path.parent])
        expect(hit != ENDED, f"keeping corrections ended by itself; see {LOG}")
        acknowledged = {number: ident for _, (ident, number) in told}
        self.kept |= acknowledged
        self._next_drawing = max(acknowledged, default=first) + 2  # one may not be acknowledged
        found = {each.id: each for each in Corrections().load()}
        with contextlib.closing(sqlite3.connect(path)) as connection:
            (answer,) = connection.execute("PRAGMA integrity_check").fetchone()
        expect(answer == "ok", f"the file of corrections is damaged: {answer}")
        lost = [number for number, ident in self.kept.items() if not same(found.get(ident), number)]
        expect(not lost, f"{len(lost)} acknowledged corrections are lost: {lost[:5]}")
        if len(found) > 5_000:  # the file takes 10,000
            Corrections().delete_all()
            self.kept.clear()
        return hit, f"{len(acknowledged)} acknowledged"


def same(kept, number: int) -> bool:
    """Whether a correction is what `drawing` gave."""
    strokes, _, _, label, _ = drawing(number)
    return kept is not None and kept.label == label and np.array_equal(kept.strokes[0], strokes[0])


class Newest:
    """Folders to watch, with the newest run's among them once it is there."""

    def __init__(self, folders: list[Path]):
        self._folders, self._old = folders, run_folder()

    def __iter__(self):
        newest = run_folder()
        return iter([*self._folders, *([newest] if newest != self._old else [])])


def order(num_kills: int, rng: random.Random) -> list[str]:
    """The kinds of all rounds, shuffled."""
    kinds = [kind for kind, share in SHARES.items() for _ in range(round(share * num_kills))]
    rng.shuffle(kinds)
    return kinds[:num_kills] + ["corrections"] * max(num_kills - len(kinds), 0)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100, help="how many processes are killed")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    parser.add_argument(HERE, action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.here:
        return in_a_copy()
    started = time.monotonic()
    (WORK / "runs").mkdir(parents=True)
    make_networks()
    shop, rng = Workshop(), random.Random(options.seed)  # chance, no secret  # nosec B311
    rounds = Rounds(shop, rng)
    rounds.measure()
    artifacts.publish(networks()[min(networks())], TRAINED)
    hits, found, lost = defaultdict(Counter), defaultdict(Counter), defaultdict(list)
    acknowledged = num_starts = 0
    for number, kind in enumerate(order(options.kills, rng), start=1):
        print(f"\r{number} of {options.kills}: {kind:12}", end="", file=sys.stderr, flush=True)
        try:
            hit = ENDED
            while hit == ENDED:  # was no kill
                hit, what = getattr(rounds, kind.replace(" ", "_"))()
                if hit == ENDED:
                    rounds.is_faster(kind)
            hits[kind][hit] += 1
            if kind == "corrections":
                acknowledged += int(what.split()[0])
            else:
                found[kind][what] += 1
            if number % APP_EVERY == 0:
                told, _ = shop.run(pages)
                expect(told == [[]], f"the app complains: {told}; see {LOG}")
                num_starts += 1
        except Exception as error:
            if not isinstance(error, Lost | DigitError | OSError):
                traceback.print_exc()
            lost[kind].append(str(error))
            print(f"round {number}, {kind}: {error}", flush=True)
            mend()
    show(hits, found, lost)
    print(f"{rounds.resumed} killed runs were resumed and taken to their end")
    num_lost = len(lost["corrections"])
    print(f"{acknowledged} corrections were acknowledged; rounds that lacked one: {num_lost}")
    with running_app():
        num_starts += 1
    print(f"The app started {num_starts} times. {time.monotonic() - started:.0f} s in all.")
    return int(any(lost.values()))


def mend() -> None:
    """Begins anew after a loss, so that it is counted once."""
    for folder in (TRAINED, desk().former):
        shutil.rmtree(folder, ignore_errors=True)
    first, second = sorted(networks())[:2]
    artifacts.publish(networks()[first], TRAINED)
    artifacts.copy_network(networks()[second], desk().former)


def show(hits, found, lost) -> None:
    rows = [("kind", "kills", "lost", "old", "new", "between", "where they hit")]
    for kind in SHARES:
        places = ", ".join(f"{num} {place}" for place, num in hits[kind].most_common())
        num_lost = len(lost[kind])
        counts = found[kind]
        old = counts["old"] + counts["nothing begun"]
        figures = (sum(hits[kind].values()) + num_lost, num_lost)
        rest = (
            ("", "", "") if kind == "corrections" else (old, counts["new"], counts["between two"])
        )
        rows.append((kind, *map(str, (*figures, *rest)), places))
    widths = [max(len(row[at]) for row in rows) for at in range(6)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)))
    total = [sum(int(row[at]) for row in rows[1:]) for at in (1, 2)]
    print(f"{total[0]} kills, {total[1]} of them with a loss")


def in_a_copy() -> int:
    """Runs this same script in a copy of the project, which may be spoiled."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder).resolve() / "digitpad"
        copy.mkdir()
        for name in COPIED:
            source = ROOT / name
            ignored = shutil.ignore_patterns("__pycache__", "former*")
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=ignored)
            else:
                shutil.copy(source, copy / name)
        places = {
            "DIGITPAD_CORRECTIONS": str(copy / "faults" / "kept" / "corrections.sqlite3"),
            artifacts.RUNS_VARIABLE: str(copy / "faults" / "networks"),
            TRAINING_VARIABLE: "on",
            "PYTHONPATH": str(copy),
        }
        command = [sys.executable, "-m", "benchmarks.faults", *sys.argv[1:], HERE]
        variables = {**os.environ, **places}
        answer = subprocess.run(command, cwd=copy, env=variables, check=False)  # nosec B603
        if answer.returncode:
            print("".join((copy / "faults" / "log.txt").read_text()[-3000:]), file=sys.stderr)
        return answer.returncode


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main())
