"""Exports a trained network as an ONNX file; this needs Keras' TensorFlow backend."""

import tempfile
from pathlib import Path

import keras
import onnx
from keras import layers

from model.ink.frame import FRAME_SIDE
from model.reading.confidence import NUM_CLASSES

OPSET = 15  # tf2onnx writes it well, and ONNX Runtime reads it in all current releases


def export(network: keras.Model) -> bytes:
    """Exports a network as an ONNX file that takes frames of shape `(n, 28, 28, 1)`.

    Its outputs carry names: `probabilities`, `(n, 10)`; `layer_1` and `layer_2`, the maps of
    the first convolutions; `last_map`, which the head reads; and, if the head reads it flat,
    `class_maps`.

    Returns:
        The file's content.
    """
    outputs = {"probabilities": network.outputs[0], **_inner_maps(network)}
    served = keras.Model(network.inputs, list(outputs.values()))
    served(keras.ops.zeros((1, FRAME_SIDE, FRAME_SIDE, 1)))  # Keras exports what was called once
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        served.export(str(path), format="onnx", opset_version=OPSET, verbose=False)
        exported = onnx.load(path)
    _name_outputs(exported.graph, list(outputs))
    return exported.SerializeToString()


def _inner_maps(network: keras.Model) -> dict[str, keras.KerasTensor]:
    rectified = [layer for layer in network.layers if isinstance(layer, layers.ReLU)]
    convolved = [layer for layer in network.layers if isinstance(layer, layers.Conv2D)]
    maps = {
        f"layer_{number}": layer.output
        for number, layer in enumerate((rectified or convolved)[:2], start=1)
    }
    last_map = next(la for la in network.layers if isinstance(la, layers.Flatten)).input
    return maps | {"last_map": last_map} | _class_maps(network.layers[-1], last_map)


def _class_maps(head: layers.Dense, last_map: keras.KerasTensor) -> dict[str, keras.KerasTensor]:
    """What each place adds to each logit, `(n, rows, cols, 10)`, where the head reads it flat.

    A logit is then exactly the sum of one number a place, and the bias: no gradient is needed.

    Source: B. Zhou et al., "Learning deep features for discriminative localization", CVPR
    2016, arXiv:1512.04150, for a head that pools; here each place has weights of its own.
    """
    rows, cols, channels = last_map.shape[1:]
    if head.kernel.shape[0] != rows * cols * channels:
        return {}  # a hidden layer lies between map and logits
    per_place = layers.EinsumDense("nxyc,xyck->nxyk", output_shape=(rows, cols, NUM_CLASSES))
    maps = per_place(last_map)
    per_place.kernel.assign(keras.ops.reshape(head.kernel, (rows, cols, channels, NUM_CLASSES)))
    return {"class_maps": maps}


def _name_outputs(graph: onnx.GraphProto, names: list[str]) -> None:
    """Renames the outputs, in place; the export only numbers them."""
    new = dict(zip((output.name for output in graph.output), names, strict=True))
    for output in graph.output:
        output.name = new[output.name]
    for node in graph.node:
        for values in (node.input, node.output):
            values[:] = [new.get(value, value) for value in values]


def annotate(content: bytes, notes: dict[str, str]) -> bytes:
    """The content of an ONNX file with notes added, which its readers look up by key."""
    exported = onnx.load_from_string(content)
    onnx.helper.set_model_props(exported, notes)
    return exported.SerializeToString()
