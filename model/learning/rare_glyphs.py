"""Draws digits in ways that people write them and that MNIST nearly lacks.

Each way is a few curves whose proportions are drawn at random from a range. Strokes lie roughly in
a unit box, x to the right and y downwards. Angles are degrees: 0 to the right, 90 downwards.
"""

import numpy as np

from model.learning.glyphs import as_written, spline

_STEP = 12.0  # degrees between the points of an arc
_STEEP = 47.0  # degrees from the stem; a flag flatter than this makes a long-flagged one a seven


def draw_rare_digit(digit: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Draws a digit in one of the ways that MNIST nearly lacks.

    Args:
        digit: A key of `WAYS`.
        rng: The source of randomness.

    Returns:
        Strokes, arrays of shape `(num_points, 2)`, points x, y in a unit box, roughly.
    """
    ways = WAYS[digit]
    strokes = ways[rng.integers(len(ways))](rng)
    return as_written([np.asarray(stroke, float) for stroke in strokes], rng)


def _slashed_zero(rng: np.random.Generator) -> list[np.ndarray]:
    """A round and a slash, from inside the round to three times its height."""
    half = rng.uniform(0.28, 0.5)
    start = rng.uniform(-130, -40)
    ring = _arc((0.5, 0.5), (half, 0.5), start, start - 360 - rng.uniform(-15, 35))
    angle = np.deg2rad(rng.uniform(20, 70))  # from the vertical
    if rng.random() < 0.15:
        angle = -angle  # from above left
    length = np.exp(rng.uniform(np.log(0.55), np.log(3.0)))
    middle = 0.5 + rng.normal(0, [0.06 * half, 0.05])
    arm = length / 2 * np.array([np.sin(angle), -np.cos(angle)])
    bow = rng.normal(0, 0.03, 2)
    return [ring, spline([middle + arm, middle + bow, middle - arm])]


def _one_stroke_slashed_zero(rng: np.random.Generator) -> list[np.ndarray]:
    """The pen goes on from the round's end through its middle."""
    half = rng.uniform(0.28, 0.48)
    ring = _arc((0.5, 0.5), (half, 0.5), rng.uniform(-80, -45), -420 - rng.uniform(-20, 15))
    foot = [0.5 - half * rng.uniform(0.6, 1.4), rng.uniform(0.8, 1.15)]
    return [np.concatenate([ring, spline([ring[-1], [0.5, 0.5], foot])[1:]])]


def _tailed_zero(rng: np.random.Generator) -> list[np.ndarray]:
    """The pen begins above the round, or ends beyond it."""
    half = rng.uniform(0.28, 0.48)
    start = rng.uniform(-100, -40)
    ring = _arc((0.5, 0.5), (half, 0.5), start, start - 360 - rng.uniform(-20, 30))
    if rng.random() < 0.5:
        lead = ring[0] + [rng.uniform(-0.08, 0.2), -rng.uniform(0.06, 0.25)]
        return [np.concatenate([spline([lead, ring[0]]), ring[1:]])]
    way = ring[-1] - ring[-2]
    end = ring[-1] + way / np.linalg.norm(way) * rng.uniform(0.05, 0.3)
    return [np.concatenate([ring, [end]])]


def _flagged_one(rng: np.random.Generator) -> list[np.ndarray]:
    """A flag at the top, sometimes a serif at the foot or an exit tick."""
    has_foot = rng.random() < 0.3
    angle = rng.uniform(20, 65)
    longest = 0.95 if has_foot else 0.72 if angle < _STEEP else 0.52  # a seven has no foot
    flag = rng.uniform(0.12, longest)
    tip = flag * np.array([-np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))])
    foot = np.array([rng.normal(0, 0.03), 1.0])
    bow = tip / 2 + rng.normal(0, 0.03, 2)
    rise = spline([tip, bow, [0, 0]]) if rng.random() < 0.7 else np.array([tip, [0.0, 0.0]])
    stem = [foot] if rng.random() < 0.6 else [[rng.normal(0, 0.03), 0.5], foot]
    parts = [rise, *(np.array([point]) for point in stem)]
    if has_foot:
        left, right = rng.uniform(0.08, 0.4, 2)
        serif = foot + np.array([[-left, rng.normal(0, 0.03)], [right, rng.normal(0, 0.03)]])
        return [np.concatenate(parts), serif]
    if rng.random() < 0.3:
        parts.append(_tick(foot, rng, 0.4))
    return [np.concatenate(parts)]


