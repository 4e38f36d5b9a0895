"""Makes and judges the int8 network: a run's network with integer arithmetic, for `--fast`.

The first convolution, which reads grey levels, and the head, whose softmax needs fine steps, stay
in float32. Weights have 7 bits, so that sums of two products fit into 16 bits: processors without
VNNI, which add them so, then compute the same numbers as those with it.
"""

import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from model.learning import augment, evaluation
from model.learning.data import Dataset
from model.reading.onnx_parts import output_names, with_outputs
from model.reading.recognizer import Recognizer

MAX_LOSS = 0.0002  # share of any set's images that may be read worse than by the float32 network
NUM_CALIBRATION = 1000  # training images, and as many as other people would draw them
CALIBRATION_SEED = 2_000_000  # other distortions than those trained on or fitted with
FRAMES_A_CALL = 50
ROUNDING = 1e-9  # of shares that are compared


def add_int8(
    exported: bytes, training: Dataset, seed: int, sets: dict[str, tuple[Dataset, dict]]
) -> tuple[bytes | None, dict | None]:
    """Makes a network's int8 form and judges it.

    Args:
        exported: The float32 network's file, with its notes.
        training: Images to find the ranges of the layers' numbers with.
        seed: The run's.
        sets: By name, images to judge it by, and the float32 network's figures on them.

    Returns:
        The int8 network's file, `None` if it was refused, and its part of the report: `sha256`,
        `num_bytes`, `refused` (why, or `""`) and its accuracy on each set. Twice `None` for a
        network with fewer than two convolutions, which would be no faster.
    """
    content = quantize(exported, calibration_frames(training, seed))
    if content is None:
        return None, None
    recognizer = Recognizer(content)
    part = {"sha256": recognizer.key[1], "num_bytes": len(content), "refused": ""}
    for name, (images, figures) in sets.items():
        part[name] = evaluation.accuracy(recognizer.probabilities(images.frames), images.labels)
        lost = figures["accuracy"] - part[name]["accuracy"]
        if lost > MAX_LOSS + ROUNDING and not part["refused"]:
            part["refused"] = (
                f"it reads {part[name]['accuracy']:.2%} of the {name} images where the float32 "
                f"network reads {figures['accuracy']:.2%}, and {MAX_LOSS:.2%} less is allowed"
            )
    return (None if part["refused"] else content), part


def calibration_frames(training: Dataset, seed: int) -> np.ndarray:
    """Training images as MNIST has them, and as other people would draw them."""
    rng = np.random.default_rng((seed, CALIBRATION_SEED))
    chosen = rng.choice(len(training), min(NUM_CALIBRATION, len(training)), replace=False)
    frames = training.frames[chosen]
    drawn = augment.variants(frames, training.labels[chosen], rng)
    return np.concatenate([frames, np.clip(drawn, 0, 1)]).astype(np.float32)


def quantize(exported: bytes, frames: np.ndarray) -> bytes | None:
    """The int8 form of a network's file, with the same notes and its first output alone.

    Args:
        exported: The float32 network's file.
        frames: `float32` array of shape `(n, 28, 28)`, from which the ranges are found.

    Returns:
        The file's content; `None` if the network has fewer than two convolutions.

    Source: B. Jacob et al., "Quantization and training of neural networks for efficient
    integer-arithmetic-only inference", CVPR 2018, arXiv:1712.05877.
    """
    with tempfile.TemporaryDirectory() as folder:
        whole, prepared, small = (Path(folder) / name for name in ("whole", "prepared", "small"))
        whole.write_bytes(with_outputs(exported, output_names(exported)[:1]))
        quant_pre_process(str(whole), str(prepared), skip_symbolic_shape=True)
        graph = onnx.load(prepared).graph
        convolutions = [node.name for node in graph.node if node.op_type == "Conv"]
        if len(convolutions) < 2:
            return None
        quantize_static(
            str(prepared),
            str(small),
            _Frames(graph.input[0].name, frames),
            op_types_to_quantize=["Conv", "MaxPool"],
            nodes_to_exclude=convolutions[:1],
            per_channel=True,
            reduce_range=True,
        )
        quantized = onnx.load(small)
    notes = {each.key: each.value for each in onnx.load_from_string(exported).metadata_props}
    del quantized.metadata_props[:]
    onnx.helper.set_model_props(quantized, notes)
    return quantized.SerializeToString()


class _Frames(CalibrationDataReader):
    """Hands frames to ONNX Runtime, some at a time."""

    def __init__(self, name: str, frames: np.ndarray):
        starts = range(0, len(frames), FRAMES_A_CALL)
        self._calls = ({name: frames[at : at + FRAMES_A_CALL, ..., None]} for at in starts)

    def get_next(self) -> dict | None:
        return next(self._calls, None)
