"""PostgreSQL: crashes, dropped connections, bad addresses, and the move from a SQLite file."""

import sys
import threading
import time

import numpy as np
import pytest
from pydantic import SecretStr

from model.errors import CorrectionsError
from ops.corrections import Corrections
from ops.database import move
from ops.database import postgres as postgres_module
from ops.database.postgres import Postgres
from ops.doctor.command import run_check
from ops.doctor.findings import FAULT, OK
from tests.support import SEVEN, keep, problem_of, until
from tests.ui.pages import opened

NOWHERE = "postgresql+psycopg://someone:a-secret@127.0.0.1:1/digitpad"  # nothing listens there


def refusal(store: Corrections) -> str:
    """The one sentence that every method gives; it has no password."""
    sentence = problem_of(store)
    assert "a-secret" not in sentence
    return sentence


class Writer(threading.Thread):
    """Adds drawings until it is stopped; each one again until it is acknowledged."""

    def __init__(self, first: float):
        super().__init__(daemon=True)
        self._first = first
        self.acknowledged: dict[int, float] = {}  # shift by id
        self.num_refused = 0
        self.stopped = threading.Event()

    def run(self) -> None:
        store, shift = Corrections(), self._first
        while not self.stopped.is_set():
            try:
                self.acknowledged[keep(store, shift)] = shift
                shift += 1
            except CorrectionsError:
                self.num_refused += 1


def test_a_crash_in_the_middle_of_writing_loses_and_doubles_nothing(postgres, corrections_database):
    writers = [Writer(first) for first in (0, 1_000, 2_000)]

    def wait_for(count, more: int) -> None:
        """Waits until each writer's count has grown."""
        before = [count(each) for each in writers]
        until(lambda: all(count(w) >= n + more for w, n in zip(writers, before, strict=True)))

    for each in writers:
        each.start()
    try:
        for _ in range(2):
            wait_for(lambda writer: len(writer.acknowledged), 10)
            postgres.stop()
            wait_for(lambda writer: writer.num_refused, 1)
            postgres.start()
        wait_for(lambda writer: len(writer.acknowledged), 10)
    finally:
        for each in writers:
            each.stopped.set()
        for each in writers:
            each.join(30)
    stored = {each.id: float(each.strokes[0][0][0] - SEVEN[0][0]) for each in Corrections().load()}
    acknowledged = {ident: shift for each in writers for ident, shift in each.acknowledged.items()}
    assert acknowledged.items() <= stored.items()
    assert len(set(stored.values())) == len(stored)


def test_a_dropped_connection_is_opened_again(postgres, corrections_database):
    store = Corrections()
    keep(store)
    postgres.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'digitpad'"
    )
    assert len(store) == 1 and keep(store, 1.0)


def test_a_database_that_does_not_answer_gets_a_sentence_soon(caplog):
    began = time.monotonic()
    assert "doesn't answer: try again" in refusal(Corrections(SecretStr(NOWHERE)))
    assert time.monotonic() - began < 10
    assert "digitpad on 127.0.0.1" in caplog.text and "a-secret" not in caplog.text


def test_a_database_that_does_not_exist_refuses_the_connection(postgres):
    store = Corrections(SecretStr(postgres.address("nowhere")))
    assert "refuses the connection" in refusal(store)


@pytest.mark.parametrize(
    "address",
    [
        "mysql://someone:a-secret@host/digitpad",
        "postgresql+psycopg://:x:/",
        "://",
        "postgresql://host",
    ],
)
def test_other_addresses_are_refused_without_naming_them(address):
    store = Corrections(SecretStr(address))
    assert "must name a SQLite file, or a database" in refusal(store)
    assert "a-secret" not in store.place


def test_an_address_with_a_password_is_never_shown(monkeypatch):
    monkeypatch.setenv("DIGITPAD_CORRECTIONS", NOWHERE)
    store = Corrections()
    assert "a-secret" not in store.place + repr(store)
    assert store.place == "the PostgreSQL database digitpad on 127.0.0.1"


def test_without_the_driver_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    postgres_module._engine.cache_clear()
    assert "pip install -r requirements-serve.txt" in refusal(Corrections(SecretStr(NOWHERE)))


