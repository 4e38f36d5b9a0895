"""Learning curves with their controls."""

import pandas as pd
import streamlit as st

from ui.results import run_tables
from ui.results.figure import show_figure
from ui.results.report_charts import curves_chart

STEP_SMOOTHING = 0.6  # a row of steps holds some hundred images, so it varies by chance
MEASURES = {
    run_tables.ERROR: "Share wrong",
    "loss": "Loss",
    "learning rate": "Learning rate",
}


@st.fragment
def show_curves(histories: dict[str, list[dict]], key: str) -> None:
    """Shows the error, the loss or the learning rate over epochs.

    Args:
        histories: Rows of epochs by the run's name; `""` for a single run.
        key: Prefix of the controls' keys.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        measure, weight, log = _controls(list(MEASURES), key)
        has_first = st.toggle(
            "First epoch", key=f"{key}-first", help="It is so bad that it flattens the others"
        )
    table = run_tables.curves(histories, weight, log)
    if not has_first and table.loc[table["measure"] == measure, "epoch"].max() > 2:
        table = table[table["epoch"] > 1]
    _show(table, measure, "epoch", log, key)


@st.fragment
def show_step_curves(steps: list[dict], history: list[dict]) -> None:
    """Shows the error or the loss of a run over its steps.

    Args:
        steps: Rows of the run's file of steps, at least one.
        history: Rows of its epochs.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        measure, weight, log = _controls([run_tables.ERROR, "loss"], "steps", STEP_SMOOTHING)
    _show(run_tables.step_curves(steps, history, weight, log), measure, "step", log, "steps")


def _controls(measures: list[str], key: str, smoothing: float = 0.0) -> tuple[str, float, bool]:
    """Asks for measure, smoothing and kind of axis."""
    measure = st.segmented_control(
        "Show", measures, default=run_tables.ERROR, required=True, key=f"{key}-measure"
    )
    weight = st.slider(
        "Smoothing",
        0.0,
        0.95,
        smoothing,
        0.05,
        key=f"{key}-smoothing",
        width=260,
        help="Weight of previous values in a moving average. Faint lines: measured values.",
    )
    return measure, weight, st.toggle("Logarithmic", value=True, key=f"{key}-log")


def _show(table: pd.DataFrame, measure: str, by: str, log: bool, key: str) -> None:
    title = f"{MEASURES[measure]} by {by}"
    chosen = table[table["measure"] == measure].drop(columns="measure")
    if len(chosen):
        shown = chosen.drop(columns="is_best")
        show_figure((curves_chart, chosen, measure, title, log, by), table=shown, key=key)
    else:
        st.caption(f"{title}: not recorded.")
