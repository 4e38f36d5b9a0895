"""Shows the sweeps of training runs: what a setting does, and what is chance."""

import streamlit as st

from model.files.runs import Run
from ui.results import sweep_tables
from ui.results.figure import show_figure, show_numbers
from ui.results.sweep_charts import means_chart, parallel_chart

FEW = 2  # trials; parallel coordinates of fewer show nothing


@st.fragment
def show_sweeps(runs: list[Run]) -> None:
    """Shows one of the sweeps that the runs belong to, if they belong to any."""
    sweeps = sweep_tables.by_sweep(runs)
    if not sweeps:
        return
    st.subheader("Sweeps")
    name = st.selectbox("Sweep", list(sweeps), key="sweep")
    trials = sweep_tables.trials_table(sweeps[name])
    num_others = len(sweeps[name]) - len(trials)
    others = f"; {num_others} ended early, or are not finished" if num_others else ""
    st.caption(f"{len(trials)} finished trial{'s' if len(trials) != 1 else ''}{others}.")
    if not len(trials):
        return
    groups = sweep_tables.groups_table(trials)
    show_figure((means_chart, groups), table=groups, key="sweep-means")
    if len(trials) >= FEW and trials["validation"].nunique() > 1:
        show_figure((parallel_chart, trials), table=trials, key="sweep-trials")
    else:
        show_numbers(trials, "sweep-trials")
