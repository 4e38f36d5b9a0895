"""Cuts an ONNX file down to what some of its outputs need.

ONNX Runtime computes everything in a file, whichever outputs are asked for. The package `onnx`,
which could cut it, is not needed to serve, and is larger than all that is.
"""

from collections.abc import Iterable

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

# The fields of onnx.proto that matter here, by number; protobuf keeps the others as they are.
_MESSAGES = {
    "Model": {"graph": (7, "Graph")},
    "Graph": {"node": (1, "Node"), "initializer": (5, "Tensor"), "output": (12, "Value")},
    "Node": {"input": (1, ""), "output": (2, "")},
    "Tensor": {"name": (8, "")},
    "Value": {"name": (1, "")},
}
_SINGLE = ("graph", "name")


def _model_class():
    file = descriptor_pb2.FileDescriptorProto(name="onnx_parts.proto", package="onnx_parts")
    kinds = descriptor_pb2.FieldDescriptorProto
    for message, fields in _MESSAGES.items():
        described = file.message_type.add(name=message)
        for name, (number, kind) in fields.items():
            described.field.add(
                name=name,
                number=number,
                type=kinds.TYPE_MESSAGE if kind else kinds.TYPE_BYTES,
                type_name=f".onnx_parts.{kind}" if kind else None,
                label=kinds.LABEL_OPTIONAL if name in _SINGLE else kinds.LABEL_REPEATED,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("onnx_parts.Model"))


_Model = _model_class()


def output_names(content: bytes) -> list[str]:
    """The names of a file's outputs, in order.

    Raises:
        google.protobuf.message.DecodeError: If it is no ONNX file.
    """
    outputs = _Model.FromString(content).graph.output
    return [output.name.decode(errors="replace") for output in outputs]


def with_outputs(content: bytes, names: Iterable[str]) -> bytes:
    """A file's content with these outputs alone, and only the nodes and weights that they need.

    Nodes with graphs inside, such as loops, are not looked into.

    Raises:
        google.protobuf.message.DecodeError: If it is no ONNX file.
    """
    model = _Model.FromString(content)
    graph = model.graph
    needed = {name.encode() for name in names}
    outputs = [output for output in graph.output if output.name in needed]
    nodes = []
    for node in reversed(graph.node):  # each comes after those whose results it takes
        if not needed.isdisjoint(node.output):
            needed.update(node.input)
            nodes.append(node)
    weights = [weight for weight in graph.initializer if weight.name in needed]
    kept = {"node": nodes[::-1], "initializer": weights, "output": outputs}
    for name, parts in kept.items():
        copies = [type(part).FromString(part.SerializeToString()) for part in parts]
        graph.ClearField(name)
        getattr(graph, name).extend(copies)
    return model.SerializeToString()