def _ticked_one(rng: np.random.Generator) -> list[np.ndarray]:
    """A stem, sometimes with a short run-up, that ends in a tick to the upper right."""
    foot = np.array([rng.normal(0, 0.05), 1.0])
    if rng.random() < 0.5:
        return [np.concatenate([np.array([[0, 0], foot]), _tick(foot, rng, 0.58)])]
    start = [-rng.uniform(0.05, 0.25), rng.uniform(0.05, 0.3)]
    return [np.concatenate([np.array([start, [0, 0], foot]), _tick(foot, rng, 0.35)])]


def _open_four(rng: np.random.Generator) -> list[np.ndarray]:
    """An L, or a bowl, and a second stroke that may be short or long: also the h-shaped four."""
    bend = rng.uniform(0.42, 0.72)
    is_short = rng.random() < 0.4
    top_left = [rng.uniform(0.08, 0.6 if is_short else 0.35), rng.uniform(-0.05, 0.15)]
    end = [rng.uniform(0.75, 1.05), bend + rng.normal(0, 0.05)]
    if rng.random() < 0.45:  # the corner is round, as in an h upside down
        corner = [[0.06, bend - 0.15], [0.14, bend], [0.4, bend + rng.uniform(0, 0.08)]]
        first = spline([top_left, *corner, end])
    else:
        first = np.array([top_left, [rng.uniform(0, 0.12), bend], end])
    x = rng.uniform(0.5, 0.85)
    top = bend - rng.uniform(0.06, 0.28) if is_short else rng.uniform(-0.05, 0.45)
    second = np.array([[x + rng.normal(0, 0.05), top], [x + rng.normal(0, 0.07), 1.0]])
    return [first, _with_tick(second, rng, 0.12)]


def _one_stroke_four(rng: np.random.Generator) -> list[np.ndarray]:
    """Down, across and up to the top of the stem without lifting the pen, or a crossed neck."""
    bend = rng.uniform(0.45, 0.7)
    x = rng.uniform(0.6, 0.8)
    if rng.random() < 0.5:
        start, across = [x, rng.uniform(0, 0.1)], [rng.uniform(0.85, 1.05), bend]
        points = [start, [0, bend], across, [x + 0.04, rng.uniform(0.1, 0.3)], [x - 0.05, 1]]
    else:
        start, turn = [rng.uniform(0.1, 0.3), 0], [x, bend + rng.normal(0, 0.03)]
        points = [start, [0.05, bend], turn, [x + 0.04, rng.uniform(-0.05, 0.3)], [x - 0.03, 1]]
    return [_with_tick(np.array(points), rng, 0.12)]


def _barred_five(rng: np.random.Generator) -> list[np.ndarray]:
    """The bar is a stroke of its own: apart, or overlapping the neck to its left."""
    neck = rng.uniform(0.38, 0.52)
    x = rng.uniform(0.12, 0.35)
    bowl = [[0.6, neck - rng.uniform(0, 0.1)], [rng.uniform(0.8, 1), 0.7], [0.5, 1]]
    tail = [rng.uniform(0, 0.2), rng.uniform(0.85, 0.98)]
    start = [x + rng.normal(0, 0.03), rng.uniform(0, 0.12)]
    body = np.concatenate([[start], spline([[x - 0.05, neck], *bowl, tail])])
    left = start[0] - rng.uniform(-0.15, 0.3)
    height = start[1] - rng.uniform(-0.06, 0.14)
    right = [rng.uniform(0.65, 1.15), height + rng.normal(-0.03, 0.06)]
    return [body, np.array([[left, height], right])]


