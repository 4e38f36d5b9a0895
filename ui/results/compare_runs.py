"""Compares training runs: a table, overlaid curves, a significance test, differing settings."""

import streamlit as st

from model.files.runs import Run
from ui.results import report_tables, run_tables
from ui.results.figure import column_formats, show_figure
from ui.results.learning_curves import show_curves
from ui.results.report_charts import difference_chart
from ui.show_error import LOG, SEE_LOG, errors_shown

NUMBER_FORMATS = {"learning rate": "%.2g", "weight decay": "%.2g"}


def show_runs(runs: list[Run]) -> None:
    """Shows all runs and the shipped network, and compares those that the visitor chooses."""
    if not runs:
        st.info(
            'No runs yet: "python train.py" adds one, which is compared with the shipped network.',
            icon=":material/science:",
        )
        return
    for run in runs:
        if run.problem:
            LOG.warning("%s: %s", run.name, run.problem)
            st.warning(f"{run.name}: one of its files is damaged. {SEE_LOG}")
    with errors_shown():
        runs = [*runs, run_tables.shipped()]
    table = run_tables.runs_table(runs)
    numbers = {
        name: st.column_config.NumberColumn(format=format)
        for name, format in NUMBER_FORMATS.items()
    }
    st.dataframe(table, hide_index=True, column_config=column_formats(table) | numbers)
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
        for other in others:
            show_difference(first, other)
        st.markdown("**Settings that differ**")
        differing = run_tables.differing_settings(chosen)
        if len(differing):
            st.dataframe(differing, hide_index=True)
        else:
            st.caption("None: these runs have the same settings.")


def show_difference(a: Run, b: Run) -> None:
    """Shows the difference of two runs' confusion matrices, once it is asked for."""
    name = f"Confusion matrices: {b.name} against {a.name}"
    key = f"difference-{a.name}-{b.name}"
    expander = st.expander(name, key=key, on_change="rerun")
    if not expander.open:
        return
    with expander:
        differences = run_tables.confusion_difference(a, b)
        if differences is None:
            st.caption("Not comparable: a run lacks its counts, or they are of other images.")
        elif not differences.any():
            st.caption("No difference: both read as many images of each digit as each other digit.")
        else:
            st.caption(
                f"How many images more {b.name} reads as each digit than {a.name}. Blue is better: "
                "more on the diagonal, fewer beside it; orange is worse."
            )
            table = report_tables.difference_table(differences)
            show_figure((difference_chart, differences, a.name, b.name), table=table, key=key)
