"""Scores shards in processes on this machine; a process that is killed is replaced."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool

from model.archive.scoring import Job, Outcome, score
from model.archive.shards import Shard
from model.errors import ArchiveError
from model.files.atomic import one_line
from model.reading.workers import ATTEMPTS, Worker

KILLED = (
    f"Its worker was killed {ATTEMPTS} times: perhaps it needs more memory than there is; start "
    "fewer --workers or divide the file."
)


def score_all(shards: list[Shard], job: Job, num_workers: int) -> Iterator[Outcome]:
    """Scores shards, each in one of several processes.

    Every worker is an executor of its own with one process. So a process that dies takes one
    shard with it, and it is known which: a shard that kills its worker each time ends after
    `ATTEMPTS` and hinders no other.

    Args:
        shards: What to score.
        job: What they have in common.
        num_workers: How many processes.

    Yields:
        What became of each shard, in the order in which they end.

    Raises:
        ArchiveError: If outputs can't be written; shards at work are given up.
    """
    waiting = deque((shard, 1) for shard in shards)
    idle = [Worker() for _ in range(min(num_workers, len(shards)))]
    working: dict[Future, tuple[Worker, Shard, int]] = {}
    try:
        while waiting or working:
            while waiting and idle:
                worker, (shard, attempt) = idle.pop(), waiting.popleft()
                working[worker.submit(score, shard, job)] = (worker, shard, attempt)
            for future in wait(working, return_when=FIRST_COMPLETED).done:
                worker, shard, attempt = working.pop(future)
                idle.append(worker)
                problem = ""
                try:
                    yield future.result()
                except ArchiveError:
                    raise
                except BrokenProcessPool:
                    worker.end()
                    idle[-1], problem = Worker(), KILLED
                except Exception as error:  # a file that can't be reached, memory, a defect
                    problem = f"It can't be scored ({type(error).__name__}: {one_line(error)})."
                if problem and attempt < ATTEMPTS:
                    waiting.append((shard, attempt + 1))
                elif problem:
                    yield Outcome(shard.name, problem=problem)
    finally:
        for worker in [*idle, *(worker for worker, _, _ in working.values())]:
            worker.end()
