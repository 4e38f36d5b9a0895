"""The doctor finds a healthy installation healthy, and names each thing that is broken."""

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

from model.files import served
from model.files.runs import load_report
from model.learning import data
from model.reading.confidence import Answer
from model.reading.recognizer import Recognizer
from ops.corrections import Corrections
from ops.doctor import command, installation, network
from ops.doctor.command import run_check
from ops.doctor.findings import FAULT, NOTE, OK
from tests.support import ROOT, TRAINED


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch) -> Path:
    """A copy of the served files and settings that a test may break."""
    for name in (installation.SERVE_FILE, installation.TRAIN_FILE, installation.LOCK_FILE):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / ".streamlit", tmp_path / ".streamlit")
    shutil.copytree(TRAINED, tmp_path / "model" / "trained")
    monkeypatch.setattr(installation, "ROOT", tmp_path)
    monkeypatch.setattr(served, "SHIPPED", tmp_path / "model" / "trained")
    monkeypatch.delenv("DIGITPAD_LOG", raising=False)
    return tmp_path


def level(check: str) -> str | None:
    finding = run_check(check)
    return finding and finding.level


def text(check: str, level: str) -> str:
    """The text of a finding, which must have this level."""
    finding = run_check(check)
    assert finding.level == level, finding
    return finding.text


