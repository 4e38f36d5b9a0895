"""Whatever is killed or full, every row is there once after the same command has run again."""

import os
import resource
import signal

import psutil
import pytest

from tests.archives import (
    TIMEOUT,
    HeldFile,
    archive_of,
    digits,
    expected,
    places,
    rows_file,
    rows_of,
    score,
    start,
)
from tests.support import until

NUM_ROWS = 20
pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="needs signals")]


@pytest.fixture
def folder(tmp_path):
    archive_of(tmp_path / "in", 3, NUM_ROWS)
    return tmp_path / "in"


@pytest.fixture
def held(folder):
    """A file in the middle of the archive that holds its worker."""
    return HeldFile(folder / "01-held.parquet", rows_file(digits(NUM_ROWS, 500)))


def test_a_killed_worker_is_replaced(folder, held, tmp_path):
    with start(folder, "--out", tmp_path / "out", "--workers", 1) as process:
        worker = held.reader()
        os.kill(worker, signal.SIGKILL)
        assert held.reader(other_than=worker) != worker
        held.release()
        out, err = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, err) == (0, "")
    assert "4 shards with 80 rows" in out and "0 have failed" in out
    assert places(rows_of(tmp_path / "out")) == expected(folder, NUM_ROWS)


def test_a_shard_that_kills_each_worker_is_named_and_the_rest_finished(folder, held, tmp_path):
    with start(folder, "--out", tmp_path / "out", "--workers", 2) as process:
        worker = 0
        for _ in range(3):
            worker = held.reader(other_than=worker)
            os.kill(worker, signal.SIGKILL)
        out, err = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 1 and "1 have failed" in out
    assert err.startswith("01-held.parquet: Its worker was killed 3 times") and err.count("\n") == 1
    assert len(rows_of(tmp_path / "out")) == 3 * NUM_ROWS


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_stop_loses_the_shard_at_work_and_nothing_else(folder, held, tmp_path, how):
    finished = tmp_path / "out" / "02.parquet"
    with start(folder, "--out", tmp_path / "out", "--workers", 2) as process:
        worker = held.reader()
        until(finished.exists, timeout=TIMEOUT)
        workers = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(how)
        _, err = process.communicate(timeout=TIMEOUT)
    assert process.returncode == (130 if how == signal.SIGINT else -how)
    psutil.wait_procs(workers, timeout=TIMEOUT)
    assert not psutil.pid_exists(worker) and not any(each.is_running() for each in workers)
    assert how != signal.SIGINT or err == ""
    assert {path.name for path in finished.parent.iterdir()} == {
        "00.parquet", "01.parquet", "02.parquet",
    }  # fmt: skip
    before = finished.stat().st_mtime_ns
    held.release()
    again = score(folder, "--out", tmp_path / "out")
    assert again.returncode == 0 and "1 shards with 20 rows" in again.stdout
    assert finished.stat().st_mtime_ns == before
    assert places(rows_of(tmp_path / "out")) == expected(folder, NUM_ROWS)


def test_a_full_disk_ends_in_one_sentence_and_leaves_no_part_of_a_file(folder, tmp_path):
    out = tmp_path / "out"
    assert score(folder / "00.parquet", "--out", out).returncode == 0

    def fill_up():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # else it kills
        resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))

    full = score(folder, "--out", out, preexec_fn=fill_up)
    assert full.returncode == 1 and full.stdout == "" and full.stderr.count("\n") == 1
    assert "can't be written (File too large): make room" in full.stderr
    assert [path.name for path in out.iterdir()] == ["00.parquet"]
    assert score(folder, "--out", out).returncode == 0
    assert places(rows_of(out)) == expected(folder, NUM_ROWS)
