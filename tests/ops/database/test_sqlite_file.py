"""A SQLite file of corrections: created late, upgraded in place, one sentence if it is broken."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest

from model.errors import CorrectionsError
from ops.correction_rows import strokes_json
from ops.corrections import Corrections
from ops.database import sqlite_file
from tests.support import ROOT, SEVEN, keep, problem_of

OTHER = 10.0  # pixels; a stroke that is moved is another drawing

# As written by versions before the hash.
VERSION_1 = """
CREATE TABLE corrections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time TEXT NOT NULL,
    strokes TEXT NOT NULL UNIQUE,
    frame BLOB NOT NULL CHECK (length(frame) = 784),
    probabilities BLOB NOT NULL CHECK (length(probabilities) = 40),
    label INTEGER NOT NULL CHECK (label BETWEEN 0 AND 9),
    network TEXT NOT NULL
);
PRAGMA user_version = 1;
PRAGMA journal_mode = WAL;
"""


@pytest.fixture
def store(corrections_path) -> Corrections:
    return Corrections()


def execute(store: Corrections, statement: str, *values):
    """Runs a statement, as another program might; returns the first row of its answer."""
    with closing(sqlite3.connect(store.path)) as connection, connection:
        return connection.execute(statement, values).fetchone()


def write_version_1(store: Corrections, ids: list[int]) -> None:
    """Writes a file of version 1 with the drawings of `keep`, moved by their ids, labelled 3."""
    store.path.parent.mkdir()
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.executescript(VERSION_1)
        for each in ids:
            answer = np.full(10, 0.1, "<f4").tobytes()
            row = (each, "2026-11-01T10:00:00.000000+00:00", strokes_json([SEVEN + each]))
            connection.execute(
                "INSERT INTO corrections VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*row, bytes(784), answer, 3, "old"),
            )


def problem(store: Corrections) -> str:
    """The one sentence that every method gives for a broken file; it names no path."""
    sentence = problem_of(store)
    assert str(store.path.parent) not in sentence
    return sentence


def test_reading_creates_no_file(store):
    assert store.load() == [] and len(store) == 0
    assert not store.path.exists()
    store.path.parent.mkdir()
    store.path.touch()  # as left by a program that was stopped at once
    assert store.load() == [] and len(store) == 0
    keep(store)
    assert len(store) == 1


def test_the_setting_names_the_file(monkeypatch, tmp_path):
    monkeypatch.setenv("DIGITPAD_CORRECTIONS", str(tmp_path / "a file?.sqlite3"))
    keep(Corrections())
    assert (tmp_path / "a file?.sqlite3").exists()
    monkeypatch.delenv("DIGITPAD_CORRECTIONS")
    assert Corrections().path == ROOT / "corrections.sqlite3"


def test_a_newer_file_is_refused_and_left_alone(store):
    keep(store)
    execute(store, "PRAGMA user_version = 3")
    assert "newer DigitPad (file version 3" in problem(store)
    execute(store, "PRAGMA user_version = 2")
    assert len(store) == 1


def test_another_programs_database_is_refused(store):
    store.path.parent.mkdir()
    execute(store, "CREATE TABLE letters (id)")
    assert "another program's" in problem(store)


@pytest.mark.parametrize("content", [b"no database at all " * 100, "cut"])
def test_a_damaged_file_gives_a_sentence_and_logs_its_path(store, content, caplog):
    keep(store, OTHER)
    whole = store.path.read_bytes()
    store.path.write_bytes(whole[:5000] if content == "cut" else content)
    assert "is damaged" in problem(store)
    assert str(store.path) in caplog.text


def test_a_locked_file_delays_writers_and_no_readers(store, monkeypatch):
    monkeypatch.setattr(sqlite_file, "BUSY_TIMEOUT", 0.05)
    keep(store)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CorrectionsError, match="in use by another program"):
            keep(store, OTHER)
        assert len(store) == 1
        other.execute("ROLLBACK")
    keep(store, OTHER)
    assert len(store) == 2


def test_a_read_only_file_can_be_read(store, monkeypatch):
    keep(store)
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite_file.sqlite3,
        "connect",
        lambda address, **options: connect(address.split("?")[0] + "?mode=ro", **options),
    )
    assert len(store.load()) == 1
    with pytest.raises(CorrectionsError, match="allow writing"):
        keep(store, OTHER)


@pytest.mark.parametrize("name", ["file/corrections.sqlite3", "", "circle"])
def test_a_place_that_can_hold_no_file_is_refused(tmp_path, name):
    (tmp_path / "file").touch()
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(CorrectionsError, match=r"can't be (stored|opened)") as error:
        keep(Corrections(tmp_path / name))
    assert str(tmp_path) not in str(error.value)


def test_deleted_drawings_are_overwritten(store):
    number = keep(store)
    text = strokes_json([SEVEN]).encode()
    assert text in store.path.read_bytes()
    store.delete([number])
    assert len(store) == 0 and text not in store.path.read_bytes()


def test_the_file_is_in_wal_mode(store):
    keep(store)
    assert execute(store, "PRAGMA journal_mode") == ("wal",)


def test_a_file_of_version_1_is_read_as_it_is(store):
    write_version_1(store, [4, 9])
    assert {each.id: each.label for each in store.load()} == {4: 3, 9: 3}
    store.delete([4])
    assert len(store) == store.check() == 1
    assert execute(store, "PRAGMA user_version") == (1,)


def test_adding_upgrades_a_file_of_version_1_and_loses_nothing(store):
    write_version_1(store, [4, 9, 12])
    store.delete([12])
    before = {each.id: each for each in store.load()}
    assert keep(store, 9.0) == 9  # the same drawing gets the new label
    new = keep(store, OTHER)
    assert new > 12  # the ids of deleted drawings are not given again
    assert execute(store, "PRAGMA user_version") == (sqlite_file.SCHEMA_VERSION,)
    after = {each.id: each for each in store.load()}
    assert {ident: each.label for ident, each in after.items()} == {4: 3, 9: 7, new: 7}
    assert after[4].time == before[4].time and after[4].network == "old"
    assert np.array_equal(after[4].strokes[0], before[4].strokes[0])
    store.delete([new])  # "Undo"
    assert store.check() == 2


def test_an_empty_file_of_version_1_gives_no_id_again(store):
    write_version_1(store, [7])
    store.delete_all()
    assert keep(store) == 8


def test_damaged_rows_of_version_1_are_kept_to_be_deleted(store):
    write_version_1(store, [1, 2, 3])
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("UPDATE corrections SET label = 77 WHERE id = 1")
        connection.execute("UPDATE corrections SET strokes = x'ff00' WHERE id = 2")
    keep(store, OTHER)
    readable, unreadable = store.load_readable()
    assert sorted(each.id for each in readable) == [3, 4]
    assert sorted(each.id for each in unreadable) == [1, 2]


def test_an_upgrade_that_fails_leaves_the_file_as_it_was(store, monkeypatch):
    write_version_1(store, [1, 2])
    with monkeypatch.context() as hurry:
        hurry.setattr(sqlite_file, "UPGRADE_TIMEOUT", -1.0)
        hurry.setattr(sqlite_file, "STEPS", 1)
        with pytest.raises(CorrectionsError, match="takes far too long"):
            keep(store, OTHER)
    assert execute(store, "PRAGMA user_version") == (1,)
    assert len(store) == 2 and keep(store, OTHER) == 3


def test_replicas_that_add_at_once_upgrade_a_file_once(store):
    write_version_1(store, list(range(1, 200)))
    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(lambda index: keep(store, 1000.0 + index), range(8)))
    assert len(set(ids)) == 8 and min(ids) > 199
    assert store.check() == 199 + 8
