"""What to show of a labelled data set and in which order; the address bar keeps every choice."""

import numpy as np
import streamlit as st

from model.errors import ArtifactError
from model.learning.data import Dataset
from model.reading.filter_and_order import (
    ORDERS,
    Filter,
    distance_to_class_mean,
    filter_images,
    order_images,
)
from ui import resources
from ui.test_set.predictions import Reading

WIDTH = 165  # CSS pixels; two beside each other on a phone
MAX_SEED = 999_999
ANY = "any"
NO_OTHER = "no other network"
LINK = {"bind": "query-params"}  # the key is the parameter's name; nonsense becomes the default


def whole_number(label: str, low: int, high: int, key: str, **options) -> int:
    """Asks for a whole number, `low` at first; the address keeps it.

    Streamlit's own whole numbers end the run when an address names an infinite one; its
    decimal ones take the default instead.
    """
    limits, step = (float(low), float(high)), 1.0
    return int(
        st.number_input(
            label, *limits, step=step, format="%.0f", key=key, **LINK, width=WIDTH, **options
        )
    )


def first_page() -> None:
    """Back to the first page, as another choice shows other images."""
    st.session_state["page"] = 1.0


def read_by(data: Dataset, row) -> Reading:
    """Has the served network read a data set, and a second one if the visitor chose one.

    Args:
        data: The images and their labels.
        row: The container for the question.

    Raises:
        ArtifactError: If a network is missing or damaged.
    """
    names = resources.other_networks()
    if not names:
        return Reading(data, resources.predictions(data))
    name = row.selectbox(
        "Compare with",
        [NO_OTHER, *names],
        key="network",
        **LINK,
        on_change=first_page,
        width=240,
        help="Shows only the images that the two networks read differently. Networks come from "
        '"python train.py".',
    )
    probabilities = resources.predictions(data)
    if name == NO_OTHER:
        return Reading(data, probabilities)
    return Reading(data, probabilities, resources.predictions(data, name), name)


def chosen_images(reading: Reading) -> np.ndarray:
    """Asks for filters and order and returns the indices that are left, in that order."""
    labels, probabilities = reading.data.labels, reading.probabilities
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = _wanted(bool(reading.disputed))
        order = st.selectbox(
            "Order", ORDERS, key="order", **LINK, on_change=first_page, width=WIDTH
        )
        seed = 0
        if order == "Random":
            seed = whole_number("Seed", 0, MAX_SEED, "seed", on_change=first_page)
    strange = None
    if order == "Most typical first":
        try:
            strange = distance_to_class_mean(resources.coordinates(reading.data), labels)
        except ArtifactError as error:
            st.info(str(error))
            order = "Index"
    chosen = filter_images(wanted, labels, probabilities, reading.disputed)
    if reading.other is not None:
        differ = reading.predicted != reading.other.argmax(axis=1)
        chosen = chosen[differ[chosen]]
    return order_images(chosen, order, labels, probabilities, strange, seed)


def _wanted(has_disputed: bool) -> Filter:
    label, predicted = (
        st.selectbox(name, [ANY, *range(10)], key=key, **LINK, on_change=first_page, width=WIDTH)
        for name, key in (("True label", "label"), ("Predicted label", "predicted"))
    )
    verdict = st.selectbox(
        "Result", ["all", "right", "wrong"], key="result", **LINK, on_change=first_page, width=WIDTH
    )
    low, high = st.slider(
        "How sure, %", 0, 100, (0, 100), key="sure", **LINK, on_change=first_page, width=WIDTH
    )
    disputed = has_disputed and st.toggle(
        "Disputed",
        key="disputed",
        **LINK,
        on_change=first_page,
        width=WIDTH,
        help="Only the 15 images whose label fewer than three of five people confirmed "
        "(C. Northcutt et al., arXiv:2103.14749)",
    )
    return Filter(
        None if label == ANY else label,
        None if predicted == ANY else predicted,
        verdict,
        low,
        high,
        disputed,
    )
