"""Fine-tunes a network on corrections mixed with MNIST, so that it doesn't forget MNIST."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import keras
import numpy as np

from model.errors import TrainingError
from model.files import runs
from model.files.atomic import RETRAIN
from model.ink.distort import distort
from model.ink.frame import to_mnist
from model.ink.pen import PEN_WIDTH, draw_strokes
from model.learning import training
from model.learning.batches import BatchMaker
from model.learning.config import TrainConfig
from model.learning.data import Dataset
from model.learning.network import BUILDERS
from model.learning.training import TrainingBatches
from model.reading.confidence import NUM_CLASSES
from model.reading.recognizer import Recognizer

# An epoch is a number of steps here, not a pass over MNIST; each step rehearses a batch of it.
FINE_TUNING = TrainConfig(
    epochs=3,
    batch_size=128,
    learning_rate=5e-5,  # a fortieth of the recipe's peak; twice as much forgets too much
    weight_decay=0.0,  # nothing new is learned from scratch that could grow
)
STEPS_AN_EPOCH = 100
CORRECTIONS_A_STEP = 8  # beside a batch of MNIST sixteen times as large
PEN_WIDTHS = (1.8, PEN_WIDTH, 2.8)  # pixels of the 20-pixel box; a correction is drawn with each
BATCH = 500  # frames a call when only reading


class Correction(Protocol):
    """A drawing and what its author says it is.

    Attributes:
        strokes: Arrays of shape `(num_points, 2)`, points x, y in canvas pixels.
        frame: `uint8` array of shape `(28, 28)`, 0 paper to 255 ink, as the network read it.
        label: The digit, 0 to 9.
    """

    strokes: list[np.ndarray]
    frame: np.ndarray
    label: int


@dataclass(frozen=True)
class Figures:
    """How many corrections and which share of the validation images a network reads right.

    Attributes:
        num_right: Corrections read as their authors say.
        validation: Accuracy on the held-out writers' images, 0 to 1.
    """

    num_right: int
    validation: float


class FineTuningBatches(keras.utils.PyDataset):
    """Batches as in training, with corrections among them, each time distorted anew."""

    def __init__(self, rehearsal: TrainingBatches, corrections: Sequence[Correction], seed: int):
        super().__init__(workers=1)
        self._rehearsal, self._seed, self._epoch = rehearsal, seed, 0
        self._frames = np.stack([drawn_variants(correction) for correction in corrections])
        self._labels = np.array([each.label for each in corrections], np.uint8)

    def __len__(self) -> int:
        return STEPS_AN_EPOCH

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        frames, targets = self._rehearsal[index % len(self._rehearsal)]
        rng = np.random.default_rng((self._seed, self._epoch, index))
        which = rng.integers(len(self._labels), size=CORRECTIONS_A_STEP)
        pens = rng.integers(self._frames.shape[1], size=CORRECTIONS_A_STEP)
        corrected = distort(self._frames[which, pens], rng)[..., None]
        said = np.eye(NUM_CLASSES, dtype=np.float32)[self._labels[which]]
        return np.concatenate([frames, corrected]), np.concatenate([targets, said])

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch's order, corrections and distortions."""
        self._epoch = epoch
        self._rehearsal.set_epoch(epoch)


def drawn_variants(correction: Correction) -> np.ndarray:
    """A correction as the network saw it, and drawn again with each of the pens.

    Returns:
        `float32` array of shape `(4, 28, 28)`, 0 paper to 1 ink.
    """
    drawn = [to_mnist(draw_strokes(correction.strokes, width)) for width in PEN_WIDTHS]
    return np.stack([correction.frame.astype(np.float32) / 255, *drawn])


