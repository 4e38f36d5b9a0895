"""Draws rare ways to write a digit in fixed proportions, each by many hands.

A probe is a shape whose proportions are known to be hard. Hands differ by seed: they lean, widen
and shake it a little.
"""

import numpy as np

from model.learning.glyphs import spline

HANDS = 100  # of each probe
SEED = 20_000  # other hands than any training has
LEAN = 0.12  # across for each unit down, standard deviation
TURN = 0.07  # radians, standard deviation
WIDTH = 0.12  # of the logarithm of the width, standard deviation
SHAKE = 0.012  # of the box, standard deviation of each point


def arc(x: float, y: float, wide: float, high: float, start: float, end: float) -> np.ndarray:
    """Points along an ellipse between two angles, degrees, 0 to the right and 90 downwards."""
    angles = np.deg2rad(np.linspace(start, end, 24))
    return np.stack([x + wide * np.cos(angles), y + high * np.sin(angles)], axis=1)


def slashed_zero(length: float) -> list:
    lean = np.deg2rad(38)
    arm = length / 2 * np.array([np.sin(lean), -np.cos(lean)])
    return [arc(0.5, 0.5, 0.36, 0.5, -80, -445), np.array([0.5 + arm, 0.5 - arm])]


def ticked_one(length: float) -> list:
    return [np.array([[0, 0], [0, 1], [length * 0.7, 1 - length * 0.7]])]


def flagged_one(length: float, degrees: float) -> list:
    angle = np.deg2rad(degrees)
    return [np.array([[-length * np.sin(angle), length * np.cos(angle)], [0, 0], [0, 1]])]


def barred_seven(height: float) -> list:
    x = 0.92 - 0.5 * height
    top = spline([[0.05, 0.16], [0.4, -0.02], [0.85, 0.06], [0.9, 0.2], [0.62, 0.55], [0.42, 1]])
    bar = [[x - 0.32, height + 0.1], [x - 0.3, height + 0.03], [x + 0.3, height - 0.03]]
    return [top, np.array(bar)]


def looped_nine(high: float, reach: float) -> list:
    loop = arc(0.5, high / 2, high / 2 * 0.9, high / 2, -40, -385)
    x = 0.5 + high / 2 * 0.9
    tail = spline(
        [[x, high * 0.4], [x + 0.02, 0.62], [x - 0.4 * reach, 1], [x - reach, 0.86]]
        if reach
        else [[x, high * 0.4], [x - 0.02, 0.7], [x - 0.05, 1]]
    )
    return [np.concatenate([loop, tail])]


def nine_begun_below() -> list:
    loop = arc(0.45, 0.25, 0.3, 0.25, 120, 480)
    up = arc(0.45, 0.25, 0.3, 0.25, 120, 360)
    return [np.concatenate([loop, up, spline([[0.75, 0.25], [0.76, 0.6], [0.68, 1]])])]


def low_four(top: float) -> list:
    return [
        np.array([[0.15, 0], [0.05, 0.6], [0.95, 0.58]]),
        np.array([[0.66, top], [0.62, 1]]),
    ]


def h_four() -> list:
    first = spline([[0.2, 0], [0.1, 0.45], [0.3, 0.6], [0.75, 0.5]])
    return [first, np.array([[0.75, 0.1], [0.72, 1]])]


def barred_five() -> list:
    body = spline([[0.3, 0.06], [0.22, 0.42], [0.6, 0.36], [0.9, 0.68], [0.5, 1], [0.1, 0.9]])
    return [body, np.array([[0.05, 0.05], [0.95, -0.02]])]


def open_eight() -> list:
    down = [[0.8, 0.1], [0.45, 0], [0.15, 0.22], [0.5, 0.46], [0.85, 0.74]]
    up = [[0.5, 1], [0.12, 0.78], [0.45, 0.5], [0.9, 0.18]]
    return [spline([*down, *up])]


def ringed_eight() -> list:
    return [arc(0.5, 0.22, 0.27, 0.21, -90, 280), arc(0.5, 0.73, 0.34, 0.27, -90, 280)]


def ticked_seven() -> list:
    return [np.array([[0.05, 0.03], [0.92, 0], [0.42, 1], [0.58, 0.86]])]


PROBES = {
    "0, slash within the round": (0, slashed_zero(0.8)),
    "0, slash of 1.6 rounds": (0, slashed_zero(1.6)),
    "0, slash of 2.8 rounds": (0, slashed_zero(2.8)),
    "1, exit tick of a quarter": (1, ticked_one(0.25)),
    "1, exit tick of .4": (1, ticked_one(0.4)),
    "1, exit tick of .55": (1, ticked_one(0.55)),
    "1, half-long flag at 60 degrees": (1, flagged_one(0.5, 60)),
    "1, long steep flag": (1, flagged_one(0.65, 35)),
    "4, short second stroke": (4, low_four(0.4)),
    "4, L and a long stroke": (4, low_four(0.1)),
    "4, as an h upside down": (4, h_four()),
    "5, bar over its neck": (5, barred_five()),
    "7, exit tick": (7, ticked_seven()),
    "7, round top, hooked bar at .6": (7, barred_seven(0.6)),
    "7, round top, hooked bar at .75": (7, barred_seven(0.75)),
    "7, round top, hooked bar at .85": (7, barred_seven(0.85)),
    "8, open at the top": (8, open_eight()),
    "8, two rings": (8, ringed_eight()),
    "9, small loop, wide round tail": (9, looped_nine(0.36, 0.75)),
    "9, small loop, straight": (9, looped_nine(0.36, 0)),
    "9, loop begun below": (9, nine_begun_below()),
}


def by_many_hands(shape: list[np.ndarray], num: int = HANDS) -> list[list[np.ndarray]]:
    """Draws a shape by many hands.

    Args:
        shape: Strokes in a unit box.
        num: How many hands.

    Returns:
        `num` drawings, lists of strokes.
    """
    rng = np.random.default_rng(SEED)
    drawings = []
    for _ in range(num):
        lean, turn, wide = rng.normal(0, LEAN), rng.normal(0, TURN), np.exp(rng.normal(0, WIDTH))
        cosine, sine = np.cos(turn), np.sin(turn)
        hand = np.array([[cosine, -sine], [sine, cosine]]) @ np.array([[wide, -lean], [0, 1]])
        drawings.append(
            [
                (np.asarray(stroke, float) + rng.normal(0, SHAKE, np.shape(stroke))) @ hand.T
                for stroke in shape
            ]
        )
    return drawings
