"""Draws random variants of digits, letters and figures with a simulated pen.

They include ways to write digits that MNIST nearly lacks. A shape is a few control points for
each stroke, in a unit box with y growing downwards. Random variation moves the points, slants,
rotates and stretches the shape, and bends the curves.
"""

import numpy as np

_JITTER = 0.035  # of the box, standard deviation of each control point
_WOBBLE = 0.012  # of the box, standard deviation of a smooth deviation along a stroke
_POINTS_PER_SEGMENT = 8
_LOG_WIDTHS = np.log([0.6, 1.6])  # widths of `as_written`, times the shape's own

# "~" begins a smooth stroke; other strokes are straight from point to point. "!" makes a corner
# in a smooth stroke. "|" lifts the pen.
_DIGITS: dict[int, tuple[str, ...]] = {
    0: (
        "~.6,.02 .2,.12 .05,.5 .2,.9 .55,.98 .9,.8 .95,.4 .8,.1 .5,.02",
        "~.5,0 .1,.2 .05,.6 .3,.95 .7,.95 .95,.6 .9,.2 .6,.02 .45,.08",
        # slashed from the upper right, as most people do, inside the round or beyond it
        "~.5,.02 .12,.2 .05,.55 .25,.92 .6,.98 .92,.75 .95,.35 .75,.06 .45,.02|.9,.08 .12,.92",
        "~.5,.02 .12,.2 .05,.55 .25,.92 .6,.98 .92,.75 .95,.35 .75,.06 .45,.02|1.1,-.1 -.1,1.1",
        "~.5,.02 .12,.2 .05,.55 .25,.92 .6,.98 .92,.75 .95,.35 .75,.06 .45,.02|.72,.25 .3,.75",
        "~.5,.02 .2,.2 .15,.55 .3,.92 .55,.98 .82,.75 .85,.35 .7,.06 .45,.02|1.1,.05 -.05,.85",
        "~.5,.02 .2,.2 .15,.55 .3,.92 .55,.98 .82,.75 .85,.35 .7,.06 .45,.02|.1,.15 .9,.9",
        # slashed without lifting the pen
        "~.6,.03 .2,.12 .05,.5 .2,.9 .55,.98 .9,.8 .95,.4 .85,.1 .7,.03! .15,.95",
        # square, as on a display
        "0,0 .6,0 .6,1 0,1 0,0",
    ),
    1: (
        "0,0 0,1",
        "~.06,0 0,.5 -.02,1",
        "-.18,.2 0,0 0,1",
        "-.3,.28 0,0 0,1",
        "-.35,.4 .02,0 0,1",
        "-.25,.18 0,0 .03,1",
        "-.3,.5 0,0 .02,1",
        "-.42,.5 0,0 -.05,1",
        "-.38,.6 0,0 0,1",
        "~-.3,.3 -.12,.17 .02,0! 0,1",
        "-.28,.25 0,0 0,1|-.28,1 .28,1",
        "-.38,.35 0,0 0,1|-.35,1 .35,1",
        "-.2,.15 0,0 0,1 -.3,1 .3,1",
        "0,0 0,1|-.3,1 .3,1",
        "0,0 0,1|0,.02 -.26,.25",
    ),
    2: (
        "~.08,.25 .3,.02 .7,.05 .85,.3 .6,.6 .05,1! .95,.98",
        "~.08,.25 .3,.02 .7,.05 .85,.3 .6,.65 .2,.9 .08,.95 .1,.8 .3,.82 .6,.98 .95,.92",
        "~.05,.1 .5,0 .85,.08! .05,1! .95,1",
        "~.1,.3 .2,.05 .6,.02 .8,.25 .5,.7 .1,.98 .3,.9 .9,1",
        "0,0 .6,0 .6,.5 0,.5 0,1 .6,1",
    ),
    3: (
        "~.1,.12 .5,0 .85,.2 .45,.47! .9,.7 .55,1 .05,.88",
        "~.1,.05 .5,.02 .9,.05! .45,.42! .9,.65 .6,1 .05,.9",
        "~.15,.2 .4,.02 .8,.15 .65,.4 .35,.48 .75,.55 .9,.8 .5,1 .08,.9",
        "0,0 .6,0 .6,1 0,1|.08,.5 .6,.5",
    ),
    4: (
        "~.3,0 .05,.6! .95,.58|.65,.25 .6,1",
        "~.2,0 .12,.5 .35,.55 .85,.5|.85,0 .8,1",
        "~.75,0 .02,.68! 1,.66|.75,.02 .75,1",
        ".7,1 .7,0 0,.7 1,.7",
        "~.25,.05 .15,.5! .85,.5|.8,.05 .75,1",
        "~.75,.02 .05,.62! .98,.6|.72,.3 .7,1",
        "0,0 0,.5 .6,.5|.6,0 .6,1",
    ),
    5: (
        "~.2,.02 .15,.45! .5,.38 .9,.6 .75,.92 .1,.95|.2,.02 .9,0",
        "~.2,.12 .15,.5! .55,.4 .9,.65 .65,.97 .08,.92|.25,-.02 .95,-.06",
        "~.9,.02 .25,.02! .15,.45! .55,.38 .92,.65 .6,1 .05,.92",
        "~.15,.1 .15,.5! .55,.42 .85,.7 .5,1 .05,.9|.3,.05 1,.1",
        ".6,0 0,0 0,.5 .6,.5 .6,1 0,1",
    ),
    6: (
        "~.75,.02 .3,.3 .08,.7 .35,1 .8,.85 .75,.58 .4,.52 .12,.75",
        "~.5,0 .15,.4 .1,.8 .4,1 .65,.85 .5,.65 .15,.78",
        "~.9,.05 .45,.1 .1,.55 .2,.95 .65,.98 .85,.7 .5,.52 .15,.7",
        ".6,0 0,0 0,1 .6,1 .6,.5 0,.5",
    ),
    7: (
        ".05,.03 .92,0 .4,1",
        ".05,.03 .92,0 .4,1|.25,.5 .85,.48",
        ".05,.02 .92,0 .5,1|.3,.55 .9,.45",
        "~.02,.2 .06,.03! .92,.02! .55,.5 .42,1",
        "~.02,.22 .05,.02! .92,.02! .5,1|.25,.5 .8,.5",
        "~.05,.12 .45,.05 .92,0! .6,.4 .45,1",
        "0,0 .6,0 .6,1",
    ),
    8: (
        "~.8,.15 .45,0 .18,.22 .5,.45 .85,.7 .5,1 .12,.75 .45,.48 .8,.25 .72,.08",
        "~.5,0 .2,.2 .5,.45 .8,.22 .5,0|~.5,.45 .12,.72 .5,1 .9,.72 .5,.45",
        "~.85,.1 .4,0 .2,.25 .75,.65 .7,.95 .3,1 .15,.75 .6,.4 .9,.12",
        "0,0 .6,0 .6,1 0,1 0,0|0,.5 .6,.5",
        ".6,0 0,0 0,.5 .6,.5 .6,0|0,.5 0,1 .6,1 .6,.5",
    ),
    9: (
        "~.85,.15 .4,0 .08,.28 .4,.5 .82,.2! .8,1",
        "~.85,.15 .4,0 .08,.28 .4,.5 .85,.15! .85,.7 .6,1 .1,.92",
        "~.8,.12 .45,.0 .15,.22 .45,.42 .82,.12! .8,.75 .5,1 .15,.85 .1,.75",
        "~.85,.18 .5,0 .15,.2 .4,.42 .85,.18! .7,.6 .45,1",
        "~.5,0 .2,.2 .5,.42 .8,.2 .5,0|.8,.1 .7,1",
        ".6,.5 0,.5 0,0 .6,0 .6,1 0,1",
        ".6,.5 0,.5 0,0 .6,0 .6,1",
    ),
}

