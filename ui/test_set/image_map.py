"""A two-dimensional map of labelled images: similar images lie together."""

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from model.reading.filter_and_order import inside_area
from ui import networks
from ui.test_set.filters import IN_ADDRESS, go_to_first_page
from ui.test_set.predictions import Predictions

HEIGHT = 460  # CSS pixels
AREA = "area"  # in the address, and the name of the selection
KEY = "map"
_FIRST_AREA = "map_first_area"  # the area that was marked when the map was first shown
# Colour-blind people can tell them apart on white and black (after P. Tol's "muted"); the digits
# are also written on the map.
LABEL_COLORS = [
    *("#5b6bd5", "#56b4e9", "#44aa99", "#2e8b57", "#999933"),
    *("#d8b93c", "#cc6677", "#b0457f", "#aa62c4", "#8a94a6"),
]
RIGHT, WRONG = "#8a94a6", "#d55e00"


def show_map(predictions: Predictions, chosen: np.ndarray, frame: np.ndarray | None) -> np.ndarray:
    """Shows the map, and returns the images in the area that the visitor marked.

    Args:
        predictions: The data set with its predictions.
        chosen: Indices of the images to show.
        frame: The frame of the visitor's drawing, `(28, 28)`, or `None`.

    Returns:
        The indices inside the area; all of them if no area is marked.

    Raises:
        ArtifactError: If there is no map for the served network.
    """
    places = networks.places(predictions.data)
    color = st.segmented_control(
        "Colour",
        ["by label", "by result"],
        default="by label",
        required=True,
        key="color",
        **IN_ADDRESS,
    )
    table = map_table(predictions, places, chosen)
    area = _area_in_address()
    # The chart always gets the area it first had: another one would redraw it at each choice.
    if KEY not in st.session_state:
        st.session_state[_FIRST_AREA] = area
    drawing = None if frame is None else _place_of(frame)
    st.altair_chart(
        map_chart(table, color == "by result", drawing, st.session_state[_FIRST_AREA]),
        key=KEY,
        on_select=_put_area_into_address,
        selection_mode=AREA,
    )
    st.caption(
        "Drag over the map to choose images; click on it to choose all again. ● read right, ✕ read "
        "wrong. Images that are similar to the network lie together; the axes have no unit, and "
        "large distances have no meaning. Your own drawing, if there is one, is placed among its "
        "five most similar test images."
    )
    expander = st.expander("The points as a table", key="points", on_change="rerun")
    if expander.open:
        expander.dataframe(table, hide_index=True)
    return chosen if area is None else chosen[inside_area(places[chosen], area)]


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


def map_chart(
    table: pd.DataFrame,
    by_result: bool,
    drawing: np.ndarray | None = None,
    area: tuple[float, float, float, float] | None = None,
) -> alt.LayerChart:
    """A chart of `map_table`: misread images are crosses, and each digit is written at its place.

    Args:
        table: From `map_table`.
        by_result: Whether colours show right and wrong instead of the label.
        drawing: The place of the visitor's drawing, `(2,)`, or `None`.
        area: The area marked at first: left, right, lower and upper bound.
    """
    start = {} if area is None else {"value": {"x": list(area[:2]), "y": list(area[2:])}}
    wrong = table["result"] == "wrong"
    color = (
        alt.Color(
            "result:N",
            legend=None,
            scale=alt.Scale(domain=["right", "wrong"], range=[RIGHT, WRONG]),
        )
        if by_result
        else alt.Color(
            "label:N", legend=None, scale=alt.Scale(domain=list(range(10)), range=LABEL_COLORS)
        )
    )
    x, y = (
        alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-1.05, 1.05])),
        alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[-1.05, 1.05])),
    )
    tooltip = ["number", "label", "read as", alt.Tooltip("sure", format=".1%")]
    points = (
        alt.Chart(table[~wrong])
        .mark_circle(size=12, opacity=0.7)
        .encode(x=x, y=y, color=color, tooltip=tooltip)
        .add_params(alt.selection_interval(name=AREA, encodings=["x", "y"], **start))
    )
    crosses = (
        alt.Chart(table[wrong])
        .mark_point(shape="cross", angle=45, size=90, filled=True, opacity=1)
        .encode(x=x, y=y, color=color, tooltip=tooltip)
    )
    middles = table.groupby("label", as_index=False)[["x", "y"]].median()
    names = (
        alt.Chart(middles)
        .mark_text(size=22, fontWeight="bold", stroke="white", strokeWidth=0.7, fill="black")
        .encode(x=x, y=y, text="label:N")
    )
    layers = [points, crosses, names]
    if drawing is not None:
        layers += _drawing_layers(drawing, x, y)
    return alt.layer(*layers).properties(
        title="Map of the images",
        height=HEIGHT,
        description=f"Map of {len(table):,} images, {int(wrong.sum()):,} of them read wrong and "
        "crossed; images of one digit lie together, each digit in a place of its own",
        # One canvas is fast; ten thousand page elements are not.
        usermeta={"embedOptions": {"renderer": "canvas"}},
    )


def _drawing_layers(place: np.ndarray, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    table = pd.DataFrame({"x": [float(place[0])], "y": [float(place[1])], "what": ["your drawing"]})
    base = alt.Chart(table).encode(x=x, y=y)
    return [
        base.mark_point(shape="diamond", size=240, filled=True, fill="#e69f00", stroke="black"),
        base.mark_text(
            dy=-18, size=14, fontWeight="bold", stroke="white", strokeWidth=0.4, fill="black"
        ).encode(text="what:N"),
    ]


def _place_of(frame: np.ndarray) -> np.ndarray:
    """Where a frame lies on the map, `(2,)`."""
    placed = networks.look_alikes()
    features = networks.served_network().features(frame[None])
    return placed.places_of(placed.coordinates_of(features))[0]


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
    if bounds := marked_bounds(st.session_state[KEY].selection.get(AREA)):
        st.query_params[AREA] = ",".join(f"{bound:.3f}" for bound in bounds)
    else:
        st.query_params.pop(AREA, None)


def marked_bounds(marked: object) -> list[float]:
    """Left, right, lower and upper bound of the area that the browser reports; `[]` if none.

    Example:
        >>> marked_bounds({"x": [0.5, -0.5], "y": [1, 0]}), marked_bounds({"x": "here"})
        ([-0.5, 0.5, 0.0, 1.0], [])
    """
    try:
        (x0, x1), (y0, y1) = (map(float, marked[axis]) for axis in ("x", "y"))
    except (TypeError, ValueError, KeyError, IndexError, OverflowError):
        return []
    return [*sorted((x0, x1)), *sorted((y0, y1))]
