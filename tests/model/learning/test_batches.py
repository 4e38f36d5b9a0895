"""Batches depend on seed, epoch and step alone, also if processes make them."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from model.learning import augment
from model.learning.batches import BatchMaker
from model.learning.config import PRESETS
from tests.support import ROOT

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
    assert len(frames) == len(targets) == 32 + round(augment.NEGATIVE_SHARE * 32)
    assert (targets[:32].max(axis=1) == 1).all() and np.allclose(targets[32:], 0.1)


# In a program of its own: the new processes get this one's settings, and a test run has odd ones.
SCRIPT = """
import sys
from dataclasses import replace
import numpy as np
from model.errors import TrainingError
from model.learning.batches import BatchMaker, BatchProcesses
from model.learning.config import PRESETS
from model.learning.data import Dataset

rng = np.random.default_rng(0)
images = np.zeros((96, 28, 28), np.uint8)
for image in images:
    image[4:24, 12 : 15 + rng.integers(4)] = 255
data = Dataset(images, np.arange(96, dtype=np.uint8) % 10, "bars")
maker = BatchMaker(data, replace(PRESETS["digitpad"], batch_size=32))
with BatchProcesses(maker, int(sys.argv[1])) as processes:
    for epoch in (0, 1):
        for index in range(len(maker)):
            made = processes.make(epoch, index)
            assert all(map(np.array_equal, made, maker.make(epoch, index)))
    for process in processes._pool._processes.values():
        process.kill()
    try:
        for index in range(8):
            processes.make(2, index)
    except TrainingError as error:
        print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("num", [1, 3])
def test_processes_make_the_same_batches_and_tell_if_one_is_killed(num):
    command = [sys.executable, "-c", SCRIPT, str(num)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "resume the run" in done.stdout
