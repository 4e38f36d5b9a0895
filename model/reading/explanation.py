"""Shows which ink supports an answer and which its strongest rival."""

import numpy as np

from model.errors import ArtifactError
from model.ink.frame import FRAME_SIDE

BLUE, ORANGE, WHITE = np.array([[40, 130, 255.0], [255, 140, 0.0], [255, 255, 255.0]])  # RGB


def contrast(class_maps: np.ndarray, answer: int, rival: int) -> np.ndarray:
    """Returns how much more each pixel adds to the answer's logit than to its rival's.

    The network's first two convolutions take 2 pixels from each border and its two poolings
    halve the rest, so each place of the 6x6 map covers 4x4 pixels of the frame's inner 24x24.

    Args:
        class_maps: `float32` array of shape `(6, 6, 10)`, of one frame.
        answer, rival: Digits.

    Returns:
        `float32` array of shape `(28, 28)`; above 0 supports the answer.

    Raises:
        ArtifactError: If the maps are not square or larger than half a frame.
    """
    difference = class_maps[..., answer] - class_maps[..., rival]
    if (
        difference.ndim != 2
        or difference.shape[0] != difference.shape[1]
        or not (1 <= difference.shape[0] < FRAME_SIDE // 2)
    ):
        raise ArtifactError(f"Class maps of shape {class_maps.shape} can't be laid over a frame.")
    side = difference.shape[0]
    pixels = FRAME_SIDE // (side + 1)
    inner = side * pixels
    # Linear between the centres of the places, constant beyond the outermost ones.
    at = (np.arange(inner) + 0.5) / pixels - 0.5
    places = np.arange(side)
    rows = np.stack([np.interp(at, places, column) for column in difference.T], axis=1)
    smooth = np.stack([np.interp(at, places, row) for row in rows])
    border = (FRAME_SIDE - inner) // 2
    return np.pad(smooth, border, mode="edge").astype(np.float32)


def tint(frame: np.ndarray, for_answer: np.ndarray) -> np.ndarray:
    """Colours a frame's ink: blue for the answer, orange for the rival, white for neither.

    Args:
        frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.
        for_answer: From `contrast`, `(28, 28)`.

    Returns:
        `uint8` array of shape `(28, 28, 3)`, RGB on black.
    """
    weight = for_answer * frame
    strength = np.clip(for_answer / max(float(np.abs(weight).max()), 1e-6), -1, 1)[..., None]
    color = np.where(strength > 0, WHITE + strength * (BLUE - WHITE), WHITE)
    color = np.where(strength < 0, WHITE - strength * (ORANGE - WHITE), color)
    return np.round(color * frame[..., None]).astype(np.uint8)
