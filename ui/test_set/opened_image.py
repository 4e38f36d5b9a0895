"""One labelled image, opened: what it is, how it was read and why, and what lies nearest."""

import numpy as np
import streamlit as st

from model.errors import ArtifactError
from model.reading.filter_and_order import rank_of_label
from model.reading.look_alikes import nearest_images
from ui import charts, resources
from ui.explanation import why
from ui.resources import picture_url
from ui.test_set.image_grid import tiles
from ui.test_set.predictions import Reading
from ui.words import percent

PARAMETER = "image"  # in the address
SCALE, WIDTH = 8, 224  # pixels a pixel of the image; CSS pixels


def open_image(number: int) -> None:
    """Has an image shown in the next run, and in the address."""
    st.query_params[PARAMETER] = str(number)


def close() -> None:
    """Takes the opened image out of the address."""
    st.query_params.pop(PARAMETER, None)


def opened(num: int) -> int | None:
    """The image that the address names, if there is such a one; else the name is taken out.

    Args:
        num: How many images there are.
    """
    named = st.query_params.get(PARAMETER, "")
    # Python takes other scripts' digits, and refuses to convert thousands of them.
    if named.isascii() and named.isdecimal() and len(named) < 9 and int(named) < num:
        return int(named)
    close()
    return None


@st.dialog("One image", width="medium", on_dismiss=close)
def show_opened(reading: Reading, chosen: np.ndarray) -> None:
    """Shows the image that the address names, over the page.

    Args:
        reading: The data set as it was read.
        chosen: Indices among which one can leaf, in their order.
    """
    index = opened(len(reading.data))
    if index is None:
        st.rerun()
    probabilities, frame = reading.probabilities[index], reading.data.images[index]
    _leaf(index, chosen)
    with st.container(horizontal=True):
        st.image(picture_url(frame, scale=SCALE), width=WIDTH)
        st.markdown("  \n".join(_sentences(reading, index)), width=WIDTH)
    st.vega_lite_chart(charts.probabilities_chart(probabilities))
    why(frame.astype(np.float32) / 255, probabilities, resources.shared_recognizer())
    _nearest(reading, index)


def _leaf(index: int, chosen: np.ndarray) -> None:
    at = next(iter(np.flatnonzero(chosen == index)), None)
    before = None if at is None or at == 0 else int(chosen[at - 1])
    after = None if at is None or at == len(chosen) - 1 else int(chosen[at + 1])
    with st.container(horizontal=True):
        for label, other, key in (("Previous", before, "Left"), ("Next", after, "Right")):
            st.button(
                label,
                on_click=open_image,
                args=(other,),
                disabled=other is None,
                shortcut=key,
            )


def _sentences(reading: Reading, index: int) -> list[str]:
    label, probabilities = int(reading.data.labels[index]), reading.probabilities[index]
    answer = int(probabilities.argmax())
    said = [
        f"Image **{index}** of {reading.data.name}",
        f"True label: **{label}**",
        f"Read as **{answer}**, {percent(probabilities[answer])} sure: "
        + ("right" if answer == label else "**wrong**"),
        f"The true label comes {_ordinal(rank_of_label(probabilities, label))} of ten, "
        f"with {probabilities[label]:.2%}",
    ]
    if reading.other is not None:
        row = reading.other[index]
        said.append(f"{reading.other_name} reads **{row.argmax()}**, {percent(row.max())} sure")
    if index in reading.disputed:
        said.append(
            ":material/gavel: Its label is disputed: of five people, fewer than three agree"
        )
    return said


def _ordinal(rank: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(rank, f"{rank}th")


def _nearest(reading: Reading, index: int) -> None:
    try:
        nearest = nearest_images(resources.coordinates(reading.data), index)
    except ArtifactError as error:
        st.info(str(error))
        return
    if len(nearest):
        st.markdown("The network finds these most like it:")
        pressed = tiles(reading, nearest, "nearest", "The nearest images")
        if pressed is not None:
            open_image(pressed)
            st.rerun(scope="fragment")
