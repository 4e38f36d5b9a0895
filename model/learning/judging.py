"""Exports a trained network, once, and writes its report."""

import json
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import keras
import numpy as np

from model.errors import TrainingError
from model.files import progress, runs
from model.files.atomic import write_atomically
from model.learning import augment, evaluation, int8, onnx_file
from model.learning.config import TrainConfig
from model.learning.data import Dataset
from model.learning.training import split
from model.reading import confidence, look_alikes
from model.reading.confidence import Confidence
from model.reading.recognizer import CONFIDENCE_KEY, RUN_KEY, Recognizer

AGREEMENT = 1e-5  # largest difference allowed between Keras' and ONNX Runtime's probabilities
NUM_AGREEMENT_FRAMES = 1000
CONFIDENCE_SEED = 1_000_000  # beyond every epoch's: other distortions than those trained on
# What is judged, in order, and how long it takes for the shipped network on two cores, seconds.
PARTS = {
    "temperature and thresholds": 12,
    "export": 6,
    "look-alikes": 60,
    "test images": 6,
    "int8 network": 40,
}
PREDICT_BATCH = 500  # frames a call when only reading


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
    telling = progress.JudgingProgress(run, PARTS)
    telling.begin("temperature and thresholds")
    # A network that was never compiled: the optimizer's state would make the file three times
    # as large. (A clone of a resumed run's network is compiled.)
    plain = type(trained).from_config(trained.get_config())
    plain.set_weights(trained.get_weights())
    write_atomically(run / runs.KERAS_FILE, plain.save)
    training, validation = split(mnist, config)
    fitted = fit_confidence(trained, validation, config.seed)
    telling.begin("export")
    notes = {CONFIDENCE_KEY: json.dumps(asdict(fitted)), RUN_KEY: run.name}
    exported = onnx_file.annotate(onnx_file.export(trained), notes)
    write_atomically(run / runs.ONNX_FILE, lambda temporary: temporary.write_bytes(exported))
    recognizer = Recognizer.load(run)
    check_agreement(trained, recognizer, test.frames[:NUM_AGREEMENT_FRAMES])
    digest = recognizer.key[1]
    telling.begin("look-alikes")
    placed = look_alikes.fit(recognizer.features(test.frames), test.labels, digest)
    look_alikes.save_look_alikes(run, placed)
    telling.begin("test images")
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
    telling.begin("int8 network")
    sets = {"test": (test, report["test"])}
    if validation:
        sets["validation"] = (validation, report["validation"])
    small, report["int8"] = int8.add_int8(exported, training, config.seed, sets)
    if small:
        write_atomically(run / runs.INT8_FILE, lambda temporary: temporary.write_bytes(small))
    progress.end_progress(run)
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
