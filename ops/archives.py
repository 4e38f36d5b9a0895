"""Scores an archive from the command line: with a progress bar, and a sentence at the end."""

import contextlib
import sys
import time
from pathlib import Path

from tqdm import tqdm

from model.archive.run import check_outputs, plan, score_all
from model.archive.scoring import Job
from model.reading.recognizer import Recognizer


def score_archive(
    sources: list[str],
    out: str,
    network: Path,
    *,
    photo: bool,
    part: str,
    engine: str,
    num_workers: int,
    is_fast: bool = False,
) -> int:
    """Writes a parquet file for each shard that has none yet.

    Args:
        sources: Names of files and folders, here or in an object store.
        out: The outputs' folder.
        network: The folder of the network.
        photo: Whether pictures are of paper with many numbers.
        part: Which of several machines' shards, `"I/N"`.
        engine: What runs the workers: "processes" or "ray".
        num_workers: Processes, if it is this machine.
        is_fast: Whether to read with the int8 network.

    Returns:
        The exit status: 1 if a shard has no output, else 0.

    Raises:
        DigitError: If there is nothing to read, or nothing can be written.
    """
    recognizer = Recognizer.load(network, is_fast)  # the file is the one of its report
    planned = plan(sources, Job(recognizer.content, out, photo, recognizer.version), part)
    outcomes, num_rows, start = [], 0, time.monotonic()
    # Ray prints messages of its own, and standard output is for the sentence at the end.
    with (
        contextlib.redirect_stdout(sys.stderr),
        tqdm(total=len(planned.shards), unit=" shards", disable=None) as bar,
    ):
        for outcome in score_all(planned, engine, num_workers):
            outcomes.append(outcome)
            num_rows += outcome.num_rows
            if outcome.problem:
                tqdm.write(f"{outcome.shard}: {outcome.problem}", file=sys.stderr)
            rate = num_rows / (time.monotonic() - start)
            bar.set_postfix_str(f"{rate:,.0f} rows/s", refresh=False)
            bar.update()
    check_outputs(planned, outcomes)
    num_failed = sum(bool(outcome.problem) for outcome in outcomes)
    num_unread = sum(outcome.num_unread for outcome in outcomes)
    print(
        f"{len(outcomes) - num_failed:,} shards with {num_rows:,} rows are written to {out}"
        f"{f', of which {num_unread:,} say why nothing could be read' if num_unread else ''}; "
        f"{planned.num_finished:,} were there already; {num_failed:,} have failed."
    )
    return 1 if num_failed else 0
