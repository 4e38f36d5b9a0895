"""Writes metrics as TensorBoard event files."""

import os
import time
from pathlib import Path

from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.proto.summary_pb2 import Summary

from model.errors import TrainingError


class EventFile:
    """One event file in a folder; each call adds figures and flushes them to the system.

    Several files in one folder are one run to TensorBoard, so a resumed run adds a file.

    Args:
        folder: Where; made if it is not there.
        first_step: What earlier files hold for this step and later ones is out of date.

    Raises:
        TrainingError: If the folder can't be written.
    """

    # `SummaryWriter` writes from a thread of its own, where a full disk would go unnoticed.
    def __init__(self, folder: Path, first_step: int = 0):
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # The library's names differ by second and host only.
            name = f".{os.getpid()}.{time.time_ns()}"
            self._file = EventsWriter(str(folder / "events"), name)
        except OSError as error:
            raise self._unwritable(error) from error
        self._write(step=first_step, session_log=SessionLog(status=SessionLog.START))

    def add(self, step: int, scalars: dict[str, float]) -> None:
        """Adds figures by name, for an epoch or step.

        Raises:
            TrainingError: If the file can't be written.
        """
        values = [Summary.Value(tag=name, simple_value=value) for name, value in scalars.items()]
        self._write(step=step, summary=Summary(value=values))

    def _write(self, **content) -> None:
        try:
            self._file.write_event(Event(wall_time=time.time(), **content))
            self._file.flush()
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> TrainingError:
        return TrainingError(
            f"{self._folder} can't be written ({error.strerror or error}): name another folder "
            "with --tensorboard, or leave it out and go on with --resume."
        )
