"""Trains a network, saves a checkpoint each epoch, exports it and writes its report."""

import json
import math
import platform
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import keras
import numpy as np

from model.errors import TrainingError
from model.files import runs
from model.files.atomic import write_atomically
from model.learning import augment, evaluation, network
from model.learning.config import TrainConfig
from model.learning.data import Dataset, validation_mask
from model.learning.tensorboard import EventFile
from model.reading import confidence, look_alikes
from model.reading.confidence import Confidence
from model.reading.recognizer import CONFIDENCE_KEY, RUN_KEY, Recognizer

AGREEMENT = 1e-5  # largest difference allowed between Keras' and ONNX Runtime's probabilities
NUM_AGREEMENT_FRAMES = 1000
NUM_REFRESH_BATCHES = 200  # batches that re-estimate batch normalisation's statistics
FINAL_LEARNING_RATE = 1e-5  # where the cosine ends
CONFIDENCE_SEED = 1_000_000  # beyond every epoch's: other distortions than those trained on
WARM_UP = 0.05  # of all steps; the learning rate rises to its peak in them
LATE = 0.85  # of the epochs; distortions are half as strong from then on, nearer to real frames
PREDICT_BATCH = 500  # frames a call when only reading
AVERAGING = 0.999  # momentum of the moving average of the weights


