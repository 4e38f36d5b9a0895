"""A chart as every page of figures shows it: with its words, and its numbers behind it."""

import contextlib
from collections.abc import Callable, Iterator

import altair as alt
import pandas as pd
import streamlit as st

from model.errors import DigitError

SHARES = ("accuracy", "low", "high", "confidence", "answered", "wrong")
SHARES += ("recall", "precision", "F1", "from", "to", "test accuracy", "validation")


def figure(*charts: tuple, table: pd.DataFrame) -> None:
    """Shows charts, one below the other, and the table that they are made of behind them.

    Args:
        charts: For each, the function that makes it, and its arguments.
        table: The numbers.
    """
    for make, *arguments in charts:
        _chart(make.__name__, make, *arguments)
    numbers(table)


# Altair takes some 35 ms for a chart, behind a lock that all visitors share, and the figures are
# the same for everyone: what was shown once is shown again. 64 are the charts of a few networks
# with their switches.
@st.cache_data(show_spinner=False, max_entries=64)
def _chart(name: str, _make: Callable[..., alt.Chart | alt.LayerChart], *arguments) -> None:
    st.altair_chart(_make(*arguments))


def numbers(table: pd.DataFrame) -> None:
    """Shows the table behind a chart when it is opened."""
    opened = st.expander("The numbers", icon=":material/table:")
    opened.dataframe(table, hide_index=True, column_config=formats(table))


def formats(table: pd.DataFrame) -> dict:
    """How a table's shares are written: as per cent, and still sorted as numbers."""
    return {
        name: st.column_config.NumberColumn(format="percent")
        for name in table.columns
        if name in SHARES
    }


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Has what can't be shown said in a sentence, and the rest of the page go on."""
    try:
        yield
    except DigitError as error:
        st.warning(str(error), icon=":material/error:")
