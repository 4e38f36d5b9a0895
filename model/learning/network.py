"""Defines the shipped network and the textbook network, on any of Keras' backends."""

import keras
from keras import layers

from model.ink.frame import FRAME_SIDE
from model.reading.confidence import NUM_CLASSES

NUM_TUTORIAL_PARAMETERS = 607_394
NUM_DIGITPAD_PARAMETERS = 495_530


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
    """Six 3x3 convolutions with batch normalisation and one dense layer; 495,530 parameters.

    The first two convolutions are unpadded, and the head reads the 6x6 map flat, so that it
    knows where ink is; pooling over all places loses that and measures lower.

    Takes `(n, 28, 28, 1)` frames, 0 to 1; returns `(n, 10)` probabilities.

    Source: the trunk follows C. Deotte, "25 million images! 0.99757", Kaggle 2018, and
    S. An et al., arXiv:2008.10400.
    """
    inputs = keras.Input((FRAME_SIDE, FRAME_SIDE, 1))
    x = inputs
    for filters, padding in ((32, "valid"), (80, "same"), (160, "same")):
        for _ in range(2):
            x = layers.Conv2D(filters, 3, padding=padding, use_bias=False)(x)
            x = layers.BatchNormalization(momentum=0.99)(x)
            x = layers.ReLU()(x)
        if filters < 160:
            x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(0.3, seed=seed)(x)
    outputs = layers.Dense(NUM_CLASSES, activation="softmax")(x)
    return keras.Model(inputs, outputs, name="digitpad")


BUILDERS = {"digitpad": build_digitpad, "tutorial": build_tutorial}
