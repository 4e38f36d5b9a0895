"""Keeps the drawing in the visitor's browser, so that a reload of the page loses nothing.

It stays in the tab's own storage, which ends with the tab; the server keeps none.
"""

import numpy as np
import streamlit as st

from model.errors import BadDrawing
from model.ink.canvas_json import strokes_of_canvas
from ui.canvas_state import BEFORE, DRAWING, NAME, objects_of, show_strokes

_KEY = "kept_drawing"
_KEEPER = st.components.v2.component(
    "digitpad_kept_drawing",
    js="""
export default function ({ data, setTriggerValue }) {
  try {
    // Once for each time that the page was loaded: after a lost connection the canvas still shows
    // the drawing and reports it itself.
    const isReload = !window.digitpadLoaded;
    window.digitpadLoaded = true;
    if (data.strokes !== null) sessionStorage.setItem('digitpad', JSON.stringify(data.strokes));
    else if (isReload) {
      const strokes = JSON.parse(sessionStorage.getItem('digitpad') ?? '[]');
      if (strokes.length) setTriggerValue('restored', strokes);
    }
  } catch (error) { console.warn('The drawing is not kept:', error); }  // storage may be blocked
}
""",
)


def keep_drawing(strokes: list[np.ndarray]) -> None:
    """Has the browser keep the drawing, or bring back the one from before a reload.

    Args:
        strokes: Arrays of shape `(num_points, 2)`, canvas pixels.
    """
    is_new = not strokes and not st.session_state.get(NAME + BEFORE)
    points = [np.round(stroke).astype(int).tolist() for stroke in strokes]
    _KEEPER(
        data={"strokes": None if is_new else points},
        key=_KEY,
        on_restored_change=_restore,
        height=0,
    )


def _restore() -> None:
    """Shows the strokes that the browser kept, if the canvas is still empty."""
    sent = st.session_state[_KEY].get("restored")
    if not isinstance(sent, list) or st.session_state.get(NAME + DRAWING):
        return
    try:
        paths = [[["M", *stroke[0]], *(["L", *point] for point in stroke[1:])] for stroke in sent]
        strokes = strokes_of_canvas({"objects": [{"type": "Path", "path": p} for p in paths]})
    except (BadDrawing, TypeError, IndexError, KeyError):
        return  # another client sent it: nothing to bring back
    show_strokes(NAME, objects_of(strokes))
