"""A run over an archive: which shards are left, which engine scores them, whether all are there."""

from collections.abc import Iterator
from dataclasses import dataclass

from model.archive import pool, ray_tasks, tables
from model.archive.scoring import Job, Outcome
from model.archive.shards import Shard, find_shards, part_of
from model.errors import ArchiveError


@dataclass(frozen=True)
class Plan:
    """What is to be done.

    Attributes:
        job: What all shards have in common.
        shards: Those without an output.
        num_finished: How many shards have one.
    """

    job: Job
    shards: list[Shard]
    num_finished: int


def plan(sources: list[str], job: Job, part: str = "0/1") -> Plan:
    """Finds the shards of an archive that are not finished.

    Args:
        sources: Names of files and folders, here or in an object store.
        job: What all shards have in common.
        part: Which of several machines' shards, as `part_of` takes it.

    Raises:
        ArchiveError: If there is nothing to read, or the outputs' folder holds something else.
    """
    shards = part_of(find_shards(sources), part)
    done = tables.finished(job.out, shards, job.made_with)
    left = [shard for shard in shards if shard.name not in done]
    return Plan(job, left, len(shards) - len(left))


def score_all(planned: Plan, engine: str, num_workers: int) -> Iterator[Outcome]:
    """Scores what is left.

    Args:
        planned: What is left.
        engine: "processes" on this machine, or "ray".
        num_workers: Processes of the engine "processes".

    Yields:
        What became of each shard, in the order in which they end.

    Raises:
        ArchiveError: If the engine can't start, or outputs can't be written.
    """
    if not planned.shards:
        return
    if engine == "ray":
        yield from ray_tasks.score_all(planned.shards, planned.job)
    else:
        yield from pool.score_all(planned.shards, planned.job, num_workers)


def check_outputs(planned: Plan, outcomes: list[Outcome]) -> None:
    """Checks that this machine finds the outputs that workers wrote.

    Raises:
        ArchiveError: If one is missing, such as on another machine's own disk.
    """
    written = {outcome.shard for outcome in outcomes if not outcome.problem}
    num_missing = len(written - tables.names_in(planned.job.out)) if written else 0
    if num_missing:
        raise ArchiveError(
            f"{num_missing} of {len(written)} outputs are not in {planned.job.out}: name a folder "
            "that all machines of the cluster share, or one in an object store."
        )
