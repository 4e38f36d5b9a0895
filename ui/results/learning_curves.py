"""Learning curves with their controls."""

import streamlit as st

from ui.results import run_tables
from ui.results.figure import show_figure
from ui.results.report_charts import curves_chart

TITLES = {
    run_tables.ERROR: "Share wrong by epoch",
    "loss": "Loss by epoch",
    "learning rate": "Learning rate by epoch",
}


@st.fragment
def show_curves(histories: dict[str, list[dict]], key: str) -> None:
    """Shows the error, the loss or the learning rate over epochs.

    Args:
        histories: Rows of epochs by the run's name; `""` for a single run.
        key: Prefix of the controls' keys.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        measure = st.segmented_control(
            "Show", list(TITLES), default=run_tables.ERROR, required=True, key=f"{key}-measure"
        )
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
        log = st.toggle("Logarithmic", value=True, key=f"{key}-log")
        has_first = st.toggle(
            "First epoch", key=f"{key}-first", help="It is so bad that it flattens the others"
        )
    table = run_tables.curves(histories, weight, log)
    chosen = table[table["measure"] == measure].drop(columns="measure")
    if not has_first and chosen["epoch"].max() > 2:
        chosen = chosen[chosen["epoch"] > 1]
    if len(chosen):
        shown = chosen.drop(columns="is_best")
        show_figure((curves_chart, chosen, measure, TITLES[measure], log), table=shown)
    else:
        st.caption(f"{TITLES[measure]}: not recorded.")
