"""The served network answers alike alone, in crowds and in threads, or says why it can't."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from model.errors import ArtifactError
from model.files.artifacts import KERAS_FILE, ONNX_FILE, load_report
from model.reading.recognizer import Recognizer, served


@pytest.fixture(scope="module")
def recognizer(trained):
    return Recognizer.load(trained)


@pytest.fixture
def frames():
    return np.random.default_rng(0).random((1001, 28, 28), np.float32)


def test_probabilities_add_up_to_one(recognizer, frames):
    probabilities = recognizer.probabilities(frames)
    assert probabilities.shape == (1001, 10) and probabilities.dtype == np.float32
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_its_version_is_the_run_that_trained_it(recognizer, trained):
    assert recognizer.version == load_report(trained)["run"]


def test_many_frames_are_read_as_each_is_alone(recognizer, frames):
    together = recognizer.probabilities(frames)
    alone = np.concatenate([recognizer.probabilities(frame[None]) for frame in frames])
    assert np.allclose(together, alone, atol=1e-5)
    assert recognizer.probabilities(frames[:0]).shape == (0, 10)


def test_threads_get_the_same_answers(recognizer, frames):
    expected = recognizer.probabilities(frames[:50])
    with ThreadPoolExecutor(8) as pool:
        for answer in pool.map(lambda _: recognizer.probabilities(frames[:50]), range(32)):
            assert np.array_equal(answer, expected)


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((1, 28, 28)),
        np.zeros((28, 28), np.float32),
        np.zeros((1, 20, 20), np.float32),
        np.full((1, 28, 28), 2, np.float32),
        np.full((1, 28, 28), -0.1, np.float32),
        np.full((1, 28, 28), np.nan, np.float32),
        np.full((1, 28, 28), np.inf, np.float32),
        np.zeros((1, 28, 28, 1), np.float32),
        np.zeros((1, 28, 28), np.uint8),
    ],
)
def test_what_are_no_frames_is_refused(recognizer, bad):
    with pytest.raises(ValueError, match="Received"):
        recognizer.probabilities(bad)


def refusal(folder) -> str:
    with pytest.raises(ArtifactError) as caught:
        Recognizer.load(folder)
    assert "\n" not in str(caught.value) and "train.py" in str(caught.value)
    return str(caught.value)


def test_a_missing_network_is_told(tmp_path):
    assert "no trained network" in refusal(tmp_path)


def test_a_folder_in_the_networks_place_is_told(tmp_path):
    (tmp_path / ONNX_FILE).mkdir()
    assert "can't be read" in refusal(tmp_path)


@pytest.mark.parametrize("keep", [0, 1, 100, 100_000, -1])
def test_a_truncated_network_is_told(tmp_path, trained, keep):
    (tmp_path / ONNX_FILE).write_bytes((trained / ONNX_FILE).read_bytes()[:keep])
    assert "damaged" in refusal(tmp_path)


def test_a_file_of_noise_is_told(tmp_path):
    (tmp_path / ONNX_FILE).write_bytes(np.random.default_rng(0).bytes(5000))
    assert "damaged" in refusal(tmp_path)


def save_network(folder, nodes, shape, constants=()):
    """Writes a network from `x` of the given shape to `y`."""
    graph = helper.make_graph(
        nodes,
        "other",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in constants],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8),
        folder / ONNX_FILE,
    )


@pytest.mark.parametrize("shape", [["n", 28, 28, 1], ["n", 32, 32, 3], ["n", 784]])
def test_a_network_of_another_kind_is_told(tmp_path, shape):
    save_network(tmp_path, [helper.make_node("Identity", ["x"], ["y"])], shape)
    assert ONNX_FILE in refusal(tmp_path)


@pytest.mark.parametrize(("num_classes", "bias"), [(5, 0.2), (10, 0.0), (10, 1.0), (10, np.nan)])
def test_a_network_that_gives_no_ten_probabilities_is_told(tmp_path, num_classes, bias):
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weights", "bias"], ["y"]),
    ]
    weights = np.zeros((784, num_classes), np.float32)
    constants = [("weights", weights), ("bias", np.full(num_classes, bias, np.float32))]
    save_network(tmp_path, nodes, ["n", 28, 28, 1], constants)
    assert "ten probabilities" in refusal(tmp_path)


@pytest.mark.slow
def test_keras_answers_as_the_served_network_does(recognizer, trained, frames):
    import keras

    network = keras.models.load_model(trained / KERAS_FILE)
    expected = recognizer.confidence.soften(network.predict_on_batch(frames[:200, ..., None]))
    assert np.abs(recognizer.probabilities(frames[:200]) - expected).max() <= 1e-5


def test_all_threads_are_served_by_one_network_until_its_file_changes(
    trained, tmp_path, monkeypatch
):
    shutil.copy(trained / ONNX_FILE, tmp_path)
    load, loaded = Recognizer.load, []
    monkeypatch.setattr(Recognizer, "load", lambda folder: loaded.append(folder) or load(folder))
    with ThreadPoolExecutor(8) as pool:
        one, *others = pool.map(lambda _: served(tmp_path), range(40))
    assert all(other is one for other in others) and loaded == [tmp_path]
    os.utime(tmp_path / ONNX_FILE, ns=(1, 1))
    assert served(tmp_path) is not one and served(tmp_path) is served(tmp_path)
    assert len(loaded) == 2


def test_a_network_that_is_gone_is_told_at_each_call_until_it_is_back(trained, tmp_path):
    for _ in range(2):
        with pytest.raises(ArtifactError, match="no trained network"):
            served(tmp_path)
    shutil.copy(trained / ONNX_FILE, tmp_path)
    assert served(tmp_path).version == load_report(trained)["run"]
