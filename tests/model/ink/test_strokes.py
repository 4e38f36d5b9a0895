"""Strokes are read exactly out of the canvas' JSON, and nothing else gets through."""

import numpy as np
import pytest

from model.errors import BadDrawing
from model.ink.strokes import MAX_STROKES, drawing_of_strokes, partial_drawings, strokes_of_canvas


def path(*commands, **fields) -> dict:
    return {"type": "Path", "path": [list(command) for command in commands], **fields}


LINE = path(["M", 10, 20], ["L", 50, 80])


def test_lines_keep_their_points():
    (stroke,) = strokes_of_canvas({"objects": [LINE]})
    assert np.allclose(stroke, [[10, 20], [50, 80]])


def test_a_quadratic_curve_passes_through_its_middle_and_ends():
    (stroke,) = strokes_of_canvas({"objects": [path(["M", 0, 0], ["Q", 50, 100, 100, 0])]})
    assert np.allclose(stroke[0], [0, 0]) and np.allclose(stroke[-1], [100, 0])
    assert np.abs(stroke - [50, 50]).sum(axis=1).min() < 4
    assert stroke[:, 1].max() <= 50


def test_a_moved_scaled_and_turned_stroke_is_where_the_canvas_shows_it():
    moved = {**LINE, "originX": "center", "originY": "center", "left": 100, "top": 100}
    (stroke,) = strokes_of_canvas({"objects": [moved]})
    assert np.allclose(stroke, [[80, 70], [120, 130]])
    (stroke,) = strokes_of_canvas({"objects": [{**moved, "scaleX": 2, "scaleY": 0.5}]})
    assert np.allclose(stroke, [[60, 85], [140, 115]])
    (stroke,) = strokes_of_canvas({"objects": [{**moved, "angle": 90}]})
    assert np.allclose(stroke, [[130, 80], [70, 120]])


def test_a_curves_own_box_not_its_control_points_is_its_middle():
    curve = path(["M", 0, 0], ["Q", 50, 100, 100, 0], originX="center", originY="center")
    (stroke,) = strokes_of_canvas({"objects": [{**curve, "left": 50, "top": 25}]})
    assert np.allclose(stroke[0], [0, 0])  # the curve reaches down to 50 only


def test_an_origin_at_the_corner_counts_the_pen_in():
    corner = {**LINE, "originX": "left", "originY": "top", "left": 5, "top": 15, "strokeWidth": 10}
    (stroke,) = strokes_of_canvas({"objects": [corner]})
    assert np.allclose(stroke, [[10, 20], [50, 80]])


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
        {"objects": [None]},
        {"objects": [{}]},
        {"objects": [{"type": "Rect", "path": []}]},
        {"objects": [path()]},
        {"objects": [path(["L", 1, 2])]},
        {"objects": [path(["M", 1])]},
        {"objects": [path(["M", "a", "b"])]},
        {"objects": [path(["M", float("nan"), 2])]},
        {"objects": [path(["M", float("inf"), 2])]},
        {"objects": [path(["M", 1e300, 2])]},
        {"objects": [path(["Z", 1, 2])]},
        {"objects": [path([])]},
        {"objects": [{**LINE, "scaleX": 1e300}]},
        {"objects": [{**LINE, "left": None}]},
        {"objects": [{**LINE, "originX": "nowhere"}]},
        {"objects": [LINE] * (MAX_STROKES + 1)},
        {"objects": [path(*[["M", 1, 2]] * 20_001)]},
    ],
)
def test_what_no_canvas_sends_is_refused_in_one_sentence(drawing):
    with pytest.raises(BadDrawing, match="clear the canvas"):
        strokes_of_canvas(drawing)


def test_strokes_shown_on_the_canvas_come_back_as_they_were():
    strokes = [np.array([[10.0, 20.0], [50.5, 80.25]]), np.array([[5.0, 5.0], [6.0, 9.0]])]
    back = strokes_of_canvas(drawing_of_strokes(strokes, 20, "#ffffff"))
    assert all(np.allclose(a, b, atol=0.01) for a, b in zip(strokes, back, strict=True))


def test_a_drawing_grows_evenly_along_the_pens_path_to_the_whole():
    strokes = [np.array([[x, 0.0] for x in range(0, 101, 10)]), np.array([[0.0, 0], [0, 100]])]
    moments = partial_drawings(strokes, 4)
    assert [len(part) for part in moments] == [1, 2, 2, 2]
    assert moments[0][0][-1, 0] == 50
    assert all(np.array_equal(a, b) for a, b in zip(moments[-1], strokes, strict=True))
    assert partial_drawings([np.array([[3.0, 3.0]])], 2)[-1][0].shape == (1, 2)
