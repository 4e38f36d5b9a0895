"""A card with the image that the pointer is on, for the map."""

import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import streamlit as st

from model.reading.export import contact_sheet
from ui.pictures import picture_url
from ui.test_set.predictions import Predictions

KEY = "hover_card"
_WANTED = "hovered_image"
NUM_NEIGHBOURS = 100  # images that come together, some 15 kB
COLUMNS = 10

_CARD = st.components.v2.component(
    "digitpad_hover_card",
    html='<div class="card" hidden><span role="img"></span><div></div></div>',
    css=Path(__file__).with_suffix(".css").read_text(),
    js=Path(__file__).with_suffix(".js").read_text(),
)


def show_hover_card(predictions: Predictions, places: np.ndarray, chosen: np.ndarray) -> None:
    """Shows a card with the image that the pointer is on, once it is on one.

    Args:
        predictions: The data set with its predictions.
        places: Of all images on the map, `(n, 2)`.
        chosen: Indices of the images on the map, at least one.
    """
    # A visit keeps the arguments of its fragment, so they must not hold all images.
    _show(replace(predictions, data=None), weakref.ref(predictions.data), places, chosen)


@st.fragment
def _show(
    predictions: Predictions, data_ref: weakref.ref, places: np.ndarray, chosen: np.ndarray
) -> None:
    data = data_ref()
    if data is None:  # no longer cached: the page loads it again
        st.rerun()
    predictions = replace(predictions, data=data)
    wanted = st.session_state.get(_WANTED)
    which = neighbours(wanted, places, chosen)
    _CARD(
        key=KEY,
        data={
            "of": [data.key, predictions.other_name],
            "numbers": which.tolist(),
            "sheet": picture_url(contact_sheet(data.images[which], COLUMNS)) if len(which) else "",
            "columns": COLUMNS,
            "texts": [predictions.description(index) for index in which.tolist()],
        },
        on_wanted_change=_note,
    )


def _note() -> None:
    st.session_state[_WANTED] = st.session_state[KEY].get("wanted")


def neighbours(wanted: object, places: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """An image and those around it on the map; none if the browser asks for one not shown.

    Args:
        wanted: What the browser asks for.
        places: Of all images, `(n, 2)`.
        chosen: Indices of the images on the map.

    Example:
        >>> places = np.array([[0, 0], [5, 5], [1, 0]])
        >>> neighbours(0, places, np.array([0, 2])), neighbours("x", places, np.array([0]))
        (array([0, 2]), array([], dtype=int64))
    """
    if not isinstance(wanted, int) or wanted not in chosen:
        return np.empty(0, np.int64)
    away = places[chosen].astype(np.float32) - places[wanted].astype(np.float32)
    return chosen[np.argsort((away**2).sum(axis=1), kind="stable")[:NUM_NEIGHBOURS]]