def load_network(folder: Path) -> tuple[keras.Model, str]:
    """The Keras network in a run's folder, and the name of the run that trained it.

    Raises:
        ArtifactError: If the network there is missing or damaged.
        TrainingError: If its Keras file is, so that it can't be trained on.
    """
    version = Recognizer.load(folder).version
    path = folder / runs.KERAS_FILE
    if not path.is_file():
        raise TrainingError(f"There is no network to start from at {path}. {RETRAIN}")
    try:
        network = keras.models.load_model(path, compile=False)
    except Exception as error:  # a zip, HDF5 or Keras error, by where it is damaged
        raise TrainingError(
            f"The network at {path} can't be read ({type(error).__name__}). {RETRAIN}"
        ) from error
    if network.name not in BUILDERS:
        raise TrainingError(
            f"The network at {path} is no digit network ({network.name}). {RETRAIN}"
        )
    return network, version


def figures(
    network: keras.Model, corrections: Sequence[Correction], validation: Dataset
) -> Figures:
    """How a network reads the corrections and the held-out writers' images."""

    def num_right(data: Dataset) -> int:
        answers = network.predict(data.frames[..., None], batch_size=BATCH, verbose=0)
        return int((answers.argmax(axis=1) == data.labels).sum())

    images = np.stack([each.frame for each in corrections]).astype(np.uint8)
    labels = np.array([each.label for each in corrections], np.uint8)
    corrected = Dataset(images, labels, "corrections")
    return Figures(num_right(corrected), num_right(validation) / len(validation))


def fine_tune(
    network: keras.Model,
    config: TrainConfig,
    mnist: Dataset,
    corrections: Sequence[Correction],
    run: Path,
    verbose: int = 0,
) -> tuple[Figures, Figures]:
    """Trains a network on corrections mixed with MNIST, in place.

    Batch normalisation stays as it is: its statistics belong to MNIST's frames, and a few
    drawings would shift them.

    Args:
        network: As `load_network` gives it.
        config: The settings; an epoch has `STEPS_AN_EPOCH` steps.
        mnist: MNIST's 60,000 training images; part of them validates.
        corrections: At least one.
        run: The run's folder, for the history.
        verbose: Keras' progress bar: 0 none, 1 a bar, 2 a line an epoch.

    Returns:
        How it read before and after.
    """
    keras.utils.set_random_seed(config.seed)
    images, validation = training.split(mnist, config)
    before = figures(network, corrections, validation)
    maker = BatchMaker(images, config)
    rehearsal = TrainingBatches(maker, len(maker))
    batches = FineTuningBatches(rehearsal, corrections, config.seed)
    frozen = [
        layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)
    ]
    for layer in frozen:
        layer.trainable = False
    schedule = keras.optimizers.schedules.CosineDecay(
        config.learning_rate, config.epochs * STEPS_AN_EPOCH
    )
    network.compile(
        optimizer=keras.optimizers.AdamW(schedule, weight_decay=config.weight_decay),
        loss="categorical_crossentropy",
        metrics=[training.DigitAccuracy(name="accuracy")],
        jit_compile=False,  # as in training
    )
    history = []
    for epoch in range(config.epochs):
        batches.set_epoch(epoch)
        started = time.perf_counter()
        logs = network.fit(batches, shuffle=False, verbose=verbose).history
        history.append(
            {
                "epoch": epoch + 1,
                **{key: round(float(values[0]), 6) for key, values in logs.items()},
                "val_accuracy": figures(network, corrections, validation).validation,
                "seconds": round(time.perf_counter() - started, 2),
            }
        )
        runs.save_history(run / runs.HISTORY_FILE, history)
    for layer in frozen:
        layer.trainable = True
    return before, figures(network, corrections, validation)


def report_part(start: str, num: int, before: Figures, after: Figures) -> dict:
    """What a report says of fine-tuning, to be given to `judging.judge`.

    Args:
        start: The run that the network comes from.
        num: The number of corrections.
        before: How the network read that it started from.
        after: How it reads now.
    """
    return {
        "finetuning": {
            "started_from": start,
            "num_corrections": num,
            "num_right_before": before.num_right,
            "num_right_after": after.num_right,
            "validation_before": before.validation,
            "validation_after": after.validation,
        }
    }