class TrainingBatches(keras.utils.PyDataset):
    """Shuffled, distorted batches; the same for the same seed, epoch and step.

    The modern recipe's batches also hold frames that are no digit. Keras draws batches on
    another thread while a step runs.
    """

    def __init__(self, data: Dataset, config: TrainConfig, epoch: int = 0):
        super().__init__(workers=1)
        self._data = data
        self._config = config
        self.set_epoch(epoch)

    def __len__(self) -> int:
        return math.ceil(len(self._data) / self._config.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        size = self._config.batch_size
        which = self._order[index * size : (index + 1) * size]
        frames = self._data.images[which].astype(np.float32) / 255
        labels = self._data.labels[which]
        if not self._config.modern:
            return frames[..., None], labels.astype(np.int32)
        rng = np.random.default_rng((self._config.seed, self._epoch, index))
        num_negatives = round(augment.NEGATIVE_SHARE * len(frames))
        nothing = augment.negatives(num_negatives, frames, rng)
        is_late = self._epoch >= LATE * self._config.epochs
        drawn = augment.variants(frames, labels, rng, strength=0.5 if is_late else 1.0)
        frames = np.concatenate([drawn, nothing])
        return frames[..., None], _targets(labels, num_negatives)

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch's order and distortions."""
        self._epoch = epoch
        rng = np.random.default_rng((self._config.seed, epoch))
        self._order = rng.permutation(len(self._data))


@keras.saving.register_keras_serializable("digitpad")
class DigitAccuracy(keras.metrics.CategoricalAccuracy):
    """Accuracy over the frames that are digits; for the others no answer is right."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        is_digit = keras.ops.cast(keras.ops.max(y_true, axis=-1) > 0.5, "float32")
        return super().update_state(y_true, y_pred, sample_weight=is_digit)


class _EpochEnd(keras.callbacks.Callback):
    """Sets the batches' epoch, saves history and checkpoint, and reports the time left."""

    def __init__(self, folder: Path, batches: TrainingBatches, history: list, num_epochs, say):
        super().__init__()
        self._folder, self._batches, self._history = folder, batches, history
        self._num_epochs, self._say = num_epochs, say
        self._started = 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self._started = time.perf_counter()
        self._batches.set_epoch(epoch)

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.perf_counter() - self._started
        self._history.append(
            {
                "epoch": epoch + 1,
                **{key: round(float(value), 6) for key, value in (logs or {}).items()},
                "learning_rate": float(
                    keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
                ),
                "seconds": round(seconds, 2),
            }
        )
        # The history first: resuming drops epochs beyond the checkpoint from it.
        runs.save_history(self._folder / runs.HISTORY_FILE, self._history)
        write_atomically(self._folder / runs.CHECKPOINT_FILE, self.model.save)
        if left := self._num_epochs - epoch - 1:
            self._say(
                f"epoch {epoch + 1} of {self._num_epochs} took {seconds:.0f} s; about "
                f"{left * seconds / 60:.0f} min left"
            )


class _TensorBoard(keras.callbacks.Callback):
    """Writes each epoch's figures for TensorBoard, training and validation in a folder each."""

    def __init__(self, folder: Path, first_epoch: int, history: list):
        super().__init__()
        self._folder, self._first_step = folder, first_epoch + 1
        self._history = history  # its last row is this epoch's, as `_EpochEnd` comes first
        self._files = {"train": EventFile(folder / "train", self._first_step)}

    def on_epoch_end(self, epoch, logs=None):
        row = self._history[-1]
        for part, prefix, names in (
            ("train", "", ("accuracy", "loss", "learning_rate")),
            ("validation", "val_", ("accuracy", "loss")),
        ):
            scalars = {name: row[prefix + name] for name in names if prefix + name in row}
            if scalars and part not in self._files:
                self._files[part] = EventFile(self._folder / part, self._first_step)
            if scalars:
                self._files[part].add(epoch + 1, scalars)


def split(mnist: Dataset, config: TrainConfig) -> tuple[Dataset, Dataset | None]:
    """Training and validation images; the tutorial trains on all and validates on none."""
    if not config.modern or len(mnist) != 60000:
        return mnist, None
    held_out = validation_mask()
    return (
        mnist.take(~held_out, "MNIST training images of 488 writers"),
        mnist.take(held_out, "MNIST training images of 51 other writers"),
    )


def train(
    config: TrainConfig,
    mnist: Dataset,
    run: Path,
    say: Callable[[str], None] = lambda line: None,
    verbose: int = 0,
    tensorboard: Path | None = None,
) -> keras.Model:
    """Trains, or goes on from the run's checkpoint if it has one.

    Args:
        config: The settings.
        mnist: The training images; part of them validates.
        run: The run's folder, for checkpoint and history.
        say: Takes one line after each epoch.
        verbose: Keras' progress bar: 0 none, 1 a bar, 2 a line an epoch.
        tensorboard: Where TensorBoard's event files go, in a folder named as the run's.

    Returns:
        The trained network.

    Raises:
        TrainingError: If the checkpoint can't be read, or the event files can't be written.
    """
    keras.utils.set_random_seed(config.seed)
    training, validation = split(mnist, config)
    steps = math.ceil(len(training) / config.batch_size)
    checkpoint = run / runs.CHECKPOINT_FILE
    if checkpoint.exists():
        try:
            trained = keras.models.load_model(checkpoint)
        except Exception as error:  # a zip, HDF5 or Keras error, by where it is damaged
            raise TrainingError(
                f"The checkpoint {checkpoint} can't be read ({type(error).__name__}): start a "
                "new run without --resume."
            ) from error
        _restore_dropout(trained)
    else:
        trained = network.BUILDERS[config.preset](seed=config.seed)
        _compile(trained, config, steps)
    first_epoch = int(trained.optimizer.iterations) // steps
    history = runs.load_history(run / runs.HISTORY_FILE)[:first_epoch]
    batches = TrainingBatches(training, config)
    callbacks = [_EpochEnd(run, batches, history, config.epochs, say)]
    if tensorboard is not None:
        callbacks.append(_TensorBoard(tensorboard / run.name, first_epoch, history))
    if config.modern:
        callbacks.append(keras.callbacks.SwapEMAWeights())  # validates the averaged weights
    if first_epoch < config.epochs:
        trained.fit(
            batches,
            shuffle=False,  # the batches are; Keras would change their order by chance
            validation_data=validation
            and (validation.frames[..., None], _targets(validation.labels, 0)),
            validation_batch_size=500,
            epochs=config.epochs,
            initial_epoch=first_epoch,
            callbacks=callbacks,
            verbose=verbose,
        )
    elif config.modern:
        # `fit` would have ended by swapping the averaged weights in.
        trained.optimizer.finalize_variable_values(trained.trainable_variables)
    if config.modern:
        _refresh_statistics(trained, TrainingBatches(training, config, config.epochs))
    return trained


def judge(
    trained: keras.Model,
    config: TrainConfig,
    mnist: Dataset,
    test: Dataset,
    run: Path,
    more: dict | None = None,
) -> dict:
    """Exports the network into the run's folder, once, and writes the report on it.

    All figures are those of the exported file, loaded once and read as the app reads it.

    Args:
        trained: The network.
        config: The run's settings.
        mnist: MNIST's training images; part of them validates.
        test: MNIST's test images.
        run: The run's folder.
        more: Parts that the report has besides.

    Returns:
        The report, as `report.json` holds it.

    Raises:
        TrainingError: If the exported file does not answer as the network does.
        ArtifactError: If a file can't be written.
    """
    # A network that was never compiled: the optimizer's state would make the file three times
    # as large.
    plain = network.BUILDERS[config.preset](seed=config.seed)
    plain.set_weights(trained.get_weights())
    write_atomically(run / runs.KERAS_FILE, plain.save)
    training, validation = split(mnist, config)
    fitted = fit_confidence(trained, validation, config.seed)
    notes = {CONFIDENCE_KEY: json.dumps(asdict(fitted)), RUN_KEY: run.name}
    exported = network.annotate(network.export(trained), notes)
    write_atomically(run / runs.ONNX_FILE, lambda temporary: temporary.write_bytes(exported))
    recognizer = Recognizer.load(run)
    check_agreement(trained, recognizer, test.frames[:NUM_AGREEMENT_FRAMES])
    digest = recognizer.key[1]
    placed = look_alikes.fit(recognizer.features(test.frames), test.labels, digest)
    look_alikes.save_look_alikes(run, placed)
    history = runs.load_history(run / runs.HISTORY_FILE)
    report = {
        "run": run.name,
        "trained_at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "config": asdict(config),
        "data": {
            "training": training.name,
            "num_training": len(training),
            "validation": validation.name if validation else None,
            "num_validation": len(validation) if validation else 0,
            "test": test.name,
            "num_test": len(test),
        },
        "network": {
            "name": trained.name,
            "num_parameters": trained.count_params(),
            "num_bytes": len(exported),
            "sha256": digest,
        },
        "seconds_per_epoch": round(float(np.median([row["seconds"] for row in history])), 1),
        "software": {
            "python": platform.python_version(),
            "keras": keras.version(),
            "backend": keras.config.backend(),
        },
        "confidence": asdict(fitted),
        "test_set_reads": runs.count_test_read(run),
        "validation": validation
        and evaluation.evaluate(recognizer.probabilities(validation.frames), validation.labels),
        "test": evaluation.evaluate(recognizer.probabilities(test.frames), test.labels),
        **(more or {}),
    }
    runs.save_report(run, report)
    return report


def fit_confidence(trained: keras.Model, validation: Dataset | None, seed: int) -> Confidence:
    """Fits temperature and thresholds on held-out writers' digits.

    Half of the frames are as MNIST has them, half as other people would draw them. Without
    held-out digits nothing is fitted.
    """
    if validation is None:
        return Confidence()
    rng = np.random.default_rng((seed, CONFIDENCE_SEED))
    drawn = augment.variants(validation.frames, validation.labels, rng)
    frames = np.concatenate([validation.frames, np.clip(drawn, 0, 1)])
    probabilities = trained.predict(frames[..., None], batch_size=PREDICT_BATCH, verbose=0)
    return confidence.fit(probabilities, np.tile(validation.labels, 2))


def check_agreement(trained: keras.Model, recognizer: Recognizer, frames: np.ndarray) -> None:
    """Raises `TrainingError` if Keras and the exported file differ by more than 1e-5."""
    expected = recognizer.confidence.soften(trained.predict(frames[..., None], verbose=0))
    difference = float(np.abs(recognizer.probabilities(frames) - expected).max())
    if not difference <= AGREEMENT:
        raise TrainingError(
            f"The exported network answers differently from the trained one, by {difference:.1e} "
            f"where {AGREEMENT:.0e} is allowed: nothing was replaced."
        )


def _compile(trained: keras.Model, config: TrainConfig, steps: int) -> None:
    if not config.modern:
        optimizer = keras.optimizers.Adam(config.learning_rate)
    else:
        num_steps = steps * config.epochs
        warm_up = int(WARM_UP * num_steps)
        schedule = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=FINAL_LEARNING_RATE,
            warmup_target=config.learning_rate,
            warmup_steps=warm_up,
            decay_steps=num_steps - warm_up,
            alpha=FINAL_LEARNING_RATE / config.learning_rate,
        )
        optimizer = keras.optimizers.AdamW(
            schedule, weight_decay=config.weight_decay, use_ema=True, ema_momentum=AVERAGING
        )
        optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    trained.compile(
        optimizer=optimizer,
        loss="categorical_crossentropy" if config.modern else "sparse_categorical_crossentropy",
        metrics=[DigitAccuracy(name="accuracy") if config.modern else "accuracy"],
        jit_compile=False,  # measured on two cores: XLA takes twice the time for convolutions
    )


