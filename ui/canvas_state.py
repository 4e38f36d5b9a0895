"""The drawing on a canvas, kept in this visit's session: undo, redo, clear, examples.

Strokes, examples and clearing are steps; Undo takes them back one by one.
"""

import json
import zlib

import numpy as np
import streamlit as st

from model.errors import DigitError
from model.ink.canvas_json import drawing_of_strokes, strokes_of_canvas
from model.ink.frame import strokes_to_mnist
from model.learning import glyphs
from ui import networks

CANVAS_SIDE = 280  # canvas pixels; the page shows the canvas larger where there is room
WIDE = 560  # canvas pixels; the width of the canvas for numbers
PAPER = "#000000"
INK = "#ffffff"
CANVAS_PENS = (8, 40)  # CSS pixels
CANVAS_PEN = 20
MAX_STEPS = 50  # that Undo can take back
MAX_TRIES = 20  # at an example: one in ten of the rarer handwritings is not read surely
EXAMPLE_SIZE = 0.6  # of an example's longer side, as a share of the canvas' side

# A canvas' name is the key of the component's own state, which Streamlit drops when the page is
# left. State that outlives the page has the name with one of these suffixes as its key.
NAME = "canvas"
DRAWING = "_drawing"  # the strokes, as the component's objects
UNREPORTED = "_unreported"  # strokes that the canvas has not reported yet, as its objects
BEFORE = "_before"  # the drawings before each step, packed, the last one last
UNDONE = "_undone"  # the drawings that Undo left, packed, the last one last
_EXAMPLE = "_example"  # the digit of the last example
IS_WIDE = "_is_wide"  # whether the canvas is the wide one
COMMAND = "_command"  # the last command to the component: the strokes to show
OUTDATED = "_outdated"  # what it reports until it has followed the command


def drawn_frame(name: str = NAME) -> np.ndarray | None:
    """The frame of a canvas' drawing, whichever page the visitor is on.

    Returns:
        `float32` array of shape `(28, 28)`, 0 paper to 1 ink; `None` without a readable drawing.
    """
    try:
        strokes = strokes_of_canvas({"objects": st.session_state.get(name + DRAWING) or []})
        return strokes_to_mnist(strokes, CANVAS_SIDE) if strokes else None
    except DigitError:
        return None


def pen_width() -> int:
    """The pen width that the visitor chose, CSS pixels."""
    return st.session_state.get("pen_width", CANVAS_PEN)


def canvas_width(name: str = NAME) -> int:
    """The canvas' width, canvas pixels; its height is `CANVAS_SIDE`."""
    return WIDE if st.session_state.get(name + IS_WIDE) else CANVAS_SIDE


def make_wide(is_wide: bool, name: str = NAME) -> None:
    """Chooses the wide canvas or the square one; what would not fit it any more gets smaller."""
    state = st.session_state
    state[name + IS_WIDE] = is_wide
    try:
        strokes = strokes_of_canvas({"objects": kept_objects(name)})
    except DigitError:
        return
    room = canvas_width(name) - pen_width() / 2
    right = max((float(stroke[:, 0].max()) for stroke in strokes), default=0.0)
    if right > room:
        scale = room / right
        down = (1 - scale) * CANVAS_SIDE / 2  # about the middle of the height
        remember_step(name)
        show_strokes(name, objects_of([stroke * scale + (0, down) for stroke in strokes]))


def kept_objects(name: str) -> list:
    """A canvas' strokes as its objects, with those that it has not reported yet."""
    state = st.session_state
    return [*state.get(name + DRAWING, []), *state.get(name + UNREPORTED, [])]


def num_commands(name: str = NAME) -> int:
    """How often something else than the pen changed a canvas."""
    return (st.session_state.get(name + COMMAND) or {}).get("digitpad_command", 0)


def remember_step(name: str) -> None:
    """Notes the present drawing, before it changes, for Undo."""
    take_in_unreported(name)
    _remember(name, [st.session_state.get(name + DRAWING, [])])


