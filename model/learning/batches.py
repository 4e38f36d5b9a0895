"""Makes training batches, in as many processes as there are cores; it needs no Keras."""

import contextlib
import math
import multiprocessing
import os
import signal
import threading
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

import cv2
import numpy as np

from model.errors import TrainingError
from model.learning import augment
from model.learning.config import TrainConfig
from model.learning.data import Dataset
from model.reading.confidence import NUM_CLASSES

AHEAD = 4  # batches for each process that are made before they are asked for


@dataclass(frozen=True)
class BatchMaker:
    """Shuffled, distorted batches; the same for the same seed, epoch and step.

    The modern recipe's batches also hold frames that are no digit.

    Attributes:
        data: The training images.
        config: The run's settings.
    """

    data: Dataset
    config: TrainConfig

    def __len__(self) -> int:
        return math.ceil(len(self.data) / self.config.batch_size)

    def make(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Makes one batch.

        Args:
            epoch: From 0; chooses order and distortions.
            index: The step in the epoch, from 0.

        Returns:
            Frames, `float32` of shape `(n, 28, 28, 1)`, and targets: `(n, 10)`, or `(n,)`
            digits for the tutorial.
        """
        seed, size = self.config.seed, self.config.batch_size
        order = np.random.default_rng((seed, epoch)).permutation(len(self.data))
        which = order[index * size : (index + 1) * size]
        frames = self.data.images[which].astype(np.float32) / 255
        labels = self.data.labels[which]
        if not self.config.modern:
            return frames[..., None], labels.astype(np.int32)
        rng = np.random.default_rng((seed, epoch, index))
        num_negatives = round(augment.NEGATIVE_SHARE * len(frames))
        strength = self.config.distortion
        nothing = augment.negatives(num_negatives, frames, labels, rng, strength)
        frames = np.concatenate([augment.variants(frames, labels, rng, strength), nothing])
        return frames[..., None], targets(labels, num_negatives)


class BatchProcesses(contextlib.AbstractContextManager):
    """Processes that make the next batches while the network trains on this one.

    A batch depends on seed, epoch and step alone, so their number changes no batch.

    Args:
        maker: Makes the batches.
        num: How many processes. Default: one for each core.
    """

    def __init__(self, maker: BatchMaker, num: int | None = None):
        self._num_batches = len(maker)
        num = num or os.cpu_count() or 1
        self._num_ahead = AHEAD * num
        self._waiting: dict[tuple[int, int], Future] = {}
        self._pool = ProcessPoolExecutor(
            num,
            # A forked process would inherit Keras' threads in the middle of their work.
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(maker,),
        )

    def __exit__(self, *_) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def make(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """As `BatchMaker.make`; quick if batches are asked for in order.

        Raises:
            TrainingError: If a process was ended from outside.
        """
        last = min(index + self._num_ahead, self._num_batches)
        try:
            for ahead in range(index, max(last, index + 1)):
                if (epoch, ahead) not in self._waiting:
                    self._waiting[epoch, ahead] = self._pool.submit(_make, epoch, ahead)
            return self._waiting.pop((epoch, index)).result()
        except BrokenProcessPool as error:
            raise TrainingError(
                "A process that makes training batches was ended from outside, perhaps for want "
                "of memory: free some and resume the run."
            ) from error


_maker: BatchMaker | None = None  # a process' own


def _begin(maker: BatchMaker) -> None:
    """Prepares a process."""
    global _maker
    _maker = maker
    cv2.setNumThreads(1)  # there is a process for each core
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that trains
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Ends this process when the one that trains has ended, in whatever way."""
    multiprocessing.parent_process().join()
    os._exit(0)


def _make(epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
    return _maker.make(epoch, index)


def targets(labels: np.ndarray, num_negatives: int) -> np.ndarray:
    """The targets, `float32` of shape `(n, 10)`: the digit, and for negatives all digits equally.

    Source: the entropic open-set loss, A. Dhamija, M. Guenther and T. Boult, NeurIPS 2018,
    arXiv:1811.04110.
    """
    digits = np.eye(NUM_CLASSES, dtype=np.float32)[labels]
    nothing = np.full((num_negatives, NUM_CLASSES), 1 / NUM_CLASSES, np.float32)
    return np.concatenate([digits, nothing])