def _targets(labels: np.ndarray, num_negatives: int) -> np.ndarray:
    """The targets, `(n, 10)`: the digit, and for negatives all digits equally.

    Source: the entropic open-set loss, A. Dhamija, M. Guenther and T. Boult, NeurIPS 2018,
    arXiv:1811.04110.
    """
    digits = np.eye(network.NUM_CLASSES, dtype=np.float32)[labels]
    nothing = np.full((num_negatives, network.NUM_CLASSES), 1 / network.NUM_CLASSES, np.float32)
    return np.concatenate([digits, nothing])


def _restore_dropout(trained: keras.Model) -> None:
    """Restores dropout's step counter, the one state that Keras does not save."""
    for layer in trained.layers:
        if isinstance(layer, keras.layers.Dropout):
            state = layer.seed_generator.state
            seed, _ = keras.ops.convert_to_numpy(state)
            state.assign([seed, int(trained.optimizer.iterations)])


def _refresh_statistics(trained: keras.Model, batches: TrainingBatches) -> None:
    """Re-estimates batch normalisation's statistics for the averaged weights.

    Source: P. Izmailov et al., "Averaging weights leads to wider optima and better
    generalization", UAI 2018, arXiv:1803.05407, section 3.2.
    """
    norms = [
        layer for layer in trained.layers if isinstance(layer, keras.layers.BatchNormalization)
    ]
    momenta = [layer.momentum for layer in norms]
    for index in range(min(NUM_REFRESH_BATCHES, len(batches))):
        for layer in norms:
            layer.momentum = index / (index + 1)  # a plain mean over the batches so far
        trained(batches[index][0], training=True)
    for layer, momentum in zip(norms, momenta, strict=True):
        layer.momentum = momentum
