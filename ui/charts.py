"""The charts of an answer, each with a title, units and a description for screen readers."""

import altair as alt
import numpy as np
import pandas as pd

BLUE, ORANGE, GREY = "#1f77b4", "#e69f00", "#8a94a6"  # told apart by colour-blind eyes
TABLEAU = ["#1f77b4", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a94a6"]


# Written out, not made by Altair: that checks every part against a schema behind a lock that all
# visitors share, which took three quarters of the time of an answer.
_PROBABILITIES = {
    "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
    "title": "Probability of each digit",
    "height": 200,
    "mark": {"type": "bar"},
    "encoding": {
        "x": {"field": "digit", "type": "nominal", "title": None, "axis": {"labelAngle": 0}},
        "y": {
            "field": "probability",
            "type": "quantitative",
            "title": None,
            "scale": {"domain": [0, 1]},
            "axis": {"format": "%", "values": [0, 0.5, 1]},
        },
        "color": {"condition": {"test": "datum.answer", "value": BLUE}, "value": GREY},
        "tooltip": [
            {"field": "digit", "type": "nominal"},
            {"field": "probability", "type": "quantitative", "format": ".2%"},
        ],
    },
}


def probabilities_chart(probabilities: np.ndarray) -> dict:
    """A bar for each digit, the likeliest one darker and labelled.

    Args:
        probabilities: `(10,)`.

    Returns:
        A Vega-Lite specification for `st.vega_lite_chart`.
    """
    best = int(probabilities.argmax())
    rows = [
        {"digit": str(digit), "probability": float(probability), "answer": digit == best}
        for digit, probability in enumerate(probabilities)
    ]
    description = f"Bar chart: {best} with {probabilities[best]:.0%}; then " + ", ".join(
        f"{digit} with {probabilities[digit]:.1%}" for digit in np.argsort(-probabilities)[1:3]
    )
    return {**_PROBABILITIES, "description": description, "data": {"values": rows}}


def replay_chart(table: pd.DataFrame) -> alt.Chart:
    """Probabilities while a drawing grew.

    Args:
        table: Columns `path` (share of the pen's path, 0 to 1), `digit` and `probability`.
    """
    return (
        alt.Chart(
            table,
            title="Probabilities along the pen's path",
            height=200,
            description="Lines of the probable digits: " + ", ".join(table["digit"].unique()),
        )
        .mark_line(point=True)
        .encode(
            x=alt.X("path:Q", title="pen's path", axis=alt.Axis(format="%")),
            y=alt.Y(
                "probability:Q",
                title=None,
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format="%", values=[0, 0.5, 1]),
            ),
            color=alt.Color("digit:N", scale=alt.Scale(range=TABLEAU)),
            strokeDash=alt.StrokeDash("digit:N"),
            tooltip=[
                "digit",
                alt.Tooltip("path", format=".0%"),
                alt.Tooltip("probability", format=".1%"),
            ],
        )
    )