def remember_strokes(name: str, objects: list) -> None:
    """Notes the drawing before each of its new strokes, for Undo; several may come at once."""
    num_known = len(st.session_state.get(name + DRAWING, []))
    _remember(name, [objects[:num] for num in range(num_known, len(objects))])


def take_in_unreported(name: str) -> None:
    """Makes steps of the strokes that the canvas has not reported yet."""
    state = st.session_state
    if not state.get(name + UNREPORTED):
        return
    if state.get(name + OUTDATED) is None:
        state[name + OUTDATED] = state.get(name + DRAWING, [])
    drawing = kept_objects(name)
    remember_strokes(name, drawing)
    state[name + DRAWING], state[name + UNREPORTED] = drawing, []


def _remember(name: str, drawings: list) -> None:
    state = st.session_state
    packed = [_packed(drawing) for drawing in drawings]
    state[name + BEFORE] = [*state.get(name + BEFORE, []), *packed][-MAX_STEPS:]
    state[name + UNDONE] = []  # after a new step there is nothing to redo


def objects_of(strokes: list[np.ndarray]) -> list:
    """Strokes as the canvas' objects, with the visitor's pen width."""
    return drawing_of_strokes(strokes, pen_width(), INK)["objects"]


def clear(name: str = NAME) -> None:
    """Empties a canvas; call it from a button's callback."""
    remember_step(name)
    show_strokes(name, [])


def undo(name: str) -> None:
    """Takes the last step back."""
    _go(name, BEFORE, UNDONE)


def redo(name: str) -> None:
    """Takes the last step again that Undo took back."""
    _go(name, UNDONE, BEFORE)


def _go(name: str, source: str, target: str) -> None:
    state = st.session_state
    take_in_unreported(name)
    if not state.get(name + source):
        return
    *others, drawing = state[name + source]
    state[name + source] = others
    state[name + target] = [*state.get(name + target, []), _packed(state.get(name + DRAWING, []))]
    show_strokes(name, json.loads(zlib.decompress(drawing)))


def _packed(objects: list) -> bytes:
    """A drawing as few bytes: a hundred of them as objects took a megabyte of each visit."""
    return zlib.compress(json.dumps(objects).encode())


def draw_example(name: str) -> None:
    """Draws a digit other than the last example, in a random handwriting that is read surely."""
    rng = np.random.default_rng()
    last = st.session_state.get(name + _EXAMPLE, int(rng.integers(10)))
    digit = (last + int(rng.integers(1, 10))) % 10
    st.session_state[name + _EXAMPLE] = digit
    for _ in range(MAX_TRIES):
        strokes = _in_the_middle(glyphs.draw_digit(digit, rng), canvas_width(name))
        if _is_read(strokes, digit):
            break
    remember_step(name)
    show_strokes(name, objects_of(strokes))


def _in_the_middle(strokes: list[np.ndarray], width: int) -> list[np.ndarray]:
    points = np.concatenate(strokes)
    size = EXAMPLE_SIZE * CANVAS_SIDE / np.ptp(points, axis=0).max()
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    centre = np.array([width, CANVAS_SIDE]) / 2
    return [(stroke - middle) * size + centre for stroke in strokes]


def _is_read(strokes: list[np.ndarray], digit: int) -> bool:
    try:
        network = networks.served_network()
        (row,) = network.probabilities(strokes_to_mnist(strokes, CANVAS_SIDE)[None])
    except DigitError:
        return True  # no other drawing would be read
    answer = network.answer(row)
    return answer.is_sure and answer.digits == (digit,)


def show_strokes(name: str, objects: list) -> None:
    """Has the canvas show other strokes; the count makes a repeated command a new one."""
    state = st.session_state
    count = num_commands(name) + 1
    if state.get(name + OUTDATED) is None:
        state[name + OUTDATED] = state.get(name + DRAWING, [])
    state[name + DRAWING] = objects
    state[name + COMMAND] = {"objects": objects, "digitpad_command": count}
