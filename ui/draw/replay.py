"""Replays a drawing: the answer after each part of it."""

from pathlib import Path

import numpy as np
import streamlit as st

from model.errors import DigitError
from model.ink.frame import strokes_to_mnist
from model.ink.pen import partial_drawings
from model.reading.recognizer import Recognizer
from ui.charts import PROBABILITY_AXIS, SCHEMA, TABLEAU
from ui.formatting import percent
from ui.pictures import picture_url

NUM_MOMENTS = 30  # one batch for the network
MIN_PROBABILITY = 0.2  # a digit that was never more probable gets no curve

_PLAYER = st.components.v2.component(
    "digitpad_replay",
    html="""
<div class="replay">
  <img class="frame" alt="">
  <output></output>
  <button type="button">Play</button>
  <input type="range" min="0" aria-label="Share of the pen's path">
</div>
""",
    css=Path(__file__).with_suffix(".css").read_text(),
    js=Path(__file__).with_suffix(".js").read_text(),
)


def show_replay(strokes: list[np.ndarray], canvas_side: int, recognizer: Recognizer) -> None:
    """Shows probabilities over the pen's path, and a player that goes through its moments."""
    shares, frames = growing_frames(strokes, canvas_side)
    probabilities = recognizer.probabilities(np.stack(frames))
    answers = probabilities.argmax(axis=1)
    changes = [
        f"{answers[index]} from {shares[index]:.0%}"
        for index in range(len(answers))
        if index == 0 or answers[index] != answers[index - 1]
    ]
    st.write("Read as " + ", then ".join(changes) + " of the pen's path.")
    moments = [
        {
            "frame": picture_url(frame, scale=4),
            "answer": f"{answer} ({percent(row.max())})",
            "path": f"{share:.0%} of the pen's path",
        }
        for frame, answer, row, share in zip(frames, answers, probabilities, shares, strict=True)
    ]
    _PLAYER(data={"moments": moments}, key="replay")
    st.vega_lite_chart(_chart(shares, probabilities))


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
    highest = probabilities.max(axis=0)
    digits = np.flatnonzero(highest >= min(MIN_PROBABILITY, highest.max()))
    rows = [
        {"path": share, "digit": str(digit), "probability": float(row[digit])}
        for share, row in zip(shares, probabilities, strict=True)
        for digit in digits
    ]
    return {
        "$schema": SCHEMA,
        "title": "Probabilities along the pen's path",
        "description": "Lines of the probable digits: " + ", ".join(map(str, digits)),
        "height": 300,
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
            "color": {
                "field": "digit",
                "type": "nominal",
                "scale": {"range": TABLEAU},
                "legend": {"orient": "top", "symbolType": "stroke", "symbolStrokeWidth": 3},
            },
            "strokeDash": {"field": "digit", "type": "nominal"},
            "tooltip": [
                {"field": "digit", "type": "nominal"},
                {"field": "path", "type": "quantitative", "format": ".0%"},
                {"field": "probability", "type": "quantitative", "format": ".1%"},
            ],
        },
    }
