"""A grid of 28 x 28 cells that is filled in by keyboard, pointer or finger."""

from pathlib import Path

import numpy as np
import streamlit as st

from model.ink.frame import strokes_to_mnist
from model.ink.keyboard_grid import NUM_CELLS, cells_from_ink
from model.learning import glyphs

BLANK = "0" * NUM_CELLS

KEY = "grid"  # the component's own state, which Streamlit drops when the page is left
_CELLS = "grid_cells"  # the cells, which outlive the page
_COMMAND = "grid_command"  # how often a button replaced the cells
_EXAMPLE = "grid_example"  # the digit of the last example

_HTML = """
<div class="cells" role="grid" aria-label="Drawing grid, 28 rows of 28 cells"
     aria-describedby="keys"></div>
<p class="keys" id="keys"><kbd>Arrow keys</kbd> move, <kbd>Space</kbd> inks or erases,
<kbd>Shift</kbd> with arrows inks along, <kbd>Delete</kbd> erases. <kbd>Home</kbd>,
<kbd>End</kbd>, <kbd>Page Up</kbd> and <kbd>Page Down</kbd> jump.</p>
<p class="unseen" aria-live="polite"></p>
"""

_GRID = st.components.v2.component(
    "digitpad_grid",
    html=_HTML,
    css=Path(__file__).with_suffix(".css").read_text(),
    js=Path(__file__).with_suffix(".js").read_text(),
)


def keyboard_grid() -> object:
    """Shows the grid with its buttons and returns its cells.

    Returns:
        What the browser sent: 784 characters "0" and "1" from our grid, but it may be anything.
    """
    state = st.session_state
    command = state.get(_COMMAND, 0)
    cells = state.get(_CELLS, BLANK)
    sent = _GRID(
        key=KEY,
        data={"cells": cells, "command": command},
        on_picture_change=lambda: None,
    ).picture
    if sent is not None:
        is_ours = isinstance(sent, dict) and isinstance(sent.get("command"), int)
        # Cells that were sent before the grid followed the last command are out of date.
        if not is_ours or sent["command"] == command:
            cells = sent.get("cells") if is_ours else sent
    if isinstance(cells, str) and len(cells) == NUM_CELLS and set(cells) <= {"0", "1"}:
        state[_CELLS] = cells
    with st.container(horizontal=True, gap="small"):
        # Never disabled: a disabled button loses the keyboard focus.
        st.button("Clear", on_click=_show, args=(BLANK,))
        st.button("Example", on_click=_show_example, help="Fills in a digit for you")
    return cells


def _show_example() -> None:
    """Fills in a digit other than the last example, in a random handwriting."""
    rng = np.random.default_rng()
    last = st.session_state.get(_EXAMPLE, int(rng.integers(10)))
    digit = (last + int(rng.integers(1, 10))) % 10
    st.session_state[_EXAMPLE] = digit
    _show(cells_from_ink(strokes_to_mnist(glyphs.draw_digit(digit, rng), 1)))


def _show(cells: str) -> None:
    """Has the grid show other cells."""
    state = st.session_state
    state[_COMMAND] = state.get(_COMMAND, 0) + 1
    state[_CELLS] = cells
