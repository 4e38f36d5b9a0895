"""The page Test images: browse labelled images with the network's predictions."""

import numpy as np
import streamlit as st

from ui.canvas_state import drawn_frame
from ui.pictures import gallery
from ui.show_error import errors_shown
from ui.test_set.dataset_choice import choose_dataset
from ui.test_set.downloads import show_downloads
from ui.test_set.filters import (
    IN_ADDRESS,
    ask_whole_number,
    choose_images,
    go_to_first_page,
    go_to_page,
    predict,
)
from ui.test_set.history import keep_history
from ui.test_set.image_grid import show_images
from ui.test_set.image_map import BY_LABEL, BY_RESULT, explain_map, show_map
from ui.test_set.opened_image import open_image, opened_image, show_opened_image
from ui.test_set.predictions import Predictions

PER_PAGE = 60  # fills rows of 2, 3, 4, 6, 10 and 12
TUTORIAL_IMAGES = (2853, 2000, 1500, 1345)  # those of the textbook example
GRID, MAP, TUTORIAL = "Grid", "Map", "Tutorial images"


def browse_map(predictions: Predictions, row) -> None:
    """The map, and beside it, or on a phone below it, the images in its marked area."""
    colors = row.segmented_control(
        "Colour", [BY_LABEL, BY_RESULT], default=BY_LABEL, required=True, key="color", **IN_ADDRESS
    )
    with row.popover("Filters", icon=":material/filter_alt:"):
        chosen = choose_images(predictions)
    marked = None
    left, right = st.columns([3, 2])
    if len(chosen):
        with left, errors_shown():  # without a map, the images are still there
            marked = show_map(predictions, chosen, drawn_frame(), colors)
    with right:
        show_chosen(predictions, chosen if marked is None else marked, has_pages_below=True)
    if marked is not None:
        explain_map(predictions, chosen)


def show_chosen(
    predictions: Predictions, chosen: np.ndarray, has_pages_below: bool = False
) -> None:
    st.write(
        f"**{len(chosen):,}** of {len(predictions.data):,} images, "
        f"{predictions.is_wrong[chosen].sum():,} read wrong"
    )
    if len(chosen):
        show_page(predictions, chosen, has_pages_below)
    else:
        st.info("No image matches: widen a filter.", icon=":material/filter_alt_off:")
    if opened_image(len(predictions.data)) is not None:
        show_opened_image(predictions, chosen)


def show_page(predictions: Predictions, chosen: np.ndarray, has_pages_below: bool) -> None:
    images = st.container() if has_pages_below else None
    num_pages = -(-len(chosen) // PER_PAGE)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        page = ask_whole_number("Go to page", 1, num_pages, "page")
        for name, other, is_end in (
            ("First", 1, page == 1),
            ("Previous", page - 1, page == 1),
            ("Next", page + 1, page == num_pages),
            ("Last", num_pages, page == num_pages),
        ):
            label = f"{name} page"
            st.button(label, on_click=go_to_page, args=(other,), disabled=is_end)
        show_downloads(predictions, chosen)
    with images or st.container():
        st.caption(f"Page {page} of {num_pages}")
        show_tiles(predictions, chosen[(page - 1) * PER_PAGE : page * PER_PAGE])


def show_tiles(predictions: Predictions, on_page: np.ndarray) -> None:
    images, tiles = predictions.data.images, predictions.tiles(on_page)
    pressed = show_images(images, tiles, "tiles", "Images: press one to open it")
    if pressed is not None:
        open_image(pressed)
    other = predictions.other_name
    last = f"{other}'s answer" if other else "how sure the network was"
    st.caption(
        "Press an image to open it. ✓ read right, ✗ read wrong (dashed frame): predicted label, "
        f"true label in brackets, then {last}."
    )


def show_tutorial(predictions: Predictions) -> None:
    if not predictions.disputed:  # not MNIST's test images
        st.info("The tutorial's four images are MNIST's, which are not shown now.")
        return
    which = np.array(TUTORIAL_IMAGES)
    captions = [f"Predicted Label: {predicted}" for predicted in predictions.predicted[which]]
    gallery(predictions.data.images[which], captions, predictions.is_wrong[which], side=140)
    st.caption(f"Images {', '.join(map(str, TUTORIAL_IMAGES))} of {predictions.data.name}.")


with st.container(gap=None):  # the history's component takes no room
    st.title("Test images")
    keep_history()
with errors_shown():
    row = st.container(horizontal=True, vertical_alignment="bottom")
    view = row.segmented_control(
        "View", [GRID, MAP, TUTORIAL], default=GRID, required=True, key="view", **IN_ADDRESS
    )
    predictions = predict(choose_dataset(row, go_to_first_page), row)
    if view == TUTORIAL:
        show_tutorial(predictions)
    elif view == MAP:
        browse_map(predictions, row)
    else:
        show_chosen(predictions, choose_images(predictions))
