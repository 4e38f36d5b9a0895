"""The dashboard's charts, each with a title, units and a description for screen readers.

Curves and groups differ in dash or shape as well as in colour, and all marks are visible on light
and dark backgrounds.
"""

import altair as alt
import numpy as np
import pandas as pd

from ui.charts import BLUE, GREY, ORANGE, TABLEAU

FEW_EPOCHS = 30  # with at most so many, each epoch gets a point
_UNIT = alt.Scale(domain=[0, 1])
CELL = "cell"  # the confusion matrix' selection
_AXIS_WIDTH = 50  # pixels; the same for charts below one another, so that they line up
# Heights include title, axes and legend.
_HEIGHT = 310
_LEGEND_ROW = 22
_SHORT = 15  # letters; longer names get a row of the legend each


def curves_chart(
    table: pd.DataFrame, measure: str, title: str, log: bool = False, by: str = "epoch"
) -> alt.LayerChart:
    """Curves over epochs or steps; behind smoothed ones measured values stay faintly visible.

    The pointer shows all values of the nearest epoch; the best epoch of validation is marked.

    Args:
        table: Columns `epoch` or `step`, `curve`, `value`, `smooth` and `is_best`.
        measure: The value and its unit, for the axis.
        title: The chart's title.
        log: Whether the axis is logarithmic; then all values are above zero.
        by: The column along the axis: `epoch` or `step`.
    """
    hover = alt.selection_point(fields=["curve"], bind="legend")
    scale = alt.Scale(type="log") if log else alt.Scale(zero=False)
    legend, legend_height = _legend(table["curve"])
    base = alt.Chart(table).encode(
        x=alt.X(f"{by}:Q", title=by, axis=alt.Axis(tickMinStep=1, format=",d")),
        color=alt.Color("curve:N", scale=alt.Scale(range=TABLEAU), legend=legend),
        strokeDash=alt.StrokeDash("curve:N", legend=legend),
    )
    num = table[by].nunique()
    lines = base.mark_line(point=num <= FEW_EPOCHS).encode(
        y=alt.Y("smooth:Q", title=measure, scale=scale),
        opacity=alt.condition(hover, alt.value(1.0), alt.value(0.15)),
    )
    best = table[table["is_best"]].assign(text=lambda rows: "best: " + rows[by].astype(str))
    place = alt.Chart(best).encode(x=f"{by}:Q", y=alt.Y("smooth:Q", scale=scale))
    layers = [
        lines.add_params(hover),
        place.mark_point(size=90, filled=False, strokeWidth=2, color=GREY),
        place.mark_text(dy=-12, color=GREY).encode(text="text:N"),
        _crosshair(table, by),
    ]
    if not np.array_equal(table["value"], table["smooth"]):
        layers.insert(0, base.mark_line(opacity=0.25).encode(y=alt.Y("value:Q", scale=scale)))
    last = table.sort_values(by).groupby("curve")["value"].last()
    return alt.layer(*layers).properties(
        title=title,
        height=_HEIGHT - _LEGEND_ROW + legend_height,
        description=f"{title} over {num} {by}s; at the end: "
        + ", ".join(f"{curve} {value:.4g}" for curve, value in last.items())
        + "".join(f"; {row.curve} is best in {by} {getattr(row, by)}" for row in best.itertuples()),
    )


def _crosshair(table: pd.DataFrame, by: str) -> alt.Chart:
    """An upright line at the epoch or step nearest to the pointer, with all curves' values.

    At a step within an epoch, validation is that of the epoch before.
    """
    wide = table.pivot_table(index=by, columns="curve", values="value")
    if by == "step":
        wide = wide.ffill()
    # A name may hold what Vega takes for a path, so columns are numbered.
    titles = {f"curve {number}": name for number, name in enumerate(wide.columns)}
    wide = wide.set_axis(list(titles), axis=1).reset_index()
    at = alt.selection_point(nearest=True, on="pointerover", fields=[by], empty=False)
    return (
        alt.Chart(wide)
        .mark_rule(color=GREY)
        .encode(
            x=f"{by}:Q",
            opacity=alt.condition(at, alt.value(0.6), alt.value(0)),
            tooltip=[by, *_tooltips(".4~g", **titles)],
        )
        .add_params(at)
    )


