"""Shows charts together with the table of their numbers."""

from collections.abc import Callable

import altair as alt
import pandas as pd
import streamlit as st

SHARES = ("accuracy", "low", "high", "confidence", "answered", "wrong")
SHARES += ("recall", "precision", "F1", "from", "to", "test accuracy", "validation")


def show_figure(*charts: tuple, table: pd.DataFrame, key: str) -> None:
    """Shows charts, one below the other, and below them the table that they are made from.

    Args:
        charts: For each chart, the function that makes it, followed by its arguments.
        table: The numbers.
        key: Of the table's expander.
    """
    for make, *arguments in charts:
        _chart(make.__name__, make, *arguments)
    show_numbers(table, key)


# Altair takes some 35 ms per chart, under a lock that all visitors share, and the charts are the
# same for everyone, so they are cached. 64 entries are the charts of a few networks with all
# switches.
@st.cache_data(show_spinner=False, max_entries=64)
def _chart(name: str, _make: Callable[..., alt.Chart | alt.LayerChart], *arguments) -> None:
    st.altair_chart(_make(*arguments))


@st.fragment
def show_numbers(table: pd.DataFrame, key: str) -> None:
    """Shows a table in an expander, once that is opened: the browser takes long for the first one.

    Args:
        table: The numbers.
        key: Of the expander.
    """
    expander = st.expander(
        "The numbers", icon=":material/table:", key=f"{key}-numbers", on_change="rerun"
    )
    if expander.open:
        expander.dataframe(table, hide_index=True, column_config=column_formats(table))


def column_formats(table: pd.DataFrame) -> dict:
    """Column settings that show a table's shares in per cent; they still sort as numbers."""
    return {
        name: st.column_config.NumberColumn(format="percent")
        for name in table.columns
        if name in SHARES
    }
