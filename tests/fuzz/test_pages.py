"""Fuzzes the pages: addresses, what the browser sends, and the files that a page reads."""

import contextlib
import json
import math
import os
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from model.errors import CorrectionsError
from model.files import served
from ops.corrections import Corrections
from tests.fuzz import fuzzing
from tests.fuzz.test_cells import CELLS
from tests.fuzz.test_corrections import CHANGES, changed_file
from tests.fuzz.test_drawings import DRAWINGS
from tests.fuzz.test_reports import CHANGED_FILES, lay_trained
from tests.fuzz.test_runs import RUNS, lay_runs
from tests.support import ROOT
from tests.ui.pages import panel
from ui.results import mistakes
from ui.test_set import image_grid, image_map

MAX_SECONDS = 60  # the first run of a page loads much
PARAMETERS = {
    "view": ("Grid", "Map", "Tutorial images"),
    "data": ("MNIST test", "Corrections", "Your own", "UCI"),
    "label": ("any", "4", "9"),
    "predicted": ("any", "4"),
    "result": ("all", "right", "wrong"),
    "sure": ("0", "50", "100"),
    "disputed": ("true", "false"),
    "order": ("Index", "Random", "Most typical first", "Most confident mistakes"),
    "seed": ("0", "7", "999999"),
    "page": ("1", "2", "3.5"),
    "image": ("0", "5", "1796"),
    "area": ("-1,1,-1,1", "-0.1,0.1,0,0.2", "nan,1,0,1", "0,0,0,0", "1,2", "1e999,2,0,1"),
    "color": ("by label", "by result"),
    "network": ("no other network", "../..", "a run"),
    "points": ("true",),
    "x": ("1",),
}
NONSENSE = (
    *("", "?", "-1", "1e9", "1e999", "-inf", "nan", "9" * 5000, "<b>", "\x00", "é", "٣", "0x1"),
    *("None", "[]", "{}", "1,2,3,4", "true", "../../etc", "a" * 20_000, "5 5", "+1", "1.5", "1_0"),
)


def _parameter(values: tuple[str, ...]) -> st.SearchStrategy:
    text = st.one_of(st.sampled_from(values), st.sampled_from(values + NONSENSE))
    return text | text | st.lists(text, min_size=1, max_size=3)


def page(name: str, **fields: st.SearchStrategy) -> st.SearchStrategy[dict]:
    return st.fixed_dictionaries({"page": st.just(name), **fields})


DRAWN = DRAWINGS.map(lambda text: {"drawing": {"raw": json.loads(text), "data": None}})
GRID = CELLS.map(lambda cells: {"picture": {"command": 0, "cells": cells}})


NUMBERS = st.integers(-3, 5) | fuzzing.ODD_VALUES
POINTS = st.lists(st.tuples(st.floats(), st.floats()).map(list) | fuzzing.ODD_VALUES, max_size=9)
REPORTS = st.fixed_dictionaries(
    {
        "commands": st.just(0) | NUMBERS,
        "base": st.just(0) | NUMBERS,
        "strokes": st.lists(POINTS | fuzzing.ODD_VALUES, max_size=4) | fuzzing.ODD_VALUES,
        "round": NUMBERS,
        "isLifted": st.booleans(),
        "isUnseen": st.booleans(),
    }
).map(lambda report: {"strokes": report})


def maybe_changed(states: st.SearchStrategy) -> st.SearchStrategy:
    return states | states | states.flatmap(fuzzing.changed)


QUERIES = st.fixed_dictionaries(
    {}, optional={name: _parameter(values) for name, values in PARAMETERS.items()}
)
OPENED = st.none() | fuzzing.ODD_VALUES.map(lambda value: {"opened": value})
ON_MAP = st.fixed_dictionaries(
    {}, optional={"opened": fuzzing.ODD_VALUES, "marked": fuzzing.ODD_VALUES | st.lists(NUMBERS)}
)
MAP = st.just({"data": "UCI", "view": "Map"})
DETAILS = st.just(dict.fromkeys(("mistakes", "confidence", "pens", "settings", "card"), "true"))
PAGES = st.one_of(
    *[page("test_set", query=QUERIES, state=OPENED)] * 5,
    page("test_set", query=MAP, state=ON_MAP, component=st.just("map")),
    page("test_set", query=MAP, state=fuzzing.ODD_VALUES, component=st.just("hovered_image")),
    *[page("draw", state=maybe_changed(DRAWN))] * 4,
    page("lab", state=maybe_changed(DRAWN)),
    page("handwriting", state=maybe_changed(DRAWN)),
    *[page("draw", state=maybe_changed(GRID), component=st.just("grid"))] * 2,
    *[page("draw", state=maybe_changed(REPORTS), component=st.just("answer"))] * 2,
    *[page("dashboard", query=DETAILS, files=CHANGED_FILES, runs=RUNS)] * 2,
    page("train", runs=RUNS),
    *[page("corrections", corrections=CHANGES)] * 2,
)
COMPONENTS = {  # where a page's component keeps its state
    **dict.fromkeys(("draw", "lab"), "canvas"),
    **{"handwriting": "handwriting", "test_set": "tiles"},
}


