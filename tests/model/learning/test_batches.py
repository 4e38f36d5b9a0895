"""Batches depend on seed, epoch and step alone, also if processes make them."""

from dataclasses import replace

import numpy as np
import pytest

from model.errors import TrainingError
from model.learning.batches import BatchMaker, BatchProcesses
from model.learning.config import PRESETS

CONFIG = replace(PRESETS["digitpad"], batch_size=32)


@pytest.fixture
def mnist(tiny_mnist):
    return tiny_mnist[0]


def are_equal(one, other) -> bool:
    return all(map(np.array_equal, one, other))


def test_batches_repeat_for_the_same_seed_epoch_and_step(mnist):
    maker = BatchMaker(mnist, CONFIG)
    for index in range(len(maker)):
        assert are_equal(maker.make(0, index), BatchMaker(mnist, CONFIG).make(0, index))
    assert not np.array_equal(maker.make(0, 3)[0], maker.make(0, 4)[0])
    assert not np.array_equal(maker.make(0, 3)[0], maker.make(1, 3)[0])
    other = BatchMaker(mnist, replace(CONFIG, seed=9))
    assert not np.array_equal(maker.make(0, 3)[0], other.make(0, 3)[0])


def test_negatives_have_all_digits_as_targets_equally(mnist):
    frames, targets = BatchMaker(mnist, CONFIG).make(0, 0)
    assert len(frames) == len(targets) == 32 + round(0.15 * 32)
    assert (targets[:32].max(axis=1) == 1).all() and np.allclose(targets[32:], 0.1)


@pytest.mark.slow
@pytest.mark.parametrize("num", [1, 3])
def test_processes_make_the_same_batches_whatever_their_number(mnist, num):
    maker = BatchMaker(mnist, CONFIG)
    with BatchProcesses(maker, num) as processes:
        for epoch in (0, 1):
            for index in range(len(maker)):
                assert are_equal(processes.make(epoch, index), maker.make(epoch, index))


@pytest.mark.slow
def test_a_process_that_is_killed_ends_training_in_words(mnist):
    with BatchProcesses(BatchMaker(mnist, CONFIG), 1) as processes:
        processes.make(0, 0)
        for process in processes._pool._processes.values():
            process.kill()
        with pytest.raises(TrainingError, match="resume the run"):
            for index in range(8):
                processes.make(1, index)
