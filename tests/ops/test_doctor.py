"""The doctor finds a healthy installation healthy, and each thing that is broken."""

import json
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from model.files import runs, served
from model.learning import data
from model.reading.confidence import Answer
from model.reading.recognizer import Recognizer
from ops import doctor
from ops.corrections import Corrections
from ops.doctor import FAULT, NOTE, OK
from tests.support import ROOT, TRAINED


@pytest.fixture(autouse=True)
def installation(tmp_path, monkeypatch) -> Path:
    """A copy of what is served, and of the settings, that a test may break."""
    for name in (*(doctor.SERVE_FILE, doctor.TRAIN_FILE, doctor.LOCK_FILE), ".streamlit"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    shutil.copytree(served.SHIPPED, tmp_path / "model" / "trained")
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    monkeypatch.setattr(served, "SHIPPED", tmp_path / "model" / "trained")
    monkeypatch.setenv("DIGITPAD_RUNS", str(tmp_path / "runs"))
    for name in ("DIGITPAD_TRAINING", "DIGITPAD_LOG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def levels(*checks: str) -> dict[str, str]:
    return {finding.check: finding.level for finding in doctor.examine(checks)}


def told(level: str, *checks: str) -> str:
    """The text of all findings of a level."""
    return " ".join(each.text for each in doctor.examine(checks) if each.level == level)


def flip(path: Path, at: float = 0.5) -> None:
    """Turns one bit of a file over, a share of its length from the beginning."""
    content = bytearray(path.read_bytes())
    content[int(at * len(content))] ^= 1
    path.write_bytes(content)


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def rewrite(old: str, new: str):
    return lambda path: path.write_text(path.read_text().replace(old, new))


RUN = runs.load_report(TRAINED)["run"]
HASH = runs.load_report(TRAINED)["network"]["sha256"]


@pytest.mark.parametrize(
    ("name", "harm", "check", "sentence"),
    [
        ("digits.onnx", Path.unlink, "network", "no trained network"),
        ("digits.onnx", halve, "network", "damaged or not a digit network"),
        ("digits.onnx", flip, "network", "is damaged or was replaced"),
        ("digits.onnx", flip, "report", "damaged or was replaced"),
        ("report.json", Path.unlink, "report", "no training report"),
        ("report.json", halve, "report", "can't be read"),
        ("report.json", rewrite(HASH, "0" * 64), "report", "damaged or was replaced"),
        ("report.json", rewrite(HASH, "0" * 64), "look-alikes", "belong to another network"),
        ("lookalikes.npz", Path.unlink, "look-alikes", "no look-alikes"),
        ("lookalikes.npz", halve, "look-alikes", "can't be read"),
        ("README.md", Path.unlink, "model card", "no model card"),
        ("README.md", rewrite(RUN, "another run"), "model card", "is not that of"),
        ("history.csv", rewrite("epoch", "time"), "history", "no epochs"),
        ("digits.keras", halve, "Keras file", "is damaged"),
        ("digits.keras", flip, "Keras file", "is damaged"),
    ],
)
def test_each_served_file_that_is_gone_damaged_or_anothers_is_a_fault(
    installation, name, harm, check, sentence
):
    assert FAULT not in levels(check).values()
    harm(installation / "model" / "trained" / name)
    assert sentence in told(FAULT, check)


def test_a_serving_image_without_the_keras_file_and_history_gets_notes(installation):
    for name in ("digits.keras", "history.csv"):
        (installation / "model" / "trained" / name).unlink()
    assert levels("Keras file", "history") == {"Keras file": NOTE, "history": NOTE}


def test_a_runtime_that_computes_something_else_is_a_fault(monkeypatch):
    right = Recognizer.probabilities
    assert "a letter refused" in told(OK, "network")

    def askew(self, frames):
        return right(self, frames) + np.linspace(-1, 1, 10, dtype=np.float32) * 2e-4

    monkeypatch.setattr(Recognizer, "probabilities", askew)
    assert "answers 0.0002 away from" in told(FAULT, "network")


@pytest.mark.parametrize(
    ("answers", "level", "sentence"),
    [
        ((Answer((1,), True), Answer((4,), False)), FAULT, "a 7 is read as 1"),
        ((Answer((7,), False), Answer((4,), False)), FAULT, "a 7 is read as no digit"),
        ((Answer((7,), True), Answer((4,), True)), NOTE, "a letter is taken for a 4"),
        ((Answer((7,), True), Answer((4,), False)), OK, "is not the shipped network"),
    ],
)
def test_another_network_has_to_read_a_seven(monkeypatch, answers, level, sentence):
    monkeypatch.setattr(doctor, "KNOWN_NETWORK", "another")
    said = iter(answers)
    monkeypatch.setattr(Recognizer, "answer", lambda *_: next(said))
    assert sentence in told(level, "network")


def test_a_damaged_former_network_is_a_note(tmp_path):
    assert "none yet" in told(OK, "former network")
    run = tmp_path / "runs" / "a run"
    shutil.copytree(TRAINED, run)
    served.serve(run, force=True)
    assert "can be served again" in told(OK, "former network")
    (served.SHIPPED / "digits.onnx").write_bytes(b"damaged")
    assert "damaged or was replaced" in told(NOTE, "former network")


@pytest.fixture
def versions(monkeypatch):
    """Versions of packages to claim; `None` claims that one is missing."""
    claimed: dict[str, str | None] = {}
    right = metadata.version

    def version(name: str) -> str:
        found = claimed.get(name, name)
        if found is None:
            raise metadata.PackageNotFoundError(name)
        return right(name) if found == name else found

    monkeypatch.setattr(metadata, "version", version)
    return claimed


def test_a_package_that_serving_needs_is_a_fault_when_it_is_missing_or_too_old(versions):
    assert FAULT not in levels("packages").values()
    versions |= {"streamlit": "1.20.0", "numpy": None}
    text = told(FAULT, "packages")
    assert "streamlit is 1.20.0 instead of" in text and "numpy is missing" in text
    assert f"pip install -r {doctor.SERVE_FILE}" in text


def test_packages_to_train_and_other_versions_than_tested_are_notes(versions):
    versions |= {"tensorflow": None, "keras": None, "pillow": "12.99"}
    found = levels("packages")
    assert found == {"packages": OK, "packages to train": NOTE, "versions": NOTE}
    assert "pillow is 12.99 instead of ==" in told(NOTE, "packages")


def test_an_older_python_is_a_fault(monkeypatch):
    assert levels("Python") == {"Python": OK}
    monkeypatch.setattr(doctor, "LEAST_PYTHON", (9, 0))
    assert "9.0 or newer is needed" in told(FAULT, "Python")


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (Path.unlink, "can't be read"),
        (rewrite("[server]", "[server"), "can't be read"),
        (rewrite("maxUploadSize", "maximum"), "limits no uploads"),
    ],
)
def test_settings_that_are_gone_odd_or_without_a_limit_are_a_fault(installation, harm, sentence):
    assert levels("settings") == {"settings": OK}
    harm(installation / ".streamlit" / "config.toml")
    assert sentence in told(FAULT, "settings")


