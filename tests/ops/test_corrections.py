"""Corrections come back as they were said, are never lost, and a bad file is told."""

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
from model.learning.data import _read_idx
from ops import corrections
from ops.corrections import IDX_NAMES, Corrections, as_idx, as_npz
from tests.support import ROOT

SEVEN = [np.array([[80.0, 60.123], [200, 60], [120, 230]])]
CROSSED = [*SEVEN, np.array([[110.0, 140], [190, 140]])]
FRAME = np.linspace(0, 1, 784, dtype=np.float32).reshape(28, 28)
SAID_SEVEN = np.eye(10, dtype=np.float32)[7] * 0.9 + np.float32(0.01)


@pytest.fixture
def store(corrections_path) -> Corrections:
    return Corrections()


def keep(store: Corrections, strokes=SEVEN, label: int = 1) -> int:
    return store.add(strokes, FRAME, SAID_SEVEN, label, "a run")


def execute(store: Corrections, statement: str, *values) -> None:
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute(statement, values)


def test_a_correction_comes_back_as_it_was_said(store):
    number = keep(store, CROSSED)
    (kept,) = store.load()
    assert (kept.id, kept.label, kept.said, kept.network) == (number, 1, 7, "a run")
    assert kept.time.endswith("+00:00")
    for stroke, drawn in zip(kept.strokes, CROSSED, strict=True):
        assert np.allclose(stroke, drawn, atol=0.005)
    assert kept.frame.dtype == np.uint8 and kept.frame[-1, -1] == 255
    assert np.abs(kept.frame / 255 - FRAME).max() < 0.002
    assert np.array_equal(kept.probabilities, SAID_SEVEN)


def test_before_the_first_correction_there_is_nothing_and_no_file(store):
    assert store.load() == [] and len(store) == 0
    assert not store.path.exists()
    store.path.parent.mkdir()
    store.path.touch()  # as a program leaves it that was stopped at once
    assert store.load() == [] and len(store) == 0
    keep(store)
    assert len(store) == 1


def test_the_file_is_where_the_setting_says_or_beside_the_readme(monkeypatch, tmp_path):
    monkeypatch.setenv(corrections.PATH_VARIABLE, str(tmp_path / "a file?.sqlite3"))
    keep(Corrections())
    assert (tmp_path / "a file?.sqlite3").exists()
    monkeypatch.delenv(corrections.PATH_VARIABLE)
    assert Corrections().path == ROOT / "corrections.sqlite3"


def test_one_drawing_is_kept_once_under_its_last_digit(store):
    first = keep(store, SEVEN, 1)
    assert keep(store, SEVEN, 1) == first and len(store) == 1
    assert keep(store, SEVEN, 2) == first
    assert [kept.label for kept in store.load()] == [2]
    assert keep(store, CROSSED, 2) != first and len(store) == 2


def test_the_newest_come_first_and_in_pages(store):
    drawings = [[SEVEN[0] + shift] for shift in range(5)]
    numbers = [keep(store, drawing) for drawing in drawings]
    assert [kept.id for kept in store.load()] == numbers[::-1]
    assert [kept.id for kept in store.load(2, skip=1)] == numbers[3:1:-1]
    keep(store, drawings[0], 3)  # said anew
    assert store.load(1)[0].id == numbers[0]


def test_what_is_deleted_is_gone_and_its_number_is_not_given_again(store):
    first, second = keep(store, SEVEN), keep(store, CROSSED)
    store.delete([second, 999])
    assert [kept.id for kept in store.load()] == [first]
    assert keep(store, CROSSED) > second
    text = corrections.drawing_text(CROSSED).encode()
    assert text in store.path.read_bytes()
    store.delete_all()
    assert len(store) == 0 and text not in store.path.read_bytes()


