"""A labelled image in a dialog: label, prediction, explanation, and nearest images."""

import weakref
from dataclasses import replace

import numpy as np
import streamlit as st

from model.errors import ArtifactError
from model.reading.filter_and_order import rank_of_label
from model.reading.look_alikes import nearest_images
from ui import networks
from ui.charts import probabilities_chart
from ui.explanation import show_evidence
from ui.formatting import percent
from ui.pictures import picture_url
from ui.show_error import show_error
from ui.test_set.image_grid import show_images
from ui.test_set.predictions import Predictions

PARAMETER = "image"  # in the address
SCALE, WIDTH = 8, 224  # screen pixels per pixel of the image; CSS pixels
MAX_DIGITS = 8  # of an image's number in an address; no data set is that large


def open_image(number: int) -> None:
    """Puts an image into the address, so that the next run shows it."""
    st.query_params[PARAMETER] = str(number)


def close_image() -> None:
    """Takes the opened image out of the address."""
    st.query_params.pop(PARAMETER, None)


def opened_image(num: int) -> int | None:
    """The image in the address; an invalid one is taken out of it.

    Args:
        num: How many images there are.
    """
    text = st.query_params.get(PARAMETER, "")
    # Python also accepts other scripts' digits, and refuses to convert thousands of digits.
    is_number = text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS
    if is_number and int(text) < num:
        return int(text)
    close_image()
    return None


def show_opened_image(predictions: Predictions, chosen: np.ndarray) -> None:
    """Shows the image in the address, over the page.

    Args:
        predictions: The data set with its predictions.
        chosen: Indices of the images that Previous and Next go through, in this order.
    """
    # A visit keeps the arguments of its dialog, so they must not hold all images.
    _show(replace(predictions, data=None), weakref.ref(predictions.data), chosen)


@st.dialog("One image", width="medium", on_dismiss=close_image)
def _show(predictions: Predictions, data_ref: weakref.ref, chosen: np.ndarray) -> None:
    data = data_ref()
    if data is None:  # no longer cached: the page loads it again
        st.rerun()
    predictions = replace(predictions, data=data)
    index = opened_image(len(predictions.data))
    if index is None:
        st.rerun()
    probabilities, image = predictions.probabilities[index], predictions.data.images[index]
    _show_previous_and_next(index, chosen)
    with st.container(horizontal=True):
        st.image(picture_url(image, scale=SCALE), width=WIDTH)
        st.markdown("  \n".join(_sentences(predictions, index)), width=WIDTH)
    st.vega_lite_chart(probabilities_chart(probabilities))
    show_evidence(image.astype(np.float32) / 255, probabilities, networks.served_network())
    _show_nearest(predictions, index)


def _show_previous_and_next(index: int, chosen: np.ndarray) -> None:
    at = next(iter(np.flatnonzero(chosen == index)), None)
    previous = None if at is None or at == 0 else int(chosen[at - 1])
    following = None if at is None or at == len(chosen) - 1 else int(chosen[at + 1])
    with st.container(horizontal=True):
        for label, other, key in (("Previous", previous, "Left"), ("Next", following, "Right")):
            st.button(
                label, on_click=open_image, args=(other,), disabled=other is None, shortcut=key
            )


def _sentences(predictions: Predictions, index: int) -> list[str]:
    data, probabilities = predictions.data, predictions.probabilities[index]
    label, predicted = int(data.labels[index]), int(probabilities.argmax())
    sentences = [
        f"Image **{index}** of {data.name}",
        f"True label: **{label}**",
        f"Read as **{predicted}**, {percent(probabilities[predicted])} sure: "
        + ("right" if predicted == label else "**wrong**"),
        f"The network ranks the true label number {rank_of_label(probabilities, label)} of its ten "
        f"answers, with {probabilities[label]:.2%}",
    ]
    if predictions.other_probabilities is not None:
        row = predictions.other_probabilities[index]
        sentences.append(
            f"{predictions.other_name} reads **{row.argmax()}**, {percent(row.max())} sure"
        )
    if index in predictions.disputed:
        sentences.append(
            ":material/gavel: Its label is disputed: fewer than three of five people confirmed it"
        )
    return sentences


def _show_nearest(predictions: Predictions, index: int) -> None:
    try:
        nearest = nearest_images(networks.coordinates(predictions.data), index)
    except ArtifactError as error:
        show_error(error)
        return
    if len(nearest):
        st.markdown("The most similar images, according to the network:")
        images, tiles = predictions.data.images, predictions.tiles(nearest)
        pressed = show_images(images, tiles, "nearest", "The nearest images")
        if pressed is not None:
            open_image(pressed)
            st.rerun(scope="fragment")
