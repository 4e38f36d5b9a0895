"""Compares the engines that score an archive: processes on this machine, and Ray tasks.

    python -m benchmarks.archive_engines [--files 12] [--rows 2000] [--workers 2] [--rounds 2]

Both score the same parquet files of MNIST's test images as PNG, in turns, with the same number of
workers. Prints for each the time until the first file is finished, the rate from when all workers
are at work, and the memory in the middle of the run. Ray runs in a network namespace of its own
(Linux; "unshare -n" must be allowed), because it listens on the machine's address otherwise.
"""

import argparse
import os
import shutil
import subprocess  # a network namespace needs a new process  # nosec B404
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import cv2
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from model.archive import pool, ray_tasks
from model.archive.run import plan
from model.archive.scoring import Job, Outcome
from model.files.runs import ONNX_FILE
from model.files.served import SHIPPED
from model.learning.data import load_mnist
from ops.settings import settings

INSIDE = "DIGITPAD_BENCHMARK_NAMESPACE"  # set in the namespace
NAMESPACE = ["unshare", "-n", "-p", "-m", "--fork", "--mount-proc"]
STORE = 200_000_000  # bytes of shared memory; the tasks use little of it


@dataclass(frozen=True)
class Run:
    """One run of an engine.

    Attributes:
        first: Seconds until the first file was finished.
        rate: Rows a second after each worker had finished one file.
        memory: MB of all its processes but this one; shared pages are counted once.
    """

    first: float
    rate: float
    memory: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", type=int, default=12, help="in the archive")
    parser.add_argument("--rows", type=int, default=2000, help="of each file")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2, help="of each engine, in turns")
    options = parser.parse_args()
    if INSIDE not in os.environ:
        # The arguments are those of this process.
        line = [*NAMESPACE, sys.executable, "-m", "benchmarks.archive_engines", *sys.argv[1:]]
        environment = {**os.environ, INSIDE: "yes"}
        sys.exit(subprocess.run(line, env=environment).returncode)  # nosec B603
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)  # nosec B603 B607
    with tempfile.TemporaryDirectory(prefix="ray-") as folder:  # short: sockets are in it
        compare(Path(folder), options)


def compare(folder: Path, options: argparse.Namespace) -> None:
    """Runs both engines in turns and prints the figures."""
    from ray.cluster_utils import Cluster

    write_archive(folder / "in", options.files, options.rows)
    (folder / "ray").mkdir()
    os.environ["RAY_TMPDIR"] = str(folder)
    began = time.perf_counter()
    cluster = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": options.workers,
            "object_store_memory": STORE,
            "include_dashboard": False,
        },
    )
    started = time.perf_counter() - began
    os.environ[ray_tasks.ADDRESS] = cluster.address
    engines = {
        "processes": lambda shards, job: pool.score_all(shards, job, options.workers),
        "Ray tasks": ray_tasks.score_all,
    }
    of_cluster = frozenset(process.pid for process in psutil.process_iter()) - {os.getpid()}
    runs: dict[str, list[Run]] = {name: [] for name in engines}
    for _ in range(options.rounds):
        for name, engine in engines.items():
            is_ray = name == "Ray tasks"
            others = frozenset() if is_ray else of_cluster
            runs[name].append(run(folder, engine, options.workers, others))
    cluster.shutdown()
    print(f"{options.workers} workers, {options.files} files of {options.rows:,} PNG pictures")
    print(f"{'':<12}{'first file, s':>14}{'rows/s':>10}{'memory, MB':>12}")
    for name, of_engine in runs.items():
        first, rate, memory = (
            median(getattr(each, key) for each in of_engine) for key in ("first", "rate", "memory")
        )
        print(f"{name:<12}{first:14.1f}{rate:10,.0f}{memory:12,.0f}")
    pairs = zip(runs["Ray tasks"], runs["processes"], strict=True)
    shares = [ray.rate / processes.rate for ray, processes in pairs]
    print(f"Ray tasks reach {median(shares):.0%} of the processes' rate ({spread(shares)})")
    print(f"starting a cluster of one node takes {started:.1f} s")


def spread(shares: list[float]) -> str:
    return ", ".join(f"{share:.0%}" for share in shares)


def write_archive(folder: Path, num_files: int, num_rows: int) -> None:
    """Writes MNIST's test images, again and again, as PNG into parquet files."""
    _, test = load_mnist(settings().data)
    pictures = [cv2.imencode(".png", image)[1].tobytes() for image in test.images[:num_rows]]
    table = pa.table({"image": (pictures * (num_rows // len(pictures) + 1))[:num_rows]})
    folder.mkdir()
    for number in range(num_files):
        pq.write_table(table, folder / f"{number:04}.parquet")


def run(
    folder: Path,
    engine: Callable[[list, Job], Iterator[Outcome]],
    num_workers: int,
    others: frozenset[int] = frozenset(),
) -> Run:
    """Scores the whole archive once.

    Args:
        folder: Where the archive is.
        engine: Scores shards.
        num_workers: Of the engine.
        others: Processes that are not the engine's.
    """
    out = folder / "out"
    job = Job((SHIPPED / ONNX_FILE).read_bytes(), str(out))
    planned = plan([str(folder / "in")], job)
    stamps, memory = [], 0.0
    began = time.perf_counter()
    for outcome in engine(planned.shards, job):
        if outcome.problem:
            sys.exit(f"{outcome.shard}: {outcome.problem}")
        stamps.append(time.perf_counter() - began)
        num_rows = outcome.num_rows  # the same in each file
        if len(stamps) == len(planned.shards) // 2:
            memory = memory_of_all_but(others | {os.getpid()})
    shutil.rmtree(out)
    # The last file of each worker ends at its own time, so the rate is from each one's first.
    timed = stamps[num_workers - 1 :]
    rate = (len(timed) - 1) * num_rows / (timed[-1] - timed[0])
    return Run(stamps[0], rate, memory)


def memory_of_all_but(others: frozenset[int]) -> float:
    """MB of the namespace's processes, with shared pages counted once."""
    total = 0
    for process in psutil.process_iter():
        if process.pid not in others:
            try:
                total += process.memory_full_info().pss
            except psutil.Error:  # it has ended
                continue
    return total / 1e6


if __name__ == "__main__":
    main()