def test_two_processes_and_many_threads_lose_nothing(store):
    script = (
        "import sys, numpy as np\n"
        "from ops.corrections import Corrections\n"
        "for at in range(40):\n"
        "    stroke = np.array([[float(sys.argv[1]), at], [50, 50]])\n"
        "    frame, said = np.ones((28, 28), np.float32), np.full(10, 0.1, np.float32)\n"
        "    Corrections().add([stroke], frame, said, at % 10, '')\n"
    )
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(name)], cwd=ROOT, stderr=subprocess.PIPE
        )
        for name in (1, 2)
    ]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda at: keep(store, [SEVEN[0] + at]), range(40)))
    for writer in writers:
        _, told = writer.communicate(timeout=60)
        assert writer.returncode == 0, told
    kept = store.load()
    assert len(kept) == 3 * 40 == len({each.id for each in kept})
    with closing(sqlite3.connect(store.path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def told(store: Corrections) -> str:
    """The one sentence that each way to the file gives."""
    sentences = set()
    for attempt in (store.load, lambda: len(store), lambda: keep(store), store.delete_all):
        with pytest.raises(CorrectionsError) as error:
            attempt()
        sentences.add(str(error.value))
    (sentence,) = sentences
    assert str(store.path) in sentence and "\n" not in sentence
    return sentence


def test_a_newer_files_version_is_told_and_left_alone(store):
    keep(store)
    execute(store, "PRAGMA user_version = 2")
    assert "newer DigitPad (version 2" in told(store)
    execute(store, "PRAGMA user_version = 1")
    assert len(store) == 1


def test_another_programs_database_is_told(store):
    store.path.parent.mkdir()
    execute(store, "CREATE TABLE letters (id)")
    assert "another program's" in told(store)


@pytest.mark.parametrize("content", [b"no database at all " * 100, "cut"])
def test_a_damaged_file_is_told(store, content):
    keep(store, CROSSED)
    whole = store.path.read_bytes()
    store.path.write_bytes(whole[:5000] if content == "cut" else content)
    assert "is damaged" in told(store)


def test_a_locked_file_is_told_and_free_again_it_works(store, monkeypatch):
    monkeypatch.setattr(corrections, "BUSY_TIMEOUT", 0.05)
    keep(store)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CorrectionsError, match="in use by another program"):
            keep(store, CROSSED)
        assert len(store) == 1  # readers don't wait
        other.execute("ROLLBACK")
    keep(store, CROSSED)
    assert len(store) == 2


def test_a_file_that_may_only_be_read_is_read_and_writing_is_told(store, monkeypatch):
    keep(store)
    connect = sqlite3.connect
    monkeypatch.setattr(
        corrections.sqlite3,
        "connect",
        lambda address, **options: connect(address.split("?")[0] + "?mode=ro", **options),
    )
    assert len(store.load()) == 1
    with pytest.raises(CorrectionsError, match="allow writing"):
        keep(store, CROSSED)


def test_a_place_that_can_hold_no_file_is_told(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "corrections.sqlite3", tmp_path):
        with pytest.raises(CorrectionsError, match=r"no room|can't be opened"):
            keep(Corrections(path))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("strokes", "["), ("strokes", "[]"), ("strokes", "[[]]"), ("strokes", "[[[1,2,3]]]")),
        *(("strokes", "[[[1,NaN]]]"), ("strokes", "[[[1,1e9]]]"), ("strokes", '{"a": 1}')),
        *(("time", "yesterday"), ("probabilities", np.full(10, np.nan, "<f4").tobytes())),
        ("probabilities", np.full(10, 2, "<f4").tobytes()),
    ],
)
def test_a_row_that_something_else_changed_is_told(store, column, value):
    number = keep(store)
    execute(store, f"UPDATE corrections SET {column} = ?", value)
    with pytest.raises(CorrectionsError, match=f"Correction {number} in"):
        store.load()


def test_a_drawing_with_too_many_points_and_a_full_file_are_told(store, monkeypatch):
    with pytest.raises(CorrectionsError, match="too many points"):
        keep(store, [np.random.default_rng(0).uniform(0, 280, (20_000, 2))])
    assert not store.path.exists()
    monkeypatch.setattr(corrections, "MAX_CORRECTIONS", 1)
    keep(store)
    with pytest.raises(CorrectionsError, match="delete some"):
        keep(store, CROSSED)


def test_the_file_grows_to_its_bound_and_what_is_deleted_makes_room(store, monkeypatch):
    monkeypatch.setattr(corrections, "MAX_FILE_BYTES", 1_000_000)
    rng = np.random.default_rng(0)

    def large() -> list[np.ndarray]:
        return [rng.uniform(0, 280, (10_000, 2))]  # about 150 kB as text

    with pytest.raises(CorrectionsError, match="1 MB, as many as it may"):
        for _ in range(10):
            keep(store, large())
    assert 1 < len(store) < 5
    assert sum(path.stat().st_size for path in store.path.parent.iterdir()) <= 1_000_000
    store.delete([store.load()[-1].id])
    keep(store, large())


def test_wrong_shapes_are_the_programmers(store):
    for change in ({"frame": FRAME[:20]}, {"probabilities": SAID_SEVEN[:9]}, {"label": 10}):
        fine = {"strokes": SEVEN, "frame": FRAME, "probabilities": SAID_SEVEN, "label": 1}
        with pytest.raises(ValueError, match="Received"):
            store.add(**{**fine, **change}, network="")


@pytest.mark.parametrize("num", [0, 3])
def test_the_archives_are_read_as_mnist_is(store, tmp_path, num):
    for shift in range(num):
        keep(store, [SEVEN[0] + shift], shift)
    kept = store.load()
    with np.load(io.BytesIO(as_npz(kept)), allow_pickle=False) as archive:
        images, labels = archive["images"], archive["labels"]
    assert images.shape == (num, 28, 28) and images.dtype == labels.dtype == np.uint8
    assert labels.tolist() == [each.label for each in kept] == list(range(num))[::-1]
    with zipfile.ZipFile(io.BytesIO(as_idx(kept))) as archive:
        assert archive.namelist() == list(IDX_NAMES)
        archive.extractall(tmp_path)
    for name, array in zip(IDX_NAMES, (images, labels), strict=True):
        assert np.array_equal(_read_idx(tmp_path / name), array)


def test_the_same_drawing_gives_the_same_text():
    text = corrections.drawing_text(SEVEN)
    assert json.loads(text)[0][0] == [80, 60.12]
    assert corrections.drawing_text([SEVEN[0] + 0.001]) == text
