"""A grid of 28 x 28 cells that is filled in by keyboard, pointer or finger."""

import numpy as np
import streamlit as st

from model.ink.frame import strokes_to_mnist
from model.ink.keyboard_grid import NUM_CELLS, cells_from_ink
from model.learning import glyphs

GRID_WIDTH = 430  # CSS pixels at most; on a phone, what there is
BLANK = "0" * NUM_CELLS

KEY = "grid"  # the component's own state; Streamlit drops it when the page is left
_KEPT = "grid_cells"  # the picture, which outlives the page
_COMMAND = "grid_command"  # how often a button replaced the picture
_EXAMPLE = "grid_example"  # the digit last filled in for the visitor

_CSS = """
.cells {
  box-sizing: border-box; width: 100%; aspect-ratio: 1; padding: 1px; gap: 1px;
  display: grid; grid-template-rows: repeat(28, 1fr); touch-action: none; cursor: crosshair;
  background: color-mix(in srgb, var(--st-text-color) 30%, var(--st-background-color));
}
.line { display: grid; grid-template-columns: repeat(28, 1fr); gap: 1px; min-height: 0; }
.cell { background: var(--st-background-color); min-width: 0; user-select: none; }
.cell.ink { background: var(--st-text-color); }
.cell:focus {
  outline: 3px solid var(--st-primary-color); outline-offset: 1px; z-index: 1;
  position: relative; box-shadow: 0 0 0 1px var(--st-background-color);
}
.cells:not(:focus-within) .cell[tabindex="0"] {
  box-shadow: inset 0 0 0 2px color-mix(in srgb, var(--st-primary-color) 60%, transparent);
}
.keys { font: 0.8rem/1.5 var(--st-font); color: var(--st-text-color); margin: 0.5rem 0 0; }
.keys kbd {
  font: inherit; padding: 0 0.3em; border-radius: 0.25em; border: 1px solid
  color-mix(in srgb, var(--st-text-color) 40%, var(--st-background-color));
}
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (forced-colors: active) {
  .cells { forced-color-adjust: none; background: GrayText; }
  .cell { background: Canvas; } .cell.ink { background: CanvasText; }
  .cell:focus { outline-color: Highlight; }
}
"""

_HTML = """
<div class="cells" role="grid" aria-label="Drawing grid, 28 rows of 28 cells"
     aria-describedby="keys"></div>
<p class="keys" id="keys"><kbd>Arrow keys</kbd> move, <kbd>Space</kbd> inks or erases,
<kbd>Shift</kbd> with arrows inks along, <kbd>Delete</kbd> erases. <kbd>Home</kbd>,
<kbd>End</kbd>, <kbd>Page Up</kbd> and <kbd>Page Down</kbd> jump.</p>
<p class="unseen" aria-live="polite"></p>
"""

