"""Kills a driver, a worker and a node of a Ray cluster with two nodes; `test_ray` runs it.

It runs in namespaces of its own, because Ray listens on the machine's address. Prints what was
killed, and the last run's answer.

    unshare -n -p -m --fork --mount-proc python tests/scripts/ray_faults.py ARCHIVE OUT
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import psutil
from ray.cluster_utils import Cluster

from tests.archives import TIMEOUT, HeldFile, digits, rows_file, start
from tests.support import until

NUM_ROWS = 20
STORE = 100_000_000  # bytes of shared memory for each node; Ray wants no less than 75 million


def main(archive: Path, out: Path) -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    temporary = Path(tempfile.mkdtemp(prefix="ray-"))  # a short name: sockets are in it
    (temporary / "ray").mkdir()
    os.environ["RAY_TMPDIR"] = str(temporary)
    node = {"num_cpus": 1, "object_store_memory": STORE}
    head = {**node, "include_dashboard": False}
    try:
        cluster = Cluster(initialize_head=True, head_node_args=head)
        second = cluster.add_node(**node)
        os.environ["RAY_ADDRESS"] = cluster.address
        kill_all(archive, out, cluster, second)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def kill_all(archive: Path, out: Path, cluster: Cluster, second) -> None:
    # In the middle of the archive each node meets a file that holds it.
    held = [
        HeldFile(archive / f"01-{name}.parquet", rows_file(digits(NUM_ROWS, place)))
        for name, place in (("a", 500), ("b", 600))
    ]
    line = (archive, "--out", out, "--engine", "ray")
    with start(*line) as driver:
        workers = {file.reader() for file in held}
        driver.kill()
    until(lambda: not any(map(psutil.pid_exists, workers)), timeout=TIMEOUT)
    print("driver killed; there are", *sorted(path.name for path in out.iterdir()), flush=True)

    with start(*line) as driver:
        for file in held:
            killed = file.reader()
            os.kill(killed, signal.SIGKILL)
            file.reader(other_than=killed)
        print("workers killed", flush=True)
        cluster.remove_node(second, allow_graceful=False)
        print("node killed", flush=True)
        for file in held:
            file.reader()
            file.release()
        answer, _ = driver.communicate(timeout=TIMEOUT)
    print(answer, "exit status", driver.returncode, flush=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