# Letters that nobody takes for a digit. B D I O Q S Z b g i l o q s z are left out.
_LETTERS = (
    "0,1 .45,0 .95,1|.15,.65 .8,.65",
    "~0,1 .1,.3 .5,0 .85,.3 .95,1|.05,.6 .9,.6",
    "~.9,.1 .4,0 .05,.45 .3,.95 .9,.9",
    "0,0 0,1|0,0 .8,0|0,.5 .65,.5|0,1 .8,1",
    "~.8,.08 .3,.02 .3,.4 .65,.45 .15,.6 .15,.95 .85,.9",
    "0,0 0,1|0,0 .85,0|0,.48 .65,.48",
    "~.9,.12 .4,0 .05,.5 .4,1 .9,.85! .9,.55! .5,.55",
    "~.9,.2 .6,0 .1,.3 .1,.75 .5,1 .9,.75 .92,.5! .5,.52",
    "~.85,.15 .4,.02 .05,.5 .35,.95 .85,.6! .5,.6|.88,.58 .88,1",
    "~.85,.1 .35,.05 .05,.5 .3,.95 .8,.85! .82,.5|.5,.52 1.0,.5",
    "~.8,.1 .3,.1 .1,.55 .4,.9 .85,.6! .55,.62! .9,.6! .85,1.2 .5,1.35 .3,1.2",
    "0,0 0,1|.8,0 .8,1|0,.5 .8,.5",
    "~.8,0 .8,.7 .5,1 .1,.9 .05,.75|.4,0 1,0",
    "0,0 0,1|.8,0 0,.55 .85,1",
    "0,0 0,1 .8,1",
    "0,1 .1,0 .5,.7 .9,0 1,1",
    "~0,1 .05,.2 .25,.1 .4,.9! .45,.2 .65,.1 .85,1",
    "0,1 0,0 .8,1 .8,0",
    "0,1 0,0|~0,.02 .6,.05 .7,.3 .4,.5 0,.52",
    "0,1 0,0|~0,.02 .6,.05 .7,.3 .4,.5 0,.5! .8,1",
    "0,0 1,0|.5,0 .5,1",
    "~0,0 .05,.7 .4,1 .8,.75 .85,0",
    "0,0 .45,1 .9,0",
    "0,0 .25,1 .5,.3 .75,1 1,0",
    "0,0 .85,1|.85,0 0,1",
    "0,0 .45,.5 .9,0|.45,.5 .45,1",
    "~.8,.15 .4,.0 .05,.5 .35,.95 .75,.6 .8,.1! .8,.9 1,.95",
    "~.7,.15 .4,0 .05,.45 .3,.95 .7,.6! .75,0! .7,.6 .85,.98",
    "~.75,.05 .3,.05 .0,.6 .3,1 .7,.5 .8,.02! .75,.9",
    "~.1,.25 .4,.02 .75,.2 .8,1! .78,.5 .3,.45 .05,.75 .35,.98 .75,.75",
    "~0,0 .02,.75 .35,1 .7,.7 .72,0! .72,1",
    "0,0 .05,.8 .4,1 .75,.8 .8,0",
    "~-.1,.08 .05,.05 .05,.7 .35,1 .75,.75 .8,0! .85,.85 1,.95",
    "~.9,.2 .5,0 .05,.5 .45,1 .85,.75! .85,.5! .85,1.05",
    "~.85,.1 .4,.02 .05,.5 .4,.98 .8,.7! .8,.5! .45,.5|.8,.5 .8,1",
    "~.4,.35 .6,.1 .4,0 .28,.3 .25,.8 .05,.95 .0,.8 .3,.85 .8,1",
    "~.1,0 .05,.6 .0,1! .4,.92 .7,1",
    "0,0 .05,1 .75,.95 .75,.85",
    "~0,0 .05,.4 .3,.5 .6,.3! .65,0! .55,.7 .2,1.1",
    "~0,.1 .1,.0 .2,.4 .45,.5 .65,.05! .65,.9 .4,1.3 .15,1.15 .75,.7",
    "0,0 .3,.5|.7,0 .15,1",
    "~.6,0 .6,.75 .35,1 .05,.85|.2,0 .95,0",
    "~.2,.15 .6,0 .6,.8 .3,1 .0,.75",
    "~.1,.3 .35,0 .65,.1 .55,.9 .3,1.3 .1,1.1 .8,.6",
    "~.75,.2 .45,.05 .1,.3 .1,.75 .4,.95 .7,.7 .76,.2! .74,.7 .85,.98 1.05,.85",
    "~.1,.2 .45,0 .75,.2 .75,.9! .75,.55 .4,.45 .1,.7 .35,.98 .75,.8! .95,1",
    "~.7,.1 .3,.1 .05,.5 .25,.9 .65,.75 .72,.1! .7,1",
    "~.8,.2 .4,.1 .05,.55 .4,.98 .85,.8",
    "~.7,.5 .35,.42 .05,.75 .4,1 .7,.7! .7,0! .72,.9 .9,1",
    "~.65,.6 .35,.45 .02,.7 .2,1 .6,.85 .72,.05! .7,1",
    "~.7,.55 .4,.4 .05,.6 .15,.98 .6,.9 .7,.6|.75,0 .7,1",
    "~.65,.45 .3,.42 .05,.7 .35,1 .65,.7 .75,0! .75,.85 1,.9",
    "~.05,.5 .7,.45 .75,.15 .35,0 .03,.5 .35,.98 .85,.8",
    "~.8,.1 .5,0 .35,.3 .33,1|.05,.42 .7,.42",
    "~.75,.12 .55,0 .4,.15 .38,.6 .35,1.0|.1,.48 .75,.45",
    "~.7,.15 .5,0 .35,.3 .4,.7 .4,1.2 .2,1.4 .1,1.2|.1,.5 .7,.5",
    "~.2,.6 .6,.3 .6,0 .4,.1 .38,.6 .38,1.2 .55,1.1 .4,.7",
    "~.9,.05 .55,.0 .35,.2 .3,.9 .1,1.05|.05,.45 .65,.4",
    "~0,0 0,1! .1,.55 .5,.45 .65,.7 .65,1",
    "~.5,.25 .48,.8 .3,1 0,.9|.5,0 .5,.03",
    "0,0 0,1|.55,.35 .02,.7 .6,1",
    "~0,0 0,1! .1,.2 .35,.1 .4,.4 .4,1! .5,.2 .75,.1 .85,.4 .85,1",
    "~0,0 0,1! .1,.3 .5,.1 .65,.4 .65,1",
    "~0,.05 0,1.4! 0,.3 .4,0 .7,.35 .4,.75 .02,.6",
    "~0,0 0,1! .1,.3 .4,.08 .65,.2",
    "~.35,0 .33,.7 .5,.95 .75,.9|.05,.35 .75,.33",
    "~0,0 0,.6 .25,.95 .6,.7 .65,.0! .68,.95 .85,.9",
    "0,0 .4,1 .8,0",
    "~0,0 .1,.8 .3,.9 .45,.2! .55,.85 .75,.9 .9,0",
    "~0,0 .3,.2 .6,.9 .9,1|.85,0 0,1",
    "~0,0 .1,.45 .4,.5 .65,0! .6,.9 .3,1.3 .0,1.2",
    "~0,.05 .1,.5 .4,.5 .68,.05! .65,.7 .5,1.1 .2,1.2 .1,1.0 .8,.75",
    "~0,0 .02,.4 .3,.6 .6,.35 .7,0! .6,.8 .35,1.25",
    "~0,0 .25,.55|.7,0 .4,.75 .0,1.3",
    "0,0 .35,.6|.8,0 .1,1.3",
)

