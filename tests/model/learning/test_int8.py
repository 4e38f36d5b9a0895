"""The int8 network reads as the float32 one, or is refused."""

import numpy as np
import onnx
import pytest

from model.files.runs import INT8_FILE, ONNX_FILE, load_report
from model.learning import int8
from model.learning.evaluation import accuracy
from model.reading.recognizer import Recognizer


@pytest.fixture(scope="module")
def exported(trained) -> bytes:
    return (trained / ONNX_FILE).read_bytes()


def test_the_shipped_int8_network_reads_as_its_report_says(mnist, trained):
    part = load_report(trained)["int8"]
    content = (trained / INT8_FILE).read_bytes()
    small, large = Recognizer.load(trained, is_fast=True), Recognizer.load(trained)
    assert part["sha256"] == small.key[1] and part["num_bytes"] == len(content)
    assert small.version == large.version and small.confidence == large.confidence
    frames = mnist[1].frames[:1000]
    differs = small.probabilities(frames).argmax(axis=1) != large.probabilities(frames).argmax(
        axis=1
    )
    assert differs.mean() <= 0.002
    assert part["test"]["accuracy"] >= load_report(trained)["test"]["accuracy"] - int8.MAX_LOSS


def test_inner_convolutions_are_int8_and_the_rest_is_not(exported, mnist):
    content = int8.quantize(exported, mnist[0].frames[:50])
    assert content is not None and len(content) < len(exported) / 3
    graph = onnx.load_from_string(content).graph
    kernels = [node.input[1] for node in graph.node if node.op_type == "Conv"]
    scaled = {node.output[0] for node in graph.node if node.op_type == "DequantizeLinear"}
    assert [kernel in scaled for kernel in kernels] == [False, True, True, True, True, True]
    weights = [w for w in graph.initializer if w.data_type == onnx.TensorProto.INT8 and w.dims[1:]]
    for weight in weights:  # 7 bits: sums of two products with 8 bits fit into 16
        assert np.abs(onnx.numpy_helper.to_array(weight).astype(int)).max() <= 64
    assert len(weights) == 5 and [output.name for output in graph.output] == ["probabilities"]


def test_a_network_that_reads_worse_is_refused(exported, mnist, monkeypatch):
    training, test = mnist[0].take(slice(0, 60), "some"), mnist[1].take(slice(0, 100), "some")
    figures = accuracy(Recognizer(exported).probabilities(test.frames), test.labels)
    monkeypatch.setattr(int8, "NUM_CALIBRATION", 30)
    content, part = int8.add_int8(exported, training, 1, {"test": (test, figures)})
    assert content and part["refused"] == "" and part["test"]["num_all"] == 100
    better = {**figures, "accuracy": figures["accuracy"] + 0.0003}
    content, part = int8.add_int8(exported, training, 1, {"test": (test, better)})
    assert content is None and "of the test images where the float32 network" in part["refused"]