def test_without_mnist_there_is_a_note_and_no_download(tmp_path, monkeypatch):
    monkeypatch.delenv("DIGITPAD_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    assert "11 MB" in told(NOTE, "MNIST") and FAULT not in levels("MNIST").values()
    assert not (tmp_path / "keras").exists()


def test_a_copy_of_mnist_that_is_damaged_is_a_fault_and_stays(tmp_path, monkeypatch):
    monkeypatch.delenv("DIGITPAD_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    path = tmp_path / "keras" / "datasets" / "mnist.npz"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half of it")
    assert "not a whole mnist.npz" in told(FAULT, "MNIST")
    assert path.read_bytes() == b"half of it"
    monkeypatch.setenv("DIGITPAD_DATA", str(tmp_path / "nowhere"))
    assert "There is no folder" in told(FAULT, "MNIST")


def test_a_split_of_other_writers_is_a_fault(monkeypatch):
    monkeypatch.setattr(data, "validation_mask", lambda: np.zeros(60000, bool))
    monkeypatch.setattr(data, "at_hand", lambda: None)
    assert "restore it" in told(FAULT, "MNIST")


def test_test_images_that_are_read_otherwise_than_reported_are_a_fault(
    installation, mnist, monkeypatch
):
    monkeypatch.setattr(data, "at_hand", lambda: Path("here"))
    monkeypatch.setattr(data, "load_mnist", lambda _folder: mnist)
    assert levels("MNIST") == {"MNIST": OK, "test images": OK}
    path = installation / "model" / "trained" / "report.json"
    report = json.loads(path.read_text())
    report["test"]["misses"] = [1, 2, 3]
    path.write_text(json.dumps(report))
    assert "read otherwise than the report says" in told(FAULT, "MNIST")


def test_a_damaged_file_of_bundled_digits_is_a_fault(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "BUNDLED_FILE", tmp_path / "digits.npz")
    data.BUNDLED_FILE.write_bytes(b"PK no archive")
    assert "restore the file" in told(FAULT, "bundled digits")


def keep_some() -> Path:
    store = Corrections()
    rng = np.random.default_rng(0)
    for _ in range(4):
        strokes = [rng.random((600, 2)) * 280]
        store.add(strokes, np.zeros((28, 28), np.float32), np.zeros(10, np.float32), 7, "")
    return store.path


def scramble(path: Path) -> None:
    """Writes noise over the middle of a file."""
    content = path.read_bytes()
    third = len(content) // 3
    path.write_bytes(content[:third] + b"\xa5" * third + content[2 * third :])


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (scramble, "move it away"),
        (lambda path: path.write_text("no database at all, but words"), "is damaged"),
    ],
)
def test_corrections_that_are_damaged_are_a_fault(harm, sentence):
    path = keep_some()
    assert "4 in" in told(OK, "corrections")
    harm(path)
    assert sentence in told(FAULT, "corrections")


