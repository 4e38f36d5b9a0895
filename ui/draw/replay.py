"""The pen's way to the answer: what was read while the drawing grew."""

import numpy as np
import pandas as pd
import streamlit as st

from model.errors import DigitError
from model.ink.frame import strokes_to_mnist
from model.ink.strokes import partial_drawings
from model.reading.recognizer import Recognizer
from ui import charts
from ui.resources import picture_url

NUM_MOMENTS = 30  # one batch; more would not be seen
SLIDER_WIDTH = 280  # CSS pixels; as wide as the canvas, so that a finger can aim
WORTH_A_CURVE = 0.05  # a digit that was never more probable gets no curve


def replay(strokes: list[np.ndarray], canvas_side: int, recognizer: Recognizer) -> None:
    """Shows probabilities over the pen's path, and a slider to look at each moment."""
    shares, frames = _frames(strokes, canvas_side)
    probabilities = recognizer.probabilities(np.stack(frames))
    answers = probabilities.argmax(axis=1)
    changes = [
        f"{answers[index]} from {shares[index]:.0%}"
        for index in range(len(answers))
        if index == 0 or answers[index] != answers[index - 1]
    ]
    st.write("Read as " + ", then ".join(changes) + " of the pen's path.")
    st.altair_chart(charts.replay_chart(_table(shares, probabilities)))
    at = len(frames) - 1
    if at > 0:
        at = st.slider("Moment", 1, len(frames), len(frames), key="moment", width=SLIDER_WIDTH) - 1
    st.image(
        picture_url(frames[at], scale=4),
        caption=f"{answers[at]} with {probabilities[at].max():.0%}",
        width=112,
    )


def _frames(strokes: list[np.ndarray], canvas_side: int) -> tuple[list[float], list[np.ndarray]]:
    """The frames at all moments at which there was more than a dot."""
    shares, frames = [], []
    for index, part in enumerate(partial_drawings(strokes, NUM_MOMENTS), start=1):
        try:
            frames.append(strokes_to_mnist(part, canvas_side))
        except DigitError:
            continue
        shares.append(index / NUM_MOMENTS)
    return shares, frames


def _table(shares: list[float], probabilities: np.ndarray) -> pd.DataFrame:
    digits = np.flatnonzero(probabilities.max(axis=0) >= WORTH_A_CURVE)
    return pd.DataFrame(
        {
            "path": np.repeat(shares, len(digits)),
            "digit": np.tile([str(digit) for digit in digits], len(shares)),
            "probability": probabilities[:, digits].ravel().astype(float),
        }
    )
