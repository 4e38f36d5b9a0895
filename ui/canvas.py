"""The drawing canvas and its buttons; no other file imports the canvas component."""

import streamlit as st
from streamlit_drawable_canvas import st_canvas

from ui.canvas_state import (
    BEFORE,
    CANVAS_PEN,
    CANVAS_PENS,
    CANVAS_SIDE,
    COMMAND,
    DRAWING,
    INK,
    NAME,
    OUTDATED,
    PAPER,
    UNDONE,
    canvas_width,
    clear,
    draw_example,
    kept_objects,
    pen_width,
    redo,
    remember_strokes,
    show_strokes,
    undo,
)

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
      // The canvas fills the room that it gets; its coordinates stay the same.
      style.textContent = `
        .dc-toolbar { display: none !important; }
        div:has(canvas) { width: 100% !important; }
        .dc-container, .canvas-container { height: auto !important; aspect-ratio: var(--ratio, 1); }
        canvas { width: 100% !important; height: 100% !important; touch-action: none; }`;
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
    width = canvas_width(name)
    key = name if width == CANVAS_SIDE else f"{name}_wide"
    kept = kept_objects(name)
    if key not in state and kept:
        show_strokes(name, kept)  # the visitor is back from another page or the other canvas
        state[name + OUTDATED] = None
    try:
        sent = st_canvas(
            stroke_width=pen_width(),
            stroke_color=INK,
            background_color=PAPER,
            initial_drawing=state.get(name + COMMAND),
            width=width,
            height=CANVAS_SIDE,
            key=key,
        ).json_data
    except (AttributeError, KeyError, TypeError):  # the component trusts what the browser sends
        sent = _NOT_A_DRAWING
    _HIDE_TOOLBAR(key=f"{name}_toolbar", height=0)
    objects = _objects(sent)
    if state.get(name + OUTDATED) is not None and objects == state[name + OUTDATED]:
        objects = state[name + DRAWING]
    else:
        state[name + OUTDATED] = None
        if len(objects) > len(state.get(name + DRAWING, [])):
            remember_strokes(name, objects)
        state[name + DRAWING] = objects
    _show_buttons(name, has_example, is_empty=not objects)
    return {"objects": objects}


def _show_buttons(name: str, has_example: bool, is_empty: bool) -> None:
    has_past, has_undone = (bool(st.session_state.get(name + each)) for each in (BEFORE, UNDONE))
    with st.container(horizontal=True, gap="xsmall", key=f"{name}_buttons"):
        for label, action, is_disabled, keys in (
            ("Undo", undo, not has_past, "Ctrl+Z"),
            ("Redo", redo, not has_undone, "Ctrl+Y"),
            ("Clear", clear, is_empty, "Ctrl+Backspace"),
        ):
            st.button(label, on_click=action, args=(name,), disabled=is_disabled, shortcut=keys)
        if has_example:
            st.button("Example", on_click=draw_example, args=(name,), help="Draws a digit for you")
        with st.popover("Pen", help="Its width; the answer does not depend on it"):
            st.slider("Pen width", *CANVAS_PENS, value=CANVAS_PEN, key="pen_width", width=220)


def _objects(sent: object) -> list:
    """The list of strokes in what the browser sent; `model.ink.canvas_json` checks each of them."""
    objects = sent.get("objects") if isinstance(sent, dict) else None
    return objects if isinstance(objects, list) else []
