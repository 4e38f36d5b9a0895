"""Fuzzes the file of corrections, as the pages and `train.py --corrections` read it."""

import contextlib
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.ink.frame import to_mnist
from model.ink.pen import draw_strokes
from ops.corrections import Corrections
from ops.corrections_export import as_idx, as_npz
from ops.database import sqlite_file
from tests.fuzz import fuzzing
from tests.support import keep

COLUMNS = ("time", "strokes", "frame", "probabilities", "label", "network")
ODD_CELLS = (
    *("[[[1,2],[3,4]]]", "[[[1,1e400]]]", "[[[1," + "9" * 400 + "]]]", "[" * 5000, "{}", "null"),
    *("2026-01-01", "2026-01-01T00:00:00+00:00", "0001-01-01T00:00:00+14:00"),
    *(b"\0" * 784, b"\0" * 40, b"\xff" * 40, np.full(10, 0.1, "<f4").tobytes(), b"x" * 3_000_000),
)
CELLS = st.one_of(
    *[st.sampled_from(ODD_CELLS)] * 3,
    st.none() | fuzzing.ODD_NUMBERS,
    fuzzing.ODD_TEXTS,
    st.binary(max_size=99),
)
_NEW_TABLE = "DROP TABLE corrections; CREATE TABLE corrections "
_COUNTED = "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n"
SCHEMAS = {
    "newer": "PRAGMA user_version = 9",
    "older": "PRAGMA user_version = 1",
    "negative": "PRAGMA user_version = -3",
    "another program's": "PRAGMA user_version = 0",
    "no table": "DROP TABLE corrections",
    "a column less": "ALTER TABLE corrections DROP COLUMN network",
    "a column more": "ALTER TABLE corrections ADD COLUMN more TEXT",
    "other columns": _NEW_TABLE + "(a)",
    "an endless view": f"DROP TABLE corrections; CREATE VIEW corrections AS {_COUNTED}) SELECT id, "
    "'' AS time, '' AS strokes, '' AS frame, '' AS probabilities, 1 AS label, '' AS network FROM n",
    "many rows": f"{_NEW_TABLE} (id INTEGER PRIMARY KEY, {', '.join(COLUMNS)}); "
    f"INSERT INTO corrections {_COUNTED} LIMIT 50000) SELECT id, '2026-01-01', "
    "'[[[1,2],[3,4]]]', zeroblob(784), zeroblob(40), 1, '' FROM n",
    "a trigger": "CREATE TRIGGER t BEFORE INSERT ON corrections BEGIN "
    "SELECT RAISE(ABORT, 'no'); END",
    "ids that are words": f"{_NEW_TABLE} (id, {', '.join(COLUMNS)}); "
    "INSERT INTO corrections VALUES ('a', 'b', 'c', 'd', 'e', 'f', 'g')",
}


def _file_above(path: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.write_text("a file where the folder should be")


PLACES = {  # what lies where the file should be, by what puts it there
    "a folder": Path.mkdir,
    "a loop of links": lambda path: path.symlink_to(path.name),
    "a link to nowhere": lambda path: path.symlink_to(path.with_name("nowhere") / "x"),
    "a file above": _file_above,
    "a pipe": os.mkfifo,
    "an empty file": Path.touch,
    "a file in use": None,
}
ROWS = st.lists(
    st.tuples(st.sampled_from(COLUMNS), st.integers(1, 3), CELLS), min_size=1, max_size=6
)
# What happened to a file of three corrections.
CHANGES = st.one_of(
    *[st.fixed_dictionaries({"rows": ROWS})] * 2, st.fixed_dictionaries({"edits": fuzzing.EDITS})
)
SPECIAL = {
    **{name: lambda name=name: {"schema": name} for name in SCHEMAS},
    **{name: lambda name=name: {"place": name} for name in PLACES},
}


@contextlib.contextmanager
def changed_file(change: dict, store: Corrections):
    """Keeps three corrections and changes their file; a file in use is so within the block."""
    for shift in range(3):
        keep(store, shift)
    path, place = store.path, change.get("place")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for column, row, value in change.get("rows", ()):
            with contextlib.suppress(sqlite3.IntegrityError, OverflowError, UnicodeEncodeError):
                connection.execute(
                    f"UPDATE corrections SET {column} = ? WHERE id = ?", (value, row)
                )
        connection.executescript(SCHEMAS[change["schema"]] if "schema" in change else "")
        if place == "a file in use":
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN IMMEDIATE")
            yield
            return
    if place:
        path.unlink()
        PLACES[place](path)
    if "edits" in change:
        path.write_bytes(fuzzing.edited(path.read_bytes(), change["edits"]))
    yield


def check(change: dict, folder: Path) -> str:
    """Does with a changed file what Draw, Corrections, Test set and `train.py` do."""
    store = Corrections(folder / "kept" / "corrections.sqlite3")
    with changed_file(change, store):
        # What takes long is a page's only work: the app does nothing else after it.
        if change.get("place") == "a file in use":
            return fuzzing.outcome_of(lambda: keep(store, 9))
        if change.get("schema") == "an endless view":
            return fuzzing.outcome_of(lambda: len(store))
        if change.get("schema") == "many rows":
            return fuzzing.outcome_of(lambda: len(store), lambda: _show(store))
        outcome = fuzzing.outcome_of(
            lambda: len(store),
            lambda: _show(store),
            store.load,
            lambda: _export(store),
            lambda: keep(store, 9),
            lambda: _delete_unreadable(store),
            lambda: store.delete([1]),
            store.delete_all,
        )
        if "rows" in change:
            keep(store, 1)
            assert len(store.load()) == 1, "one damaged row spoils the file"
        return outcome


def _show(store: Corrections) -> None:
    readable, unreadable = store.load_readable(48)
    for each in readable:
        f"{each.network} {each.predicted} {each.label:d} {each.time}".encode()
        to_mnist(draw_strokes(each.strokes, 2.27))
    for each in unreadable:
        each.problem.encode()


def _export(store: Corrections) -> None:
    readable, _ = store.load_readable(strokes=False)
    as_npz(readable)
    as_idx(readable)


def _delete_unreadable(store: Corrections) -> None:
    """Once the unreadable ones are deleted, all others can be loaded."""
    _, unreadable = store.load_readable()
    if unreadable:
        store.delete([each.id for each in unreadable])
        store.load()


TARGET = fuzzing.Target(CHANGES, check, share=6, ordinary=({"rows": []},), special=SPECIAL)


@fuzzing.few_examples(10)
@given(CHANGES)
def test_any_file_of_corrections_is_read_or_refused_in_a_sentence(change):
    TARGET.run(change)


@pytest.mark.parametrize("name", SPECIAL)
def test_other_schemas_and_places_end_in_an_answer_or_a_sentence(name, monkeypatch):
    monkeypatch.setattr(sqlite_file, "WORK_TIMEOUT", 0.3)
    TARGET.run(SPECIAL[name]())


def test_a_full_disk_is_reported_in_a_sentence():
    resource = pytest.importorskip("resource")
    store = Corrections()
    keep(store, 0)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))
    try:
        assert fuzzing.outcome_of(lambda: keep(store, 1)) == fuzzing.SENTENCE
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(store.load()) == 1


@pytest.mark.parametrize("path", ["a" * 5000, "a\x00b"])
def test_a_path_no_file_can_have_is_refused(path):
    fuzzing.outcome_of(Corrections(path).load)
    assert fuzzing.outcome_of(lambda: keep(Corrections(path), 0)) == fuzzing.SENTENCE
