"""The drawing canvas with its buttons; the only file that imports the canvas component."""

import numpy as np
import streamlit as st
from streamlit_drawable_canvas import st_canvas

from model.errors import DigitError
from model.ink.frame import strokes_to_mnist
from model.ink.strokes import drawing_of_strokes, strokes_of_canvas
from model.learning import glyphs

CANVAS_SIDE = 280  # CSS pixels; fits a phone of 320 pixels with Streamlit's margins
PAPER = "#000000"
INK = "#ffffff"
PEN_WIDTHS = (8, 40)  # CSS pixels
PEN_WIDTH = 20
EXAMPLE_SIZE = 0.6  # of the canvas' side

# A canvas' name is the key of the component's own state, which Streamlit drops when the page is
# left; what outlives the page goes under these names behind it.
NAME = "canvas"
_KEPT = "_drawing"  # the strokes
_UNDONE = "_undone"  # strokes taken back, the last one last
_EXAMPLE = "_example"  # the digit last drawn for the visitor
_START = "_start"  # what the component was last told to show
_STALE = "_stale"  # what it still reports until it has done so

_NONSENSE = {"objects": ["?"]}  # no drawing, and the page says so

# The component's own toolbar lies unseen over the canvas' top right corner: under a finger, a
# stroke that begins there is lost, and a tap there erases the drawing. Our buttons do what it
# does, so it is taken away. It lives in a shadow root, which no theme or style sheet reaches.
_HIDE_TOOLBAR = st.components.v2.component(
    "digitpad_canvas_toolbar",
    js="""
export default function () {
  const hide = () => {
    for (const host of document.querySelectorAll('[data-testid="stBidiComponentIsolated"], *')) {
      const root = host.shadowRoot;
      if (!root || !root.querySelector('.canvas-root')) continue;
      const canvas = root.querySelector('canvas.upper-canvas');
      if (canvas && !canvas.hasAttribute('aria-label')) {
        canvas.setAttribute('role', 'img');
        canvas.setAttribute('aria-label', 'Drawing canvas: draw a digit with mouse, finger or pen');
      }
      if (root.querySelector('style[data-digitpad]')) continue;
      const style = document.createElement('style');
      style.dataset.digitpad = '';
      style.textContent = '.dc-toolbar{display:none!important} canvas{touch-action:none}';
      root.appendChild(style);
    }
  };
  hide();
  const timer = setInterval(hide, 250);
  return () => clearInterval(timer);
}
""",
)


def drawing_canvas(name: str = NAME, example: bool = True) -> dict:
    """Shows canvas and buttons and returns the drawing.

    The drawing survives reruns and page switches. Buttons take effect in this run; the
    component follows a moment later.

    Args:
        name: Canvases of one name share their drawing.
        example: Whether there is a button that draws a digit for the visitor.

    Returns:
        The canvas' JSON, a dict with a list `objects`.
    """
    state = st.session_state
    if name not in state and state.get(name + _KEPT):
        _command(name, state[name + _KEPT])  # back from another page
        state[name + _STALE] = None
    try:
        sent = st_canvas(
            stroke_width=pen_width(),
            stroke_color=INK,
            background_color=PAPER,
            initial_drawing=state.get(name + _START),
            width=CANVAS_SIDE,
            height=CANVAS_SIDE,
            key=name,
        ).json_data
    except (AttributeError, KeyError, TypeError):  # it trusts the form of what the browser sends
        sent = _NONSENSE
    _HIDE_TOOLBAR(key=f"{name}_toolbar", height=0)
    objects = _objects(sent)
    if state.get(name + _STALE) is not None and objects == state[name + _STALE]:
        objects = state[name + _KEPT]
    else:
        state[name + _STALE] = None
        if len(objects) > len(state.get(name + _KEPT, [])):
            state[name + _UNDONE] = []  # a new stroke: what was undone before it is gone
        state[name + _KEPT] = objects
    _buttons(name, example, empty=not objects)
    return {"objects": objects}


def drawn_frame(name: str = NAME) -> np.ndarray | None:
    """What the network would see of the visitor's drawing, wherever they are now.

    Returns:
        `float32` array of shape `(28, 28)`, 0 paper to 1 ink; `None` without a readable drawing.
    """
    try:
        strokes = strokes_of_canvas({"objects": st.session_state.get(name + _KEPT) or []})
        return strokes_to_mnist(strokes, CANVAS_SIDE) if strokes else None
    except DigitError:
        return None


def pen_width() -> int:
    """The pen's width that the visitor chose, CSS pixels."""
    return st.session_state.get("pen_width", PEN_WIDTH)


def _buttons(name: str, example: bool, empty: bool) -> None:
    has_undone = bool(st.session_state.get(name + _UNDONE))
    with st.container(horizontal=True, width=CANVAS_SIDE, gap="small"):
        st.button("Undo", on_click=_undo, args=(name,), disabled=empty, shortcut="Ctrl+Z")
        st.button("Redo", on_click=_redo, args=(name,), disabled=not has_undone, shortcut="Ctrl+Y")
        st.button("Clear", on_click=clear, args=(name,), disabled=empty, shortcut="Ctrl+Backspace")
        if example:
            st.button("Example", on_click=_example, args=(name,), help="Draws a digit for you")
    st.slider(
        "Pen width",
        *PEN_WIDTHS,
        value=PEN_WIDTH,
        key="pen_width",
        width=CANVAS_SIDE,
        help="For comfort only: the answer does not depend on it.",
    )


def _objects(drawing) -> list:
    """The list of strokes, whatever the browser sent; the model judges what is in it."""
    objects = drawing.get("objects") if isinstance(drawing, dict) else None
    return objects if isinstance(objects, list) else []


def _undo(name: str) -> None:
    *others, last = st.session_state[name + _KEPT]
    st.session_state[name + _UNDONE] = [*st.session_state.get(name + _UNDONE, []), last]
    _command(name, others)


def _redo(name: str) -> None:
    *others, last = st.session_state[name + _UNDONE]
    st.session_state[name + _UNDONE] = others
    _command(name, [*st.session_state[name + _KEPT], last])


def clear(name: str = NAME) -> None:
    """Has a canvas show nothing; to be called from a button."""
    _command(name, [])


def _example(name: str) -> None:
    """Draws a digit for the visitor, each time another, by another hand."""
    rng = np.random.default_rng()
    before = st.session_state.get(name + _EXAMPLE, int(rng.integers(10)))
    digit = (before + int(rng.integers(1, 10))) % 10
    st.session_state[name + _EXAMPLE] = digit
    strokes = glyphs.draw_digit(digit, rng)
    points = np.concatenate(strokes)
    size = EXAMPLE_SIZE * CANVAS_SIDE / np.ptp(points, axis=0).max()
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    placed = [(stroke - middle) * size + CANVAS_SIDE / 2 for stroke in strokes]
    _command(name, drawing_of_strokes(placed, pen_width(), INK)["objects"])


def _command(name: str, objects: list) -> None:
    """Has the canvas show other strokes; the count makes a repeated command a new one."""
    state = st.session_state
    count = (state.get(name + _START) or {}).get("digitpad_command", 0) + 1
    if state.get(name + _STALE) is None:
        state[name + _STALE] = state.get(name + _KEPT, [])
    state[name + _KEPT] = objects
    state[name + _START] = {"objects": objects, "digitpad_command": count}
