"""Browse labelled images with the network's predictions."""

import numpy as np
import streamlit as st

from model.errors import DigitError
from ui.canvas import drawn_frame
from ui.gallery import gallery
from ui.test_set.datasets import chosen_data
from ui.test_set.downloads import take_along
from ui.test_set.filters import LINK, chosen_images, first_page, read_by, whole_number
from ui.test_set.image_grid import tiles
from ui.test_set.image_map import map_of
from ui.test_set.opened_image import open_image, opened, show_opened
from ui.test_set.predictions import Reading

PER_PAGE = 60  # fills rows of 2, 3, 4, 6, 10 and 12
TUTORIAL_IMAGES = (2853, 2000, 1500, 1345)  # those that the textbook example shows
GRID, MAP, TUTORIAL = "Grid", "Map", "The tutorial's four"


def browse(reading: Reading, with_map: bool) -> None:
    chosen = chosen_images(reading)
    if with_map and len(chosen):
        chosen = map_of(reading, chosen, drawn_frame())
    st.write(
        f"**{len(chosen):,}** of {len(reading.data):,} images, "
        f"{reading.wrong[chosen].sum():,} read wrong"
    )
    if len(chosen):
        show_page(reading, chosen)
    else:
        st.info("No image matches: widen a filter.", icon=":material/filter_alt_off:")
    if opened(len(reading.data)) is not None:
        show_opened(reading, chosen)


def show_page(reading: Reading, chosen: np.ndarray) -> None:
    num_pages = -(-len(chosen) // PER_PAGE)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        page = whole_number(f"Page of {num_pages}", 1, num_pages, "page")
        take_along(reading, chosen)
    shown = chosen[(page - 1) * PER_PAGE : page * PER_PAGE]
    pressed = tiles(reading, shown, "tiles", "Images: press one to open it")
    if pressed is not None:
        open_image(pressed)
    behind = f"{reading.other_name}'s answer" if reading.other_name else "how sure the network was"
    st.caption(
        "Press an image to open it. ✓ read right, ✗ read wrong (dashed frame): predicted label, "
        f"true label in brackets, then {behind}."
    )


def show_tutorial(reading: Reading) -> None:
    if not reading.disputed:  # not MNIST's test images
        st.info("The tutorial's four images are MNIST's, which are not shown now.")
        return
    which = np.array(TUTORIAL_IMAGES)
    captions = [f"Predicted Label: {predicted}" for predicted in reading.predicted[which]]
    gallery(reading.data.images[which], captions, reading.wrong[which], side=140)
    st.caption(f"Images {', '.join(map(str, TUTORIAL_IMAGES))} of {reading.data.name}.")


st.title("Test set")
try:
    row = st.container(horizontal=True, vertical_alignment="bottom")
    view = row.segmented_control(
        "View", [GRID, MAP, TUTORIAL], default=GRID, required=True, key="view", **LINK
    )
    reading = read_by(chosen_data(row, first_page), row)
    if view == TUTORIAL:
        show_tutorial(reading)
    else:
        browse(reading, with_map=view == MAP)
except DigitError as error:
    st.error(str(error))