def _seven(rng: np.random.Generator) -> list[np.ndarray]:
    """A straight, waved or round top; perhaps a serif, a bar at any height and an exit tick."""
    foot = np.array([rng.uniform(0.1, 0.6), 1.0])
    corner = np.array([rng.uniform(0.85, 1.0), rng.uniform(-0.05, 0.08)])
    start = [rng.uniform(0, 0.12), rng.uniform(-0.02, 0.14)]
    serif = [[start[0] - rng.uniform(-0.02, 0.08), start[1] + rng.uniform(0.08, 0.24)]]
    serif = serif if rng.random() < 0.35 else []
    middle = (corner + foot) / 2 + rng.normal(0, [0.06, 0.03])
    kind = rng.random()
    if kind < 0.45:
        top = np.array([*serif, start, corner])
        stem = spline([corner, middle, foot])[1:]
        body = np.concatenate([top, stem])
    elif kind < 0.7:  # a wave
        wave = [[0.3, start[1] - 0.08], [0.65, start[1] + 0.06], corner]
        body = np.concatenate([np.array(serif or [start]), spline([start, *wave])])
        body = np.concatenate([body, spline([corner, middle, foot])[1:]])
    else:  # the corner is round
        over = [[0.5, -rng.uniform(0, 0.06)], [0.92, rng.uniform(0.08, 0.2)]]
        low = [(0.9 + foot[0]) / 2 + rng.uniform(0, 0.1), rng.uniform(0.4, 0.6)]
        body = np.concatenate([np.array(serif or [start]), spline([start, *over, low, foot])])
    strokes = [_with_tick(body, rng, 0.12)]
    if rng.random() < 0.55:
        strokes.append(_bar(corner, foot, rng))
    return strokes


