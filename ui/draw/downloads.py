"""What a visitor may take along: the drawing, the frame, and all numbers as JSON."""

import json
from collections.abc import Callable

import numpy as np
import streamlit as st

from ui.resources import png


def downloads(
    strokes: list[np.ndarray],
    ink: Callable[[], np.ndarray],
    frame: np.ndarray,
    probabilities: np.ndarray,
) -> None:
    """Shows a menu with three files; each is made when it is asked for.

    Args:
        strokes: Arrays of shape `(num_points, 2)`, canvas pixels.
        ink: Draws the canvas, a `float32` array of shape `(side, side)`.
        frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.
        probabilities: `(10,)`.
    """
    with st.popover("Download", icon=":material/download:"):
        st.download_button(
            "Drawing, PNG",
            lambda: png(ink()),
            "drawing.png",
            on_click="ignore",
        )
        st.download_button(
            "28 × 28 pixels, PNG", lambda: png(frame), "digit-28x28.png", on_click="ignore"
        )
        st.download_button(
            "Strokes and probabilities, JSON",
            lambda: as_json(strokes, probabilities),
            "digit.json",
            on_click="ignore",
        )


def as_json(strokes: list[np.ndarray], probabilities: np.ndarray) -> str:
    """Points are x, y in canvas pixels, y growing downwards."""
    return json.dumps(
        {
            "strokes": [np.round(stroke, 2).tolist() for stroke in strokes],
            "probabilities": [round(float(value), 6) for value in probabilities],
        }
    )
