"""The chart of an answer's probabilities, and the colours of all charts."""

import numpy as np

BLUE, ORANGE, GREY = "#1f77b4", "#e69f00", "#8a94a6"  # colour-blind people can tell them apart
TABLEAU = ["#1f77b4", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a94a6"]


SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
PROBABILITY_AXIS = {
    "field": "probability",
    "type": "quantitative",
    "title": None,
    "scale": {"domain": [0, 1]},
    "axis": {"format": "%", "values": [0, 0.5, 1]},
}
# Written by hand: Altair checks each chart against a schema under a lock that all visitors share,
# which took three quarters of the time of an answer.
_PROBABILITIES = {
    "$schema": SCHEMA,
    "title": "Probability of each digit",
    "height": 200,
    "mark": {"type": "bar"},
    "encoding": {
        "x": {"field": "digit", "type": "nominal", "title": None, "axis": {"labelAngle": 0}},
        "y": PROBABILITY_AXIS,
        "color": {"condition": {"test": "datum.answer", "value": BLUE}, "value": GREY},
        "tooltip": [
            {"field": "digit", "type": "nominal"},
            {"field": "probability", "type": "quantitative", "format": ".2%"},
        ],
    },
}


def probabilities_chart(probabilities: np.ndarray) -> dict:
    """A bar chart with the likeliest digit highlighted.

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
