"""Strokes are read exactly from the canvas' JSON; anything else is refused."""

import numpy as np
import pytest

from model.errors import BadDrawing
from model.ink.canvas_json import MAX_COMMANDS, MAX_STROKES, drawing_of_strokes, strokes_of_canvas
from model.ink.pen import partial_drawings


def path(*commands, **fields) -> dict:
    return {"type": "Path", "path": [list(command) for command in commands], **fields}


def stroke_of(item: dict) -> np.ndarray:
    (stroke,) = strokes_of_canvas({"objects": [item]})
    return stroke


LINE = path(["M", 10, 20], ["L", 50, 80])
CENTRED = {**LINE, "originX": "center", "originY": "center", "left": 100, "top": 100}


def test_a_quadratic_curve_passes_through_its_middle():
    stroke = stroke_of(path(["M", 0, 0], ["Q", 50, 100, 100, 0]))
    assert np.allclose(stroke[0], [0, 0]) and np.allclose(stroke[-1], [100, 0])
    assert np.abs(stroke - [50, 50]).sum(axis=1).min() < 4
    assert stroke[:, 1].max() <= 50


@pytest.mark.parametrize(
    ("item", "points"),
    [
        (LINE, [[10, 20], [50, 80]]),
        (CENTRED, [[80, 70], [120, 130]]),
        ({**CENTRED, "scaleX": 2, "scaleY": 0.5}, [[60, 85], [140, 115]]),
        ({**CENTRED, "angle": 90}, [[130, 80], [70, 120]]),
        (  # the corner of the box includes the pen
            {**LINE, "originX": "left", "originY": "top", "left": 5, "top": 15, "strokeWidth": 10},
            [[10, 20], [50, 80]],
        ),
    ],
    ids=["as drawn", "moved", "scaled", "rotated", "origin at the corner"],
)
def test_a_changed_stroke_is_where_the_canvas_shows_it(item, points):
    assert np.allclose(stroke_of(item), points)


def test_a_curve_is_centred_by_its_own_box():
    curve = path(["M", 0, 0], ["Q", 50, 100, 100, 0], originX="center", originY="center")
    stroke = stroke_of({**curve, "left": 50, "top": 25})  # it reaches y 50; its control is at 100
    assert np.allclose(stroke[0], [0, 0])


def test_no_drawing_has_no_strokes():
    assert strokes_of_canvas(None) == []
    assert strokes_of_canvas({"objects": []}) == []


@pytest.mark.parametrize(
    "drawing",
    [
        {},
        [],
        "drawing",
        {"objects": None},
        *(
            {"objects": [item]}
            for item in (
                None,
                {},
                {"type": "Rect", "path": []},
                path(),
                path(["L", 1, 2]),
                path(["M", 1]),
                path(["M", "a", "b"]),
                path(["M", float("nan"), 2]),
                path(["M", float("inf"), 2]),
                path(["M", 1e300, 2]),
                path(["Z", 1, 2]),
                path([]),
                path(*[["M", 1, 2]] * (MAX_COMMANDS + 1)),
                {**LINE, "scaleX": 1e300},
                {**LINE, "left": None},
                {**LINE, "originX": "nowhere"},
            )
        ),
        {"objects": [LINE] * (MAX_STROKES + 1)},
    ],
    ids=lambda drawing: repr(drawing)[:50],
)
def test_what_no_canvas_sends_is_refused(drawing):
    with pytest.raises(BadDrawing, match="clear the canvas"):
        strokes_of_canvas(drawing)


def test_strokes_survive_the_way_to_the_canvas_and_back():
    strokes = [np.array([[10.0, 20.0], [50.5, 80.25]]), np.array([[5.0, 5.0], [6.0, 9.0]])]
    back = strokes_of_canvas(drawing_of_strokes(strokes, 20, "#ffffff"))
    assert all(np.allclose(a, b, atol=0.01) for a, b in zip(strokes, back, strict=True))


def test_partial_drawings_grow_evenly_along_the_pens_path():
    strokes = [np.array([[x, 0.0] for x in range(0, 101, 10)]), np.array([[0.0, 0], [0, 100]])]
    moments = partial_drawings(strokes, 4)
    assert [len(part) for part in moments] == [1, 2, 2, 2]
    assert moments[0][0][-1, 0] == 50
    assert all(np.array_equal(a, b) for a, b in zip(moments[-1], strokes, strict=True))
    assert partial_drawings([np.array([[3.0, 3.0]])], 2)[-1][0].shape == (1, 2)