def test_where_no_correction_can_be_kept_is_told_and_no_file_is_made(monkeypatch):
    path = Corrections().path
    assert "none yet" in told(OK, "corrections")
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "none can be kept" in told(NOTE, "corrections")  # as in a read-only tree
    assert not path.exists()
    keep_some()
    assert "no more can be kept" in told(FAULT, "corrections")


def test_training_from_the_page_is_told_and_needs_its_folder_and_tensorflow(
    installation, monkeypatch, versions
):
    assert levels("training") == {"runs": OK, "training from the page": OK}
    monkeypatch.setenv("DIGITPAD_TRAINING", "yes")
    assert "means off" in told(NOTE, "training")
    monkeypatch.setenv("DIGITPAD_TRAINING", "on")
    assert "every visitor" in told(NOTE, "training")
    versions["tensorflow"] = None
    assert "tensorflow missing" in told(FAULT, "training")
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "can't be written" in told(FAULT, "training")
    (installation / "runs" / "broken").mkdir(parents=True)
    assert "broken can't be read whole" in told(NOTE, "training")


def test_a_log_that_cannot_be_written_is_a_fault(tmp_path, monkeypatch):
    for where, level in (("on", OK), (str(tmp_path / "log"), OK), (str(tmp_path), FAULT)):
        monkeypatch.setenv("DIGITPAD_LOG", where)
        assert levels("log") == {"log": level}
    monkeypatch.setenv("DIGITPAD_LOG", str(tmp_path / "no" / "log"))
    assert "can't be written" in told(FAULT, "log")
    assert not (tmp_path / "log").exists()


def test_a_full_disk_is_a_fault_where_something_is_written(monkeypatch):
    Usage = namedtuple("Usage", "total used free")
    assert set(levels("disk").values()) == {OK}
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1, 1, 1_000_000))
    assert "1 MB are free" in told(FAULT, "disk")
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert set(levels("disk").values()) == {OK}


def test_little_or_unknown_memory_is_a_note(monkeypatch):
    for free, level in ((10**10, OK), (10**8, NOTE), (None, NOTE)):
        monkeypatch.setattr(doctor, "_free_memory", lambda free=free: free)
        assert levels("memory") == {"memory": level}


def test_a_package_that_cannot_be_imported_is_a_fault_and_the_others_are_looked_at(monkeypatch):
    monkeypatch.setitem(sys.modules, "model.reading.recognizer", None)
    found = levels("network", "report")
    assert found == {"network": FAULT, "report": OK}
    assert "can't be imported" in told(FAULT, "network")


def test_a_check_that_breaks_is_a_fault_of_its_own(monkeypatch):
    monkeypatch.setitem(doctor.CHECKS, "memory", lambda: iter([1 / 0]))
    assert "ZeroDivisionError" in told(FAULT, "memory", "disk")


def test_the_command_says_it_in_words_and_for_programs(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "CHECKS", {"Python": doctor.python, "log": doctor.log})
    monkeypatch.setattr(doctor.examine, "__defaults__", (("Python", "log"),))
    assert doctor.main([]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "Healthy."
    monkeypatch.setattr(doctor, "LEAST_PYTHON", (9, 0))
    assert doctor.main([]) == 1
    assert "Faults: 1" in capsys.readouterr().out
    assert doctor.main(["--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["healthy"] is False
    assert [each["level"] for each in told["findings"]] == [FAULT, OK]


def test_this_installation_is_healthy_without_what_only_training_needs(tmp_path):
    script = (
        "import sys\n"
        "for name in ('tensorflow', 'keras', 'sklearn', 'onnx', 'tf2onnx', 'psutil'):\n"
        "    sys.modules[name] = None\n"
        "from ops import doctor\n"
        "sys.exit(doctor.main(['--json']))\n"
    )
    kept = {"KERAS_HOME": str(tmp_path), "DIGITPAD_DATA": ""}
    answer = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, **kept},
        capture_output=True,
        text=True,
    )
    assert answer.stderr == ""
    told = json.loads(answer.stdout)
    assert [each for each in told["findings"] if each["level"] == FAULT] == []
    assert told["healthy"] and answer.returncode == 0
    assert len(told["findings"]) >= len(doctor.CHECKS)
