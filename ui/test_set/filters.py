"""Asks for a filter and an order; the page's address keeps the choices."""

import numpy as np
import streamlit as st

from model.errors import ArtifactError
from model.learning.data import Dataset
from model.reading.filter_and_order import (
    COMPARISONS,
    ORDERS,
    RESULTS,
    Filter,
    compare_predictions,
    distance_to_class_mean,
    filter_images,
    order_images,
)
from ui import networks
from ui.show_error import show_error
from ui.test_set.predictions import Predictions

WIDTH = 165  # CSS pixels; two beside each other on a phone
WIDE = 240  # for names of networks and what is compared
MAX_SEED = 999_999
ANY = "any"
NO_OTHER = "no other network"
DEFAULTS = {
    **{"label": ANY, "predicted": ANY, "result": RESULTS[0], "sure": (0, 100), "disputed": False},
    **{"which": COMPARISONS[0], "order": ORDERS[0], "seed": 0.0},
}
IN_ADDRESS = {"bind": "query-params"}  # under the widget's key; invalid values become the default


def ask_whole_number(label: str, low: int, high: int, key: str, **options) -> int:
    """Asks for a whole number, `low` at first; the address keeps it.

    Streamlit's whole-number input ends the run when an address says infinity; its decimal input
    takes the default instead.
    """
    return int(
        st.number_input(
            label,
            float(low),
            float(high),
            step=1.0,
            format="%.0f",
            key=key,
            width=WIDTH,
            **IN_ADDRESS,
            **options,
        )
    )


def go_to_page(number: int) -> None:
    """Shows a page of the images, from 1."""
    st.session_state["page"] = float(number)


def go_to_first_page() -> None:
    """Shows the first page again, because another choice shows other images."""
    go_to_page(1)


def reset() -> None:
    """Takes all filters and the order back."""
    for key, value in DEFAULTS.items():
        if key in st.session_state:
            st.session_state[key] = value
    go_to_first_page()


def predict(data: Dataset, row) -> Predictions:
    """Reads a data set with the served network, and with a second one if the visitor chose one.

    Args:
        data: The images and their labels.
        row: The container for the question.

    Raises:
        ArtifactError: If a network is missing or damaged.
    """
    probabilities = networks.predictions(data)
    names = networks.other_networks()
    name = NO_OTHER
    if names:
        name = row.selectbox(
            "Compare with",
            [NO_OTHER, *names],
            key="network",
            **IN_ADDRESS,
            on_change=go_to_first_page,
            width=WIDE,
            help='To get another network, run "python train.py".',
        )
    if name == NO_OTHER:
        return Predictions(data, probabilities)
    return Predictions(data, probabilities, networks.predictions(data, name), name)


def choose_images(predictions: Predictions) -> np.ndarray:
    """Asks for filters and order and returns the indices of the matching images, in order."""
    labels, probabilities = predictions.data.labels, predictions.probabilities
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = _ask_filter(has_disputed=bool(predictions.disputed))
        if predictions.other_probabilities is not None:
            comparison = _select("Which is right", COMPARISONS, "which", WIDE)
        order = _select("Order", ORDERS, "order")
        seed = 0
        if order == "Random":
            seed = ask_whole_number("Seed", 0, MAX_SEED, "seed", on_change=go_to_first_page)
        st.button("Reset", on_click=reset, help="Shows all images again")
    distances = None
    if order == "Most typical first":
        try:
            distances = distance_to_class_mean(networks.coordinates(predictions.data), labels)
        except ArtifactError as error:
            show_error(error)
            order = "Index"
    confidence = networks.served_network().confidence
    chosen = filter_images(wanted, labels, probabilities, predictions.disputed, confidence)
    if predictions.other_probabilities is not None:
        other = predictions.other_probabilities.argmax(axis=1)
        compared = compare_predictions(comparison, labels, predictions.predicted, other)
        chosen = chosen[compared[chosen]]
    return order_images(chosen, order, labels, probabilities, distances, seed)


def _ask_filter(has_disputed: bool) -> Filter:
    digits = [ANY, *range(10)]
    label = _select("True label", digits, "label")
    predicted = _select("Predicted label", digits, "predicted")
    result = _select("Result", RESULTS, "result")
    low, high = st.slider(
        "Confidence, %",
        0,
        100,
        (0, 100),
        key="sure",
        **IN_ADDRESS,
        on_change=go_to_first_page,
        width=WIDTH,
    )
    disputed = has_disputed and st.toggle(
        "Disputed",
        key="disputed",
        **IN_ADDRESS,
        on_change=go_to_first_page,
        width=WIDTH,
        help="Only the 15 images whose label fewer than three of five people confirmed "
        "(C. Northcutt et al., arXiv:2103.14749)",
    )
    return Filter(
        None if label == ANY else label,
        None if predicted == ANY else predicted,
        result,
        low,
        high,
        disputed,
    )


def _select(label: str, options, key: str, width: int = WIDTH):
    return st.selectbox(
        label, options, key=key, **IN_ADDRESS, on_change=go_to_first_page, width=width
    )
