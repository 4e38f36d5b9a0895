"""Ray tasks: a cluster of two nodes whose driver, workers and node are killed; clear refusals."""

import importlib.util
import shutil
import subprocess
import sys

import pytest

from model.archive import ray_tasks
from model.archive.scoring import Job
from model.archive.shards import find_shards
from model.errors import ArchiveError
from tests.archives import archive_of, expected, places, rows_of, score
from tests.support import ROOT, SCRIPTS

NUM_ROWS = 20
NAMESPACES = ["unshare", "-n", "-p", "-m", "--fork", "--mount-proc"]


def reason_to_skip() -> str:
    """Why there can be no cluster here; `""` if there can."""
    if importlib.util.find_spec("ray") is None:
        return "needs Ray: pip install -r requirements-cluster.txt"
    if not (shutil.which("unshare") and shutil.which("ip")):
        return "needs unshare and ip (packages util-linux and iproute2)"
    tried = subprocess.run([*NAMESPACES, "ip", "link", "set", "lo", "up"], capture_output=True)
    return "" if tried.returncode == 0 else "needs leave to make network namespaces (unshare -n)"


@pytest.fixture
def shards(tmp_path):
    archive_of(tmp_path, 1, NUM_ROWS)
    return find_shards([str(tmp_path)])


@pytest.mark.slow
def test_killed_driver_workers_and_node_lose_no_row_and_double_none(tmp_path):
    if reason := reason_to_skip():
        pytest.skip(reason)
    archive_of(tmp_path / "in", 3, NUM_ROWS)
    script = [sys.executable, SCRIPTS / "ray_faults.py", tmp_path / "in", tmp_path / "out"]
    done = subprocess.run(
        [*NAMESPACES, *map(str, script)], cwd=ROOT, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr
    first, *killed, answer, status = done.stdout.splitlines()
    assert first == "driver killed; there are 00.parquet"
    assert killed == ["workers killed", "node killed"]
    assert answer.startswith("4 shards with 80 rows") and "1 were there already" in answer
    assert status.split() == ["exit", "status", "0"]
    rows = rows_of(tmp_path / "out")
    assert places(rows) == expected(tmp_path / "in", NUM_ROWS)
    assert score(tmp_path / "in", "--out", tmp_path / "alone", "--workers", 1).returncode == 0
    assert rows_of(tmp_path / "alone") == rows


def test_without_ray_one_sentence_says_how_to_install_it(shards, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ArchiveError, match=r"pip install -r requirements-cluster\.txt"):
        next(ray_tasks.score_all(shards, Job(b"", "out")))


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "127.0.0.1:x", "nowhere"])
def test_a_wrong_address_is_named_at_once(shards, monkeypatch, address):
    pytest.importorskip("ray", reason="needs Ray: pip install -r requirements-cluster.txt")
    monkeypatch.setenv(ray_tasks.ADDRESS, address)
    with pytest.raises(ArchiveError, match=f"There is no Ray cluster at {address} "):
        next(ray_tasks.score_all(shards, Job(b"", "out")))


def test_without_an_address_no_cluster_is_started(shards, monkeypatch):
    pytest.importorskip("ray", reason="needs Ray: pip install -r requirements-cluster.txt")
    monkeypatch.delenv(ray_tasks.ADDRESS, raising=False)
    with pytest.raises(ArchiveError, match=r"Name the cluster, such as RAY_ADDRESS="):
        next(ray_tasks.score_all(shards, Job(b"", "out")))
