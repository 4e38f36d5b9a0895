"""A network reads alone, in batches and in threads alike, or says why it can't."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from model.errors import ArtifactError
from model.files import served
from model.files.runs import KERAS_FILE, ONNX_FILE, REPORT_FILE, load_report
from model.reading.recognizer import Recognizer, load_served


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


def test_the_version_is_the_run_that_trained_it(recognizer, trained):
    assert recognizer.version == load_report(trained)["run"]


def test_a_batch_is_read_as_each_frame_alone(recognizer, frames):
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
def test_invalid_frames_are_refused(recognizer, bad):
    with pytest.raises(ValueError, match="Received"):
        recognizer.probabilities(bad)


def refusal(folder) -> str:
    with pytest.raises(ArtifactError) as caught:
        Recognizer.load(folder)
    assert "\n" not in str(caught.value) and "train.py" in str(caught.value)
    return str(caught.value)


def test_a_missing_network_is_an_error(tmp_path):
    assert "no trained network" in refusal(tmp_path)


def test_a_folder_in_place_of_the_network_is_an_error(tmp_path):
    (tmp_path / ONNX_FILE).mkdir()
    assert "can't be read" in refusal(tmp_path)


@pytest.mark.parametrize("keep", [0, 1, 100, 100_000, -1])
def test_a_truncated_network_is_an_error(tmp_path, trained, keep):
    (tmp_path / ONNX_FILE).write_bytes((trained / ONNX_FILE).read_bytes()[:keep])
    assert "damaged" in refusal(tmp_path)


def test_a_file_of_noise_is_an_error(tmp_path):
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
def test_a_network_of_another_kind_is_an_error(tmp_path, shape):
    save_network(tmp_path, [helper.make_node("Identity", ["x"], ["y"])], shape)
    assert ONNX_FILE in refusal(tmp_path)


@pytest.mark.parametrize(("num_classes", "bias"), [(5, 0.2), (10, 0.0), (10, 1.0), (10, np.nan)])
def test_a_network_without_ten_probabilities_is_an_error(tmp_path, num_classes, bias):
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weights", "bias"], ["y"]),
    ]
    weights = np.zeros((784, num_classes), np.float32)
    constants = [("weights", weights), ("bias", np.full(num_classes, bias, np.float32))]
    save_network(tmp_path, nodes, ["n", 28, 28, 1], constants)
    assert "ten probabilities" in refusal(tmp_path)


@pytest.mark.slow
def test_keras_and_onnx_runtime_agree(recognizer, trained, frames):
    import keras

    network = keras.models.load_model(trained / KERAS_FILE)
    expected = recognizer.confidence.soften(network.predict_on_batch(frames[:200, ..., None]))
    assert np.abs(recognizer.probabilities(frames[:200]) - expected).max() <= 1e-5


@pytest.fixture
def runs(tmp_path, trained, monkeypatch):
    """A runs' folder, and a copy of the shipped network that may be changed."""
    monkeypatch.setattr(served, "SHIPPED", tmp_path / "trained")
    shutil.copytree(trained, served.SHIPPED)
    return tmp_path / "runs"


def test_all_threads_share_one_served_network(runs, monkeypatch):
    load, loaded = Recognizer.load, []
    monkeypatch.setattr(Recognizer, "load", lambda folder: loaded.append(folder) or load(folder))
    with ThreadPoolExecutor(8) as pool:
        one, *others = pool.map(lambda _: load_served(runs), range(40))
    assert all(other is one for other in others) and loaded == [served.SHIPPED]


def test_a_replaced_file_is_loaded_whatever_its_time(runs, trained):
    one = load_served(runs)
    path = served.SHIPPED / ONNX_FILE
    known = path.stat()
    content = path.read_bytes()
    other = content.replace(one.version.encode(), one.version[:-1].encode() + b"?")
    assert len(other) == len(content)
    (served.SHIPPED / "new").write_bytes(other)
    os.utime(served.SHIPPED / "new", ns=(known.st_atime_ns, known.st_mtime_ns))
    os.replace(served.SHIPPED / "new", path)
    (served.SHIPPED / REPORT_FILE).unlink()
    assert path.stat().st_mtime_ns == known.st_mtime_ns
    assert load_served(runs).version.endswith("?") and load_served(runs).key != one.key


def test_a_missing_network_is_an_error_until_it_is_back(runs, trained):
    (served.SHIPPED / ONNX_FILE).unlink()
    for _ in range(2):
        with pytest.raises(ArtifactError, match="no trained network"):
            load_served(runs)
    shutil.copy(trained / ONNX_FILE, served.SHIPPED)
    assert load_served(runs).version == load_report(trained)["run"]


def test_a_flipped_bit_in_the_weights_is_refused(runs):
    path = served.SHIPPED / ONNX_FILE
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match="SHA-256"):
        load_served(runs)


class Doubling:
    """A personalisation that doubles the odds of a 3."""

    def __init__(self, network):
        self.network = network

    def adjust(self, features, probabilities):
        assert features.shape == (len(probabilities), 640)
        odds = probabilities * np.where(np.arange(10) == 3, 2, 1)
        return (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)


def test_a_personalised_answer_runs_the_network_once(recognizer, frames, monkeypatch):
    adapted = recognizer.adapted(Doubling(recognizer.key))
    passes = []
    run = Recognizer._run
    monkeypatch.setattr(Recognizer, "_run", lambda *given: passes.append(1) or run(*given))
    probabilities = adapted.probabilities(frames[:1])
    assert len(passes) == 1
    assert probabilities[0, 3] > recognizer.probabilities(frames[:1])[0, 3]
    assert np.array_equal(
        adapted.plain.probabilities(frames[:1]), recognizer.probabilities(frames[:1])
    )


def test_a_personalisation_of_another_network_is_refused(recognizer):
    with pytest.raises(ValueError, match="Received"):
        recognizer.adapted(Doubling(("another run", "0" * 64)))
