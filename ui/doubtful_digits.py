"""Asks the visitor about doubtful digits: each with its most likely readings to choose from."""

import zlib

import numpy as np
import streamlit as st

from ui.pictures import picture_url

NUM_CHOICES = 4  # readings offered for a doubtful digit
MAX_ASKED = 12  # digits asked about at once; more than a screenful would not be answered


def ask_about_doubtful_digits(
    frames: np.ndarray, probabilities: np.ndarray, doubtful: np.ndarray, show_frames: bool = False
) -> list[int]:
    """Asks about the doubtful digits; about the least sure ones if there are many.

    Args:
        frames: `float32` array of shape `(n, 28, 28)`, 0 paper to 1 ink.
        probabilities: `(n, 10)`.
        doubtful: `bool` array of shape `(n,)`.
        show_frames: Whether to show each digit beside its question.

    Returns:
        The `n` digits, as read or as the visitor chose.
    """
    digits = [int(digit) for digit in probabilities.argmax(axis=1)]
    indices = np.flatnonzero(doubtful)
    least_sure = indices[np.argsort(probabilities[indices].max(axis=1), kind="stable")]
    for index in sorted(least_sure[:MAX_ASKED].tolist()):
        with st.container(horizontal=True, vertical_alignment="center"):
            if show_frames:
                st.image(picture_url(frames[index], scale=2), width=56)
            digits[index] = _ask(index, frames[index], probabilities[index])
    if len(indices) > MAX_ASKED:
        st.caption(
            f"{len(indices) - MAX_ASKED} less doubtful digits are not listed: correct them after "
            "copying."
        )
    return digits


def _ask(index: int, frame: np.ndarray, probabilities: np.ndarray) -> int:
    options = [int(digit) for digit in np.argsort(-probabilities, kind="stable")[:NUM_CHOICES]]
    chosen = st.pills(
        f"Digit {index + 1} is doubtful: which is it?",
        options,
        default=options[0],
        # The key names the picture: for another drawing the visitor is asked again.
        key=f"choice-{index}-{zlib.crc32(frame.tobytes())}-{options}",
    )
    return options[0] if chosen is None else chosen
