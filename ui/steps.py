"""A picture of one step, with a line below."""

import numpy as np
import streamlit as st

from ui.resources import picture_url

WIDTH = 150  # CSS pixels


def step(picture: np.ndarray, caption: str) -> None:
    """Shows a `float32` picture, 0 paper to 1 ink, of any shape, pixels kept visible."""
    rows, cols = picture.shape
    side = max(rows, cols)
    square = np.zeros((side, side), np.float32)
    top, left = (side - rows) // 2, (side - cols) // 2
    square[top : top + rows, left : left + cols] = picture
    scale = max(1, WIDTH // side)
    st.image(picture_url(square, scale), caption=caption, width=WIDTH)
