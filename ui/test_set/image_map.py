"""A two-dimensional map of labelled images: similar images lie together."""

import base64
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from model.reading.filter_and_order import inside_area
from ui import networks
from ui.test_set.filters import go_to_first_page
from ui.test_set.hover_card import show_hover_card
from ui.test_set.opened_image import open_image
from ui.test_set.predictions import Predictions

AREA = "area"  # in the address
KEY = "map"
BY_LABEL, BY_RESULT = "by label", "by result"
# Colour-blind people can tell them apart on white and black (after P. Tol's "muted"); the digits
# are also written on the map.
LABEL_COLORS = [
    *("#5b6bd5", "#56b4e9", "#44aa99", "#2e8b57", "#999933"),
    *("#d8b93c", "#cc6677", "#b0457f", "#aa62c4", "#8a94a6"),
]
RIGHT, WRONG = "#8a94a6", "#d55e00"
EDGE = 1.05  # of the map in both directions; places lie from -1 to 1
STEPS = 65_535  # of a place, which is sent in 16 bits

# Vega took most of the time until the map was there, and can't show a picture without its bytes.
_MAP = st.components.v2.component(
    "digitpad_map",
    html='<div class="map"><canvas role="img"></canvas><canvas aria-hidden="true"></canvas></div>',
    css=Path(__file__).with_suffix(".css").read_text(),
    js=Path(__file__).with_suffix(".js").read_text(),
)


def show_map(
    predictions: Predictions, chosen: np.ndarray, frame: np.ndarray | None, colors: str
) -> np.ndarray:
    """Shows the map, and returns the images in the area that the visitor marked.

    Args:
        predictions: The data set with its predictions.
        chosen: Indices of the images to show, at least one.
        frame: The frame of the visitor's drawing, `(28, 28)`, or `None`.
        colors: `BY_LABEL` or `BY_RESULT`.

    Returns:
        The indices inside the area; all of them if no area is marked.

    Raises:
        ArtifactError: If there is no map for the served network.
    """
    places = networks.places(predictions.data)
    area = _area_in_address()
    drawing = None if frame is None else _place_of(frame)
    sent = _MAP(
        key=KEY,
        data=map_data(predictions, places, chosen, colors == BY_RESULT, drawing, area),
        on_marked_change=_put_area_into_address,
        on_opened_change=lambda: None,
    )
    if isinstance(sent.opened, int) and sent.opened in chosen:
        open_image(sent.opened)
    show_hover_card(predictions, places, chosen)
    return chosen if area is None else chosen[inside_area(places[chosen], area)]


def explain_map(predictions: Predictions, chosen: np.ndarray) -> None:
    """Says what the map shows, and offers its points as a table.

    Args:
        predictions: The data set with its predictions.
        chosen: Indices of the images on the map.
    """
    st.caption(
        "Point at an image to see it, press it to open it, drag to choose images, press an empty "
        "place to choose all again. ■ read right, ✕ read wrong. Images that are similar to the "
        "network lie together; the axes have no unit, and long distances mean nothing.",
        help="Your own drawing, if there is one, is placed among its five most similar test "
        "images.",
    )
    expander = st.expander("The points as a table", key="points", on_change="rerun")
    if expander.open:
        places = networks.places(predictions.data)
        expander.dataframe(map_table(predictions, places, chosen), hide_index=True)


def map_table(predictions: Predictions, places: np.ndarray, chosen: np.ndarray) -> pd.DataFrame:
    """A row per point: `number`, `label`, `read as`, `sure` (0 to 1), `result`, `x` and `y`."""
    x, y = places[chosen].astype(np.float32).T
    return pd.DataFrame(
        {
            "number": chosen,
            "label": predictions.data.labels[chosen],
            "read as": predictions.predicted[chosen],
            "sure": predictions.probabilities[chosen].max(axis=1),
            "result": np.where(predictions.is_wrong[chosen], "wrong", "right"),
            "x": x,
            "y": y,
        }
    )


