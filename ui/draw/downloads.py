"""Downloads of a drawing: the picture, the frame, and strokes and probabilities as JSON."""

import json
from collections.abc import Callable
from functools import partial

import numpy as np
import streamlit as st

from ui.pictures import png


def show_downloads(
    strokes: list[np.ndarray],
    draw_ink: Callable[[], np.ndarray],
    frame: np.ndarray,
    probabilities: np.ndarray,
) -> None:
    """Shows a menu with three files, each made when it is asked for.

    Args:
        strokes: Arrays of shape `(num_points, 2)`, canvas pixels.
        draw_ink: Draws the canvas, a `float32` array of shape `(side, side)`.
        frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.
        probabilities: `(10,)`.
    """
    menu = st.popover("Download", icon=":material/download:", key="download", on_change="rerun")
    if not menu.open:
        return
    as_text = partial(as_json, strokes, probabilities)
    with menu:
        for label, make, name in (
            ("Drawing, PNG", lambda: png(draw_ink()), "drawing.png"),
            ("28 × 28 pixels, PNG", lambda: png(frame), "digit-28x28.png"),
            ("Strokes and probabilities, JSON", as_text, "digit.json"),
        ):
            st.download_button(label, make, name, on_click="ignore")


def as_json(strokes: list[np.ndarray], probabilities: np.ndarray) -> str:
    """Strokes and probabilities; points are x, y in canvas pixels, y growing downwards."""
    return json.dumps(
        {
            "strokes": [np.round(stroke, 2).tolist() for stroke in strokes],
            "probabilities": [round(float(value), 6) for value in probabilities],
        }
    )
