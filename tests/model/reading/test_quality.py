"""The shipped network is as good as its report says, on all 10,000 test images."""

import numpy as np
import pytest

from model.files.runs import KERAS_FILE, load_report
from model.learning.evaluation import evaluate
from model.reading.recognizer import Recognizer

pytestmark = pytest.mark.slow


def test_the_shipped_network_reads_99_5_percent_as_reported(mnist, trained):
    _, test = mnist
    figures = evaluate(Recognizer.load(trained).probabilities(test.frames), test.labels)
    assert figures["accuracy"] >= 0.995
    reported = load_report(trained)["test"]
    assert figures["accuracy"] == reported["accuracy"]
    assert figures["misses"] == reported["misses"]
    assert figures["num_right"] == reported["num_right"]
    assert figures["confusion"] == reported["confusion"]
    assert figures["ece"] == pytest.approx(reported["ece"], abs=1e-4)


def test_keras_and_onnx_files_agree(mnist, trained):
    import keras

    frames = mnist[1].frames[:1000]
    recognizer = Recognizer.load(trained)
    network = keras.models.load_model(trained / KERAS_FILE)
    expected = recognizer.confidence.soften(network.predict(frames[..., None], verbose=0))
    assert np.abs(recognizer.probabilities(frames) - expected).max() <= 1e-5


def test_the_trained_folder_is_under_6_megabytes(trained):
    assert sum(path.stat().st_size for path in trained.iterdir()) < 6e6
