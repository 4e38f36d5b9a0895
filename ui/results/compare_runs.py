"""Compares training runs: a table, overlaid curves, a significance test, differing settings."""

import streamlit as st

from model.files.runs import Run
from ui.results import run_tables
from ui.results.figure import column_formats
from ui.results.learning_curves import show_curves
from ui.show_error import LOG, SEE_LOG

NUMBER_FORMATS = {"learning rate": "%.2g", "weight decay": "%.2g"}


def show_runs(runs: list[Run]) -> None:
    """Shows all runs and compares those that the visitor chooses."""
    if not runs:
        st.info('No runs yet: "python train.py" adds one.', icon=":material/science:")
        return
    table = run_tables.runs_table(runs)
    numbers = {
        name: st.column_config.NumberColumn(format=format)
        for name, format in NUMBER_FORMATS.items()
    }
    st.dataframe(table, hide_index=True, column_config=column_formats(table) | numbers)
    for run in runs:
        if run.problem:
            LOG.warning("%s: %s", run.name, run.problem)
            st.warning(f"{run.name}: one of its files is damaged. {SEE_LOG}")
    compare(runs)


@st.fragment
def compare(runs: list[Run]) -> None:
    drawable = [run.name for run in runs if run.history]
    names = st.multiselect("Compare runs", drawable, default=drawable[:2])
    chosen = [run for run in runs if run.name in names]
    if chosen:
        show_curves({run.name: run.history for run in chosen}, "runs")
    if len(chosen) > 1:
        first, *others = chosen
        st.markdown("**On the test images**, McNemar's exact test")
        st.markdown("\n".join(f"- {run_tables.difference(first, other)}" for other in others))
        st.markdown("**Settings that differ**")
        differing = run_tables.differing_settings(chosen)
        if len(differing):
            st.dataframe(differing, hide_index=True)
        else:
            st.caption("None: these runs have the same settings.")