def confusion_chart(
    counts: np.ndarray, share: bool = False, hide_right: bool = False
) -> alt.LayerChart:
    """The confusion matrix; mistakes are shaded, and a click selects a cell.

    Args:
        counts: `(10, 10)` counts of `[true label, predicted label]`.
        share: Whether cells show per cent of the true label's images instead of counts.
        hide_right: Whether the diagonal, the images that were read right, stays empty.
    """
    true, predicted = (index.ravel() for index in np.indices(counts.shape))
    percent = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    columns = (true, predicted, counts.ravel(), percent.ravel())
    names = ("label", "predicted", "images", "percent")
    table = pd.DataFrame(dict(zip(names, columns, strict=True)))
    table["said"] = [
        f"{t} read as {p}: {num} images, {percent:.2f} %"
        for t, p, num, percent in table.itertuples(index=False)
    ]
    shown = "percent" if share else "images"
    table["mistakes"] = np.where(true == predicted, 0, table[shown])
    most = max(float(table["mistakes"].max()), 1e-9)
    cell = alt.selection_point(name=CELL, fields=["label", "predicted"])
    shaded = "datum.mistakes > 0"
    base = alt.Chart(table).encode(
        x=alt.X("predicted:O", title="predicted label", axis=alt.Axis(labelAngle=0, orient="top")),
        y=alt.Y("label:O", title="true label"),
        description="said",
        tooltip=[
            alt.Tooltip("label", title="true label"),
            alt.Tooltip("predicted", title="predicted label"),
            "images",
            *_tooltips(".2f", percent="% of the true label"),
        ],
    )
    shades = alt.Scale(domain=[0, most], range=["#fde3c0", ORANGE])
    color = alt.Color("mistakes:Q", scale=shades, legend=None)
    cells = base.mark_rect(stroke=BLUE, cursor="pointer").encode(
        # Mistakes are shaded; other cells keep the page's background.
        color=alt.condition(shaded, color, alt.value("transparent")),
        strokeWidth=alt.condition(cell, alt.value(3), alt.value(0), empty=False),
    )
    with_number = "datum.images > 0"
    if hide_right:
        with_number += " && datum.label !== datum.predicted"
    numbers = (
        base.transform_filter(with_number)
        .mark_text(cursor="pointer", aria=False)  # screen readers read out its cell
        .encode(
            text=alt.Text(f"{shown}:Q", format=".1f" if share else "d"),
            color=alt.condition(shaded, alt.value("#1b2430"), alt.value(GREY)),
        )
    )
    mistakes = counts - np.diag(np.diag(counts))
    worst = np.unravel_index(int(mistakes.argmax()), counts.shape)
    unit = "% of each row" if share else "images"
    return alt.layer(cells.add_params(cell), numbers).properties(
        title=f"Confusion matrix, in {unit}",
        height=420,
        description=f"{int(counts.trace())} of {int(counts.sum())} images lie on the diagonal; the "
        f"most frequent mistake is {worst[0]} read as {worst[1]}, {int(mistakes.max())} times",
    )


