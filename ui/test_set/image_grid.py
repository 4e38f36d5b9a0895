"""A grid of small pictures, each a button; one picture file for all of them."""

import numpy as np
import streamlit as st

from model.reading.export import contact_sheet
from ui.resources import picture_url
from ui.test_set.predictions import Reading

COLUMNS = 10  # of the picture file; the page breaks its lines as it likes

_CSS = """
.tiles { display: flex; flex-wrap: wrap; gap: 6px; }
.tile {
  box-sizing: border-box; width: 84px; padding: 3px; cursor: pointer; border-radius: 6px;
  border: 2px solid transparent; background: none; color: var(--st-text-color);
  font: 0.8rem/1.4 var(--st-font); text-align: center;
}
.tile.marked { border: 2px dashed #d55e00; }
.tile:hover { background: var(--st-secondary-background-color); }
.tile:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 1px; }
.picture {
  display: block; width: 74px; height: 74px; image-rendering: pixelated;
  background-repeat: no-repeat;
}
"""

# One stop for Tab; arrow keys, Home and End walk on from there. What is shown already stays, and
# with it the focus.
_JS = """
const SIDE = 74;  // CSS pixels

export default function ({ parentElement, data, setTriggerValue }) {
  const grid = parentElement.querySelector('.tiles');
  grid.tell = (number) => setTriggerValue('opened', number);
  const shown = JSON.stringify(data);
  if (grid.shown === shown) return;
  grid.shown = shown;
  grid.setAttribute('aria-label', data.title);
  const tiles = data.tiles.map((tile, at) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = tile.marked ? 'tile marked' : 'tile';
    button.setAttribute('aria-label', tile.alt);
    button.title = tile.alt;
    button.tabIndex = at ? -1 : 0;
    const picture = button.appendChild(document.createElement('span'));
    picture.className = 'picture';
    const x = at % data.columns, y = Math.floor(at / data.columns);
    picture.style.background = `url(${data.sheet}) ${-x * SIDE}px ${-y * SIDE}px / ` +
      `${data.columns * SIDE}px auto`;
    button.appendChild(document.createElement('span')).textContent = tile.caption;
    button.addEventListener('click', () => {
      focusWhenClosed(grid, button);
      grid.tell(tile.number);
    });
    button.addEventListener('focus', () => {
      for (const other of tiles) other.tabIndex = other === button ? 0 : -1;
    });
    return button;
  });
  const hadFocus = grid.contains(grid.getRootNode().activeElement);
  grid.replaceChildren(...tiles);
  if (hadFocus) tiles[0].focus();
  grid.onkeydown = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const at = tiles.indexOf(event.target), last = tiles.length - 1;
    const first = tiles.findIndex((tile) => tile.offsetTop > tiles[0].offsetTop);
    const line = first < 0 ? tiles.length : first;
    const to = {
      ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - line, ArrowDown: at + line,
      Home: 0, End: last,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (tiles[to]) tiles[to].focus();
  };
}

// A dialog gives the focus back to what had it, but does not look into components.
function focusWhenClosed(grid, button) {
  let seen = false;
  if (grid.watch) grid.watch.disconnect();
  grid.watch = new MutationObserver(() => {
    if (document.querySelector('[role=dialog]')) seen = true;
    else if (seen) { grid.watch.disconnect(); button.focus(); }
  });
  grid.watch.observe(document.body, { childList: true, subtree: true });
}
"""

_TILES = st.components.v2.component(
    "digitpad_tiles", html='<div class="tiles" role="group"></div>', css=_CSS, js=_JS
)


def tiles(reading: Reading, which: np.ndarray, key: str, title: str) -> int | None:
    """Shows images in rows that fill the width; wrong ones have a mark and a dashed frame.

    Args:
        reading: The data set as it was read.
        which: Indices of the images, at least one.
        key: Of the component.
        title: What the grid is, for those who don't see it.

    Returns:
        The image that was just pressed, if one was and it is in the grid.
    """
    wrong = reading.wrong
    sent = _TILES(
        key=key,
        data={
            "sheet": picture_url(contact_sheet(reading.data.images[which], COLUMNS)),
            "columns": COLUMNS,
            "tiles": [
                {
                    "number": int(index),
                    "caption": reading.caption(index),
                    "alt": reading.alt(index),
                    "marked": bool(wrong[index]),
                }
                for index in which
            ],
            "title": title,
        },
        on_opened_change=lambda: None,
    ).opened
    # What the browser sends is not trusted: an image that is shown, or nothing.
    return pressed(sent, which)


def pressed(sent: object, which: np.ndarray) -> int | None:
    """The image that the browser says was pressed, if it is one of `which`, else `None`."""
    return sent if isinstance(sent, int) and sent in which.tolist() else None
