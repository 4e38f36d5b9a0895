"""Learning curves with their controls."""

import streamlit as st

from ui.results import run_tables
from ui.results.figure import show_figure
from ui.results.report_charts import curves_chart


@st.fragment
def show_curves(histories: dict[str, list[dict]], key: str) -> None:
    """Shows accuracy, loss and learning rate over epochs.

    Args:
        histories: Rows of epochs by the run's name; `""` for a single run.
        key: Prefix of the controls' keys.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        weight = st.slider(
            "Smoothing",
            0.0,
            0.95,
            0.0,
            0.05,
            key=f"{key}-smoothing",
            width=260,
            help="Weight of previous values in a moving average. Faint lines: measured values.",
        )
        log = st.toggle("Logarithmic", key=f"{key}-log", help="Shows error instead of accuracy")
    table = run_tables.curves(histories, weight, log)
    accuracy = "Share wrong by epoch" if log else "Accuracy by epoch"
    columns = st.columns(3)
    for place, measure, unit, title in (
        (columns[0], "accuracy", "share wrong" if log else "share right", accuracy),
        (columns[1], "loss", "loss (nats)", "Loss by epoch"),
        (columns[2], "learning rate", "learning rate", "Learning rate by epoch"),
    ):
        chosen = table[table["measure"] == measure].drop(columns="measure")
        with place:
            if len(chosen):
                show_figure((curves_chart, chosen, unit, title, log), table=chosen)
            else:
                st.caption(f"{title}: these runs did not record it.")
