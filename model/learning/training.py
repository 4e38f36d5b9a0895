"""Trains a network on any of Keras' backends and saves a checkpoint each epoch."""

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np

from model.errors import TrainingError
from model.files import progress, runs
from model.files.atomic import write_atomically
from model.learning import network
from model.learning.batches import BatchMaker, BatchProcesses, targets
from model.learning.config import TrainConfig
from model.learning.data import Dataset, validation_mask
from model.learning.tensorboard import EventFile

NUM_REFRESH_BATCHES = 200  # batches that re-estimate batch normalisation's statistics
FINAL_LEARNING_RATE = 1e-5  # where the cosine ends
WARM_UP = 0.05  # of all steps; the learning rate rises to its peak in them
FEW_BATCHES = 100  # of an epoch; starting processes takes longer than making so few
PROGRESS_EVERY = 1.0  # seconds
NUM_STEP_ROWS = 1000  # of the file of a run's steps: as many as a chart can show
AVERAGING = 0.999  # momentum of the moving average of the weights


class TrainingBatches(keras.utils.PyDataset):
    """The batches of one epoch after the other, for Keras.

    Keras draws batches on another thread while a step runs.

    Args:
        maker: Makes each batch: a `BatchMaker`, or `BatchProcesses`.
        num_batches: An epoch's.
        epoch: The first one, from 0.
    """

    def __init__(self, maker: BatchMaker | BatchProcesses, num_batches: int, epoch: int = 0):
        super().__init__(workers=1)
        self._maker, self._num_batches, self._epoch = maker, num_batches, epoch

    def __len__(self) -> int:
        return self._num_batches

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return self._maker.make(self._epoch, index)

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch's order and distortions."""
        self._epoch = epoch


@keras.saving.register_keras_serializable("digitpad")
class DigitAccuracy(keras.metrics.CategoricalAccuracy):
    """Accuracy over the frames that are digits; for the others no answer is right."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        is_digit = keras.ops.cast(keras.ops.max(y_true, axis=-1) > 0.5, "float32")
        return super().update_state(y_true, y_pred, sample_weight=is_digit)


class _EpochEnd(keras.callbacks.Callback):
    """Sets the batches' epoch, saves history and checkpoint, and reports the time left."""

    def __init__(
        self, folder: Path, batches: TrainingBatches, history: list, num_epochs, say, after_epoch
    ):
        super().__init__()
        self._folder, self._batches, self._history = folder, batches, history
        self._num_epochs, self._say, self._after_epoch = num_epochs, say, after_epoch
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
        self._after_epoch(self._history[-1])


