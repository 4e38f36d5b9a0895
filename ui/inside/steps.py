"""Shows the steps from the strokes to the frame, and other demos' preprocessing."""

import numpy as np
import streamlit as st

from model.ink.other_preparations import OTHERS
from model.ink.pen import PEN_WIDTH, draw_strokes
from model.reading.recognizer import Recognizer
from ui.pictures import picture_url

WIDTH = 150  # CSS pixels


def show_steps(strokes: list[np.ndarray], ink: np.ndarray, frame: np.ndarray) -> None:
    """Shows how a drawing becomes a frame.

    Args:
        strokes: Arrays of shape `(num_points, 2)`, canvas pixels.
        ink: The canvas, `float32` array of shape `(side, side)`, 0 paper to 1 ink.
        frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.
    """
    with st.container(horizontal=True):
        _show_picture(ink, "1. Your ink, as you see it")
        _show_picture(
            draw_strokes(strokes, PEN_WIDTH),
            "2. Drawn again with MNIST's pen, longer side 20 pixels",
        )
        _show_picture(frame, "3. Pasted into 28 × 28 with its centre of mass in the middle")


def show_other_preparations(ink: np.ndarray, answer: int, recognizer: Recognizer) -> None:
    """Shows the frames that other demos make of a drawing, and what the network reads in them.

    Args:
        ink: As in `show_steps`.
        answer: The digit that was read in DigitPad's frame.
        recognizer: The network that reads them.
    """
    if not ink.any():
        st.info("Your drawing lies outside the canvas, so other demos don't see it.")
        return
    st.write("The same network, with other demos' preprocessing.")
    frames = np.stack([prepare(ink) for prepare in OTHERS.values()])
    with st.container(horizontal=True):
        for name, frame, row in zip(OTHERS, frames, recognizer.probabilities(frames), strict=True):
            same = "the same" if row.argmax() == answer else "another answer"
            _show_picture(frame, f"{name}: {row.argmax()} with {row.max():.0%}, {same}")


def _show_picture(picture: np.ndarray, caption: str) -> None:
    """Shows a `float32` picture, 0 paper to 1 ink, of any shape; its pixels stay visible."""
    rows, cols = picture.shape
    side = max(rows, cols)
    square = np.zeros((side, side), np.float32)
    top, left = (side - rows) // 2, (side - cols) // 2
    square[top : top + rows, left : left + cols] = picture
    st.image(picture_url(square, max(1, WIDTH // side)), caption=caption, width=WIDTH)
