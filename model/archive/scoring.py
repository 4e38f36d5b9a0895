"""Reads one shard and writes its output: the work that every engine hands to its workers."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from model.archive import tables
from model.archive.inputs import batches
from model.archive.places import join, write_whole
from model.archive.shards import Shard
from model.errors import DigitError
from model.reading.batch import read_batch
from model.reading.picture_files import pages_or_error
from model.reading.recognizer import Recognizer


@dataclass(frozen=True)
class Job:
    """What all shards of a run have in common; goes to every worker.

    Attributes:
        network: The ONNX file's content.
        out: The folder that outputs are written to.
        photo: Whether pictures are of paper with many numbers.
        run: The name of the run that trained the network.
    """

    network: bytes
    out: str
    photo: bool = False
    run: str = ""

    @property
    def made_with(self) -> dict:
        """What an output's metadata say, so that outputs of two networks are never mixed."""
        return {
            "network": hashlib.sha256(self.network).hexdigest(),
            "run": self.run,
            "photo": self.photo,
        }


@dataclass(frozen=True)
class Outcome:
    """What became of a shard.

    Attributes:
        shard: Its name.
        num_rows: Of its output.
        num_unread: How many of these say why something could not be read.
        problem: Why there is no output, one sentence; `""` if there is one.
    """

    shard: str
    num_rows: int = 0
    num_unread: int = 0
    problem: str = ""


@lru_cache(maxsize=1)
def recognizer_of(network: bytes) -> Recognizer:
    """The network of a job, loaded once in each process."""
    return Recognizer(network)


def score(shard: Shard, job: Job) -> Outcome:
    """Reads a shard and writes its output.

    Raises:
        ArchiveError: If outputs can't be written, whichever shard it is.
        OSError: If files can't be reached at the moment.
    """
    recognizer = recognizer_of(job.network)
    network = recognizer.key[1]
    tabled, num_unread = [], 0
    for batch in batches(shard):
        if job.photo:
            photos = [pages_or_error(one, recognizer) for one in batch.inputs]
            num_unread += sum(isinstance(one, DigitError) for one in photos)
            tabled.append(tables.photos_batch(batch, photos, network))
        else:
            found = read_batch(batch.inputs, recognizer)
            num_unread += sum(isinstance(one, DigitError) for one in found)
            tabled.append(tables.digits_batch(batch, found, network))
    write_whole(join(job.out, shard.name), tables.content_of(tabled, shard, job.made_with))
    return Outcome(shard.name, sum(part.num_rows for part in tabled), num_unread)
