"""The shipped network is as good as its report says, on all 10,000 test images."""

import numpy as np
import pytest

from model.artifacts import KERAS_FILE, TRAINED, load_report
from model.evaluation import evaluate
from model.recognizer import Recognizer

pytestmark = pytest.mark.slow


def test_the_shipped_network_reads_at_least_99_5_percent_and_its_report_is_true(mnist):
    _, test = mnist
    figures = evaluate(Recognizer.load().probabilities(test.frames), test.labels)
    assert figures["accuracy"] >= 0.995
    reported = load_report()["test"]
    assert figures["num_right"] == reported["num_right"]
    assert figures["confusion"] == reported["confusion"]
    assert figures["ece"] == pytest.approx(reported["ece"], abs=1e-4)


def test_the_keras_file_and_the_served_file_agree(mnist):
    import keras

    frames = mnist[1].frames[:1000]
    expected = keras.models.load_model(TRAINED / KERAS_FILE).predict(frames[..., None], verbose=0)
    assert np.abs(Recognizer.load().probabilities(frames) - expected).max() <= 1e-5


def test_the_trained_folder_is_under_4_megabytes():
    assert sum(path.stat().st_size for path in TRAINED.iterdir()) < 4e6