def _bar(corner: np.ndarray, foot: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The bar through a seven's stem, sometimes tilted, waved or with hooked ends."""
    height = rng.uniform(0.35, 0.85)
    across = corner + (foot - corner) * height + [rng.normal(0.02, 0.04), 0]
    half = rng.uniform(0.15, 0.42)
    tilt = rng.normal(-0.05, 0.08)
    arm = np.array([half, tilt])
    left, right = across - arm, across + arm
    if rng.random() < 0.35:  # hooked
        hook = np.array([0.01, -rng.uniform(0.04, 0.12)])
        ends = [right, right + hook] if rng.random() < 0.5 else [right]
        return np.array([left - hook, left, *ends])
    return spline([left, across + rng.normal(0, 0.02, 2), right])


def _ringed_eight(rng: np.random.Generator) -> list[np.ndarray]:
    """Two rings, one above the other, that touch, overlap or stay a little apart."""
    upper, lower = rng.uniform(0.16, 0.26), rng.uniform(0.2, 0.3)
    gap = rng.uniform(-0.08, 0.03)
    widths = rng.uniform(0.2, 0.42, 2)
    x = 0.5 + rng.normal(0, 0.05)
    starts = rng.uniform(-180, 180, 2)
    turns = rng.choice([-1, 1], 2) * (360 + rng.uniform(-20, 30, 2))
    low = 2 * upper + gap + lower
    return [
        _arc((0.5, upper), (widths[0], upper), starts[0], starts[0] + turns[0]),
        _arc((x, low), (widths[1], lower), starts[1], starts[1] + turns[1]),
    ]


def _open_eight(rng: np.random.Generator) -> list[np.ndarray]:
    """An S whose pen returns to the top and need not arrive there."""
    start = [rng.uniform(0.6, 0.95), rng.uniform(0.02, 0.2)]
    down = [[0.45, 0], [rng.uniform(0.08, 0.25), 0.22], [0.5, 0.46], [0.85, 0.72], [0.5, 1]]
    up = [[rng.uniform(0.05, 0.2), 0.78], [0.45, 0.5]]
    end = np.array([rng.uniform(0.6, 0.95), rng.uniform(0.08, 0.3)])
    return [spline([start, *down, *up, end])]


def _looped_nine(rng: np.random.Generator) -> list[np.ndarray]:
    """A loop of any size and a stem or a tail: straight, round and wide, curled or ticked."""
    high = rng.uniform(0.26, 0.62)
    half = high / 2 * rng.uniform(0.65, 1.35)
    middle = np.array([0.5, high / 2])
    if rng.random() < 0.3:  # begun below or at the left, clockwise
        first = rng.uniform(60, 200)
        loop = _arc(middle, (half, high / 2), first, first + 360 + rng.uniform(-20, 20))
        loop = np.concatenate([loop, _arc(middle, (half, high / 2), first, 360)[1:]])
    else:
        first = rng.uniform(-75, -5)
        loop = _arc(middle, (half, high / 2), first, first - 360 + rng.uniform(-5, 30))
    neck = np.array([0.5 + half * rng.uniform(0.85, 1.15), high * rng.uniform(0.15, 0.6)])
    kind = rng.random()
    if kind < 0.3:  # straight or leaning
        foot = np.array([neck[0] - rng.uniform(-0.05, 0.4), 1.0])
        tail = spline([neck, (neck + foot) / 2 + rng.normal(0, 0.03, 2), foot])
        tail = _with_tick(tail, rng, 0.2)
    else:  # round: down at the right and back to the left, perhaps up again
        reach = rng.uniform(0.2, 1.1)
        low = np.array([neck[0] - reach * 0.45, 1.0])
        side = [neck[0] + rng.uniform(-0.06, 0.1), high + (1 - high) * rng.uniform(0.25, 0.6)]
        end = [neck[0] - reach, rng.uniform(0.78, 1.0)]
        points = [neck, side, low, end]
        if rng.random() < 0.25:
            points.append([end[0] + 0.02, end[1] - rng.uniform(0.05, 0.15)])
        tail = spline(points)
    if rng.random() < 0.25:  # the stem is a stroke of its own, and may cross the loop's edge
        tail[0] = [neck[0] - rng.uniform(-0.03, 0.06), rng.uniform(-0.06, 0.15)]
        return [loop, tail]
    return [np.concatenate([loop, tail])]


def _open_nine(rng: np.random.Generator) -> list[np.ndarray]:
    """The loop ends short of its beginning at the right, and the tail goes on from there."""
    high = rng.uniform(0.4, 0.6)
    half = high / 2 * rng.uniform(0.75, 1.3)
    first = rng.uniform(-20, 35)
    loop = _arc([0.5, high / 2], (half, high / 2), first, rng.uniform(-335, -300))
    reach = rng.uniform(0.1, 0.9)
    side = [0.5 + half * rng.uniform(0.85, 1.1), high + (1 - high) * rng.uniform(0.15, 0.5)]
    end = [side[0] - reach, rng.uniform(0.82, 1.0)]
    return [
        np.concatenate([loop, spline([loop[-1], side, [side[0] - reach * 0.45, 1.0], end])[1:]])
    ]


def _tick(foot: np.ndarray, rng: np.random.Generator, longest: float) -> np.ndarray:
    """A short stroke from a foot to the upper right."""
    angle = np.deg2rad(rng.uniform(25, 65))  # from the horizontal; a flat one makes an L
    length = rng.uniform(0.06, longest)
    return foot + length * np.array([[np.cos(angle), -np.sin(angle)]])


def _with_tick(stroke: np.ndarray, rng: np.random.Generator, share: float) -> np.ndarray:
    """A stroke that ends in an exit tick in that share of cases."""
    if rng.random() >= share:
        return stroke
    return np.concatenate([stroke, _tick(stroke[-1], rng, 0.3)])


def _arc(centre, radii, start: float, end: float) -> np.ndarray:
    """Points along an ellipse from one angle to another, `(num_points, 2)`."""
    num = max(int(abs(end - start) / _STEP), 3)
    angles = np.deg2rad(np.linspace(start, end, num))
    return np.asarray(centre) + np.stack(
        [radii[0] * np.cos(angles), radii[1] * np.sin(angles)], axis=1
    )


WAYS = {
    0: (_slashed_zero, _slashed_zero, _one_stroke_slashed_zero, _tailed_zero),
    1: (_flagged_one, _ticked_one),
    4: (_open_four, _open_four, _one_stroke_four),
    5: (_barred_five,),
    7: (_seven,),
    8: (_ringed_eight, _open_eight),
    9: (_looped_nine, _looped_nine, _looped_nine, _open_nine),
}
