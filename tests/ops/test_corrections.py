"""Corrections are stored, read back, limited and exported; a broken file gives one sentence."""

import io
import json
import sqlite3
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest

from model.errors import CorrectionsError
from model.learning.data import read_idx
from ops import corrections
from ops.corrections import Corrections, strokes_json
from ops.corrections_export import IDX_NAMES, as_idx, as_npz
from tests.support import ROOT

SEVEN = [np.array([[80.0, 60.123], [200, 60], [120, 230]])]
CROSSED = [*SEVEN, np.array([[110.0, 140], [190, 140]])]
FRAME = np.linspace(0, 1, 784, dtype=np.float32).reshape(28, 28)
ANSWER = np.eye(10, dtype=np.float32)[7] * 0.9 + np.float32(0.01)


@pytest.fixture
def store(corrections_path) -> Corrections:
    return Corrections()


def add(store: Corrections, strokes=SEVEN, label: int = 1) -> int:
    return store.add(strokes, FRAME, ANSWER, label, "a run")


def execute(store: Corrections, statement: str, *values) -> None:
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute(statement, values)


def problem(store: Corrections) -> str:
    """The one sentence that every method gives for a broken file; it names no path."""
    sentences = set()
    for attempt in (store.load, lambda: len(store), lambda: add(store), store.delete_all):
        with pytest.raises(CorrectionsError) as error:
            attempt()
        sentences.add(str(error.value))
    (sentence,) = sentences
    assert str(store.path.parent) not in sentence and "\n" not in sentence
    return sentence


def test_a_correction_is_read_back_as_stored(store):
    number = add(store, CROSSED)
    (stored,) = store.load()
    assert (stored.id, stored.label, stored.predicted, stored.network) == (number, 1, 7, "a run")
    assert stored.time.endswith("+00:00")
    for stroke, drawn in zip(stored.strokes, CROSSED, strict=True):
        assert np.allclose(stroke, drawn, atol=0.005)
    assert stored.frame.dtype == np.uint8 and stored.frame[-1, -1] == 255
    assert np.abs(stored.frame / 255 - FRAME).max() < 0.002
    assert np.array_equal(stored.probabilities, ANSWER)


def test_reading_creates_no_file(store):
    assert store.load() == [] and len(store) == 0
    assert not store.path.exists()
    store.path.parent.mkdir()
    store.path.touch()  # as left by a program that was stopped at once
    assert store.load() == [] and len(store) == 0
    add(store)
    assert len(store) == 1


def test_the_setting_names_the_file(monkeypatch, tmp_path):
    monkeypatch.setenv("DIGITPAD_CORRECTIONS", str(tmp_path / "a file?.sqlite3"))
    add(Corrections())
    assert (tmp_path / "a file?.sqlite3").exists()
    monkeypatch.delenv("DIGITPAD_CORRECTIONS")
    assert Corrections().path == ROOT / "corrections.sqlite3"


def test_a_drawing_is_stored_once_under_its_last_label(store):
    first = add(store, SEVEN, 1)
    assert add(store, SEVEN, 1) == first and len(store) == 1
    assert add(store, SEVEN, 2) == first
    assert [stored.label for stored in store.load()] == [2]
    assert add(store, CROSSED, 2) != first and len(store) == 2


def test_corrections_load_newest_first_and_in_pages(store):
    drawings = [[SEVEN[0] + shift] for shift in range(5)]
    numbers = [add(store, drawing) for drawing in drawings]
    assert [stored.id for stored in store.load()] == numbers[::-1]
    assert [stored.id for stored in store.load(2, skip=1)] == numbers[3:1:-1]
    add(store, drawings[0], 3)  # labelled again
    assert store.load(1)[0].id == numbers[0]


def test_deleted_drawings_are_overwritten_and_ids_never_reused(store):
    first, second = add(store, SEVEN), add(store, CROSSED)
    store.delete([second, 999])
    assert [stored.id for stored in store.load()] == [first]
    assert add(store, CROSSED) > second
    text = strokes_json(CROSSED).encode()
    assert text in store.path.read_bytes()
    store.delete_all()
    assert len(store) == 0 and text not in store.path.read_bytes()


