"""The numbers that the page How it works shows are the network's own."""

import itertools

import numpy as np
import pytest

from model.errors import ArtifactError
from model.ink.frame import strokes_to_mnist
from model.learning import glyphs
from model.reading.inside import CONVOLUTION, FRAME, POOLING, layers_of, scores_of
from model.reading.recognizer import Recognizer

NUM_DRAWINGS = 20


@pytest.fixture(scope="module")
def frames():
    rng = np.random.default_rng(1)
    drawn = [glyphs.draw_digit(number % 10, rng) for number in range(NUM_DRAWINGS)]
    return np.stack([strokes_to_mnist([200 * s for s in strokes], 280) for strokes in drawn])


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer.load()


def test_the_layers_come_in_order_with_their_weights(recognizer, frames):
    layers = layers_of(frames[0], recognizer)
    kinds = "".join(layer.kind[0] for layer in layers)
    assert (
        kinds
        == "fccpccpcc"
        == "".join(
            kind[0]
            for kind in (FRAME, *2 * (CONVOLUTION, CONVOLUTION, POOLING), *2 * (CONVOLUTION,))
        )
    )
    assert [layer.maps.shape for layer in layers] == [
        *((28, 28, 1), (26, 26, 32), (24, 24, 32), (12, 12, 32)),
        *((12, 12, 80), (12, 12, 80), (6, 6, 80), (6, 6, 160), (6, 6, 160)),
    ]
    assert [layer.field for layer in layers] == [1, 3, 5, 6, 10, 14, 16, 24, 32]
    assert layers[1].num_weights == 32 * 9 + 32 and layers[3].num_weights == 0


def test_each_number_is_its_products_and_bias_or_the_largest_of_four(recognizer, frames):
    rng = np.random.default_rng(2)
    for frame in frames[:3]:
        layers = layers_of(frame, recognizer)
        for before, layer in itertools.pairwise(layers):
            rows, cols, num = layer.maps.shape
            for _ in range(20):
                row, col, which = (int(rng.integers(limit)) for limit in (rows, cols, num))
                if layer.kind == POOLING:
                    four = before.maps[2 * row : 2 * row + 2, 2 * col : 2 * col + 2, which]
                    expected = four.max()
                else:
                    inputs = before.maps
                    if inputs.shape[:2] == (rows, cols):  # padded
                        inputs = np.pad(inputs, ((1, 1), (1, 1), (0, 0)))
                    window = inputs[row : row + 3, col : col + 3].transpose(2, 0, 1)
                    total = (window * layer.kernel[which]).sum() + layer.bias[which]
                    expected = max(total, 0)
                assert abs(layer.maps[row, col, which] - expected) < 1e-4


def test_the_scores_make_the_networks_probabilities(recognizer, frames):
    for frame in frames[:5]:
        scores = scores_of(frame, recognizer)
        logits = scores.logits / recognizer.confidence.temperature
        softmax = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        assert np.abs(softmax - recognizer.probabilities(frame[None])[0]).max() < 1e-4


def test_a_file_without_named_layers_gets_a_sentence(recognizer, frames, monkeypatch):
    monkeypatch.setattr(recognizer, "_outputs", ["probabilities", "last_map"])
    with pytest.raises(ArtifactError, match="has no layer_1"):
        layers_of(frames[0], recognizer)


@pytest.mark.slow
def test_every_layer_equals_keras_on_twenty_drawings(recognizer, frames):
    import keras

    from model.files.runs import KERAS_FILE
    from model.files.served import SHIPPED

    trained = keras.models.load_model(SHIPPED / KERAS_FILE)
    wanted = [
        layer.output
        for layer in trained.layers
        if isinstance(layer, keras.layers.ReLU | keras.layers.MaxPooling2D)
    ]
    expected = keras.Model(trained.inputs, wanted).predict_on_batch(frames[..., None])
    for number, frame in enumerate(frames):
        layers = layers_of(frame, recognizer)[1:]
        assert len(layers) == len(expected)
        for layer, maps in zip(layers, expected, strict=True):
            assert np.abs(layer.maps - maps[number]).max() < 1e-4
