"""The drawing canvas with its buttons; the only file that imports the canvas component."""

import numpy as np
import streamlit as st
from streamlit_drawable_canvas import st_canvas

from model import glyphs
from model.strokes import drawing_of_strokes

CANVAS_SIDE = 280  # CSS pixels; fits a phone of 320 pixels with Streamlit's margins
PAPER = "#000000"
INK = "#ffffff"
PEN_WIDTHS = (8, 40)  # CSS pixels
PEN_WIDTH = 20
EXAMPLE_SIZE = 0.6  # of the canvas' side

KEY = "canvas"  # the component's own state; Streamlit drops it when the page is left
_KEPT = "drawing"  # the strokes, which outlive the page
_UNDONE = "undone"  # strokes taken back, the last one last
_EXAMPLE = "example"  # the digit last drawn for the visitor
_START = "canvas_start"  # what the component was last told to show
_STALE = "canvas_stale"  # what it still reports until it has done so

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


def drawing_canvas() -> dict:
    """Shows canvas and buttons and returns the drawing.

    The drawing survives reruns and page switches. Buttons take effect in this run; the
    component follows a moment later.

    Returns:
        The canvas' JSON, a dict with a list `objects`.
    """
    state = st.session_state
    if KEY not in state and state.get(_KEPT):
        _command(state[_KEPT])  # back from another page
        state[_STALE] = None
    result = st_canvas(
        stroke_width=pen_width(),
        stroke_color=INK,
        background_color=PAPER,
        initial_drawing=state.get(_START),
        width=CANVAS_SIDE,
        height=CANVAS_SIDE,
        key=KEY,
    )
    _HIDE_TOOLBAR(key="canvas_toolbar", height=0)
    objects = _objects(result.json_data)
    if state.get(_STALE) is not None and objects == state[_STALE]:
        objects = state[_KEPT]
    else:
        state[_STALE] = None
        if len(objects) > len(state.get(_KEPT, [])):
            state[_UNDONE] = []  # a new stroke: what was undone before it is gone
        state[_KEPT] = objects
    _buttons(empty=not objects)
    return {"objects": objects}


def pen_width() -> int:
    """The pen's width that the visitor chose, CSS pixels."""
    return st.session_state.get("pen_width", PEN_WIDTH)


def _buttons(empty: bool) -> None:
    has_undone = bool(st.session_state.get(_UNDONE))
    with st.container(horizontal=True, width=CANVAS_SIDE, gap="small"):
        st.button("Undo", on_click=_undo, disabled=empty, shortcut="Ctrl+Z")
        st.button("Redo", on_click=_redo, disabled=not has_undone, shortcut="Ctrl+Y")
        st.button("Clear", on_click=_clear, disabled=empty, shortcut="Ctrl+Backspace")
        st.button("Example", on_click=_example, help="Draws a digit for you")
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


def _undo() -> None:
    *others, last = st.session_state[_KEPT]
    st.session_state[_UNDONE] = [*st.session_state.get(_UNDONE, []), last]
    _command(others)


def _redo() -> None:
    *others, last = st.session_state[_UNDONE]
    st.session_state[_UNDONE] = others
    _command([*st.session_state[_KEPT], last])


def _clear() -> None:
    _command([])


def _example() -> None:
    """Draws a digit for the visitor, each time another, by another hand."""
    rng = np.random.default_rng()
    digit = (st.session_state.get(_EXAMPLE, int(rng.integers(10))) + int(rng.integers(1, 10))) % 10
    st.session_state[_EXAMPLE] = digit
    strokes = glyphs.draw_digit(digit, rng)
    points = np.concatenate(strokes)
    size = EXAMPLE_SIZE * CANVAS_SIDE / np.ptp(points, axis=0).max()
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    placed = [(stroke - middle) * size + CANVAS_SIDE / 2 for stroke in strokes]
    _command(drawing_of_strokes(placed, pen_width(), INK)["objects"])


def _command(objects: list) -> None:
    """Has the canvas show other strokes; the count makes a repeated command a new one."""
    state = st.session_state
    count = (state.get(_START) or {}).get("digitpad_command", 0) + 1
    if state.get(_STALE) is None:
        state[_STALE] = state.get(_KEPT, [])
    state[_KEPT] = objects
    state[_START] = {"objects": objects, "digitpad_command": count}
