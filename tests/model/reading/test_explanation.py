"""Class maps add up to the logits, and the tint shows which ink supports which digit."""

import numpy as np
import pytest

from model.errors import ArtifactError
from model.reading.explanation import contrast, tint


def test_a_place_of_the_map_covers_its_pixels():
    maps = np.zeros((6, 6, 10), np.float32)
    maps[1, 4, 7] = 1
    for_seven = contrast(maps, 7, 1)
    assert for_seven.shape == (28, 28)
    peak = np.unravel_index(for_seven.argmax(), for_seven.shape)
    assert peak[0] in (7, 8) and peak[1] in (19, 20)  # 2 + 4 * place + 1.5
    assert np.array_equal(contrast(maps, 1, 7), -for_seven)


def test_ink_is_blue_for_the_answer_orange_for_the_rival():
    frame = np.zeros((28, 28), np.float32)
    frame[10, 5:25] = 1
    for_answer = np.zeros((28, 28), np.float32)
    for_answer[:, :14], for_answer[:, 14:] = 1, -1
    colors = tint(frame, for_answer)
    assert colors.dtype == np.uint8 and colors[0, 0].tolist() == [0, 0, 0]  # paper
    red, _, blue = colors[10, 6].astype(int)
    assert blue > red
    red, _, blue = colors[10, 22].astype(int)
    assert red > blue
    assert tint(frame, np.zeros((28, 28), np.float32))[10, 6].tolist() == [255, 255, 255]


@pytest.mark.slow
def test_class_maps_and_bias_add_up_to_the_logits():
    from model.learning import network, onnx_file
    from model.reading.recognizer import Recognizer

    built = network.build_digitpad(seed=1)
    recognizer = Recognizer(onnx_file.export(built))
    frames = np.random.default_rng(0).random((3, 28, 28), np.float32)
    maps = recognizer.maps("class_maps", frames)
    assert maps.shape == (3, 6, 6, 10)
    logits = maps.sum(axis=(1, 2)) + built.layers[-1].get_weights()[1]
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.allclose(softmax, recognizer.probabilities(frames), atol=1e-5)


@pytest.mark.slow
def test_a_network_without_a_flat_head_has_no_class_maps():
    from model.learning import network, onnx_file
    from model.reading.recognizer import Recognizer

    recognizer = Recognizer(onnx_file.export(network.build_tutorial()))
    with pytest.raises(ArtifactError, match="no class_maps"):
        recognizer.maps("class_maps", np.zeros((1, 28, 28), np.float32))
