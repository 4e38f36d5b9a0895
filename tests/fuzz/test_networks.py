"""Fuzzes the network's file, as the app loads and uses it."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import ArtifactError
from model.files.runs import ONNX_FILE, REPORT_FILE
from model.reading.confidence import Confidence
from model.reading.explanation import contrast, tint
from model.reading.inside import layers_of, scores_of
from model.reading.look_alikes import load_look_alikes
from model.reading.recognizer import Recognizer
from tests.fuzz import fuzzing
from tests.support import TRAINED

SHIPPED = (TRAINED / ONNX_FILE).read_bytes()


def with_notes(confidence: str, run: str = "a run") -> bytes:
    """The shipped network with other notes in its file."""
    model = onnx.load_from_string(SHIPPED)
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {"confidence": confidence, "run": run})
    return model.SerializeToString()


NOTES = {"temperature": 1.0, "set_threshold": 0.1, "refusal_threshold": 0.4}
CONFIDENCES = st.one_of(
    st.just(NOTES).map(json.dumps),
    *[fuzzing.changed(NOTES, max_changes=2).map(json.dumps)] * 4,
    st.sampled_from(("", "{", "[" * 5000, "null")),
)
NOTED = st.builds(with_notes, CONFIDENCES, st.sampled_from(("a run", "", "<b>", "é" * 9)))
# A network's file, and whether there is a report on the shipped one beside it.
NETWORKS = st.one_of(
    *[st.tuples(fuzzing.damaged(SHIPPED), st.booleans())] * 2, st.tuples(NOTED, st.just(False))
)

LOGITS = """
    flat = Flatten (x)
    shape = Constant <value_ints = [784, 10]> ()
    weights = ConstantOfShape (shape)
    logits = MatMul (flat, weights)
"""
LINEAR = LOGITS + "y = Softmax (logits)"
MAPS = ("layer_1", "kernel_1", "bias_1", "head_bias", "last_map", "class_maps")


def network(body: str, outputs: tuple = ("y",), batch: object = "n", opset: int = 15) -> bytes:
    """An ONNX file from its text: https://github.com/onnx/onnx/blob/main/docs/Syntax.md."""
    named = ", ".join(f"float[] {name}" for name in outputs)
    head = f'<ir_version: 8, opset_import: ["": {opset}]> other (float[{batch},28,28,1] x)'
    return onnx.parser.parse_model(f"{head} => ({named}) {{ {body} }}").SerializeToString()


def with_maps(node: str) -> bytes:
    four = "four = Constant <value_ints = [-1, 2, 1, 5]> ()"
    nodes = " ".join(f"{name} = {node}" for name in MAPS)
    return network(f"{LINEAR} {four} {nodes}", ("y", *MAPS))


def _huge_constant() -> bytes:
    """A constant that promises a trillion numbers and holds none."""
    model = onnx.load_from_string(network("y = MatMul (x, huge)"))
    model.graph.initializer.add(name="huge", data_type=1, dims=[10**6, 10**6])
    return model.SerializeToString()


OTHERS = {
    "a new opset": lambda: network("y = Flatten (x)", opset=99),
    "an old opset": lambda: network("y = Flatten (x)", opset=1),
    "three classes": lambda: network(LINEAR.replace("10]", "3]")),
    "a thousand classes": lambda: network(LINEAR.replace("10]", "1000]")),
    "one frame at a time": lambda: network(LINEAR, batch=1),
    "seven frames at a time": lambda: network(LINEAR, batch=7),
    "a linear network": lambda: network(LINEAR),
    "NaN": lambda: network(LOGITS + "one = Exp (logits) less = Neg (one) y = Log (less)"),
    "NaN where there is ink": lambda: network(
        LINEAR.replace("OfShape", "OfShape <value = float[1] {3e38}>")
    ),
    "flat maps": lambda: with_maps("Identity (flat)"),
    "maps without a batch": lambda: with_maps("ReduceSum (flat)"),
    "small maps": lambda: with_maps("Identity (x)"),
    "maps of four axes": lambda: with_maps("Reshape (logits, four)"),
    "a list": lambda: network("y = SequenceConstruct (x)"),
    "words": lambda: network("y = Cast <to = 8> (x)"),
    "no outputs": lambda: network("y = Flatten (x)", outputs=()),
    "no axes": lambda: network("y = ReduceSum <keepdims = 0> (x)"),
    "negative and adding up to 1": lambda: network(
        "y = Constant <value = float[1,10] {9, -8, 0, 0, 0, 0, 0, 0, 0, 0}> ()"
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
    outcome = fuzzing.outcome_of(lambda: _use(folder))
    if has_report and content != SHIPPED:
        assert outcome == fuzzing.SENTENCE, "a network is served that its report does not vouch for"
    return outcome


def _use(folder: Path) -> None:
    recognizer = Recognizer.load(folder)
    frames = np.random.default_rng(0).uniform(0, 1, (3, 28, 28)).astype(np.float32)
    probabilities = recognizer.probabilities(frames)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-3) and probabilities.min() >= 0
    recognizer.version.encode()
    assert set(recognizer.answer(probabilities[0]).digits) <= set(range(10))
    tint(frames[0], contrast(recognizer.maps("class_maps", frames[:1])[0], 3, 5))
    layers_of(frames[0], recognizer)
    scores_of(frames[0], recognizer)
    features = recognizer.features(frames)
    lookalikes = load_look_alikes(TRAINED)
    lookalikes.places_of(lookalikes.coordinates_of(features))
    lookalikes.coordinates_of(features)


TARGET = fuzzing.Target(NETWORKS, check, share=6, ordinary=((SHIPPED, True),), special=SPECIAL)


@fuzzing.few_examples(10)
@given(NETWORKS)
def test_any_network_answers_or_is_refused_in_a_sentence(payload):
    TARGET.run(payload)


@pytest.mark.parametrize("name", SPECIAL)
def test_other_networks_are_refused_in_a_sentence(name):
    assert TARGET.run(SPECIAL[name]()) == fuzzing.SENTENCE


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
    assert TARGET.run((content, False)) == fuzzing.SENTENCE
