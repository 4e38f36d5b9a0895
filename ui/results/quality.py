"""Quality of the served network: accuracy, calibration, risk-coverage curve, pen drawings."""

import streamlit as st

from model.learning.evaluation import answered_above
from ui import datasets, networks
from ui.results import report_charts, report_tables
from ui.results.figure import show_figure

MIN_COVERAGE = 0.9  # share answered from which on risk is drawn; below, next to nothing is wrong


def show_headline(report: dict) -> None:
    """Shows the figures on top of the page and how the network was trained."""
    with st.container(horizontal=True, gap="medium"):
        for name, figures in report_tables.headline(report).items():
            st.metric(name, figures, width="content")
    st.caption(report_tables.summary(report))


def show_calibration(report: dict) -> None:
    """Shows how often the network was right against how sure it said it was."""
    table, ece = report_tables.reliability_table(report)
    charts = (report_charts.reliability_chart, table, ece), (report_charts.bins_chart, table)
    show_figure(*charts, table=table, key="calibration")


def show_risk() -> None:
    """Shows what refusing to answer brings; the first time it reads all test images, seconds."""
    test = datasets.mnist_on_disk()
    if test is None:
        st.caption(
            "Risk and coverage are measured on MNIST's test images, which are not on this "
            "computer; the page Test images downloads them."
        )
        return
    probabilities = networks.predictions(test)
    threshold = networks.served_network().confidence.refusal_threshold
    shipped = answered_above(probabilities, test.labels, threshold)
    table = report_tables.risk_table(probabilities, test.labels)
    start = max(0.0, min(MIN_COVERAGE, shipped["coverage"] - 0.05))
    show_figure((report_charts.risk_chart, table, shipped, start), table=table, key="risk")
    st.caption(
        f"Below a confidence of {shipped['threshold']:.2f} DigitPad says \"this doesn't look like "
        f'a digit": it answers {shipped["coverage"]:.2%} of the test images, and '
        f"{shipped['num_wrong']} of {shipped['num_answered']:,} answers are wrong."
    )


def show_sets(report: dict) -> None:
    """Shows the accuracy on each data set, side by side."""
    table = report_tables.sets_table(report)
    title = "Read right, by data set"
    show_figure((report_charts.intervals_chart, table, title, "data set"), table=table, key="sets")
    if len(table) == 1:
        st.caption('For other data sets run "python -m benchmarks.recognition --save".')


def show_pen(report: dict) -> None:
    """Shows the accuracy on digits drawn with a pen, by way of writing and by pen width."""
    groups, widths = report_tables.pen_table(report), report_tables.widths_table(report)
    left, right = st.columns(2)
    for column, table, title, axis in (
        (left, groups, "Digits drawn with a pen, by way of writing", "way of writing"),
        (right, widths, "As pictures, by width of the pen", "pen width"),
    ):
        with column:
            if len(table):
                show_figure(
                    (report_charts.intervals_chart, table, title, axis), table=table, key=axis
                )
            else:
                st.caption(f'{title}: measure it with "python -m benchmarks.recognition --save".')
    st.caption(f"The canvas has 280 pixels a side. {report_tables.about_pen(report)}")
