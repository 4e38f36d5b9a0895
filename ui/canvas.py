"""The drawing canvas and its buttons; no other file imports the canvas component."""

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
EXAMPLE_SIZE = 0.6  # of an example's longer side, as a share of the canvas' side

# A canvas' name is the key of the component's own state, which Streamlit drops when the page is
# left. State that outlives the page has the name with one of these suffixes as its key.
NAME = "canvas"
_DRAWING = "_drawing"  # the strokes, as the component's objects
_UNDONE = "_undone"  # strokes removed by Undo, the last one last
_EXAMPLE = "_example"  # the digit of the last example
_COMMAND = "_start"  # what the component was last told to show
_OUTDATED = "_stale"  # what it reports until it has followed the command

_NOT_A_DRAWING = {"objects": ["?"]}  # the page says that it can't be read

# The component's toolbar lies, invisible, over the canvas' top right corner: a finger's stroke that
# begins there is lost, and a tap there erases the drawing. Our buttons do the same, so the toolbar
# is hidden. It lives in a shadow root, which no theme or style sheet reaches.
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


def drawing_canvas(name: str = NAME, has_example: bool = True) -> dict:
    """Shows canvas and buttons and returns the drawing.

    The drawing survives reruns and page switches. Buttons change the drawing in the same run; the
    component shows the change a moment later.

    Args:
        name: Canvases of the same name share their drawing.
        has_example: Whether there is a button that draws an example.

    Returns:
        The canvas' JSON, a dict with a list `objects`.
    """
    state = st.session_state
    if name not in state and state.get(name + _DRAWING):
        _show(name, state[name + _DRAWING])  # the visitor is back from another page
        state[name + _OUTDATED] = None
    try:
        sent = st_canvas(
            stroke_width=pen_width(),
            stroke_color=INK,
            background_color=PAPER,
            initial_drawing=state.get(name + _COMMAND),
            width=CANVAS_SIDE,
            height=CANVAS_SIDE,
            key=name,
        ).json_data
    except (AttributeError, KeyError, TypeError):  # the component trusts what the browser sends
        sent = _NOT_A_DRAWING
    _HIDE_TOOLBAR(key=f"{name}_toolbar", height=0)
    objects = _objects(sent)
    if state.get(name + _OUTDATED) is not None and objects == state[name + _OUTDATED]:
        objects = state[name + _DRAWING]
    else:
        state[name + _OUTDATED] = None
        if len(objects) > len(state.get(name + _DRAWING, [])):
            state[name + _UNDONE] = []  # after a new stroke there is nothing to redo
        state[name + _DRAWING] = objects
    _show_buttons(name, has_example, is_empty=not objects)
    return {"objects": objects}


def drawn_frame(name: str = NAME) -> np.ndarray | None:
    """The frame of a canvas' drawing, whichever page the visitor is on.

    Returns:
        `float32` array of shape `(28, 28)`, 0 paper to 1 ink; `None` without a readable drawing.
    """
    try:
        strokes = strokes_of_canvas({"objects": st.session_state.get(name + _DRAWING) or []})
        return strokes_to_mnist(strokes, CANVAS_SIDE) if strokes else None
    except DigitError:
        return None


def pen_width() -> int:
    """The pen width that the visitor chose, CSS pixels."""
    return st.session_state.get("pen_width", PEN_WIDTH)


def clear(name: str = NAME) -> None:
    """Empties a canvas; call it from a button's callback."""
    _show(name, [])


def _show_buttons(name: str, has_example: bool, is_empty: bool) -> None:
    has_undone = bool(st.session_state.get(name + _UNDONE))
    with st.container(horizontal=True, width=CANVAS_SIDE, gap="small"):
        for label, action, is_disabled, keys in (
            ("Undo", _undo, is_empty, "Ctrl+Z"),
            ("Redo", _redo, not has_undone, "Ctrl+Y"),
            ("Clear", clear, is_empty, "Ctrl+Backspace"),
        ):
            st.button(label, on_click=action, args=(name,), disabled=is_disabled, shortcut=keys)
        if has_example:
            st.button("Example", on_click=_draw_example, args=(name,), help="Draws a digit for you")
    st.slider(
        "Pen width",
        *PEN_WIDTHS,
        value=PEN_WIDTH,
        key="pen_width",
        width=CANVAS_SIDE,
        help="For comfort only: the answer does not depend on it.",
    )


def _objects(sent: object) -> list:
    """The list of strokes in what the browser sent; `model.ink.strokes` checks each of them."""
    objects = sent.get("objects") if isinstance(sent, dict) else None
    return objects if isinstance(objects, list) else []


def _undo(name: str) -> None:
    *others, last = st.session_state[name + _DRAWING]
    st.session_state[name + _UNDONE] = [*st.session_state.get(name + _UNDONE, []), last]
    _show(name, others)


def _redo(name: str) -> None:
    *others, last = st.session_state[name + _UNDONE]
    st.session_state[name + _UNDONE] = others
    _show(name, [*st.session_state[name + _DRAWING], last])


def _draw_example(name: str) -> None:
    """Draws a digit other than the last example, in a random handwriting."""
    rng = np.random.default_rng()
    last = st.session_state.get(name + _EXAMPLE, int(rng.integers(10)))
    digit = (last + int(rng.integers(1, 10))) % 10
    st.session_state[name + _EXAMPLE] = digit
    strokes = glyphs.draw_digit(digit, rng)
    points = np.concatenate(strokes)
    size = EXAMPLE_SIZE * CANVAS_SIDE / np.ptp(points, axis=0).max()
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    placed = [(stroke - middle) * size + CANVAS_SIDE / 2 for stroke in strokes]
    _show(name, drawing_of_strokes(placed, pen_width(), INK)["objects"])


def _show(name: str, objects: list) -> None:
    """Has the canvas show other strokes; the count makes a repeated command a new one."""
    state = st.session_state
    count = (state.get(name + _COMMAND) or {}).get("digitpad_command", 0) + 1
    if state.get(name + _OUTDATED) is None:
        state[name + _OUTDATED] = state.get(name + _DRAWING, [])
    state[name + _DRAWING] = objects
    state[name + _COMMAND] = {"objects": objects, "digitpad_command": count}