class _Progress(keras.callbacks.Callback):
    """Notes how far a run is within its epoch, about once a second, and the losses of its steps."""

    def __init__(self, folder: Path, num_steps: int, num_epochs: int, first_epoch: int):
        super().__init__()
        self._folder, self._num_steps = folder, num_steps
        self._epoch, self._began, self._noted = 0, 0.0, 0.0
        self._every = min(max(num_steps * num_epochs // NUM_STEP_ROWS, 1), num_steps)
        self._log = progress.StepLog(folder, first_epoch * num_steps)
        self._sums = {}  # of the epoch's steps up to the last row

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch, self._began = epoch + 1, time.perf_counter()
        self._sums = {"steps": 0, "loss": 0.0, "accuracy": 0.0}

    def on_train_batch_end(self, batch, logs=None):
        step = batch + 1
        if step % self._every == 0:
            self._add_row(step, logs or {})
        now = time.perf_counter()
        if now - self._noted < PROGRESS_EVERY:
            return
        self._noted = now
        passed = round(now - self._began, 2)
        progress.save_progress(
            self._folder, progress.Progress(self._epoch, step, self._num_steps, passed)
        )

    def _add_row(self, step: int, logs: dict) -> None:
        """Logs the means of the steps since the last row; Keras gives those since the epoch began.

        The epoch's last batch is smaller and counts as the others do.
        """
        sums = {"steps": step} | {key: step * float(logs[key]) for key in ("loss", "accuracy")}
        num = step - self._sums["steps"]
        loss, accuracy = ((sums[key] - self._sums[key]) / num for key in ("loss", "accuracy"))
        total = (self._epoch - 1) * self._num_steps + step
        # Keras' means are rounded to 32 bits, so a share may be a little below 0 or above 1.
        epochs = total / self._num_steps
        self._log.add(total, epochs, max(loss, 0.0), min(max(accuracy, 0.0), 1.0))
        self._sums = sums

    def on_train_end(self, logs=None):
        progress.end_progress(self._folder)


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
    after_epoch: Callable[[dict], None] = lambda row: None,
) -> keras.Model:
    """Trains, or goes on from the run's checkpoint if it has one.

    Args:
        config: The settings.
        mnist: The training images; part of them validates.
        run: The run's folder, for checkpoint and history.
        say: Takes one line after each epoch.
        verbose: Keras' progress bar: 0 none, 1 a bar, 2 a line an epoch.
        tensorboard: Where TensorBoard's event files go, in a folder named as the run's.
        after_epoch: Takes each epoch's row of the history; what it raises ends the training.

    Returns:
        The trained network.

    Raises:
        TrainingError: If the checkpoint or the weights to begin with can't be read, or the event
            files can't be written.
    """
    keras.utils.clear_session()  # of a sweep's trials before, which would stay in memory
    keras.utils.set_random_seed(config.seed)
    progress.end_progress(run)  # of a process that was killed
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
        if config.start_from:
            _mix_weights(trained, _start_of(config, run), 1.0)
        _compile(trained, config, steps)
    first_epoch = _num_steps(trained) // steps
    history = runs.load_history(run / runs.HISTORY_FILE)[:first_epoch]
    with _making(BatchMaker(training, config)) as maker:
        batches = TrainingBatches(maker, steps, first_epoch)
        callbacks = [
            _EpochEnd(run, batches, history, config.epochs, say, after_epoch),
            _Progress(run, steps, config.epochs, first_epoch),
        ]
        if tensorboard is not None:
            callbacks.append(_TensorBoard(tensorboard / run.name, first_epoch, history))
        if config.modern:
            callbacks.append(keras.callbacks.SwapEMAWeights())  # validates the averaged weights
        if first_epoch < config.epochs:
            trained.fit(
                batches,
                shuffle=False,  # the batches are; Keras would change their order by chance
                validation_data=validation
                and (validation.frames[..., None], targets(validation.labels, 0)),
                validation_batch_size=500,
                epochs=config.epochs,
                initial_epoch=first_epoch,
                callbacks=callbacks,
                verbose=verbose,
            )
        elif config.modern:
            # `fit` would have ended by swapping the averaged weights in.
            trained.optimizer.finalize_variable_values(trained.trainable_variables)
        if config.start_share:
            _mix_weights(trained, _start_of(config, run), config.start_share)
        if config.modern:
            batches.set_epoch(config.epochs)
            _refresh_statistics(trained, batches)
    return trained


@contextlib.contextmanager
def _making(maker: BatchMaker) -> Iterator[BatchMaker | BatchProcesses]:
    """The maker itself if its batches take no time or are few, else processes that run it."""
    if not maker.config.modern or len(maker) < FEW_BATCHES:
        yield maker
        return
    with BatchProcesses(maker) as processes:
        yield processes


def _start_of(config: TrainConfig, run: Path) -> Path:
    """The weights that a run begins with."""
    return run.parent / config.start_from / runs.KERAS_FILE


def _mix_weights(trained: keras.Model, file: Path, share: float) -> None:
    """Replaces the weights by their mean with another network's, which has that share.

    Source: M. Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022,
    arXiv:2109.01903.
    """
    try:
        start = keras.models.load_model(file, compile=False)
        trained.set_weights(
            [
                (1 - share) * own + share * other
                for own, other in zip(trained.get_weights(), start.get_weights(), strict=True)
            ]
        )
    except Exception as error:  # a zip, HDF5 or Keras error, or other shapes
        raise TrainingError(
            f"The weights in {file} can't be used ({type(error).__name__}): name a finished run "
            "of the same preset."
        ) from error


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
        # Measured on two cores: under TensorFlow, XLA takes twice the time for convolutions.
        jit_compile=keras.backend.backend() == "jax",
    )


def _num_steps(trained: keras.Model) -> int:
    """How many steps a network was trained for."""
    return int(keras.ops.convert_to_numpy(trained.optimizer.iterations))


def _restore_dropout(trained: keras.Model) -> None:
    """Restores dropout's step counter, the one state that Keras does not save."""
    for layer in trained.layers:
        if isinstance(layer, keras.layers.Dropout):
            state = layer.seed_generator.state
            seed, _ = keras.ops.convert_to_numpy(state)
            state.assign([seed, _num_steps(trained)])


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