_SHAPES = (
    "0,1 .5,0 1,1 0,1",
    # Wider than high: a narrow one is a square 0.
    "0,0 1.8,0 1.8,1 0,1 0,0",
    "0,0 1.8,.1 1.65,.9 .1,.8 0,0",
    ".5,0 .2,1 1,.35 0,.35 .8,1 .5,0",
    "~.5,.3 .2,0 0,.35 .5,1! 1,.35 .8,0 .5,.3",
    "0,.5 1,.5|.65,.2 1,.5 .65,.8",
    "0,.5 1,.5|.5,0 .5,1",
    "0,.55 .35,1 1,0",
    "~0,.5 .2,.2 .4,.5 .6,.8 .8,.5 1,.2",
    "~.5,0 .05,.5 .5,1 .95,.5 .5,0|.2,.2 .8,.8|.8,.2 .2,.8",
    "~.5,0 .05,.5 .5,1 .95,.5 .5,0|.35,.35 .36,.38|.65,.35 .66,.38|~.3,.65 .5,.78 .7,.65",
    "0,.3 1,.3|0,.7 1,.7",
    ".3,0 .25,1|.7,0 .65,1|0,.35 1,.33|0,.68 1,.66",
    "0,0 1,.2 0,.4 1,.6 0,.8 1,1",
    "0,1 .15,0 .3,1 .45,0 .6,1 .75,0 .9,1",
    "0,.5 1,.5",
    "0,.2 1,0",
    "~0,.4 .5,0 1,.4",
    "~0,0 .5,.4 1,0",
    "0,1 0,.4 .5,0 1,.4 1,1 0,1",
)