def difference_chart(differences: np.ndarray, a: str, b: str) -> alt.LayerChart:
    """What network B reads otherwise than network A; what is better is blue, worse is orange.

    Args:
        differences: `(10, 10)`, as `run_tables.confusion_difference` gives it, not all zero.
        a, b: Names of the networks.
    """
    true, predicted = (index.ravel() for index in np.indices(differences.shape))
    table = pd.DataFrame({"label": true, "predicted": predicted, "more": differences.ravel()})
    table = table[table["more"] != 0]
    table["better"] = np.where(table["label"] == table["predicted"], 1, -1) * table["more"]
    table["shown"] = [f"{more:+d}" for more in table["more"]]
    table["said"] = [
        f"{row.label} read as {row.predicted}: {row.more:+d}" for row in table.itertuples()
    ]
    most = int(table["better"].abs().max())
    digits = alt.Scale(domain=list(range(10)))
    base = alt.Chart(table).encode(
        x=alt.X(
            "predicted:O",
            title="predicted label",
            scale=digits,
            axis=alt.Axis(labelAngle=0, orient="top"),
        ),
        y=alt.Y("label:O", title="true label", scale=digits),
        description="said",
        tooltip=[alt.Tooltip("said", title=f"{b} against {a}")],
    )
    shades = alt.Scale(domain=[-most, 0, most], range=[ORANGE, "#f2f2f2", "#8fbfe6"])
    cells = base.mark_rect().encode(color=alt.Color("better:Q", scale=shades, legend=None))
    numbers = base.mark_text(aria=False, color="#1b2430").encode(text="shown")
    return alt.layer(cells, numbers).properties(
        title="Confusion matrices, difference",
        height=420,
        description=f"Images that {b} reads more often than {a}: " + ", ".join(table["said"]),
    )


def reliability_chart(table: pd.DataFrame, ece: float) -> alt.LayerChart:
    """How often the network was right against how sure it said it was.

    Args:
        table: Columns `confidence`, `accuracy`, `low`, `high` and `images`, a row per bin.
        ece: The expected calibration error, 0 to 1.
    """
    percent = alt.Axis(format="%", minExtent=_AXIS_WIDTH, maxExtent=_AXIS_WIDTH)
    x = _confidence_axis("confidence:Q")
    diagonal = (
        alt.Chart(pd.DataFrame({"confidence": [0.0, 1.0], "accuracy": [0.0, 1.0]}))
        .mark_line(strokeDash=[4, 4], color=GREY)
        .encode(x=x, y=alt.Y("accuracy:Q", scale=_UNIT))
    )
    shares = _tooltips(".1%", "confidence", accuracy="right", low="from", high="to")
    base = alt.Chart(table).encode(x=x, tooltip=[*shares, "images"])
    y = alt.Y("accuracy:Q", title="share that was right", axis=percent, scale=_UNIT)
    points = base.mark_line(point=alt.OverlayMarkDef(size=50, filled=True), color=BLUE).encode(y=y)
    bars = base.mark_rule(color=BLUE, opacity=0.6).encode(y="low:Q", y2="high:Q")
    return alt.layer(diagonal, bars, points).properties(
        title=f"Reliability, calibration error {ece:.4f}",
        height=_HEIGHT,
        description=f"Reliability diagram over {len(table)} bins of confidence with 95 % intervals"
        f"; expected calibration error {ece:.4f}",
    )


def bins_chart(table: pd.DataFrame) -> alt.Chart:
    """How many images lie in each bin of the reliability diagram, on a logarithmic axis.

    Args:
        table: Columns `start` and `end` of the bin, 0 to 1, and `images`.
    """
    least, most = int(table["images"].min()), int(table["images"].max())
    axis = alt.Axis(
        values=[1, 10, 100, 1000, 10000], format="~s", minExtent=_AXIS_WIDTH, maxExtent=_AXIS_WIDTH
    )
    log = alt.Scale(type="log", domainMin=0.5)
    description = f"Bars from {least} to {most} images a bin of confidence; most lie in the surest"
    return (
        alt.Chart(table, title="Images in each bin", height=190, description=description)
        .mark_bar(color=BLUE)
        .encode(
            x=_confidence_axis("start:Q"),
            x2="end:Q",
            y=alt.Y("images:Q", title="images", scale=log, axis=axis),
            y2=alt.datum(0.5),
            tooltip=["images"],
        )
    )


