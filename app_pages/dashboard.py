"""The page Results and runs: how the served network was trained and reads, and all runs."""

import streamlit as st

from ui.results import report_tables, run_tables
from ui.results.compare_runs import show_runs
from ui.results.learning_curves import show_curves
from ui.results.mistakes import show_mistakes
from ui.results.quality import show_calibration, show_headline, show_pen, show_risk
from ui.results.sweeps import show_sweeps
from ui.show_error import errors_shown

st.title("Results and runs")
risk_column = None
with errors_shown():
    report, history = report_tables.served()
    with errors_shown():
        show_headline(report)
    if history:
        show_curves({"": history}, "served")
        with errors_shown():
            st.caption(report_tables.about_curves(report))
    st.header("Mistakes")
    with errors_shown():
        show_mistakes(report_tables.confusion(report))
    st.header("How sure, and how often right")
    left, risk_column = st.columns(2)
    with left, errors_shown():
        show_calibration(report)
    st.header("Other people's pens")
    with errors_shown():
        show_pen(report)
    with st.expander("Settings, data and software of this run"), errors_shown():
        st.dataframe(report_tables.settings_table(report), hide_index=True)
    with st.expander("Model card"), errors_shown():
        st.markdown(report_tables.card())
st.header("Runs")
runs = run_tables.runs()
show_runs(runs)
show_sweeps(runs)
if risk_column is not None:  # last, because reading the test images takes seconds
    with risk_column, errors_shown():
        show_risk()
