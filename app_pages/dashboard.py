"""How the served network was trained, how good it is, and how runs compare."""

import numpy as np
import pandas as pd
import streamlit as st

from model.errors import DigitError
from ui import charts, reports


def show_headline(report: dict) -> None:
    test, network = report["test"], report["network"]
    with st.container(horizontal=True, gap="medium"):
        st.metric("Accuracy on the test set", f"{test['accuracy']:.2%}", width=220)
        st.metric("95 % interval", f"{test['low']:.2%} – {test['high']:.2%}", width=260)
        st.metric(
            "Wrong", f"{test['num_all'] - test['num_right']} of {test['num_all']:,}", width=200
        )
        st.metric("Parameters", f"{network['num_parameters']:,}", width=160)
        st.metric("File", f"{network['num_bytes'] / 1e6:.1f} MB", width=120)
    st.caption(reports.summary(report))


def show_curves(history: pd.DataFrame) -> None:
    left, right = st.columns(2)
    for place, measure, title in (
        (left, "accuracy", "Accuracy by epoch"),
        (right, "loss", "Loss by epoch (nats)"),
    ):
        chosen = history[history["measure"] == measure]
        place.altair_chart(charts.curves_chart(chosen, measure, title))


def show_confusion(test: dict) -> None:
    left, right = st.columns([3, 2])
    left.altair_chart(charts.confusion_chart(np.array(test["confusion"])))
    with right:
        st.markdown("**By digit**")
        st.dataframe(
            reports.per_class_table(test),
            hide_index=True,
            height=388,
            column_config={
                name: st.column_config.NumberColumn(format="percent")
                for name in ("precision", "recall", "F1")
            },
        )


def show_runs() -> None:
    st.header("Runs")
    runs = reports.runs()
    if not runs:
        st.info('No runs yet: "python train.py" adds one.', icon=":material/science:")
        return
    st.dataframe(reports.runs_table(runs), hide_index=True)
    for run in runs:
        if run.problem:
            st.warning(f"{run.name}: {run.problem}")
    drawable = [run.name for run in runs if run.history]
    names = st.multiselect("Compare runs", drawable, default=drawable[:2])
    chosen = [run for run in runs if run.name in names]
    if chosen:
        show_curves(reports.curves({run.name: run.history for run in chosen}))


st.title("Dashboard")
try:
    report, history = reports.served()
except DigitError as error:
    st.warning(str(error))
else:
    show_headline(report)
    if history:
        show_curves(reports.curves({"": history}))
        if not report["data"]["num_validation"]:
            st.caption("This run trained on all images, so it has no validation curves.")
        elif report["config"].get("modern"):
            st.caption(
                "Training frames are distorted, and some are no digit at all: the loss of those "
                "can't fall below 2.3 nats, so the training loss stays above the validation loss."
            )
    show_confusion(report["test"])
    st.altair_chart(charts.reliability_chart(report["test"]["reliability"]))
    with st.expander("Settings, data and software of this run"):
        st.dataframe(reports.settings_table(report), hide_index=True)
show_runs()
