"""Exports a trained network as an ONNX file; this needs Keras' TensorFlow backend."""

import tempfile
from pathlib import Path

import keras
import numpy as np
import onnx
from keras import layers

from model.ink.frame import FRAME_SIDE
from model.reading.confidence import NUM_CLASSES

OPSET = 15  # tf2onnx writes it well, and ONNX Runtime reads it in all current releases


def export(network: keras.Model) -> bytes:
    """Exports a network as an ONNX file that takes frames of shape `(n, 28, 28, 1)`.

    Its outputs carry names: `probabilities`, `(n, 10)`; `last_map`, which the head reads; if the
    head reads it flat, `class_maps`; and those of `name_layers`.

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
    name_layers(exported.graph)
    return exported.SerializeToString()


def _inner_maps(network: keras.Model) -> dict[str, keras.KerasTensor]:
    last_map = next(la for la in network.layers if isinstance(la, layers.Flatten)).input
    return {"last_map": last_map} | _class_maps(network.layers[-1], last_map)


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


def name_layers(graph: onnx.GraphProto) -> None:
    """Adds outputs, in place: each layer's maps and weights.

    `layer_k`, `(n, rows, cols, num_maps)`, is what the k-th convolution and its ReLU make;
    `kernel_k`, `(num_maps, num_inputs, 3, 3)`, and `bias_k`, `(num_maps,)`, are its weights,
    which batch normalisation became part of; `pool_k` is what the k-th pooling makes; `head_bias`,
    `(10,)`, is the last layer's.
    """
    readers = {name: node for node in graph.node for name in node.input}
    weights = {each.name for each in graph.initializer}
    num_convolutions = num_poolings = 0
    for node in [*graph.node]:
        if node.op_type == "Conv":
            num_convolutions += 1
            _add_output(graph, "Identity", node.input[1], f"kernel_{num_convolutions}")
            bias = node.input[2] if len(node.input) > 2 else _zeros(graph, node.input[1])
            _add_output(graph, "Identity", bias, f"bias_{num_convolutions}")
            after = readers.get(node.output[0])
            last = after if after is not None and after.op_type == "Relu" else node
            _add_output(graph, "Transpose", last.output[0], f"layer_{num_convolutions}")
        elif node.op_type == "MaxPool":
            num_poolings += 1
            _add_output(graph, "Transpose", node.output[0], f"pool_{num_poolings}")
        elif node.op_type == "Add" and readers[node.output[0]].op_type == "Softmax":
            bias = next(name for name in node.input if name in weights)
            _add_output(graph, "Identity", bias, "head_bias")


def _zeros(graph: onnx.GraphProto, kernel: str) -> str:
    """The name of as many zeros as a kernel has maps: the export leaves out a bias of zeros."""
    (num, *_), name = next(w.dims for w in graph.initializer if w.name == kernel), f"no_{kernel}"
    graph.initializer.append(onnx.numpy_helper.from_array(np.zeros(num, np.float32), name))
    return name


def _add_output(graph: onnx.GraphProto, operation: str, value: str, name: str) -> None:
    to_last = {"perm": [0, 2, 3, 1]} if operation == "Transpose" else {}  # channels come last
    graph.node.append(onnx.helper.make_node(operation, [value], [name], **to_last))
    num_axes = 1 if "bias" in name else 4
    graph.output.append(
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None] * num_axes)
    )


def annotate(content: bytes, notes: dict[str, str]) -> bytes:
    """The content of an ONNX file with notes added, which its readers look up by key."""
    exported = onnx.load_from_string(content)
    onnx.helper.set_model_props(exported, notes)
    return exported.SerializeToString()