def map_data(
    predictions: Predictions,
    places: np.ndarray,
    chosen: np.ndarray,
    by_result: bool,
    drawing: np.ndarray | None = None,
    area: tuple[float, float, float, float] | None = None,
) -> dict:
    """What the browser draws: misread images are crosses, each digit is written at its place.

    Args:
        predictions: The data set with its predictions.
        places: Of all its images, `(n, 2)`, -1 to 1.
        chosen: Indices of the images to show, at least one.
        by_result: Whether colours show right and wrong instead of the label.
        drawing: The place of the visitor's drawing, `(2,)`, or `None`.
        area: The marked area: left, right, lower and upper bound.

    Returns:
        Places and bounds as shares of the map's width and height; arrays in base64.
    """
    labels, wrong = predictions.data.labels[chosen], predictions.is_wrong[chosen]
    shares = share_of_map(places[chosen].astype(np.float32))
    names = []
    for label in np.unique(labels):
        x, y = np.median(shares[labels == label], axis=0).tolist()
        names.append({"name": str(label), "x": x, "y": y})
    counts = ", ".join(f"{(labels == int(at['name'])).sum():,} of {at['name']}" for at in names)
    return {
        "title": f"Map of {len(chosen):,} images, {wrong.sum():,} of them read wrong and crossed; "
        f"images of one digit lie together: {counts}",
        "places": _base64(np.round(shares * STEPS), "<u2"),
        "numbers": _base64(chosen, "<u4"),
        "color_numbers": _base64(wrong if by_result else labels, "u1"),
        "crossed": _base64(wrong, "u1"),
        "colors": [RIGHT, WRONG] if by_result else LABEL_COLORS,
        "names": names,
        "drawing": None if drawing is None else share_of_map(drawing).tolist(),
        "area": None if area is None else share_of_map(np.array(area)).tolist(),
    }


def share_of_map(places: np.ndarray) -> np.ndarray:
    """Places or bounds as shares of the map's width and height, 0 to 1.

    Example:
        >>> share_of_map(np.array([-1.05, 0.0, 2.0])).tolist()
        [0.0, 0.5, 1.0]
    """
    return np.clip((places + EDGE) / (2 * EDGE), 0, 1)


def _base64(values: np.ndarray, kind: str) -> str:
    return base64.b64encode(values.astype(kind)).decode()


def _place_of(frame: np.ndarray) -> np.ndarray:
    """Where a frame lies on the map, `(2,)`."""
    placed = networks.look_alikes()
    features = networks.served_network().features(frame[None])
    return placed.places_of(placed.coordinates_of(features))[0].astype(np.float32)


def _area_in_address() -> tuple[float, float, float, float] | None:
    """The area in the address, if there is a valid one: left, right, lower and upper bound."""
    try:
        left, right, lower, upper = map(float, st.query_params[AREA].split(","))
    except (KeyError, ValueError):
        st.query_params.pop(AREA, None)
        return None
    if not (-2 <= left <= right <= 2 and -2 <= lower <= upper <= 2):  # NaN fails both
        st.query_params.pop(AREA, None)
        return None
    return left, right, lower, upper


def _put_area_into_address() -> None:
    """Puts the marked area into the address."""
    go_to_first_page()
    if bounds := marked_bounds(st.session_state[KEY].get("marked")):
        st.query_params[AREA] = ",".join(f"{bound:.3f}" for bound in bounds)
    else:
        st.query_params.pop(AREA, None)


def marked_bounds(marked: object) -> list[float]:
    """Left, right, lower and upper bound of the area that the browser reports; `[]` if none.

    Args:
        marked: What it reports; the bounds are shares of the map's width and height.

    Example:
        >>> marked_bounds([0, 0.5, 0.5, 1]), marked_bounds({"x": "here"}), marked_bounds([1, 0, 0])
        ([-1.05, 0.0, 0.0, 1.05], [], [])
    """
    try:
        left, right, lower, upper = (EDGE * (2 * float(share) - 1) for share in marked)
    except (TypeError, ValueError, OverflowError):
        return []
    is_area = -EDGE <= left <= right <= EDGE and -EDGE <= lower <= upper <= EDGE  # NaN fails
    return [left, right, lower, upper] if is_area else []
