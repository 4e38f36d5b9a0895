"""Fuzzes the network's file, as the app loads and uses it."""

import functools
import json
import math
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from model.errors import ArtifactError
from model.files.runs import ONNX_FILE, REPORT_FILE
from model.reading.confidence import Confidence
from model.reading.explanation import contrast, tint
from model.reading.look_alikes import load_look_alikes
from model.reading.recognizer import Recognizer
from tests.fuzz.target import (
    SENTENCE,
    Target,
    changed,
    damaged,
    few_examples,
    outcome_of,
)
from tests.support import TRAINED

SHIPPED = (TRAINED / ONNX_FILE).read_bytes()


@functools.cache
def _without_notes() -> onnx.ModelProto:
    model = onnx.load_from_string(SHIPPED)
    del model.metadata_props[:]
    return model


def with_notes(confidence: str, run: str = "a run") -> bytes:
    """The shipped network with other notes in its file."""
    model = onnx.ModelProto()
    model.CopyFrom(_without_notes())
    helper.set_model_props(model, {"confidence": confidence, "run": run})
    return model.SerializeToString()


NOTES = {"temperature": 1.0, "set_threshold": 0.1, "refusal_threshold": 0.4}
CONFIDENCES = changed(NOTES).map(json.dumps) | st.sampled_from(("", "{", "[" * 5000, "null"))
# A network's file, and whether a report vouches for the shipped one.
NETWORKS = st.one_of(
    *[st.tuples(damaged(SHIPPED), st.booleans())] * 2,
    st.tuples(
        st.builds(with_notes, CONFIDENCES, st.sampled_from(("a run", "", "<b>", "é" * 9))),
        st.just(False),
    ),
)


def network(nodes: list, outputs=("y",), opset=15, constants=(), batch: object = "n") -> bytes:
    """An ONNX file from frames `x` to some outputs."""
    graph = helper.make_graph(
        nodes,
        "other",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 28, 28, 1])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in constants],
    )
    imports = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8).SerializeToString()


def one_node(kind: str, **options) -> bytes:
    constants = options.pop("constants", ())
    others = {key: options.pop(key) for key in ("opset", "outputs") if key in options}
    node = helper.make_node(kind, [constants[0][0] if constants else "x"], ["y"], **options)
    return network([node], constants=constants, **others)


def linear(num_classes=10, batch: object = "n", bias=0.0, scale=0.0, maps=()) -> bytes:
    """A linear network with a softmax, and the four maps as one more node makes them."""
    names = ("layer_1", "layer_2", "last_map", "class_maps") if maps else ()
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weights", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["y"]),
        *(helper.make_node(maps[0], list(maps[1:]), [name]) for name in names),
    ]
    constants = [
        ("weights", np.full((784, num_classes), scale, np.float32)),
        ("bias", np.full(num_classes, bias, np.float32)),
        ("shape", np.array([-1, 2, 2, 7], np.int64)),
    ]
    return network(nodes, ("y", *names), constants=constants, batch=batch)


def _huge_constant() -> bytes:
    """A constant that promises a trillion numbers and holds none."""
    model = onnx.load_from_string(linear())
    model.graph.initializer[0].dims[:] = [10**6, 10**6]
    return model.SerializeToString()


OTHERS = {
    "a new opset": lambda: one_node("Flatten", opset=99),
    "an old opset": lambda: one_node("Flatten", opset=1),
    "three classes": lambda: linear(3),
    "a thousand classes": lambda: linear(1000),
    "one frame at a time": lambda: linear(batch=1),
    "seven frames at a time": lambda: linear(batch=7),
    "a linear network": linear,
    "NaN": lambda: linear(bias=float("nan")),
    "NaN where there is ink": lambda: linear(scale=float("inf")),
    "flat maps": lambda: linear(maps=("Identity", "flat")),
    "maps of no batch": lambda: linear(maps=("ReduceSum", "flat")),
    "small maps": lambda: linear(maps=("Identity", "x")),
    "four axes": lambda: linear(maps=("Reshape", "logits", "shape")),
    "a list": lambda: one_node("SequenceConstruct"),
    "words": lambda: one_node("Cast", to=TensorProto.STRING),
    "no outputs": lambda: one_node("Flatten", outputs=()),
    "no axes": lambda: one_node("ReduceSum", keepdims=0),
    "negative and adding up to 1": lambda: one_node(
        "Identity", constants=[("bias", np.array([[9, -8] + [0] * 8], np.float32))]
    ),
    "a huge constant": _huge_constant,
}
SPECIAL = {name: lambda make=make: (make(), False) for name, make in OTHERS.items()}


def check(payload: tuple[bytes, bool], folder: Path) -> str:
    """Loads a network as the app does and asks it for all that it may be asked for."""
    content, has_report = payload
    (folder / ONNX_FILE).write_bytes(content)
    if has_report:
        shutil.copy(TRAINED / REPORT_FILE, folder)
    outcome = outcome_of(lambda: _use(folder))
    if has_report and content != SHIPPED:
        assert outcome == SENTENCE, "a network is served that its report does not vouch for"
    return outcome


def _use(folder: Path) -> None:
    recognizer = Recognizer.load(folder)
    frames = np.random.default_rng(0).uniform(0, 1, (3, 28, 28)).astype(np.float32)
    probabilities = recognizer.probabilities(frames)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-3) and probabilities.min() >= 0
    recognizer.version.encode()
    assert set(recognizer.answer(probabilities[0]).digits) <= set(range(10))
    tint(frames[0], contrast(recognizer.maps("class_maps", frames[:1])[0], 3, 5))
    for name in ("layer_1", "layer_2"):
        maps = recognizer.maps(name, frames[:1])[0]
        maps[..., maps.shape[-1] - 1]
    features = recognizer.features(frames)
    lookalikes = load_look_alikes(TRAINED)
    lookalikes.places_of(lookalikes.coordinates_of(features))
    lookalikes.nearest(features[0])


TARGET = Target(NETWORKS, check, share=6, ordinary=((SHIPPED, True),), special=SPECIAL)


@few_examples(10)
@given(NETWORKS)
def test_any_network_answers_or_is_refused_in_a_sentence(payload):
    TARGET.run(payload)


@pytest.mark.parametrize("name", SPECIAL)
def test_other_networks_answer_or_are_refused_in_a_sentence(name):
    TARGET.run(SPECIAL[name]())


def test_a_flipped_bit_in_the_weights_is_found_by_the_report(tmp_path):
    at = len(SHIPPED) // 2
    content = SHIPPED[:at] + bytes([SHIPPED[at] ^ 1]) + SHIPPED[at + 1 :]
    (tmp_path / ONNX_FILE).write_bytes(content)
    Recognizer.load(tmp_path)  # it still answers
    shutil.copy(TRAINED / REPORT_FILE, tmp_path)
    with pytest.raises(ArtifactError, match="SHA-256"):
        Recognizer.load(tmp_path)


@pytest.mark.parametrize("temperature", [0, -1, math.nan, math.inf, 10**400, "1", None, True])
def test_a_temperature_that_makes_no_sense_is_refused(temperature):
    with pytest.raises(ValueError, match="temperature"):
        Confidence(temperature=temperature)
    content = with_notes(json.dumps({"temperature": temperature}))
    assert TARGET.run((content, False)) == SENTENCE
