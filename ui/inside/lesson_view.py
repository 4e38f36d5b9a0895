"""Shows a network that learns: curves, filters, and its reading of the visitor's drawing."""

from functools import partial

import numpy as np
import streamlit as st

from model.files.lesson import NUM_STEPS, Lesson, Step
from ops.lessons import Lessons
from ui.canvas_state import drawn_frame
from ui.charts import BLUE, ORANGE, SCHEMA, probabilities_chart
from ui.formatting import percent
from ui.owner import owner_auth
from ui.pictures import picture_url

REFRESH = 0.5  # seconds; a lesson makes about ten steps in them
FILTER_SCALE = 16  # screen pixels for a weight
PER_ROW = 7  # of the 28 filters
PAPER_GREY = 0.5  # of a weight of 0
CURVE_HEIGHT = 200  # CSS pixels
ACCURACY, UNSEEN = "the step's 64 images", "1,000 unseen images"


@st.fragment(run_every=REFRESH)
def show_running_lesson(lessons: Lessons) -> None:
    """Shows the lesson that is on, refreshed every `REFRESH` seconds; its end reruns the page."""
    owner_auth.require_access(owner_auth.TRAINING)
    status = lessons.status()
    if not status.is_on:
        st.rerun()
    steps = status.lesson.steps
    done = steps[-1].step if steps else 0
    if status.is_stopping:
        words = f"Stopping after step {done}"
    elif done:
        words = f"Step {done} of {NUM_STEPS}"
    else:
        words = "Starting TensorFlow, about 10 seconds"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(min(done / NUM_STEPS, 1.0), words)
        st.button(
            "Stop",
            icon=":material/stop_circle:",
            on_click=owner_auth.run_action,
            args=(owner_auth.TRAINING, lessons.stop),
        )
    _show_curves(status.lesson)
    if moments := status.lesson.moments:
        _show_moment(moments[-1])


def ask_for_lesson(lessons: Lessons) -> None:
    """Shows the button that starts a lesson, and why the last one ended early."""
    owner_auth.show_problem(lessons.status().lesson.problem)
    st.button(
        "Start",
        type="primary",
        icon=":material/play_arrow:",
        on_click=owner_auth.run_action,
        args=(owner_auth.TRAINING, partial(_start, lessons)),
        help="A lesson takes less than a minute and changes nothing: its network is not kept",
    )


def _start(lessons: Lessons) -> None:
    lessons.start(drawn_frame())


def show_lesson(lesson: Lesson) -> None:
    """Shows a lesson that has ended, with a slider that goes back to each of its moments."""
    moments = lesson.moments
    if not moments:
        return
    _show_curves(lesson)
    numbers = [moment.step for moment in moments]
    if len(numbers) > 1:
        chosen = st.select_slider("Filters and reading after step", numbers, value=numbers[-1])
        _show_moment(moments[numbers.index(chosen)])
    else:
        _show_moment(moments[0])


def _show_curves(lesson: Lesson) -> None:
    """Shows the loss and the accuracy of each step."""
    if not lesson.steps:
        return
    first, last = lesson.steps[0], lesson.steps[-1]
    losses = [{"step": step.step, "value": step.loss} for step in lesson.steps]
    right = [
        {"step": step.step, "value": step.accuracy, "of": ACCURACY} for step in lesson.steps
    ] + [
        {"step": step.step, "value": step.unseen, "of": UNSEEN}
        for step in lesson.steps
        if step.unseen is not None
    ]
    with st.container(horizontal=True):
        st.vega_lite_chart(
            _curves(
                "Loss by step: how wrong it is",
                f"Line: {first.loss:.2f} at step {first.step}, {last.loss:.2f} at {last.step}",
                losses,
                {"field": "value", "type": "quantitative", "title": None, "scale": {"zero": True}},
            ),
            width=360,
        )
        unseen = [step for step in lesson.steps if step.unseen is not None]
        shares = f"; {unseen[-1].unseen:.0%} of unseen images" if unseen else ""
        st.vega_lite_chart(
            _curves(
                "Accuracy by step: share read right",
                f"Lines: {last.accuracy:.0%} of the images at step {last.step}{shares}",
                right,
                {
                    "field": "value",
                    "type": "quantitative",
                    "title": None,
                    "scale": {"domain": [0, 1]},
                    "axis": {"format": "%"},
                },
            ),
            width=360,
        )


def _curves(title: str, description: str, rows: list[dict], vertical: dict) -> dict:
    """A Vega-Lite specification: lines over the steps; the unseen images' line is thick."""
    colour = {
        "field": "of",
        "type": "nominal",
        "title": None,
        "scale": {"domain": [ACCURACY, UNSEEN], "range": [ORANGE, BLUE]},
        "legend": {"orient": "bottom-right"},
    }
    has_two = "of" in rows[0]
    return {
        "$schema": SCHEMA,
        "title": title,
        "description": description,
        "height": CURVE_HEIGHT,
        "data": {"values": rows},
        "mark": {"type": "line"},
        "encoding": {
            "x": {
                "field": "step",
                "type": "quantitative",
                "scale": {"domain": [0, NUM_STEPS]},
                "title": None,
            },
            "y": vertical,
            "color": colour if has_two else {"value": ORANGE},
            "size": {
                "condition": {"test": f"datum.of === '{UNSEEN}'", "value": 3},
                "value": 1,
            },
            "tooltip": [
                {"field": "step", "type": "quantitative"},
                {"field": "value", "type": "quantitative", "format": ".3f"},
            ],
        },
    }


def _show_moment(moment: Step) -> None:
    """Shows the filters and the reading after a step."""
    with st.container(horizontal=True):
        with st.container(width=360):
            filters = np.array(moment.filters)
            st.image(
                _filter_picture(filters),
                f"The {len(filters)} filters of the first layer after step {moment.step}, weights "
                f"from {filters.min():.2f} to {filters.max():.2f}: white adds, black takes away",
            )
        with st.container(width=360):
            if not moment.reading:
                st.info("Draw a digit on the left: the network reads it as it learns.")
                return
            probabilities = np.array(moment.reading)
            best = int(probabilities.argmax())
            st.metric(
                f"Your drawing after step {moment.step}",
                f"{best}: {percent(probabilities[best])}",
            )
            st.vega_lite_chart(probabilities_chart(probabilities))


def _filter_picture(filters: np.ndarray) -> str:
    """All filters in rows, as a data URL; grey is a weight of 0."""
    largest = max(float(np.abs(filters).max()), 1e-6)
    shades = PAPER_GREY + PAPER_GREY * filters / largest
    framed = np.pad(shades, ((0, 0), (0, 1), (0, 1)), constant_values=np.nan)
    num_rows = -(-len(framed) // PER_ROW)
    empty = np.full((num_rows * PER_ROW - len(framed), *framed.shape[1:]), np.nan)
    tiles = np.concatenate([framed, empty])
    side = tiles.shape[1]
    grid = tiles.reshape(num_rows, PER_ROW, side, side).swapaxes(1, 2)
    picture = grid.reshape(num_rows * side, PER_ROW * side)[:-1, :-1]
    return picture_url(np.nan_to_num(picture, nan=1.0).astype(np.float32), FILTER_SCALE)
