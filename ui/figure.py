"""A chart as every page of figures shows it: with its words, and its numbers behind it."""

import contextlib
from collections.abc import Iterator

import altair as alt
import pandas as pd
import streamlit as st

from model.errors import DigitError

SHARES = ("accuracy", "low", "high", "confidence", "answered", "wrong")
SHARES += ("recall", "precision", "F1", "from", "to", "test accuracy", "validation")


def figure(*charts: alt.Chart | alt.LayerChart, table: pd.DataFrame) -> None:
    """Shows charts, one below the other, and the table that they are made of behind them."""
    for chart in charts:
        st.altair_chart(chart)
    numbers(table)


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