def flip(path: Path) -> None:
    """Flips one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def rewrite(old: str, new: str):
    return lambda path: path.write_text(path.read_text().replace(old, new))


RUN = load_report(TRAINED)["run"]
HASH = load_report(TRAINED)["network"]["sha256"]


SERVED = "model/trained"
CONFIG = ".streamlit/config.toml"


@pytest.mark.parametrize(
    ("check", "path", "damage", "expected", "sentence"),
    [
        ("network", f"{SERVED}/digits.onnx", Path.unlink, FAULT, "no trained network"),
        ("network", f"{SERVED}/digits.onnx", halve, FAULT, "is damaged"),
        ("network", f"{SERVED}/digits.onnx", flip, FAULT, "is damaged or was replaced"),
        ("report", f"{SERVED}/digits.onnx", flip, FAULT, "is damaged or was replaced"),
        ("look-alikes", f"{SERVED}/digits.onnx", flip, FAULT, "belong to another network"),
        ("report", f"{SERVED}/report.json", Path.unlink, FAULT, "no training report"),
        ("report", f"{SERVED}/report.json", halve, FAULT, "can't be read"),
        ("report", f"{SERVED}/report.json", rewrite(HASH, "0" * 64), FAULT, "SHA-256 is not"),
        ("look-alikes", f"{SERVED}/lookalikes.npz", Path.unlink, FAULT, "no look-alikes"),
        ("look-alikes", f"{SERVED}/lookalikes.npz", halve, FAULT, "can't be read"),
        ("model card", f"{SERVED}/README.md", Path.unlink, FAULT, "no model card"),
        ("model card", f"{SERVED}/README.md", rewrite(RUN, "x"), FAULT, "belongs to another run"),
        ("history", f"{SERVED}/history.csv", rewrite("epoch", "time"), FAULT, "no epochs"),
        ("history", f"{SERVED}/history.csv", Path.unlink, NOTE, "no curves"),
        ("Keras file", f"{SERVED}/digits.keras", halve, FAULT, "is damaged"),
        ("Keras file", f"{SERVED}/digits.keras", flip, FAULT, "is damaged"),
        ("Keras file", f"{SERVED}/digits.keras", Path.unlink, NOTE, "only fine-tuning"),
        ("Streamlit settings", CONFIG, Path.unlink, FAULT, "can't be read"),
        ("Streamlit settings", CONFIG, rewrite("[server]", "[server"), FAULT, "can't be read"),
        ("Streamlit settings", CONFIG, rewrite("maxUploadSize", "x"), FAULT, "limits no uploads"),
    ],
)
def test_a_damaged_or_missing_file_is_found(root, check, path, damage, expected, sentence):
    assert level(check) == OK
    damage(root / path)
    assert sentence in text(check, expected)


def test_a_runtime_with_other_answers_is_a_fault(monkeypatch):
    right = Recognizer.probabilities
    assert "a letter refused" in text("a known digit", OK)
    error = np.linspace(-1, 1, 10, dtype=np.float32) * 2e-4
    monkeypatch.setattr(Recognizer, "probabilities", lambda *its: right(*its) + error)
    assert "differ by 0.0002" in text("a known digit", FAULT)


@pytest.mark.parametrize(
    ("answers", "expected", "sentence"),
    [
        ((Answer((1,), True), Answer((4,), False)), FAULT, "a 7 is read as 1"),
        ((Answer((7,), False), Answer((4,), False)), FAULT, "a 7 is read as no digit"),
        ((Answer((7,), True), Answer((4,), True)), NOTE, "a letter is taken for a 4"),
        ((Answer((7,), True), Answer((4,), False)), OK, "no tested answers of this network"),
    ],
)
def test_another_network_must_read_a_seven(monkeypatch, answers, expected, sentence):
    monkeypatch.setattr(network, "KNOWN_NETWORK", "another")
    answers = iter(answers)
    monkeypatch.setattr(Recognizer, "answer", lambda *_: next(answers))
    assert sentence in text("a known digit", expected)


def test_a_damaged_former_network_is_a_note(root):
    assert level("former network") is None
    run = root / "runs" / "a run"
    shutil.copytree(TRAINED, run)
    pointer = {"current": None, "former": run.name}
    (root / "runs" / served.SERVED_FILE).write_text(json.dumps(pointer))
    assert f"{RUN} can be served" in text("former network", OK)
    halve(run / "digits.onnx")
    assert level("former network") == NOTE and level("network") == OK


def test_a_damaged_served_json_is_a_fault(root):
    (root / "runs").mkdir()
    (root / "runs" / served.SERVED_FILE).write_text("{")
    assert served.SERVED_FILE in text("network", FAULT)


@pytest.fixture
def versions(monkeypatch):
    """Versions of packages to pretend; `None` pretends that one is missing."""
    pretended: dict[str, str | None] = {}
    real = metadata.version

    def version(name: str) -> str:
        if pretended.get(name, "") is None:
            raise metadata.PackageNotFoundError(name)
        return pretended.get(name) or real(name)

    monkeypatch.setattr(metadata, "version", version)
    return pretended


def test_a_missing_or_old_package_for_serving_is_a_fault(versions):
    assert level("packages") == OK
    versions |= {"streamlit": "1.20.0", "numpy": None}
    found = text("packages", FAULT)
    assert "streamlit is 1.20.0 instead of" in found and "numpy is missing" in found
    assert f"pip install -r {installation.SERVE_FILE}" in found


def test_missing_training_packages_and_untested_versions_are_notes(versions):
    versions |= {"tensorflow": None, "keras": None, "pillow": "12.99"}
    assert level("packages") == OK
    assert "tensorflow is missing" in text("packages to train", NOTE)
    assert "pillow is 12.99 instead of ==" in text("versions", NOTE)


def test_an_old_python_is_a_fault(monkeypatch):
    assert level("Python") == OK
    monkeypatch.setattr(installation, "MIN_PYTHON", (9, 0))
    assert "9.0 or newer is needed" in text("Python", FAULT)


@pytest.fixture
def keras_home(tmp_path, monkeypatch) -> Path:
    """An empty folder where Keras looks for MNIST."""
    monkeypatch.delenv("DIGITPAD_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras"


def test_missing_mnist_is_a_note_and_not_downloaded(keras_home):
    assert "11 MB" in text("MNIST", NOTE) and level("test images") is None
    assert not keras_home.exists()


def test_a_damaged_mnist_is_a_fault_and_left_alone(keras_home, monkeypatch):
    path = keras_home / "datasets" / "mnist.npz"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half of it")
    assert "not a whole mnist.npz" in text("MNIST", FAULT)
    assert path.read_bytes() == b"half of it"
    monkeypatch.setenv("DIGITPAD_DATA", str(keras_home / "nowhere"))
    assert "There is no folder" in text("MNIST", FAULT)


def test_another_split_of_writers_is_a_fault(monkeypatch):
    monkeypatch.setattr(data, "validation_mask", lambda: np.zeros(60000, bool))
    assert "restore it" in text("writers' split", FAULT)


def test_answers_unlike_the_report_are_a_fault(root, mnist_folder, monkeypatch):
    monkeypatch.setenv("DIGITPAD_DATA", str(mnist_folder))
    assert level("MNIST") == level("test images") == OK
    path = root / "model" / "trained" / "report.json"
    report = json.loads(path.read_text())
    report["test"]["misses"] = [1, 2, 3]
    path.write_text(json.dumps(report))
    assert "not read as in the report" in text("test images", FAULT)


def test_damaged_bundled_digits_are_a_fault(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "BUNDLED_FILE", tmp_path / "digits.npz")
    data.BUNDLED_FILE.write_bytes(b"PK no archive")
    assert "restore the file" in text("bundled digits", FAULT)


def add_corrections() -> Path:
    store = Corrections()
    rng = np.random.default_rng(0)
    for _ in range(4):
        strokes = [rng.random((600, 2)) * 280]
        store.add(strokes, np.zeros((28, 28), np.float32), np.zeros(10, np.float32), 7, "")
    return store.path


def scramble(path: Path) -> None:
    """Overwrites the middle third of a file."""
    content = path.read_bytes()
    third = len(content) // 3
    path.write_bytes(content[:third] + b"\xa5" * third + content[2 * third :])


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (scramble, "move it away"),
        (lambda path: path.write_text("no database at all, but words"), "is damaged"),
    ],
)
def test_damaged_corrections_are_a_fault_with_their_path(damage, sentence):
    path = add_corrections()
    assert "4 in" in text("corrections", OK)
    damage(path)
    assert sentence in text("corrections", FAULT) and str(path) in text("corrections", FAULT)


def test_unwritable_corrections_are_reported_and_not_created(monkeypatch):
    path = Corrections().path
    assert "none yet" in text("corrections", OK)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "none can be stored" in text("corrections", NOTE)  # as in a read-only folder
    assert not path.exists()
    add_corrections()
    assert "no more can be stored" in text("corrections", FAULT)


def test_training_from_the_page_needs_tensorflow_and_a_folder(monkeypatch, versions):
    assert level("training from the page") == OK
    monkeypatch.setenv("DIGITPAD_TRAINING", "yes")
    assert 'is "yes" and not "on"' in text("training from the page", NOTE)
    monkeypatch.setenv("DIGITPAD_TRAINING", "on")
    assert "every visitor" in text("training from the page", NOTE)
    versions["tensorflow"] = None
    assert "without tensorflow" in text("training from the page", FAULT)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "can't be written" in text("training from the page", FAULT)


def test_a_damaged_run_is_a_note(root):
    assert level("runs") == OK
    (root / "runs" / "broken").mkdir(parents=True)
    assert "broken can't be read" in text("runs", NOTE)


@pytest.mark.parametrize(
    ("where", "expected"), [("on", OK), ("log", OK), (".", FAULT), ("no/log", FAULT)]
)
def test_an_unwritable_log_is_a_fault(tmp_path, monkeypatch, where, expected):
    monkeypatch.setenv("DIGITPAD_LOG", where if where == "on" else str(tmp_path / where))
    assert level("log") == expected
    assert expected == OK or "can't be written" in text("log", FAULT)
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize("check", ["disk for corrections", "disk for runs"])
def test_a_full_disk_is_a_fault_if_it_is_used(monkeypatch, check):
    Usage = namedtuple("Usage", "total used free")
    assert level(check) == OK
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1, 1, 1_000_000))
    assert "1 MB free" in text(check, FAULT)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert level(check) == OK


@pytest.mark.parametrize(("free", "expected"), [(10**10, OK), (10**8, NOTE), (None, NOTE)])
def test_low_or_unknown_memory_is_a_note(monkeypatch, free, expected):
    monkeypatch.setattr(installation, "free_memory", lambda: free)
    assert level("memory") == expected


def test_a_missing_module_fails_only_the_checks_that_need_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "model.reading.recognizer", None)
    assert level("network") == FAULT and level("report") == OK
    assert "can't be imported" in text("network", FAULT)


def test_a_check_that_raises_is_a_fault(monkeypatch):
    monkeypatch.setitem(command.CHECKS, "memory", lambda: iter([1 / 0]))
    assert "ZeroDivisionError" in text("memory", FAULT)


def test_the_command_prints_lines_or_json(monkeypatch, capsys):
    checks = {"Python": installation.python, "log": installation.log}
    monkeypatch.setattr(command, "CHECKS", checks)
    assert command.main([]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "Healthy."
    monkeypatch.setattr(installation, "MIN_PYTHON", (9, 0))
    assert command.main([]) == 1
    assert "Faults: 1" in capsys.readouterr().out
    assert command.main(["--json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert printed["healthy"] is False
    assert [each["level"] for each in printed["findings"]] == [FAULT, OK]


def test_the_repository_is_healthy_without_training_packages(tmp_path):
    script = (
        "import sys\n"
        "for name in ('tensorflow', 'keras', 'sklearn', 'onnx', 'tf2onnx', 'psutil'):\n"
        "    sys.modules[name] = None\n"
        "from ops.doctor.command import main\n"
        "sys.exit(main(['--json']))\n"
    )
    environment = {"KERAS_HOME": str(tmp_path), "DIGITPAD_DATA": "", "DIGITPAD_RUNS": ""}
    answer = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert answer.stderr == ""
    printed = json.loads(answer.stdout)
    assert [each for each in printed["findings"] if each["level"] == FAULT] == []
    assert printed["healthy"] and answer.returncode == 0
    absent = set(command.CHECKS) - {each["check"] for each in printed["findings"]}
    assert absent == {"former network", "test images"}


def test_python_m_runs_the_command():
    command = [sys.executable, "-m", "ops.doctor", "--help"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 0 and "--json" in answer.stdout
