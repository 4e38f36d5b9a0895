"""Replays a drawing: the answer after each part of it."""

import numpy as np
import streamlit as st

from model.errors import DigitError
from model.ink.frame import strokes_to_mnist
from model.ink.pen import partial_drawings
from model.reading.recognizer import Recognizer
from ui.charts import PROBABILITY_AXIS, SCHEMA, TABLEAU
from ui.pictures import picture_url

NUM_MOMENTS = 30  # one batch for the network
SLIDER_WIDTH = 280  # CSS pixels; as wide as the canvas, so that a finger can aim
MIN_PROBABILITY = 0.05  # a digit that was never more probable gets no curve


def show_replay(strokes: list[np.ndarray], canvas_side: int, recognizer: Recognizer) -> None:
    """Shows probabilities over the pen's path, and a slider to look at each moment."""
    shares, frames = growing_frames(strokes, canvas_side)
    probabilities = recognizer.probabilities(np.stack(frames))
    answers = probabilities.argmax(axis=1)
    changes = [
        f"{answers[index]} from {shares[index]:.0%}"
        for index in range(len(answers))
        if index == 0 or answers[index] != answers[index - 1]
    ]
    st.write("Read as " + ", then ".join(changes) + " of the pen's path.")
    st.vega_lite_chart(_chart(shares, probabilities))
    at = len(frames) - 1
    if at > 0:
        at = st.slider("Moment", 1, len(frames), len(frames), key="moment", width=SLIDER_WIDTH) - 1
    st.image(
        picture_url(frames[at], scale=4),
        caption=f"{answers[at]} with {probabilities[at].max():.0%}",
        width=112,
    )


def growing_frames(
    strokes: list[np.ndarray], canvas_side: int
) -> tuple[list[float], list[np.ndarray]]:
    """The drawing at several moments, without those at which it was only a dot.

    Returns:
        Shares of the pen's path, 0 to 1, and the frames, `float32` of shape `(28, 28)`.
    """
    shares, frames = [], []
    for index, part in enumerate(partial_drawings(strokes, NUM_MOMENTS), start=1):
        try:
            frames.append(strokes_to_mnist(part, canvas_side))
        except DigitError:
            continue
        shares.append(index / NUM_MOMENTS)
    return shares, frames


def _chart(shares: list[float], probabilities: np.ndarray) -> dict:
    """A Vega-Lite specification; Altair would take a third of a second to load with the page."""
    digits = np.flatnonzero(probabilities.max(axis=0) >= MIN_PROBABILITY)
    rows = [
        {"path": share, "digit": str(digit), "probability": float(row[digit])}
        for share, row in zip(shares, probabilities, strict=True)
        for digit in digits
    ]
    return {
        "$schema": SCHEMA,
        "title": "Probabilities along the pen's path",
        "description": "Lines of the probable digits: " + ", ".join(map(str, digits)),
        "height": 200,
        "data": {"values": rows},
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {
                "field": "path",
                "type": "quantitative",
                "title": "pen's path",
                "axis": {"format": "%"},
            },
            "y": PROBABILITY_AXIS,
            "color": {"field": "digit", "type": "nominal", "scale": {"range": TABLEAU}},
            "strokeDash": {"field": "digit", "type": "nominal"},
            "tooltip": [
                {"field": "digit", "type": "nominal"},
                {"field": "path", "type": "quantitative", "format": ".0%"},
                {"field": "probability", "type": "quantitative", "format": ".1%"},
            ],
        },
    }
