"""Scores shards as Ray Core tasks, on the cluster that `RAY_ADDRESS` names.

Ray starts tasks again when a worker or a node dies. Every node needs the same checkout at the same
path, or the same image, and reaches the same files.
"""

import os
import socket
from collections.abc import Iterator
from itertools import islice

from model.archive.scoring import Job, Outcome, score
from model.archive.shards import Shard
from model.errors import ArchiveError
from model.files.atomic import one_line
from model.reading.workers import ATTEMPTS

ADDRESS = "RAY_ADDRESS"
TIMEOUT = 10  # seconds in which a cluster's head answers
AT_ONCE = 1000  # tasks submitted and not ended; waiting takes longer the more there are


def score_all(shards: list[Shard], job: Job) -> Iterator[Outcome]:
    """Scores shards, each in a task on one core.

    Args:
        shards: What to score.
        job: What they have in common.

    Yields:
        What became of each shard, in the order in which they end.

    Raises:
        ArchiveError: If Ray is not installed, the cluster can't be reached, or outputs can't be
            written.
    """
    try:
        import ray
    except ImportError as error:
        raise ArchiveError(
            "Ray is not installed: pip install -r requirements-cluster.txt."
        ) from error
    address = os.environ.get(ADDRESS)
    if not address:
        raise ArchiveError(f"Name the cluster, such as {ADDRESS}=10.0.0.5:6379.")
    try:
        _connect(address)
        ray.init(address=address, log_to_driver=False, logging_level="error")
    except (OSError, RuntimeError, ValueError) as error:
        raise ArchiveError(
            f"There is no Ray cluster at {address} ({one_line(error)}): start one with ray start "
            f"--head, and name its address in {ADDRESS}."
        ) from error
    try:
        yield from _score_all(ray, shards, job)
    finally:
        ray.shutdown()


def _connect(address: str) -> None:
    """Tries a cluster's address; Ray itself would try for minutes.

    Raises:
        OSError: If nobody answers.
        ValueError: If it has no port that is a number.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon:  # else it is "auto" or wrong, which Ray finds at once
        socket.create_connection((host, int(port)), TIMEOUT).close()


def _score_all(ray, shards: list[Shard], job: Job) -> Iterator[Outcome]:
    task = ray.remote(num_cpus=1, max_retries=ATTEMPTS - 1, retry_exceptions=[OSError])(score)
    shared = ray.put(job)
    left, working = iter(shards), {}
    while True:
        for shard in islice(left, AT_ONCE - len(working)):
            working[task.remote(shard, shared)] = shard
        if not working:
            return
        (done,), _ = ray.wait(list(working))
        shard = working.pop(done)
        try:
            yield ray.get(done)
        except ray.exceptions.RayError as error:
            # What `score` raised, or that a worker or node died each time.
            cause = getattr(error, "cause", None) or error
            if isinstance(cause, ArchiveError):
                raise cause from None
            reason = f"{type(cause).__name__}: {one_line(cause)}"
            yield Outcome(shard.name, problem=f"It can't be scored ({reason}).")
