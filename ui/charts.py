"""The charts, each with a title, units and a description for screen readers."""

import altair as alt
import numpy as np
import pandas as pd

BLUE, ORANGE, GREY = "#1f77b4", "#e69f00", "#8a94a6"  # told apart by colour-blind eyes
TABLEAU = ["#1f77b4", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a94a6"]


def probabilities_chart(probabilities: np.ndarray) -> alt.Chart:
    """A bar for each digit, the likeliest one darker and labelled.

    Args:
        probabilities: `(10,)`.
    """
    best = int(probabilities.argmax())
    table = pd.DataFrame(
        {
            "digit": [str(digit) for digit in range(10)],
            "probability": probabilities.astype(float),
            "answer": [digit == best for digit in range(10)],
        }
    )
    base = alt.Chart(
        table,
        title="Probability of each digit",
        height=200,
        description=f"Bar chart: {best} with {probabilities[best]:.0%}; then "
        + ", ".join(
            f"{digit} with {probabilities[digit]:.1%}" for digit in np.argsort(-probabilities)[1:3]
        ),
    ).encode(
        x=alt.X("digit:N", title=None, axis=alt.Axis(labelAngle=0)),
        y=alt.Y(
            "probability:Q",
            title=None,
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format="%", values=[0, 0.5, 1]),
        ),
        tooltip=["digit", alt.Tooltip("probability", format=".2%")],
    )
    return base.mark_bar().encode(
        color=alt.condition("datum.answer", alt.value(BLUE), alt.value(GREY))
    )


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


def curves_chart(history: pd.DataFrame, measure: str, title: str) -> alt.Chart:
    """Curves over epochs.

    Args:
        history: Columns `epoch`, `curve` and `value`.
        measure: What the value is, for the axis.
        title: The chart's title.
    """
    hover = alt.selection_point(fields=["curve"], bind="legend")
    return (
        alt.Chart(
            history,
            title=title,
            height=260,
            description=f"{title} over {history['epoch'].nunique()} epochs",
        )
        .mark_line(point=True)
        .encode(
            x=alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1, format="d")),
            y=alt.Y("value:Q", title=measure, scale=alt.Scale(zero=False)),
            color=alt.Color("curve:N", title=None, scale=alt.Scale(range=TABLEAU)),
            strokeDash=alt.StrokeDash("curve:N", title=None),
            opacity=alt.condition(hover, alt.value(1.0), alt.value(0.15)),
            tooltip=["curve", "epoch", alt.Tooltip("value", format=".4f")],
        )
        .add_params(hover)
    )


def confusion_chart(confusion: np.ndarray) -> alt.Chart:
    """The confusion matrix with its counts; the shade leaves the diagonal out.

    Args:
        confusion: `(10, 10)` counts of `[true label, predicted label]`.
    """
    true, predicted = np.indices(confusion.shape)
    table = pd.DataFrame(
        {
            "true label": true.ravel(),
            "predicted label": predicted.ravel(),
            "images": confusion.ravel(),
            "mistakes": np.where(true == predicted, 0, confusion).ravel(),
        }
    )
    most = max(int(table["mistakes"].max()), 1)
    # Mistakes get a shade; what is right, or never happened, keeps the page's ground.
    shaded = "datum.mistakes > 0"
    base = alt.Chart(
        table,
        title="Confusion matrix, in images",
        height=380,
        description=f"{int(confusion.trace())} of {int(confusion.sum())} images lie on the "
        f"diagonal; the most frequent mistake occurs {most} times",
    ).encode(
        x=alt.X("predicted label:O", axis=alt.Axis(labelAngle=0, orient="top")),
        y=alt.Y("true label:O"),
        tooltip=["true label", "predicted label", "images"],
    )
    cells = base.mark_rect().encode(
        color=alt.condition(
            shaded,
            alt.Color(
                "mistakes:Q",
                scale=alt.Scale(domain=[0, most], range=["#fde3c0", "#e69f00"]),
                legend=None,
            ),
            alt.value("transparent"),
        )
    )
    numbers = (
        base.transform_filter("datum.images > 0")
        .mark_text()
        .encode(text="images:Q", color=alt.condition(shaded, alt.value("#1b2430"), alt.value(GREY)))
    )
    return cells + numbers


def reliability_chart(rows: list[dict]) -> alt.Chart:
    """How often the network was right against how sure it said it was."""
    table = pd.DataFrame(rows)
    diagonal = (
        alt.Chart(pd.DataFrame({"confidence": [0.0, 1.0], "accuracy": [0.0, 1.0]}))
        .mark_line(strokeDash=[4, 4], color=GREY)
        .encode(x="confidence", y="accuracy")
    )
    points = (
        alt.Chart(table)
        .mark_line(point=True, color=BLUE)
        .encode(
            x=alt.X("confidence:Q", title="stated confidence", axis=alt.Axis(format="%")),
            y=alt.Y("accuracy:Q", title="share that was right", axis=alt.Axis(format="%")),
            tooltip=[
                alt.Tooltip("confidence", format=".1%"),
                alt.Tooltip("accuracy", format=".1%"),
                alt.Tooltip("num_all", title="images"),
            ],
        )
    )
    return (diagonal + points).properties(
        title="Reliability: is it as often right as it is sure?",
        height=260,
        description=f"Reliability curve over {len(table)} bins of confidence",
    )