# The cells live in the browser: Python is told of them and never answers with them, except when
# a button was pressed (the count of commands has grown) or the grid was made anew. So a run that
# comes back late takes no key press away and moves no focus.
_JS = """
const SIDE = 28, JUMP = 7, WAIT = 200;  // cells, cells, milliseconds

export default function ({ parentElement, data, setStateValue }) {
  const grid = parentElement.querySelector('.cells');
  if (!grid.pad) grid.pad = makePad(grid, parentElement.querySelector('.unseen'));
  grid.pad.tell = (picture) => setStateValue('picture', picture);
  grid.pad.follow(data);
  return () => grid.pad.forget();
}

function makePad(grid, told) {
  let command = null, timer = null, active = 4 * SIDE + 9, brush = null, last = null;
  const cells = [], inked = new Array(SIDE * SIDE).fill(false);
  const pad = { follow, forget: () => clearTimeout(timer) };

  for (let row = 0; row < SIDE; row++) {
    const line = grid.appendChild(document.createElement('div'));
    line.className = 'line';
    line.setAttribute('role', 'row');
    for (let col = 0; col < SIDE; col++) {
      const cell = line.appendChild(document.createElement('div'));
      cell.setAttribute('role', 'gridcell');
      cell.tabIndex = -1;
      cells.push(cell);
      show(cells.length - 1);
    }
  }
  cells[active].tabIndex = 0;

  function show(at) {
    const what = inked[at] ? 'ink' : 'paper';
    cells[at].className = 'cell ' + what;
    cells[at].setAttribute('aria-label',
      `Row ${Math.floor(at / SIDE) + 1}, column ${at % SIDE + 1}, ${what}`);
  }

  function follow(data) {
    if (data.command === command) return;
    command = data.command;
    clearTimeout(timer);
    timer = null;
    for (let at = 0; at < inked.length; at++) {
      inked[at] = data.cells[at] === '1';
      show(at);
    }
  }

  function ink(at, value) {
    if (inked[at] === value) return;
    inked[at] = value;
    show(at);
    clearTimeout(timer);
    timer = setTimeout(send, WAIT);
  }

  function send() {
    if (timer === null) return;
    clearTimeout(timer);
    timer = null;
    pad.tell({ command, cells: inked.map((value) => (value ? '1' : '0')).join('') });
  }

  function move(to) {
    cells[active].tabIndex = -1;
    active = to;
    cells[active].tabIndex = 0;
    cells[active].focus();
  }

  grid.addEventListener('keydown', (event) => {
    if (event.altKey || event.metaKey) return;
    const row = Math.floor(active / SIDE), col = active % SIDE, end = SIDE - 1;
    const at = (row, col) =>
      Math.min(Math.max(row, 0), end) * SIDE + Math.min(Math.max(col, 0), end);
    const places = event.ctrlKey ? { Home: 0, End: SIDE * SIDE - 1 } : {
      ArrowUp: at(row - 1, col), ArrowDown: at(row + 1, col),
      ArrowLeft: at(row, col - 1), ArrowRight: at(row, col + 1),
      Home: at(row, 0), End: at(row, end),
      PageUp: at(row - JUMP, col), PageDown: at(row + JUMP, col),
    };
    if (event.key in places) {
      if (event.shiftKey && event.key.startsWith('Arrow')) {
        ink(active, true);
        ink(places[event.key], true);
      }
      move(places[event.key]);
    } else if (!event.ctrlKey && (event.key === ' ' || event.key === 'Enter')) {
      if (!event.repeat) ink(active, !inked[active]);
      told.textContent = inked[active] ? 'ink' : 'paper';
    } else if (!event.ctrlKey && (event.key === 'Delete' || event.key === 'Backspace')) {
      ink(active, false);
      told.textContent = 'paper';
    } else {
      return;
    }
    event.preventDefault();  // arrows and Space must not scroll the page
    event.stopPropagation();
  });
  grid.addEventListener('focusin', (event) => {
    const at = cells.indexOf(event.target);
    if (at >= 0 && at !== active) move(at);
  });
  grid.addEventListener('focusout', (event) => {
    if (!grid.contains(event.relatedTarget)) send();  // the page may be left next
  });

  function cellAt(event) {
    const box = grid.getBoundingClientRect();
    const place = (share) => Math.min(Math.max(Math.floor(share * SIDE), 0), SIDE - 1);
    return [place((event.clientY - box.top) / box.height),
            place((event.clientX - box.left) / box.width)];
  }

  grid.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    event.preventDefault();
    grid.setPointerCapture(event.pointerId);
    last = cellAt(event);
    const at = last[0] * SIDE + last[1];
    brush = !inked[at];
    ink(at, brush);
    move(at);
  });
  grid.addEventListener('pointermove', (event) => {
    if (brush === null || !event.isPrimary) return;
    const next = cellAt(event);
    const steps = Math.max(Math.abs(next[0] - last[0]), Math.abs(next[1] - last[1]));
    for (let step = 1; step <= steps; step++) {  // a fast pointer skips cells
      const [row, col] = [0, 1].map((axis) =>
        Math.round(last[axis] + (next[axis] - last[axis]) * step / steps));
      ink(row * SIDE + col, brush);
    }
    last = next;
  });
  for (const end of ['pointerup', 'pointercancel'])
    grid.addEventListener(end, () => { brush = null; });
  grid.addEventListener('mousedown', (event) => event.preventDefault());
  return pad;
}
"""

_GRID = st.components.v2.component("digitpad_grid", html=_HTML, css=_CSS, js=_JS)


def filled_grid() -> object:
    """Shows the grid with its buttons and returns its cells.

    Returns:
        What the browser sent, 784 characters if it is our grid; check it before use.
    """
    state = st.session_state
    command = state.get(_COMMAND, 0)
    kept = state.get(_KEPT, BLANK)
    sent = _GRID(
        key=KEY,
        data={"cells": kept, "command": command},
        on_picture_change=lambda: None,
    ).picture
    cells = kept
    if sent is not None:
        # What was sent before the grid followed the last command is out of date.
        is_ours = isinstance(sent, dict) and isinstance(sent.get("command"), int)
        if not is_ours or sent["command"] == command:
            cells = sent.get("cells") if is_ours else sent
    if isinstance(cells, str) and len(cells) == NUM_CELLS and set(cells) <= {"0", "1"}:
        state[_KEPT] = cells
    with st.container(horizontal=True, gap="small"):
        # Never disabled: a button that is loses the focus of who pressed it.
        st.button("Clear", on_click=_replace, args=(BLANK,))
        st.button("Example", on_click=_example, help="Fills in a digit for you")
    return cells


def _example() -> None:
    """Fills in a digit for the visitor, each time another, by another hand."""
    rng = np.random.default_rng()
    last = st.session_state.get(_EXAMPLE, int(rng.integers(10)))
    digit = (last + int(rng.integers(1, 10))) % 10
    st.session_state[_EXAMPLE] = digit
    _replace(cells_from_ink(strokes_to_mnist(glyphs.draw_digit(digit, rng), 1)))


def _replace(cells: str) -> None:
    """Has the grid show other cells."""
    state = st.session_state
    state[_COMMAND] = state.get(_COMMAND, 0) + 1
    state[_KEPT] = cells