@contextlib.contextmanager
def _surroundings(payload: dict, folder: Path):
    """Lays the files that a page reads, and names them to the app."""
    variables = {
        "DIGITPAD_CORRECTIONS": str(folder / "kept" / "corrections.sqlite3"),
        "DIGITPAD_TRAINING": "on" if payload["page"] == "train" else "off",
        "DIGITPAD_DATA": "nowhere",
        "DIGITPAD_RUNS": str(folder / "runs"),
        "DIGITPAD_CORRECTIONS_PAGE": "on",
    }
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, variables))
        if "runs" in payload:
            lay_runs(folder / "runs", payload["runs"])
        if "files" in payload:
            lay_trained(folder / "trained", payload["files"])
            stack.enter_context(mock.patch.object(served, "SHIPPED", folder / "trained"))
        if "corrections" in payload:
            stack.enter_context(changed_file(payload["corrections"], Corrections()))
        yield


def check(payload: dict, folder: Path) -> str:
    """Runs a page; a traceback on it is a failure."""
    name = payload["page"]
    with _surroundings(payload, folder):
        app = load_page(name)
        app.query_params.update(payload.get("query", {}))
        if payload.get("state") is not None:
            app.session_state[payload.get("component", COMPONENTS[name])] = payload["state"]
        if payload.get("component") == "grid":
            app.session_state["input"] = "Keyboard"
        if name == "draw":
            app.session_state["explanations"] = ["Why", "Replay", "Look-alikes"]
        run(app)
        if "rows" in payload.get("corrections", {}):
            for box in app.checkbox:
                box.check()
            run(app)
            next(button for button in app.button if button.label.startswith("Delete")).click()
            run(app)
            assert len(Corrections()) == 0, "what can't be read can't be deleted"
        return fuzzing.SENTENCE if app.warning or app.info or app.error else fuzzing.ANSWER


def load_page(name: str) -> AppTest:
    return AppTest.from_file(str(ROOT / "app_pages" / f"{name}.py"), default_timeout=60)


def run(app: AppTest) -> None:
    app.run()
    if app.exception:
        shown = app.exception[0]
        raise AssertionError(f"{shown.value[:300]} {' '.join(shown.stack_trace)[-700:]}")


TARGET = fuzzing.Target(
    PAGES,
    check,
    share=2,
    ordinary=tuple({"page": name} for name in (*COMPONENTS, "dashboard", "train", "corrections")),
)


@fuzzing.few_examples(4)
@given(PAGES)
def test_any_page_runs_without_a_traceback(payload):
    TARGET.run(payload, MAX_SECONDS)


def test_a_clicked_image_is_one_of_those_shown():
    shown = np.array([3, 5])
    assert image_grid.pressed_image(5, shown) == 5
    for sent in (4, [3], [3, 5], {}, "3", None, 3.0, 10**400, math.nan):
        assert image_grid.pressed_image(sent, shown) is None


def test_a_marked_area_has_four_bounds():
    left, right, lower, upper = image_map.marked_bounds([0.25, 0.75, 0, 1])
    assert left == -right < 0 and lower == -upper < left
    for odd in (None, [], {"x": [1]}, "abcd", [1, 0, 0, 1], [0, 1, [], 1], [0, 1, 0, math.nan]):
        assert image_map.marked_bounds(odd) == []


def test_a_clicked_confusion_is_a_pair_of_digits():
    assert mistakes.clicked_pair([{"label": 4, "predicted": 9}]) == (4, 9)
    for odd in (None, {}, [], [[]], [{}], "cells", 7):
        assert mistakes.clicked_pair(odd) is None


def test_a_drawing_that_breaks_the_canvas_component_is_refused():
    app = load_page("draw")
    app.session_state["canvas"] = {"drawing": [1, 2], "backgroundFit": {"x": 1}}
    run(app)
    assert "can't be read" in panel(app)["note"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("network", b"\xff\xfe"), ("strokes", "[[[1," + "9" * 400 + "]]]")),
        *(("strokes", "[" * 100_000), ("label", 3.5), ("frame", b"x" * 3), ("time", 7)),
    ],
)
def test_a_damaged_correction_can_be_deleted_and_spoils_no_other(column, value, corrections_open):
    store = Corrections()
    with changed_file({"rows": [(column, 2, value)]}, store):
        readable, unreadable = store.load_readable()
    assert {each.id for each in readable} == {1, 3} and [each.id for each in unreadable] == [2]
    with pytest.raises(CorrectionsError, match=r"Correction 2 .* Delete it on the Corrections"):
        store.load()
    app = load_page("corrections")
    run(app)
    assert "Correction 2 can't be read" in app.warning[0].value and len(app.checkbox) == 3
    app.checkbox(key="correction-2").check()
    run(app)
    next(button for button in app.button if button.label == "Delete 1 selected").click()
    run(app)
    assert not app.warning and sorted(each.id for each in store.load()) == [1, 3]
