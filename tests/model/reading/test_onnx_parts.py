"""Parts of an ONNX file compute what the whole does, and nothing else."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx.utils import Extractor

from model.files.runs import ONNX_FILE
from model.reading.onnx_parts import output_names, with_outputs

PARTS = [["probabilities"], ["probabilities", "last_map"], ["layer_3"], ["class_maps", "bias_2"]]


@pytest.fixture(scope="module")
def content(trained) -> bytes:
    return (trained / ONNX_FILE).read_bytes()


def answers(content: bytes, names: list[str]) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    frames = np.random.default_rng(0).random((2, 28, 28, 1), np.float32)
    return session.run(names, {session.get_inputs()[0].name: frames})


def test_output_names_are_those_that_onnx_reads(content):
    expected = [output.name for output in onnx.load_from_string(content).graph.output]
    assert output_names(content) == expected and expected[0] == "probabilities"


@pytest.mark.parametrize("names", PARTS, ids="+".join)
def test_a_part_answers_as_the_whole_file(content, names):
    part = with_outputs(content, names)
    onnx.checker.check_model(part)
    for one, other in zip(answers(part, names), answers(content, names), strict=True):
        assert np.allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("names", PARTS, ids="+".join)
def test_a_part_has_the_nodes_that_onnx_extracts(content, names):
    whole, part = (
        onnx.load_from_string(content),
        onnx.load_from_string(with_outputs(content, names)),
    )
    extracted = Extractor(whole).extract_model([whole.graph.input[0].name], names)
    assert [*part.graph.node] == [*extracted.graph.node]
    weights = {weight.name for weight in extracted.graph.initializer}
    assert {weight.name for weight in part.graph.initializer} == weights
    assert part.metadata_props == whole.metadata_props
    assert part.opset_import == whole.opset_import
