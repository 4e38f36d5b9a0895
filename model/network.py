"""The networks: the one that is shipped and the tutorials' one, and their export to ONNX."""

from pathlib import Path

import keras
import onnx
from keras import layers

from model.preprocess import FRAME_SIDE

NUM_CLASSES = 10
NUM_TUTORIAL_PARAMETERS = 607_394
NUM_DIGITPAD_PARAMETERS = 333_866
OPSET = 15  # tf2onnx writes it well, and ONNX Runtime reads it in all current releases


def build_tutorial(seed: int | None = None) -> keras.Model:
    """The textbook network, as most MNIST tutorials have it; 607,394 parameters.

    Takes `(n, 28, 28, 1)` frames, 0 to 1; returns `(n, 10)` probabilities.
    """
    return keras.Sequential(
        [
            keras.Input((FRAME_SIDE, FRAME_SIDE, 1)),
            layers.Conv2D(28, 3),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.2, seed=seed),
            layers.Dense(NUM_CLASSES, activation="softmax"),
        ],
        name="tutorial",
    )


def build_digitpad(seed: int | None = None) -> keras.Model:
    """Six 3x3 convolutions with batch normalisation and one dense layer; 333,866 parameters.

    The first two convolutions are unpadded, and the head reads the 6x6 map flat, so that it
    knows where ink is; pooling over all places loses that and measures lower.

    Takes `(n, 28, 28, 1)` frames, 0 to 1; returns `(n, 10)` probabilities.

    Source: the trunk follows C. Deotte, "25 million images! 0.99757", Kaggle 2018, and
    S. An et al., arXiv:2008.10400.
    """
    inputs = keras.Input((FRAME_SIDE, FRAME_SIDE, 1))
    x = inputs
    for filters, padding in ((32, "valid"), (64, "same"), (128, "same")):
        for _ in range(2):
            x = layers.Conv2D(filters, 3, padding=padding, use_bias=False)(x)
            x = layers.BatchNormalization(momentum=0.99)(x)
            x = layers.ReLU()(x)
        if filters < 128:
            x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(0.3, seed=seed)(x)
    outputs = layers.Dense(NUM_CLASSES, activation="softmax")(x)
    return keras.Model(inputs, outputs, name="digitpad")


BUILDERS = {"digitpad": build_digitpad, "tutorial": build_tutorial}


def export(network: keras.Model, path: Path) -> None:
    """Writes the network as an ONNX file that takes frames of shape `(n, 28, 28, 1)`."""
    network.export(str(path), format="onnx", opset_version=OPSET, verbose=False)


def annotate(path: Path, notes: dict[str, str]) -> bytes:
    """The content of an ONNX file with notes added, which its readers can look up by key."""
    exported = onnx.load(path)
    onnx.helper.set_model_props(exported, notes)
    return exported.SerializeToString()