def test_another_programs_table_is_left_alone(postgres, corrections_database):
    postgres.sql("CREATE TABLE corrections (letter text); CREATE TABLE wrong_guesses (a text)")
    for attempt in (Corrections().load, lambda: keep(Corrections())):
        with pytest.raises(CorrectionsError, match="another program"):
            attempt()
    assert postgres.sql("SELECT count(*) FROM corrections") == "0"


def test_a_database_in_use_delays_writers_for_a_moment(postgres, corrections_database, monkeypatch):
    keep(Corrections())
    postgres_module._engine.cache_clear()
    with monkeypatch.context() as hurry, Postgres(corrections_database).writing():
        hurry.setitem(postgres_module.OPTIONS, "lock_timeout", "50ms")
        postgres_module._engine.cache_clear()
        with pytest.raises(CorrectionsError, match="in use by another program"):
            keep(Corrections(), 1.0)
        assert len(Corrections()) == 1  # readers don't wait
    postgres_module._engine.cache_clear()
    assert keep(Corrections(), 1.0)


def test_pages_show_a_sentence_while_the_database_is_away(monkeypatch, corrections_open):
    monkeypatch.setenv("DIGITPAD_CORRECTIONS", NOWHERE)
    app = opened("corrections")
    assert "doesn't answer" in app.warning[0].value
    assert "database digitpad on 127.0.0.1" in app.caption[0].value


def test_the_doctor_reads_the_database(postgres, corrections_database, monkeypatch):
    keep(Corrections())
    assert run_check("corrections").level == OK and "1 in the Post" in run_check("corrections").text
    assert run_check("disk for corrections") is None
    monkeypatch.setenv("DIGITPAD_CORRECTIONS", NOWHERE)
    assert run_check("corrections").level == FAULT


def test_a_file_moves_into_the_database_once(tmp_path, corrections_database, capsys):
    file = Corrections(tmp_path / "old.sqlite3")
    for shift in range(3):
        keep(file, shift)
    for num_new in (3, 0):
        assert move.main([str(file.path)]) == 0
        told = capsys.readouterr().out
        assert f"3 were read; {num_new} are new in the PostgreSQL database" in told
    moved, kept = Corrections().load(), file.load()
    assert [each.time for each in moved] == [each.time for each in kept]
    for one, other in zip(moved, kept, strict=True):
        assert np.array_equal(one.strokes[0], other.strokes[0])
        assert np.array_equal(one.frame, other.frame) and one.label == other.label


def test_a_move_keeps_the_later_label_and_names_what_it_leaves(
    tmp_path, corrections_database, capsys
):
    file, database = Corrections(tmp_path / "old.sqlite3"), Corrections()
    keep(file, 0)
    damaged = keep(file, 1)
    with file._database.writing() as connection:
        connection.exec_driver_sql("UPDATE corrections SET strokes = '[' WHERE id = 2")
    frame, answer = np.ones((28, 28), np.float32), np.full(10, 0.1, np.float32)
    database.add([SEVEN], frame, answer, 1, "later")
    assert move.main([str(file.path)]) == 1
    assert f"Not copied: Correction {damaged} can't" in capsys.readouterr().err
    assert [each.label for each in database.load()] == [1]


def test_a_move_that_has_no_room_copies_nothing(tmp_path, corrections_database, monkeypatch):
    file = Corrections(tmp_path / "old.sqlite3")
    for shift in range(3):
        keep(file, shift)
    monkeypatch.setattr("ops.corrections.MAX_CORRECTIONS", 2)
    with pytest.raises(CorrectionsError, match="limit of 2 corrections"):
        Corrections().add_all(file.load_readable(3)[0] + file.load_readable(1, skip=2)[0])
    assert len(Corrections()) == 0


def test_a_move_from_nowhere_or_to_nowhere_gives_a_sentence(tmp_path, monkeypatch, capsys):
    assert move.main([str(tmp_path / "none.sqlite3")]) == 1
    assert "no corrections in" in capsys.readouterr().err
    keep(Corrections(tmp_path / "old.sqlite3"))
    monkeypatch.setenv("DIGITPAD_CORRECTIONS", NOWHERE)
    assert move.main([str(tmp_path / "old.sqlite3")]) == 1
    assert "doesn't answer" in capsys.readouterr().err
