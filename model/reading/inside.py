"""The network from the inside: what each layer makes of a frame, and by which weights."""

from dataclasses import dataclass

import numpy as np

from model.reading.recognizer import Recognizer

FRAME, CONVOLUTION, POOLING = "frame", "convolution", "pooling"


@dataclass(frozen=True)
class Layer:
    """One layer's maps of one frame.

    Attributes:
        kind: `FRAME`, `CONVOLUTION` or `POOLING`.
        maps: `float32` array of shape `(rows, cols, num_maps)`.
        field: Sides in pixels of the part of the frame that one number depends on.
        kernel: A convolution's weights, `(num_maps, num_inputs, 3, 3)`; batch normalisation is
            part of them.
        bias: A convolution's, `(num_maps,)`.
    """

    kind: str
    maps: np.ndarray
    field: int
    kernel: np.ndarray | None = None
    bias: np.ndarray | None = None

    @property
    def num_weights(self) -> int:
        """How many numbers training found for this layer."""
        return 0 if self.kernel is None else self.kernel.size + self.bias.size

    @property
    def strongest(self) -> int:
        """The map with the largest number."""
        return int(self.maps.max(axis=(0, 1)).argmax())


@dataclass(frozen=True)
class Scores:
    """How the last layer's maps become ten scores.

    Attributes:
        places: What each place of the last map adds to each digit's score, `(rows, cols, 10)`.
        bias: `(10,)`.
        num_weights: Of the last step.
    """

    places: np.ndarray
    bias: np.ndarray
    num_weights: int

    @property
    def logits(self) -> np.ndarray:
        """The scores, `(10,)`; softmax makes probabilities of them."""
        return self.places.sum(axis=(0, 1)) + self.bias


def layers_of(frame: np.ndarray, recognizer: Recognizer) -> list[Layer]:
    """The frame and the maps of all layers, in the network's order.

    Args:
        frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.
        recognizer: The network.

    Raises:
        ArtifactError: If the network's file does not name its layers.
    """
    inner = recognizer.inner(frame)
    layers = [Layer(FRAME, frame[..., None], field=1)]
    step = 1  # pixels of the frame from one number to the next
    for name in recognizer.layer_names:
        if name.startswith("pool"):
            layers.append(Layer(POOLING, inner[name], layers[-1].field + step))
            step *= 2
        else:
            number = name.removeprefix("layer_")
            kernel, bias = inner[f"kernel_{number}"], inner[f"bias_{number}"]
            layers.append(
                Layer(CONVOLUTION, inner[name], layers[-1].field + 2 * step, kernel, bias)
            )
    return layers


def scores_of(frame: np.ndarray, recognizer: Recognizer) -> Scores:
    """How a frame's scores come about; see `layers_of`.

    Raises:
        ArtifactError: If a hidden layer lies between the last map and the scores, or the
            network's file does not name these parts.
    """
    places = recognizer.maps("class_maps", frame[None])[0]
    inner = recognizer.inner(frame)
    return Scores(places, inner["head_bias"], inner["last_map"].size * 10 + 10)
