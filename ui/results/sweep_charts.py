"""Charts of sweeps: means over seeds, and each trial's settings beside what came out."""

import altair as alt
import numpy as np
import pandas as pd

from ui.charts import BLUE, GREY, ORANGE

WAYS = {"validation": "validation images", "test": "test images"}
_LOG = ("learning rate",)  # axes on which equal ratios are equally far apart
_ROW_HEIGHT = 34  # pixels
PALE = "#e8c27a"  # the colour of the worst trial; visible on light and dark


def means_chart(groups: pd.DataFrame) -> alt.LayerChart:
    """The mean share wrong of each group of settings with its 95 % interval over seeds.

    Args:
        groups: As `sweep_tables.groups_table` gives it.
    """
    table = groups.assign(way=groups["way"].map(WAYS))
    names = list(dict.fromkeys(table["settings"]))
    ways = alt.Scale(domain=list(WAYS.values()), range=[BLUE, ORANGE])
    base = alt.Chart(table).encode(
        y=alt.Y("settings:N", sort=names, title=None, axis=alt.Axis(labelLimit=300)),
        yOffset=alt.YOffset("way:N", sort=list(WAYS.values())),
        color=alt.Color(
            "way:N", scale=ways, legend=alt.Legend(orient="bottom", title=None, columns=1)
        ),
        tooltip=[
            *("settings", "way"),
            *(
                alt.Tooltip(name, title=title, format=".3%")
                for name, title in (("wrong", "mean share wrong"), ("low", "from"), ("high", "to"))
            ),
            alt.Tooltip("num", title="seeds"),
        ],
    )
    axis = alt.Axis(format=".2%", tickCount=5)
    x = alt.X("low:Q", title="share wrong", axis=axis, scale=alt.Scale(zero=False))
    bars = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=3)
    points = base.mark_point(size=90, filled=True, opacity=1)
    told = (
        f"{row.settings} on {row.way} {row.wrong:.2%}"
        + (f" ({row.low:.2%} to {row.high:.2%})" if row.low == row.low else "")
        for row in table.itertuples()
    )
    return alt.layer(
        bars.encode(x=x, x2="high:Q"),
        points.encode(x="wrong:Q", shape=alt.Shape("way:N", legend=None)),
    ).properties(
        title="Mean over seeds, with 95 % intervals",
        height=130 + _ROW_HEIGHT * len(names),
        description=f"Mean share wrong over seeds, with 95 % intervals: {'; '.join(told)}",
    )


def parallel_chart(trials: pd.DataFrame) -> alt.LayerChart:
    """Parallel coordinates: a line for each trial through its settings and its share wrong.

    Args:
        trials: As `sweep_tables.trials_table` gives it.
    """
    names = [name for name in trials.columns if name not in ("run", "validation", "test")]
    names.append("validation")
    titles = {name: "share wrong" if name == "validation" else name for name in names}
    places = pd.concat(
        trials[["run", "validation"]].assign(
            axis=titles[name], place=_placed(trials[name], name in _LOG), value=trials[name]
        )
        for name in names
    )
    order = list(titles.values())
    x = alt.X("axis:N", sort=order, title=None, axis=alt.Axis(labelAngle=0, orient="top"))
    y = alt.Y("place:Q", axis=None, scale=alt.Scale(domain=[-0.08, 1.08]))
    axes = alt.Chart(pd.DataFrame({"axis": order})).mark_rule(color=GREY).encode(x=x)
    over = alt.selection_point(fields=["run"], on="pointerover", empty=True)
    # The last axis explains the colours.
    shades = alt.Color("validation:Q", scale=alt.Scale(range=[BLUE, PALE]), legend=None)
    lines = (
        alt.Chart(places)
        .mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=40, filled=True))
        .encode(
            x=x,
            y=y,
            detail="run:N",
            color=shades,
            opacity=alt.condition(over, alt.value(0.9), alt.value(0.15)),
            tooltip=["run", "axis", alt.Tooltip("value", format=".4~g")],
        )
        .add_params(over)
    )
    ends = alt.Chart(_ends(trials, titles)).encode(x=x, y=y, text="text:N")
    best = trials.iloc[0]
    told = ", ".join(f"{name} {best[name]:.4g}" for name in names[:-1])
    return alt.layer(axes, lines, ends.mark_text(color=GREY, dx=4, align="left")).properties(
        title="Settings and share wrong of each trial",
        height=340,
        description=f"Parallel coordinates of {len(trials)} trials over {', '.join(order)}; the "
        f"best one, {best['run']}, has {told} and reads {best['validation']:.2%} of the "
        f"validation images wrong, the worst {trials['validation'].max():.2%}",
    )


def _placed(values: pd.Series, log: bool) -> np.ndarray:
    """Values on an axis from 0, the lowest, to 1; the middle if all are equal."""
    numbers = values.to_numpy(float)
    if log:
        numbers = np.log(numbers)
    extent = np.ptp(numbers)
    return (numbers - numbers.min()) / extent if extent > 0 else np.full(len(numbers), 0.5)


def _ends(trials: pd.DataFrame, titles: dict[str, str]) -> pd.DataFrame:
    """The lowest and the highest value of each axis, where they are."""
    rows = []
    for name, title in titles.items():
        for place, value in ((-0.05, trials[name].min()), (1.05, trials[name].max())):
            text = f"{value:.2%}" if name == "validation" else f"{value:.4g}"
            rows.append({"axis": title, "place": place, "text": text})
    return pd.DataFrame(rows)
