"""Details of the served network's report; each is built when it is opened."""

from collections.abc import Callable

import streamlit as st

from ui.results import report_tables
from ui.results.mistakes import show_mistakes
from ui.results.quality import show_calibration, show_pen, show_risk
from ui.show_error import errors_shown


def show_details() -> None:
    """Shows what the report holds besides the page's first figures, closed at first."""
    for key, name, show in _DETAILS:
        _show_detail(key, name, show)


@st.fragment
def _show_detail(key: str, name: str, show: Callable[[dict], None]) -> None:
    expander = st.expander(name, key=key, on_change="rerun", bind="query-params")
    if expander.open:
        with expander, errors_shown():
            show(report_tables.served()[0])  # read again: a visit keeps a fragment's arguments


def _confidence(report: dict) -> None:
    left, right = st.columns(2)
    with left, errors_shown():
        show_calibration(report)
    with right, errors_shown():
        show_risk()


def _settings(report: dict) -> None:
    st.dataframe(report_tables.settings_table(report), hide_index=True)


# Key in the address, name, and the function that shows it.
_DETAILS = (
    (
        "mistakes",
        "Mistakes: confusion matrix, accuracy by digit, images",
        lambda report: show_mistakes(report_tables.confusion(report)),
    ),
    ("confidence", "How sure, and how often right", _confidence),
    ("pens", "Other people's pens: ways of writing, width of the pen", show_pen),
    ("settings", "Settings, data and software of this run", _settings),
    ("card", "Model card", lambda report: st.markdown(report_tables.card())),
)
