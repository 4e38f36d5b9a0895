"""The page Results and runs: how the served network was trained and reads, and all runs."""

import streamlit as st

from ui.results import report_tables, run_tables
from ui.results.compare_runs import show_runs
from ui.results.details import show_details
from ui.results.learning_curves import show_curves
from ui.results.quality import show_headline, show_sets
from ui.results.sweeps import show_sweeps
from ui.show_error import errors_shown

st.title("Results and runs")
with errors_shown():
    report, history = report_tables.served()
    with errors_shown():
        show_headline(report)
    if history:
        show_curves({"": history}, "served")
        with errors_shown():
            st.caption(report_tables.about_curves(report))
    with errors_shown():
        show_sets(report)
    show_details()
st.header("Runs")
runs = run_tables.runs()
show_runs(runs)
show_sweeps(runs)
