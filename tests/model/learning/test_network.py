"""The networks have the sizes that are published, and their files answer as they do."""

import numpy as np
import pytest

from model.reading.recognizer import Recognizer

# Importing Keras takes seconds, and with it each run of a page.
pytestmark = pytest.mark.slow

NUM_PARAMETERS = {"tutorial": 607_394, "digitpad": 495_530}


@pytest.fixture
def network():
    from model.learning import network

    return network


@pytest.fixture
def onnx_file():
    from model.learning import onnx_file

    return onnx_file


def test_parameter_counts_are_those_published(network):
    assert network.build_tutorial().count_params() == network.NUM_TUTORIAL_PARAMETERS == 607_394
    assert network.build_digitpad().count_params() == network.NUM_DIGITPAD_PARAMETERS == 495_530
    assert set(network.BUILDERS) == set(NUM_PARAMETERS)


@pytest.mark.parametrize("preset", NUM_PARAMETERS)
def test_frames_become_ten_probabilities(network, preset):
    built = network.BUILDERS[preset](seed=1)
    assert built.name == preset
    assert built.input_shape == (None, 28, 28, 1) and built.output_shape == (None, 10)
    answer = built.predict_on_batch(np.random.default_rng(0).random((5, 28, 28, 1), np.float32))
    assert np.allclose(answer.sum(axis=1), 1, atol=1e-5) and answer.min() >= 0


@pytest.mark.parametrize("preset", NUM_PARAMETERS)
def test_the_exported_file_answers_as_the_network_does(network, onnx_file, preset):
    built = network.BUILDERS[preset](seed=1)
    frames = np.random.default_rng(0).random((7, 28, 28), np.float32)
    expected = built.predict_on_batch(frames[..., None])  # Keras exports what was called before
    exported = Recognizer(onnx_file.export(built))
    assert np.abs(exported.probabilities(frames) - expected).max() <= 1e-5


def test_inner_maps_have_names_and_features_length_one(network, onnx_file):
    recognizer = Recognizer(onnx_file.export(network.build_digitpad(seed=1)))
    frames = np.random.default_rng(0).random((3, 28, 28), np.float32)
    shapes = {"layer_1": (26, 26, 32), "pool_2": (6, 6, 80), "last_map": (6, 6, 160)}
    for name, shape in shapes.items():
        assert recognizer.maps(name, frames).shape == (3, *shape)
        assert recognizer.maps(name, frames).min() >= 0
    features = recognizer.features(frames)
    assert features.shape == (3, 640) and np.allclose((features**2).sum(axis=1), 1, atol=1e-5)
