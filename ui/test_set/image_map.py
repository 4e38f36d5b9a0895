"""A flat map of labelled images: what the network finds alike lies together."""

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from model.reading.filter_and_order import inside_area
from ui import resources
from ui.test_set.filters import LINK, first_page
from ui.test_set.predictions import Reading

HEIGHT = 460  # CSS pixels
AREA = "area"  # in the address, and the name of the selection
KEY = "map"
_BEGAN = "map_began"  # the area that was marked when the map came to be shown
# Told apart by colour-blind eyes on white and black (after P. Tol's "muted"), and the digits are
# written on the map besides.
OF_LABEL = [
    *("#5b6bd5", "#56b4e9", "#44aa99", "#2e8b57", "#999933"),
    *("#d8b93c", "#cc6677", "#b0457f", "#aa62c4", "#8a94a6"),
]
RIGHT, WRONG = "#8a94a6", "#d55e00"


def map_of(reading: Reading, chosen: np.ndarray, frame: np.ndarray | None) -> np.ndarray:
    """Shows where images lie, and returns those in the area that the visitor marked.

    Args:
        reading: The data set as it was read.
        chosen: Indices of the images to show.
        frame: The visitor's drawing as the network sees it, if there is one; `(28, 28)`.

    Returns:
        Of them, those in the area; all, if none is marked.

    Raises:
        ArtifactError: If there is no map for the served network.
    """
    places = resources.places(reading.data)
    color = st.segmented_control(
        "Colour", ["by label", "by result"], default="by label", required=True, key="color", **LINK
    )
    table = map_table(reading, places, chosen)
    area = _area()
    # The chart keeps the area that it began with: another one would draw it anew at each choice.
    if KEY not in st.session_state:
        st.session_state[_BEGAN] = area
    drawing = None if frame is None else _place_of(frame)
    st.altair_chart(
        map_chart(table, color == "by result", drawing, st.session_state[_BEGAN]),
        key=KEY,
        on_select=_mark,
        selection_mode=AREA,
    )
    st.caption(
        "Drag over the map to choose images; click on it to choose all again. ● read right, ✕ read "
        "wrong. What the network finds alike lies together; the axes have no unit, and distances "
        "between far places no meaning. Your own drawing, if there is one, lies where its five "
        "nearest test images do."
    )
    behind = st.expander("The points as a table", key="points", on_change="rerun")
    if behind.open:
        behind.dataframe(table, hide_index=True)
    return chosen if area is None else chosen[inside_area(places[chosen], area)]


def map_table(reading: Reading, places: np.ndarray, chosen: np.ndarray) -> pd.DataFrame:
    """A row a point: `number`, `label`, `read as`, `sure` (0 to 1), `result`, `x` and `y`."""
    x, y = places[chosen].astype(np.float32).T
    return pd.DataFrame(
        {
            "number": chosen,
            "label": reading.data.labels[chosen],
            "read as": reading.predicted[chosen],
            "sure": reading.probabilities[chosen].max(axis=1),
            "result": np.where(reading.wrong[chosen], "wrong", "right"),
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
    """The points of `map_table`, wrong ones crossed, with the digits written where they lie.

    Args:
        table: As `map_table` makes it.
        by_result: Whether colour tells right from wrong instead of the label.
        drawing: Where the visitor's drawing lies, `(2,)`, if there is one.
        area: What is marked at first: left, right, lower and upper bound.
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
            "label:N", legend=None, scale=alt.Scale(domain=list(range(10)), range=OF_LABEL)
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
        # Ten thousand elements of a page are slow; one canvas is not.
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
    placed = resources.lookalikes()
    features = resources.shared_recognizer().features(frame[None])
    return placed.places_of(placed.coordinates_of(features))[0]


def _area() -> tuple[float, float, float, float] | None:
    """The area that the address names, if it does: left, right, lower and upper bound."""
    try:
        left, right, lower, upper = map(float, st.query_params[AREA].split(","))
    except (KeyError, ValueError):
        st.query_params.pop(AREA, None)
        return None
    if not (-2 <= left <= right <= 2 and -2 <= lower <= upper <= 2):  # NaN fails both
        st.query_params.pop(AREA, None)
        return None
    return left, right, lower, upper


def _mark() -> None:
    """Puts the area that was marked into the address."""
    first_page()
    if bounds := marked_bounds(st.session_state[KEY].selection.get(AREA)):
        st.query_params[AREA] = ",".join(f"{bound:.3f}" for bound in bounds)
    else:
        st.query_params.pop(AREA, None)


def marked_bounds(marked: object) -> list[float]:
    """Left, right, lower and upper bound of what the browser says was marked; `[]` if nothing is.

    Example:
        >>> marked_bounds({"x": [0.5, -0.5], "y": [1, 0]}), marked_bounds({"x": "here"})
        ([-0.5, 0.5, 0.0, 1.0], [])
    """
    try:
        (x0, x1), (y0, y1) = (map(float, marked[axis]) for axis in ("x", "y"))
    except (TypeError, ValueError, KeyError, IndexError, OverflowError):
        return []
    return [*sorted((x0, x1)), *sorted((y0, y1))]