def risk_chart(table: pd.DataFrame, shipped: dict, start: float) -> alt.LayerChart:
    """How often answers are wrong against how many are given; the shipped threshold is marked.

    Args:
        table: Columns `answered`, `wrong` and `threshold`.
        shipped: The marked point, as `evaluation.answered_above` gives it.
        start: First value of the axis of the share answered, 0 to 1.
    """
    encoding = {
        "x": alt.X(
            "answered:Q",
            title="share of images answered",
            axis=alt.Axis(format=".0%", tickCount=5),
            scale=alt.Scale(domain=[start, 1.0], clamp=True),
        ),
        "y": alt.Y("wrong:Q", title="share of answers wrong", axis=alt.Axis(format=".1%")),
        "tooltip": [
            *_tooltips(".2%", "answered"),
            *_tooltips(".3%", wrong="wrong of these"),
            *_tooltips(".3f", threshold="no answer below"),
        ],
    }
    curve = alt.Chart(table[table["answered"] >= start]).mark_line(color=BLUE)
    keys = {"answered": "coverage", "wrong": "risk", "threshold": "threshold"}
    point = alt.Chart(pd.DataFrame({name: [shipped[key]] for name, key in keys.items()}))
    marked = point.mark_point(shape="diamond", size=160, filled=True, color=ORANGE, stroke=BLUE)
    everything = float(table["wrong"].iloc[np.argmax(table["answered"])])
    return alt.layer(curve.encode(**encoding), marked.encode(**encoding)).properties(
        title="Risk and coverage (◆ threshold)",
        height=_HEIGHT,
        description=f"Curve of the share of answers that are wrong: {everything:.2%} if all images "
        f"are answered; at the shipped threshold {shipped['coverage']:.2%} are answered and "
        f"{shipped['risk']:.2%} of these are wrong",
    )


def intervals_chart(table: pd.DataFrame, title: str, axis: str) -> alt.LayerChart:
    """Accuracies with their 95 % intervals, one below the other.

    Args:
        table: Columns `name`, `way`, `accuracy`, `low`, `high` and `images`.
        title: The chart's title.
        axis: Title of the axis of names.
    """
    names, ways = list(dict.fromkeys(table["name"])), list(dict.fromkeys(table["way"]))
    legend, legend_height = _legend(table["way"]) if len(ways) > 1 else (None, 0)
    base = alt.Chart(table).encode(
        y=alt.Y("name:N", sort=names, title=axis, axis=alt.Axis(labelLimit=200)),
        yOffset=alt.YOffset("way:N", sort=ways),
        color=alt.Color("way:N", sort=ways, scale=alt.Scale(range=[BLUE, ORANGE]), legend=legend),
        tooltip=[
            *("name", "way"),
            *_tooltips(".2%", "accuracy", low="from", high="to"),
            alt.Tooltip("images", title="drawings"),
        ],
    )
    axis_of_shares = alt.Axis(format=".1~%", tickCount=5)
    x = alt.X("low:Q", title="read right", scale=alt.Scale(zero=False), axis=axis_of_shares)
    bars = base.mark_rule(strokeWidth=3).encode(x=x, x2="high:Q")
    points = base.mark_point(size=90, filled=True, opacity=1).encode(
        x="accuracy:Q", shape=alt.Shape("way:N", sort=ways, legend=legend)
    )
    return alt.layer(bars, points).properties(
        title=title,
        height=110 + 30 * len(table) + legend_height,
        description=f"{title}, with 95 % intervals: "
        + ", ".join(
            f"{row.name_} {row.way if len(ways) > 1 else ''} {row.accuracy:.2%}".replace("  ", " ")
            for row in table.rename(columns={"name": "name_"}).itertuples()
        ),
    )


def _legend(names: pd.Series) -> tuple[alt.Legend, int]:
    """A legend below the chart that shows whole names, and its height in pixels."""
    num, longest = names.nunique(), int(names.str.len().max())
    columns = 2 if longest <= _SHORT else 1
    legend = alt.Legend(
        orient="bottom", columns=columns, labelLimit=300, title=None, symbolOpacity=1
    )
    return legend, _LEGEND_ROW * -(-num // columns)


def _confidence_axis(field: str) -> alt.X:
    return alt.X(field, title="stated confidence", axis=alt.Axis(format="%"), scale=_UNIT)


def _tooltips(format: str, *fields: str, **titles: str) -> list[alt.Tooltip]:
    """Tooltips of one number format: fields under their own name, and fields with a title."""
    return [alt.Tooltip(field, format=format) for field in fields] + [
        alt.Tooltip(field, title=title, format=format) for field, title in titles.items()
    ]
