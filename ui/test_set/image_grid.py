"""A grid of small pictures as buttons; all pictures are in one image file."""

from pathlib import Path

import numpy as np
import streamlit as st

from model.reading.export import contact_sheet
from ui.pictures import picture_url
from ui.test_set.predictions import Predictions

COLUMNS = 10  # of the picture file; the page wraps the buttons as it likes

_GRID = st.components.v2.component(
    "digitpad_tiles",
    html='<div class="tiles" role="group"></div>',
    css=Path(__file__).with_suffix(".css").read_text(),
    js=Path(__file__).with_suffix(".js").read_text(),
)


def show_images(predictions: Predictions, which: np.ndarray, key: str, title: str) -> int | None:
    """Shows images in rows that fill the width; misread ones have a mark and a dashed frame.

    Args:
        predictions: The data set with its predictions.
        which: Indices of the images, at least one.
        key: Of the component.
        title: The grid's name for screen readers.

    Returns:
        The image that was just pressed, if one was and it is in the grid.
    """
    is_wrong = predictions.is_wrong
    sent = _GRID(
        key=key,
        data={
            "sheet": picture_url(contact_sheet(predictions.data.images[which], COLUMNS)),
            "columns": COLUMNS,
            "tiles": [
                {
                    "number": int(index),
                    "caption": predictions.caption(index),
                    "alt": predictions.description(index),
                    "marked": bool(is_wrong[index]),
                }
                for index in which
            ],
            "title": title,
        },
        on_opened_change=lambda: None,
    ).opened
    return pressed_image(sent, which)


def pressed_image(sent: object, which: np.ndarray) -> int | None:
    """The image that the browser says was pressed; `None` if it is not one of `which`."""
    return sent if isinstance(sent, int) and sent in which.tolist() else None
