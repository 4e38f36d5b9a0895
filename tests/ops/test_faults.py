"""Full disks, read-only folders and kills lose nothing and end in one sentence."""

import contextlib
import io
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import train
from model.errors import ArtifactError, CorrectionsError, DigitError, TrainingError
from model.files import served
from model.files.atomic import locked
from model.files.runs import CHECKPOINT_FILE, HISTORY_FILE, check_network, load_history
from model.learning.config import PRESETS, start_run
from model.learning.tensorboard import EventFile
from model.reading.recognizer import Recognizer
from ops import training_jobs
from ops.corrections import Corrections
from tests.support import ROOT, keep, until

FULL = "No space left on device"
READ_ONLY = "Read-only file system"


class Disk:
    """A small disk of its own, in memory; `fill` it, `free` it, have it `refuse` writes."""

    def __init__(self, path: Path, kilobytes: int):
        self.path = path
        self._stuffing = path / "stuffing"
        self._mount("-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs")

    def _mount(self, *arguments: str) -> None:
        command = ["mount", *arguments, str(self.path)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode:
            pytest.skip(f"needs a disk of its own, and mounting one failed: {answer.stderr}")

    def fill(self, but: int = 0) -> None:
        """Leaves `but` kilobytes free, or as many more as make a page of memory."""
        with contextlib.suppress(OSError), self._stuffing.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        size = self._stuffing.stat().st_size
        os.truncate(self._stuffing, max(size - but * 1024, 0))

    def free(self) -> None:
        self._stuffing.unlink()

    def refuse(self) -> None:
        self._mount("-o", "remount,ro")

    def allow(self) -> None:
        self._mount("-o", "remount,rw")


@pytest.fixture
def disk(tmp_path):
    """A disk of 24 MB that can be full or read-only, also for root."""
    if sys.platform != "linux" or os.geteuid() or not shutil.which("mount"):
        pytest.skip("needs root on Linux, to mount a small disk that can be full or read-only")
    path = tmp_path / "disk"
    path.mkdir()
    made = Disk(path, 24 * 1024)
    yield made
    subprocess.run(["umount", "-l", str(path)], check=True)


@pytest.fixture
def runs(disk, trained, monkeypatch) -> Path:
    """A runs' folder on the small disk, with a finished run in it."""
    shutil.copytree(trained, disk.path / "runs" / "a run")
    monkeypatch.setenv("DIGITPAD_RUNS", str(disk.path / "runs"))
    return disk.path / "runs"


def test_serving_on_a_full_disk_keeps_the_old_network(disk, runs):
    disk.fill()
    with pytest.raises(ArtifactError, match=f"{FULL}.*make room.*nothing was replaced"):
        served.serve(runs / "a run", force=True)
    assert served.current(runs) == served.SHIPPED
    disk.free()
    served.serve(runs / "a run", force=True)
    assert served.current(runs) == runs / "a run"


def test_a_read_only_network_is_read_and_stays_served(disk, runs):
    served.serve(runs / "a run", force=True)
    disk.refuse()
    assert Recognizer.load(served.current(runs)).version
    with pytest.raises(ArtifactError, match=f"{READ_ONLY}.*allow writing"):
        served.go_back(runs)
    assert served.current(runs) == runs / "a run"


def test_shipping_to_a_full_disk_says_so(disk, runs, monkeypatch):
    monkeypatch.setattr(served, "SHIPPED", disk.path / "trained")
    disk.fill()
    with pytest.raises(ArtifactError, match=FULL):
        served.ship(runs / "a run")


def test_acknowledged_corrections_survive_a_full_disk(disk):
    store = Corrections(disk.path / "corrections.sqlite3")
    kept = [keep(store, shift) for shift in range(5)]
    disk.fill()
    with pytest.raises(CorrectionsError, match=r"make room on the disk.*; nothing was changed"):
        for shift in range(100, 200):
            kept.append(keep(store, shift))
    disk.free()
    kept.append(keep(store, 300))
    assert sorted(each.id for each in store.load()) == kept
    with closing(sqlite3.connect(store.path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_first_correction_on_a_full_disk_is_refused(disk):
    disk.fill()
    store = Corrections(disk.path / "new" / "corrections.sqlite3")
    with pytest.raises(CorrectionsError, match=r"room"):
        keep(store)
    assert store.load() == [] and len(store) == 0


def test_corrections_in_a_read_only_folder_are_refused(disk):
    store = Corrections(disk.path / "corrections.sqlite3")
    keep(store)
    disk.refuse()
    with pytest.raises(CorrectionsError, match="check the permissions"):
        keep(store, 1)
    with pytest.raises(CorrectionsError, match=r"can't be stored.*DIGITPAD_CORRECTIONS"):
        keep(Corrections(disk.path / "folder" / "corrections.sqlite3"))
    assert Corrections(disk.path / "none.sqlite3").load() == []
    assert [each.label for each in store.load()] == [7]  # reading needs no writing
    disk.allow()
    assert len(store) == 1


@pytest.mark.parametrize("num", [1, 60])
def test_corrections_can_be_deleted_on_a_full_disk(disk, num):
    store = Corrections(disk.path / "corrections.sqlite3")
    path = np.cumsum(np.random.default_rng(0).normal(size=(300, 2)), axis=0)
    for index in range(num + 1):  # each takes some pages
        keep(store, index, path)
    disk.fill()
    with pytest.raises(CorrectionsError, match="make room"):
        for index in range(100, 200):
            keep(store, index, path)
    kept = store.load()
    store.delete([each.id for each in kept[:num]])
    assert len(store) == len(kept) - num
    store.delete_all()
    assert len(store) == 0
    disk.free()
    keep(store, 1)
    assert len(store) == 1


def test_pages_work_in_a_read_only_tree(disk, monkeypatch):
    monkeypatch.setenv("DIGITPAD_CORRECTIONS", str(disk.path / "corrections.sqlite3"))
    monkeypatch.setenv("DIGITPAD_TRAINING", "on")
    monkeypatch.setenv("DIGITPAD_RUNS", str(disk.path / "runs"))
    disk.refuse()
    for page in ("corrections", "train", "draw"):
        app = AppTest.from_file(str(ROOT / "app_pages" / f"{page}.py"), default_timeout=60).run()
        assert not app.exception, page
    for action in (
        lambda: training_jobs.TrainingJobs().start("tutorial", 1, 1),
        lambda: keep(Corrections()),
    ):
        with pytest.raises(DigitError, match=f"{READ_ONLY}|check the permissions"):
            action()


@pytest.mark.parametrize("way", ["full", "read-only"])
def test_a_tensorboard_folder_without_room_is_told(disk, way):
    disk.fill() if way == "full" else disk.refuse()
    with pytest.raises(TrainingError, match=f"({FULL}|{READ_ONLY}).*--tensorboard"):
        EventFile(disk.path / "logs")
    if way == "full":
        disk.free()
        file = EventFile(disk.path / "logs")
        disk.fill()
        with pytest.raises(TrainingError, match=FULL):
            for step in range(10_000):
                file.add(step, {"loss": 0.5})


def last_line(capsys) -> str:
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_an_unwritable_runs_folder_is_told_before_training(disk, tiny_mnist, tmp_path, capsys):
    places = ["--preset", "tutorial"]
    disk.fill()
    for name in ("", "runs"):
        assert train.main([*places, "--runs", str(disk.path / name)]) == 1
        assert FULL in last_line(capsys)
    disk.refuse()
    assert train.main([*places, "--runs", str(disk.path / "runs")]) == 1
    assert READ_ONLY in last_line(capsys)


@pytest.mark.slow
def test_a_full_disk_ends_a_run_which_resumes_with_room(disk, tiny_mnist, capsys, monkeypatch):
    from model.learning import training

    save = training.runs.save_history

    def fill_in_the_second_epoch(path, history):
        save(path, history)
        if len(history) == 2:
            disk.fill(but=1000)

    runs = disk.path / "runs"
    monkeypatch.setattr(served, "SHIPPED", disk.path / "none")
    monkeypatch.delenv("DIGITPAD_DATA", raising=False)  # else the hint names it
    options = ["--runs", str(runs), "--min-accuracy", "0"]
    with monkeypatch.context() as patch:
        patch.setattr(training.runs, "save_history", fill_in_the_second_epoch)
        assert train.main([*options, "--preset", "tutorial", "--epochs", "2"]) == 1
    (run,) = runs.glob("*/")
    sentence = last_line(capsys)
    assert CHECKPOINT_FILE in sentence and FULL in sentence
    assert sentence.endswith(f"resume with: python train.py --resume {run} --min-accuracy 0")
    assert not list(run.glob(".*"))
    disk.free()
    assert train.main([*options, "--resume", str(run)]) == 0
    assert [row["epoch"] for row in load_history(run / HISTORY_FILE)] == [1, 2]
    assert check_network(served.current(runs))["run"] == run.name


def test_one_process_at_a_time_trains_a_run(tiny_mnist, tmp_path, capsys):
    run = start_run(PRESETS["tutorial"], tmp_path)
    with locked(run) as lock:
        assert lock is not None
        assert train.main(["--resume", str(run), "--runs", str(tmp_path)]) == 1
    assert last_line(capsys).startswith("Another process is training in")
    assert {path.name for path in run.iterdir()} == {"config.json"}


def train_with(monkeypatch, function) -> None:
    """Has `train.py` call a function instead of Keras."""
    module = type(sys)("model.learning.training")
    module.train = function
    monkeypatch.setitem(sys.modules, "model.learning.training", module)
    monkeypatch.setattr("model.learning.training", module, raising=False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_inside_tensorflow_prints_how_to_resume(
    tiny_mnist, tmp_path, capsys, monkeypatch, number
):
    def interrupted(*_arguments, **_options):
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt:
            raise AssertionError("Nesting violated for default stack") from None

    train_with(monkeypatch, interrupted)
    # A shell starts what runs in the background with Ctrl-C ignored.
    before = signal.signal(number, signal.default_int_handler)
    try:
        code = train.main(["--runs", str(tmp_path / "runs"), "--preset", "tutorial"])
        assert code == 128 + number and training_jobs.STOPPED in last_line(capsys)
        assert signal.getsignal(number) == signal.default_int_handler
    finally:
        signal.signal(number, before)


def test_an_error_without_a_signal_is_raised(tiny_mnist, tmp_path, monkeypatch):
    def broken(*_arguments, **_options):
        raise AssertionError("a real one")

    train_with(monkeypatch, broken)
    with pytest.raises(AssertionError, match="a real one"):
        train.main(["--runs", str(tmp_path), "--preset", "tutorial"])


def test_a_run_goes_on_when_its_output_cannot_be_written():
    class Full(io.StringIO):
        def write(self, _text):
            raise OSError(28, FULL)

    train.say("epoch 1 of 3", Full())


def test_a_killed_process_loses_no_acknowledged_correction(corrections_path):
    script = (
        "import sys; sys.path.insert(0, '.')\n"
        "from tests.support import keep, Corrections\n"
        "at = 0\n"
        "while True:\n    at += 1; print(keep(Corrections(), at), flush=True)\n"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        told = [int(writer.stdout.readline()) for _ in range(20)]
        writer.kill()
        told += [int(line) for line in writer.stdout.read().splitlines() if line]
    until(lambda: writer.poll() is not None)
    kept = {each.id for each in Corrections().load()}
    assert set(told) <= kept <= {*told, told[-1] + 1}
