"""Converts between the drawing canvas' JSON and pen strokes.

The JSON comes from the visitor's browser, so everything in it is checked.
"""

import math

import numpy as np

from model.errors import BadDrawing

# Far more than anyone draws, and few enough to be read in milliseconds.
MAX_STROKES = 500
MAX_COMMANDS = 20_000  # path commands, all strokes together
MAX_POINTS = 20_000  # of flattened curves, all strokes together: 140 canvas sides of ink
MAX_COORDINATE = 100_000.0  # canvas pixels
CURVE_STEP = 2.0  # pixels between the points of a flattened curve
MAX_CURVE_POINTS = 32

_NUM_ARGUMENTS = {"M": 2, "L": 2, "Q": 4}
# What malformed JSON raises here; deeply nested JSON raises RecursionError.
_MALFORMED = (
    TypeError,
    ValueError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
)
_ORIGIN = {"left": 0.5, "top": 0.5, "center": 0.0, "right": -0.5, "bottom": -0.5}


def strokes_of_canvas(drawing: dict | None) -> list[np.ndarray]:
    """Returns the strokes of a Fabric.js drawing as polylines.

    A stroke that was moved, scaled or rotated keeps its path; its other fields describe the
    change, which is applied here.

    Args:
        drawing: The canvas' `json_data`, a dict with a list `objects` of paths, or `None`.

    Returns:
        One `float64` array of shape `(num_points, 2)` per stroke, points x, y in canvas
        pixels.

    Raises:
        BadDrawing: If it is anything but free-hand strokes of finite numbers, or too many.

    Source: Fabric.js, `Path` and `PencilBrush`. A path is centred by the bounding box of its
    exact curves.
    """
    try:
        objects = [] if drawing is None else drawing["objects"]
        if not isinstance(objects, list) or len(objects) > MAX_STROKES:
            raise ValueError("too many strokes")
        if sum(len(item["path"]) for item in objects) > MAX_COMMANDS:
            raise ValueError("too many points")
        strokes, num_points = [], 0
        for item in objects:
            strokes.append(_stroke(item))
            num_points += len(strokes[-1])
            if num_points > MAX_POINTS:
                raise ValueError("too much ink")
        return strokes
    except _MALFORMED as error:
        raise BadDrawing(
            "This drawing can't be read: clear the canvas and draw again, in "
            f"{MAX_STROKES} strokes at most."
        ) from error


def drawing_of_strokes(strokes: list[np.ndarray], pen_width: float, color: str) -> dict:
    """Returns the Fabric.js drawing that shows strokes; the inverse of `strokes_of_canvas`.

    Args:
        strokes: Arrays of shape `(num_points, 2)`, points x, y in canvas pixels.
        pen_width: Canvas pixels.
        color: A CSS colour.

    Returns:
        A dict with a list `objects` of paths, for the canvas' `initial_drawing`.
    """
    objects = []
    for stroke in strokes:
        (x0, y0), (x1, y1) = stroke.min(axis=0).tolist(), stroke.max(axis=0).tolist()
        points = np.round(stroke, 2).tolist()
        objects.append(
            {
                "type": "Path",
                "path": [["M", *points[0]], *(["L", *point] for point in points[1:])],
                **{"originX": "center", "originY": "center"},
                **{"left": (x0 + x1) / 2, "top": (y0 + y1) / 2},
                **{"width": x1 - x0, "height": y1 - y0},
                **{"fill": None, "stroke": color, "strokeWidth": pen_width},
                **{"strokeLineCap": "round", "strokeLineJoin": "round"},
            }
        )
    return {"objects": objects}


def _stroke(item: dict) -> np.ndarray:
    """Returns the points of one path object, where the canvas shows them."""
    if item["type"].lower() != "path":
        raise ValueError("not a stroke")
    points, box = _flatten(item["path"])
    scale = np.array([_number(item, "scaleX", 1.0), _number(item, "scaleY", 1.0)])
    if item.get("flipX"):
        scale[0] = -scale[0]
    if item.get("flipY"):
        scale[1] = -scale[1]
    angle = math.radians(_number(item, "angle", 0.0))
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    middle = box.mean(axis=0)
    place = np.array([_number(item, "left", middle[0]), _number(item, "top", middle[1])])
    # Left and top are the origin, which lies half a box (pen included) from the middle.
    origin = np.array(
        [_ORIGIN[item.get("originX", "center")], _ORIGIN[item.get("originY", "center")]]
    )
    size = (box[1] - box[0] + _number(item, "strokeWidth", 0.0)) * np.abs(scale)
    place = place + turn @ (origin * size)
    moved = ((points - middle) * scale) @ turn.T + place
    if not (np.abs(moved) <= MAX_COORDINATE).all():
        raise ValueError("coordinates out of range")
    return moved


def _number(item: dict, key: str, default: float) -> float:
    """Returns a field as a number within `MAX_COORDINATE`; NaN fails the comparison too."""
    number = float(item.get(key, default))
    if not abs(number) <= MAX_COORDINATE:
        raise ValueError(f"{key} out of range")
    return number


def _flatten(path: list) -> tuple[np.ndarray, np.ndarray]:
    """Returns points along the path, and the exact curves' box `[[x0, y0], [x1, y1]]`."""
    rows, curved = [], []
    for command in path:
        kind = command[0]
        if len(command) != 1 + _NUM_ARGUMENTS[kind] or (not rows and kind != "M"):
            raise ValueError(f"odd path command {kind}")
        numbers = [float(number) for number in command[1:]]
        rows.append(
            numbers if kind == "Q" else numbers * 2
        )  # a line is a curve whose control is its end
        curved.append(kind == "Q")
    if not rows:
        raise ValueError("an empty path")
    table = np.array(rows)
    if not (np.abs(table) <= MAX_COORDINATE).all():
        raise ValueError("coordinates out of range")
    controls, ends = table[:, :2], table[:, 2:]
    starts = np.concatenate([ends[:1], ends[:-1]])
    length = np.abs(controls - starts).sum(axis=1) + np.abs(ends - controls).sum(axis=1)
    nums = np.clip(np.ceil(length / CURVE_STEP), 1, MAX_CURVE_POINTS).astype(int)
    nums[~np.array(curved)] = 1
    if nums.sum() > MAX_POINTS:
        raise ValueError("too much ink")
    of = np.repeat(np.arange(len(nums)), nums)
    t = (np.arange(len(of)) - (np.cumsum(nums) - nums)[of] + 1) / nums[of]
    line = _on_curve(starts[of], controls[of], ends[of], t)
    turning = _turning_points(starts[curved], controls[curved], ends[curved])
    outline = np.concatenate([line, turning])
    return line, np.array([outline.min(axis=0), outline.max(axis=0)])


def _on_curve(
    starts: np.ndarray, controls: np.ndarray, ends: np.ndarray, t: np.ndarray
) -> np.ndarray:
    """Returns a point on each of n quadratic Bezier curves, `(n, 2)`, at `t`, `(n,)`, 0 to 1."""
    t = t[:, None]
    return (1 - t) ** 2 * starts + 2 * t * (1 - t) * controls + t**2 * ends


def _turning_points(starts: np.ndarray, controls: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Returns the points where quadratic Bezier curves turn back on an axis, `(m, 2)`."""
    bend = starts - 2 * controls + ends
    places = np.divide(starts - controls, bend, out=np.zeros_like(bend), where=bend != 0)
    of, axis = np.nonzero((places > 0) & (places < 1))
    return _on_curve(starts[of], controls[of], ends[of], places[of, axis])
