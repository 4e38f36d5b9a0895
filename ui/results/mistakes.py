"""Shows mistakes: the confusion matrix, accuracy by digit, and the images of a cell."""

import numpy as np
import streamlit as st

from ui import datasets, networks
from ui.menu import TEST_SET
from ui.pictures import gallery
from ui.results import report_tables
from ui.results.figure import column_formats, show_numbers
from ui.results.report_charts import CELL, confusion_chart
from ui.show_error import errors_shown

MAX_IMAGES = 24  # shown here; the page Test images has them all
_CHART, _PAIR = "confusion", "pair"  # keys


@st.fragment
def show_mistakes(counts: np.ndarray) -> None:
    """Shows which digit was read as which.

    Args:
        counts: `(10, 10)` counts of `[true label, predicted label]`.
    """
    with st.container(horizontal=True):
        unit = st.segmented_control(
            "Cells show", ["Images", "Per cent of the true label"], default="Images", required=True
        )
        hide_right = st.toggle("Hide the diagonal", help="What was read right")
    left, right = st.columns([3, 2])
    with left:
        chart = _specification(counts, unit != "Images", hide_right)
        st.vega_lite_chart(chart, key=_CHART, on_select=choose_cell, selection_mode=CELL)
        show_numbers(report_tables.confusion_table(counts), _CHART)
    with right:
        st.markdown("**By digit**, recall with its 95 % interval")
        table = report_tables.per_class_table(counts)
        st.dataframe(table, hide_index=True, height=388, column_config=column_formats(table))
    mistakes_first = sorted(
        ((int(true), int(predicted)) for true, predicted in np.argwhere(counts)),
        key=lambda pair: (pair[0] == pair[1], -counts[pair], pair),
    )
    if st.session_state.get(_PAIR) not in mistakes_first:  # empty, or of another network
        st.session_state[_PAIR] = None
    pair = st.selectbox(
        "Images of a cell",
        mistakes_first,
        key=_PAIR,
        format_func=lambda pair: f"{pair[0]} read as {pair[1]} ({counts[pair]:,})",
        placeholder="Click a cell, or choose it here",
        width=320,
    )
    if pair is not None:
        show_images(*pair)


@st.cache_data(show_spinner=False, max_entries=16)
def _specification(counts: np.ndarray, share: bool, hide_right: bool) -> dict:
    """The confusion matrix for Vega-Lite; Altair takes 80 ms to make it."""
    chart = confusion_chart(counts, share=share, hide_right=hide_right).to_dict()
    del chart["config"]  # Altair's default size; Streamlit has its own
    return chart


def choose_cell() -> None:
    """Chooses a clicked cell below the chart as well."""
    if (pair := clicked_pair(st.session_state[_CHART].selection.get(CELL))) is not None:
        st.session_state[_PAIR] = pair


def clicked_pair(cells: object) -> tuple | None:
    """The labels of the cell that the browser reports as clicked, `None` if there is none.

    Example:
        >>> clicked_pair([{"label": 4, "predicted": 9}]), clicked_pair({}), clicked_pair([[]])
        ((4, 9), None, None)
    """
    try:
        return cells[0]["label"], cells[0]["predicted"]
    except (TypeError, KeyError, IndexError):
        return None


def show_images(true: int, predicted: int) -> None:
    """Shows a cell's images if MNIST is available, and a link to the page that has them all."""
    with errors_shown():
        test = datasets.mnist_on_disk()
        if test is not None:
            probabilities = networks.predictions(test)
            answers = probabilities.argmax(axis=1)
            which = np.flatnonzero((test.labels == true) & (answers == predicted))[:MAX_IMAGES]
            sure = probabilities.max(axis=1)[which]
            captions = [f"{index} · {share:.0%}" for index, share in zip(which, sure, strict=True)]
            gallery(test.images[which], captions, np.zeros(len(which), bool))
            st.caption(
                "Below each image: its number in the test set and the confidence of the answer."
            )
        else:
            st.caption(
                "MNIST's test images are not on this computer; the page Test images downloads them."
            )
    if st.button(
        f"Open {true} read as {predicted} on the page Test images", icon=":material/grid_view:"
    ):
        st.switch_page(TEST_SET, query_params={"label": str(true), "predicted": str(predicted)})
