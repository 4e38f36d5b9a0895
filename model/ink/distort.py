"""Distorts frames at random: rotates, scales, shears, shifts and bends them."""

import cv2
import numpy as np

from model.ink.frame import FRAME_SIDE

# Rotation and shift follow the records on MNIST with convolutional networks (up to 20 degrees
# and 20 %; S. An et al., arXiv:2008.10400). Scale and shear are added because drawn digits
# vary more than MNIST's do.
ROTATION = 17.0  # degrees either way
SCALE = (0.8, 1.15)  # of rows and columns, drawn separately
SHEAR = 0.25  # columns per row, either way
SHIFT = 2.0  # pixels either way

ELASTIC_SHARE = 0.5  # of frames
ELASTIC_SMOOTHNESS = 4.0  # pixels, sigma of the Gaussian; P. Simard et al., ICDAR 2003
ELASTIC_STRENGTH = (0.5, 1.4)  # pixels, root mean square of the displacement

_COLS, _ROWS = np.meshgrid(
    np.arange(FRAME_SIDE, dtype=np.float32), np.arange(FRAME_SIDE, dtype=np.float32)
)
_MIDDLE = (FRAME_SIDE - 1) / 2


def distort(frames: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Rotates, scales, shears and shifts each frame, and bends half of them.

    All of it is one bicubic look-up: a bilinear one would leave frames softer than real ones.

    Args:
        frames: `float32` array of shape `(n, 28, 28)`, 0 paper to 1 ink.
        rng: The source of randomness.
        strength: Scales all ranges; 0 leaves the frames as they are.

    Returns:
        A new array like `frames`.

    Source: elastic distortion, P. Simard, D. Steinkraus and J. Platt, "Best practices for
    convolutional neural networks applied to visual document analysis", ICDAR 2003.
    """
    num = len(frames)
    angle = strength * np.deg2rad(rng.uniform(-ROTATION, ROTATION, num)).astype(np.float32)
    scale = 1 + strength * (rng.uniform(*SCALE, (num, 2)).astype(np.float32) - 1)
    shear = strength * rng.uniform(-SHEAR, SHEAR, num).astype(np.float32)
    shift = strength * rng.uniform(-SHIFT, SHIFT, (num, 2)).astype(np.float32)
    is_bent = rng.random(num) < ELASTIC_SHARE
    bend = strength * np.where(is_bent, rng.uniform(*ELASTIC_STRENGTH, num), 0).astype(np.float32)
    noise = rng.uniform(-1, 1, (num, 2, FRAME_SIDE, FRAME_SIDE)).astype(np.float32)
    distorted = np.empty_like(frames)
    for index in range(num):
        sine, cosine = np.sin(angle[index]), np.cos(angle[index])
        rows, cols = _ROWS - _MIDDLE - shift[index, 0], _COLS - _MIDDLE - shift[index, 1]
        from_rows = (cosine * rows - sine * cols) / scale[index, 0] + _MIDDLE
        from_cols = (sine * rows + cosine * cols + shear[index] * rows) / scale[index, 1] + _MIDDLE
        if bend[index]:
            field = _smooth_field(noise[index], bend[index])
            from_rows += field[..., 0]
            from_cols += field[..., 1]
        distorted[index] = cv2.remap(
            frames[index],
            from_cols,
            from_rows,
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=0,
        )
    return np.clip(distorted, 0, 1)


def _smooth_field(noise: np.ndarray, strength: float) -> np.ndarray:
    """Returns displacements in pixels, `(28, 28, 2)`, with a root mean square of `strength`."""
    field = cv2.GaussianBlur(
        noise.transpose(1, 2, 0), (0, 0), ELASTIC_SMOOTHNESS, borderType=cv2.BORDER_REFLECT
    )
    return field * (strength / max(float(np.sqrt((field**2).mean())), 1e-6))