def draw_digit(digit: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Draws a digit in one of the ways that people write it.

    Args:
        digit: 0 to 9.
        rng: The source of randomness.

    Returns:
        Strokes, arrays of shape `(num_points, 2)`, points x, y in a unit box, roughly.
    """
    shapes = _DIGITS[digit]
    return _vary(shapes[rng.integers(len(shapes))], rng)


def draw_letter_or_shape(rng: np.random.Generator) -> list[np.ndarray]:
    """Draws a letter or a figure that is no digit; returns strokes as `draw_digit` does."""
    shapes = _LETTERS if rng.random() < 0.75 else _SHAPES
    return _vary(shapes[rng.integers(len(shapes))], rng)


def scribble(rng: np.random.Generator) -> list[np.ndarray]:
    """Draws a line through many random places, a spiral or some dots; returns strokes."""
    kind = rng.integers(5)
    if kind == 0:  # dots
        places = rng.random((rng.integers(2, 7), 2))
        return [np.array([place, place + 0.02]) for place in places]
    if kind == 1:  # a spiral of two turns or more
        turns = rng.uniform(2, 4)
        angle = np.linspace(0, 2 * np.pi * turns, 60) * rng.choice([-1, 1])
        radius = np.linspace(0.05, 0.5, 60)
        return [np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)]
    points = rng.random((rng.integers(7, 16), 2)) * rng.uniform(0.5, 1, 2)
    return [_smooth(points, np.zeros(len(points), bool)) if kind < 4 else points]


def slash(extent: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Draws the stroke through a zero.

    Args:
        extent: `[[x0, y0], [x1, y1]]`, the zero's box.
        rng: The source of randomness.
    """
    middle, half = extent.mean(axis=0), np.ptp(extent, axis=0) / 2
    middle = middle + rng.normal(0, 0.06, 2) * half * 2
    reach = rng.uniform(0.55, 1.35)  # of the half diagonal
    lean = np.array([rng.uniform(0.6, 1.3), -rng.uniform(0.5, 1.1)])
    if rng.random() < 0.12:
        lean[0] = -lean[0]  # from above left
    arm = half * lean * reach
    bow = rng.normal(0, 0.06, 2) * half
    return [_smooth(np.array([middle + arm, middle + bow, middle - arm]), np.zeros(3, bool))]


def flag(extent: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Draws the flag at a one's top and sometimes the serif at its foot.

    A long, flat flag would turn a one without a foot into an American seven, so flat flags are
    short. A steep one may reach far down, as Europeans write it.

    Args:
        extent: `[[x0, y0], [x1, y1]]`, the top and the foot of the stem.
        rng: The source of randomness.
    """
    top, foot = extent
    height = float(foot[1] - top[1])
    has_foot = rng.random() < 0.4
    angle = np.deg2rad(rng.uniform(25, 60))  # away from the stem
    longest = 0.75 if angle < np.deg2rad(47) else 0.62 if has_foot else 0.4
    length = rng.uniform(0.2, longest) * height
    tip = top + length * np.array([-np.sin(angle), np.cos(angle)])
    bow = (tip + top) / 2 + rng.normal(0, 0.02, 2) * height
    strokes = [_smooth(np.array([tip, bow, top]), np.zeros(3, bool))]
    if has_foot:
        left, right = rng.uniform(0.1, 0.4, 2) * height
        tilt = rng.normal(0, 0.03) * height
        strokes.append(foot + np.array([[-left, -tilt], [right, tilt]]))
    return strokes


def crossbar(extent: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Draws the bar through a seven's stem.

    Args:
        extent: `[[x0, y0], [x1, y1]]`, the seven's box.
        rng: The source of randomness.
    """
    (x0, y0), (x1, y1) = extent
    row = y0 + rng.uniform(0.4, 0.62) * (y1 - y0)
    middle = x0 + rng.uniform(0.45, 0.65) * (x1 - x0)
    half = rng.uniform(0.2, 0.45) * max(x1 - x0, 0.5 * (y1 - y0))
    tilt = rng.normal(-0.08, 0.1) * half
    return [np.array([[middle - half, row - tilt], [middle + half, row + tilt]])]


def tail(extent: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Draws the curl at the end of a nine.

    Args:
        extent: `[[x0, y0], [x1, y1]]`, the nine's box, whose lower corner is the stem's end.
        rng: The source of randomness.
    """
    width, height = np.ptp(extent, axis=0)
    end = extent[1]
    reach = rng.uniform(0.4, 0.9) * max(width, 0.4 * height)
    dips, rises = rng.uniform(0.03, 0.14) * height, rng.uniform(-0.18, 0.05) * height
    curl = end + np.array([[0, 0], [-0.45 * reach, dips], [-reach, rises]])
    return [_smooth(curl, np.zeros(3, bool))]


def _vary(shape: str, rng: np.random.Generator) -> list[np.ndarray]:
    """Draws a shape with random jitter, lean, turn, width and wobble."""
    matrix = _slant_and_width(rng, np.exp(rng.normal(0, 0.22)))
    strokes = []
    for text in shape.split("|"):
        is_smooth = text.startswith("~")
        words = text.lstrip("~").split()
        corners = np.array([word.endswith("!") for word in words])
        points = np.array([[float(part) for part in word.rstrip("!").split(",")] for word in words])
        points = points + rng.normal(0, _JITTER, points.shape)
        if is_smooth or rng.random() < 0.3:
            # Some straight strokes bend a little, as in a hurry; their corners stay corners.
            points = _smooth(points, corners if is_smooth else np.ones(len(points), bool))
        points = points + _wobble(len(points), rng)
        strokes.append(points @ matrix.T)
    return strokes


def as_written(strokes: list[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """Leans, turns, stretches and shakes strokes a little, as a hand does.

    Args:
        strokes: Arrays of shape `(num_points, 2)`, in a unit box.
        rng: The source of randomness.
    """
    matrix = _slant_and_width(rng, np.exp(rng.uniform(*_LOG_WIDTHS)))
    return [(stroke + _wobble(len(stroke), rng)) @ matrix.T for stroke in strokes]


def _slant_and_width(rng: np.random.Generator, wide: float) -> np.ndarray:
    """Returns a matrix that stretches across by `wide`, and leans and turns at random."""
    lean = rng.normal(0, 0.15)
    turn = rng.normal(0, 0.1)
    return np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ np.array(
        [[wide, -lean], [0, 1]]
    )


def _wobble(num: int, rng: np.random.Generator) -> np.ndarray:
    """Returns a smooth random deviation of shape `(num, 2)`."""
    along = np.linspace(0, 1, num)[:, None]
    waves = [
        rng.normal(0, _WOBBLE, 2) * np.sin(np.pi * (k * along + rng.random(2))) for k in (1, 2, 3)
    ]
    return sum(waves)


def spline(points) -> np.ndarray:
    """Draws a smooth curve without corners through points; returns `(num_points, 2)`."""
    points = np.asarray(points, float)
    return _smooth(points, np.zeros(len(points), bool))


def _smooth(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Draws a Catmull-Rom spline through points, with corners where they are marked.

    Source: E. Catmull and R. Rom, "A class of local interpolating splines", 1974.
    """
    previous, following = points[:-1].copy(), points[1:].copy()
    previous[1:] = points[:-2]
    following[:-1] = points[2:]
    previous[corners[:-1]] = points[:-1][corners[:-1]]
    following[corners[1:]] = points[1:][corners[1:]]
    t = (np.arange(_POINTS_PER_SEGMENT) / _POINTS_PER_SEGMENT)[None, :, None]
    p0, p1, p2, p3 = (part[:, None] for part in (previous, points[:-1], points[1:], following))
    curve = 0.5 * (
        2 * p1
        + (p2 - p0) * t
        + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    )
    return np.concatenate([curve.reshape(-1, 2), points[-1:]])
