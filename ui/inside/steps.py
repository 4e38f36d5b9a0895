"""A picture of one step, with a line below."""

import numpy as np
import streamlit as st

from ui.resources import picture_url

WIDTH = 150  # CSS pixels
NUM_ACROSS = 8  # maps in a row of a mosaic
MOSAIC_SCALE = 2  # screens have twice as many pixels
MOSAIC_WIDTH = 320


def step(picture: np.ndarray, caption: str) -> None:
    """Shows a `float32` picture, 0 paper to 1 ink, of any shape, pixels kept visible."""
    rows, cols = picture.shape
    side = max(rows, cols)
    square = np.zeros((side, side), np.float32)
    top, left = (side - rows) // 2, (side - cols) // 2
    square[top : top + rows, left : left + cols] = picture
    scale = max(1, WIDTH // side)
    st.image(picture_url(square, scale), caption=caption, width=WIDTH)


def layer(maps: np.ndarray, caption: str) -> None:
    """Shows a layer's maps, `float32` of shape `(rows, cols, channels)`, as one picture."""
    st.image(picture_url(mosaic(maps), MOSAIC_SCALE), caption=caption, width=MOSAIC_WIDTH)


def mosaic(maps: np.ndarray) -> np.ndarray:
    """A layer's maps side by side, as one picture.

    Args:
        maps: `float32` array of shape `(rows, cols, channels)`, any range.

    Returns:
        `float32` array, 0 to 1, eight maps across, each scaled to its own strongest place,
        with a dark line between them.
    """
    rows, cols, num = maps.shape
    num_down = -(-num // NUM_ACROSS)
    sheet = np.zeros((num_down * (rows + 1), NUM_ACROSS * (cols + 1)), np.float32)
    for index in range(num):
        one = maps[..., index] - min(float(maps[..., index].min()), 0)
        top, left = index // NUM_ACROSS * (rows + 1), index % NUM_ACROSS * (cols + 1)
        sheet[top : top + rows, left : left + cols] = one / max(float(one.max()), 1e-9)
    return sheet[:-1, :-1]
