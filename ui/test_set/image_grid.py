"""A grid of small pictures as buttons; all pictures are in one image file."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from model.reading.export import contact_sheet
from ui.pictures import picture_url

COLUMNS = 10  # of the picture file; the page wraps the buttons as it likes

_GRID = st.components.v2.component(
    "digitpad_tiles",
    html='<div class="tiles" role="group"></div>',
    css=Path(__file__).with_suffix(".css").read_text(),
    js=Path(__file__).with_suffix(".js").read_text(),
)


@dataclass(frozen=True)
class Tile:
    """A picture's button.

    Attributes:
        number: The image's index in its data set.
        caption: Below the picture.
        alt: The same in words, for screen readers.
        marked: Whether it has a dashed frame.
    """

    number: int
    caption: str
    alt: str
    marked: bool = False


def show_images(images: np.ndarray, tiles: list[Tile], key: str, title: str) -> int | None:
    """Shows images as buttons, in rows that fill the width.

    Args:
        images: All of the data set, `uint8` array of shape `(n, 28, 28)`.
        tiles: Which of them to show, at least one.
        key: Of the component.
        title: The grid's name for screen readers.

    Returns:
        The image that was just pressed, if one was and it is in the grid.
    """
    which = np.array([tile.number for tile in tiles])
    sent = _GRID(
        key=key,
        data={
            "sheet": picture_url(contact_sheet(images[which], COLUMNS)),
            "columns": COLUMNS,
            "tiles": [asdict(tile) for tile in tiles],
            "title": title,
        },
        on_opened_change=lambda: None,
    ).opened
    return pressed_image(sent, which)


def pressed_image(sent: object, which: np.ndarray) -> int | None:
    """The image that the browser says was pressed; `None` if it is not one of `which`."""
    return sent if isinstance(sent, int) and sent in which.tolist() else None
