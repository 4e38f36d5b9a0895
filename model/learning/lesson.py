"""Trains the textbook network in front of a class; started as a process by `ops.lessons`.

    python -m model.learning.lesson RUNS [MNIST]

It writes a line for each step to the runs' folder (`model.files.lesson`) and keeps no network.
"""

import sys
from pathlib import Path

import keras
import numpy as np

from model.errors import DigitError
from model.files.lesson import (
    LESSON_FILE,
    NUM_STEPS,
    STOP_FILE,
    Step,
    load_board,
    write_problem,
    write_step,
)
from model.learning.data import Dataset, load_mnist
from model.learning.network import build_tutorial

SEED = 0  # every class sees the same lesson
BATCH_SIZE = 64
EVERY = 5  # steps between two looks at filters, unseen images and the drawing
NUM_UNSEEN = 1000  # of the test images; a look at all of them takes as long as a hundred steps
DECIMALS = 4  # of what is written


def teach(runs: Path, mnist: Dataset, test: Dataset, num_steps: int = NUM_STEPS) -> None:
    """Trains a new network and writes the lesson's file, until `STOP_FILE` is there.

    Args:
        runs: The runs' folder.
        mnist: The images to train on.
        test: Images of which the first `NUM_UNSEEN` are read now and then.
        num_steps: How many steps of `BATCH_SIZE` images.
    """
    keras.utils.set_random_seed(SEED)
    network = build_tutorial(SEED)
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    order = np.random.default_rng(SEED).permutation(len(mnist.labels))
    unseen, labels = _frames(test.images[:NUM_UNSEEN]), test.labels[:NUM_UNSEEN]
    with (runs / LESSON_FILE).open("w") as file:
        for step in range(1, num_steps + 1):
            if (runs / STOP_FILE).exists():
                return
            which = order[np.arange((step - 1) * BATCH_SIZE, step * BATCH_SIZE) % len(order)]
            network.reset_metrics()
            loss, accuracy = network.train_on_batch(
                _frames(mnist.images[which]), mnist.labels[which]
            )
            seen = {"step": step, "loss": _short(loss), "accuracy": _short(accuracy)}
            if step == 1 or step % EVERY == 0:
                right = network.predict_on_batch(unseen).argmax(axis=1) == labels
                seen |= {"unseen": _short(right.mean()), "filters": _filters(network)}
                if (board := load_board(runs)) is not None:
                    (row,) = network.predict_on_batch(board[None, ..., None])
                    seen["reading"] = [_short(value) for value in row]
            write_step(file, Step(**seen))


def _frames(images: np.ndarray) -> np.ndarray:
    """`uint8` images `(n, 28, 28)` as the network takes them, `float32` `(n, 28, 28, 1)`."""
    return images[..., None].astype(np.float32) / 255


def _filters(network: keras.Model) -> list:
    """The first layer's weights, `(num, 3, 3)`."""
    kernel = np.asarray(network.layers[0].kernel, np.float64)[:, :, 0]
    return np.round(kernel.transpose(2, 0, 1), DECIMALS).tolist()


def _short(value: float) -> float:
    return round(float(value), DECIMALS)


def main(runs: Path, folder: str | None) -> None:
    try:
        teach(runs, *load_mnist(folder))
    except DigitError as error:
        with (runs / LESSON_FILE).open("a") as file:
            write_problem(file, str(error))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:] or [None])
