"""How the served network was trained, how good it is, and how runs compare."""

import streamlit as st

from ui import resources
from ui.results import report_charts, report_tables, run_tables
from ui.results.compare_runs import show_runs
from ui.results.figure import figure, told
from ui.results.learning_curves import show_curves
from ui.results.mistakes import show_mistakes

SHOWN_FROM = 0.9  # share answered from which on risk is drawn: below, next to nothing is wrong


def show_headline(report: dict) -> None:
    with st.container(horizontal=True, gap="medium"):
        for name, figures in report_tables.headline(report).items():
            st.metric(name, figures, width="content")
    st.caption(report_tables.summary(report))


def show_calibration(report: dict) -> None:
    table, ece = report_tables.reliability_table(report)
    charts = (report_charts.reliability_chart, table, ece), (report_charts.bins_chart, table)
    figure(*charts, table=table)


def show_risk() -> None:
    """What refusing brings, measured on the test images; reading them takes seconds, once."""
    test = resources.mnist_at_hand()
    if test is None:
        st.caption(
            "Risk and coverage are measured on MNIST's test images, which are not at hand: open "
            "the test set's page once."
        )
        return
    table, shipped = resources.risk(test)
    start = max(0.0, min(SHOWN_FROM, shipped["coverage"] - 0.05))
    figure((report_charts.risk_chart, table, shipped, start), table=table)
    st.caption(
        f"Below a confidence of {shipped['threshold']:.2f} DigitPad says \"this doesn't look like "
        f'a digit": of the test images it answers {shipped["coverage"]:.2%}, and '
        f"{shipped['num_wrong']} of {shipped['num_answered']:,} answers are wrong."
    )


def show_pen(report: dict) -> None:
    groups, widths = report_tables.pen_table(report), report_tables.widths_table(report)
    left, right = st.columns(2)
    for place, table, title, axis in (
        (left, groups, "Digits drawn with a pen, by way of writing", "way of writing"),
        (right, widths, "As pictures, by width of the pen", "pen width"),
    ):
        with place:
            if len(table):
                figure((report_charts.intervals_chart, table, title, axis), table=table)
            else:
                st.caption(f'{title}: "python -m benchmarks.recognition --save" measures it.')
    st.caption(f"The canvas has 280 pixels a side. {report_tables.about_pen(report)}")


st.title("Dashboard")
later = None
with told():
    report, history = report_tables.served()
    with told():
        show_headline(report)
    if history:
        show_curves({"": history}, "served")
        with told():
            st.caption(report_tables.about_curves(report))
    st.header("Mistakes")
    with told():
        show_mistakes(report_tables.confusion(report))
    st.header("How sure, and how often right")
    left, later = st.columns(2)
    with left, told():
        show_calibration(report)
    st.header("Other people's pens")
    with told():
        show_pen(report)
    with st.expander("Settings, data and software of this run"), told():
        st.dataframe(report_tables.settings_table(report), hide_index=True)
    with st.expander("Model card"), told():
        st.markdown(report_tables.card())
st.header("Runs")
show_runs(run_tables.runs())
if later is not None:  # last, so that nothing waits for it
    with later, told():
        show_risk()