def test_processes_and_threads_lose_no_correction(store):
    script = (
        "import sys, numpy as np\n"
        "from ops.corrections import Corrections\n"
        "for at in range(40):\n"
        "    stroke = np.array([[float(sys.argv[1]), at], [50, 50]])\n"
        "    frame, answer = np.ones((28, 28), np.float32), np.full(10, 0.1, np.float32)\n"
        "    Corrections().add([stroke], frame, answer, at % 10, '')\n"
    )
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(name)], cwd=ROOT, stderr=subprocess.PIPE
        )
        for name in (1, 2)
    ]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda at: add(store, [SEVEN[0] + at]), range(40)))
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert writer.returncode == 0, errors
    stored = store.load()
    assert len(stored) == 3 * 40 == len({each.id for each in stored})
    with closing(sqlite3.connect(store.path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_newer_file_is_refused_and_left_alone(store):
    add(store)
    execute(store, "PRAGMA user_version = 2")
    assert "newer DigitPad (file version 2" in problem(store)
    execute(store, "PRAGMA user_version = 1")
    assert len(store) == 1


def test_another_programs_database_is_refused(store):
    store.path.parent.mkdir()
    execute(store, "CREATE TABLE letters (id)")
    assert "another program's" in problem(store)


@pytest.mark.parametrize("content", [b"no database at all " * 100, "cut"])
def test_a_damaged_file_gives_a_sentence_and_logs_its_path(store, content, caplog):
    add(store, CROSSED)
    whole = store.path.read_bytes()
    store.path.write_bytes(whole[:5000] if content == "cut" else content)
    assert "is damaged" in problem(store)
    assert str(store.path) in caplog.text


def test_a_locked_file_delays_writers_and_no_readers(store, monkeypatch):
    monkeypatch.setattr(corrections, "BUSY_TIMEOUT", 0.05)
    add(store)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CorrectionsError, match="in use by another program"):
            add(store, CROSSED)
        assert len(store) == 1
        other.execute("ROLLBACK")
    add(store, CROSSED)
    assert len(store) == 2


def test_a_read_only_file_can_be_read(store, monkeypatch):
    add(store)
    connect = sqlite3.connect
    monkeypatch.setattr(
        corrections.sqlite3,
        "connect",
        lambda address, **options: connect(address.split("?")[0] + "?mode=ro", **options),
    )
    assert len(store.load()) == 1
    with pytest.raises(CorrectionsError, match="allow writing"):
        add(store, CROSSED)


@pytest.mark.parametrize("name", ["file/corrections.sqlite3", "", "circle"])
def test_a_place_that_can_hold_no_file_is_refused(tmp_path, name):
    (tmp_path / "file").touch()
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(CorrectionsError, match=r"can't be (stored|opened)") as error:
        add(Corrections(tmp_path / name))
    assert str(tmp_path) not in str(error.value)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("strokes", "["), ("strokes", "[]"), ("strokes", "[[]]"), ("strokes", "[[[1,2,3]]]")),
        *(("strokes", "[[[1,NaN]]]"), ("strokes", "[[[1,1e9]]]"), ("strokes", '{"a": 1}')),
        *(("time", "yesterday"), ("probabilities", np.full(10, np.nan, "<f4").tobytes())),
        ("probabilities", np.full(10, 2, "<f4").tobytes()),
    ],
)
def test_a_row_that_something_else_changed_is_named(store, column, value):
    number = add(store)
    execute(store, f"UPDATE corrections SET {column} = ?", value)
    with pytest.raises(CorrectionsError, match=f"Correction {number} can't be read"):
        store.load()


def test_a_drawing_with_too_many_points_is_refused(store):
    with pytest.raises(CorrectionsError, match="too many points"):
        add(store, [np.random.default_rng(0).uniform(0, 280, (20_000, 2))])
    assert not store.path.exists()


@pytest.mark.parametrize("limit", ["MAX_CORRECTIONS", "MAX_FILE_BYTES"])
def test_a_full_file_takes_another_label_and_no_new_drawing(store, monkeypatch, limit):
    first = add(store, SEVEN, 1)
    monkeypatch.setattr(corrections, limit, 1)
    with pytest.raises(CorrectionsError, match="delete some"):
        add(store, CROSSED)
    assert add(store, SEVEN, 2) == first
    assert [stored.label for stored in store.load()] == [2]


def test_deleting_makes_room_in_a_full_file(store, monkeypatch):
    monkeypatch.setattr(corrections, "MAX_FILE_BYTES", 1_000_000)
    rng = np.random.default_rng(0)

    def large() -> list[np.ndarray]:
        return [rng.uniform(0, 280, (10_000, 2))]  # about 150 kB as text

    with pytest.raises(CorrectionsError, match="limit of 1 MB"):
        for _ in range(10):
            add(store, large())
    assert 1 < len(store) < 5
    assert store.path.stat().st_size <= 1_000_000
    store.delete([store.load()[-1].id])
    add(store, large())


@pytest.mark.parametrize(
    "change", [{"frame": FRAME[:20]}, {"probabilities": ANSWER[:9]}, {"label": 10}]
)
def test_wrong_shapes_and_labels_raise(store, change):
    fine = {"strokes": SEVEN, "frame": FRAME, "probabilities": ANSWER, "label": 1}
    with pytest.raises(ValueError, match="Received"):
        store.add(**{**fine, **change}, network="")


@pytest.mark.parametrize("num", [0, 3])
def test_exported_archives_are_read_as_mnist(store, tmp_path, num):
    for shift in range(num):
        add(store, [SEVEN[0] + shift], shift)
    stored = store.load()
    with np.load(io.BytesIO(as_npz(stored)), allow_pickle=False) as archive:
        images, labels = archive["images"], archive["labels"]
    assert images.shape == (num, 28, 28) and images.dtype == labels.dtype == np.uint8
    assert labels.tolist() == [each.label for each in stored] == list(range(num))[::-1]
    with zipfile.ZipFile(io.BytesIO(as_idx(stored))) as archive:
        assert archive.namelist() == list(IDX_NAMES)
        archive.extractall(tmp_path)
    for name, array in zip(IDX_NAMES, (images, labels), strict=True):
        assert np.array_equal(read_idx(tmp_path / name), array)


def test_strokes_are_rounded_to_a_hundredth_pixel():
    text = strokes_json(SEVEN)
    assert json.loads(text)[0][0] == [80, 60.12]
    assert strokes_json([SEVEN[0] + 0.001]) == text
