// The grid is one stop for Tab; arrow keys, Home and End move inside it. If the data did not
// change, nothing is redrawn and the focus stays.
const SIDE = 74;  // CSS pixels

export default function ({ parentElement, data, setTriggerValue }) {
  const grid = parentElement.querySelector('.tiles');
  grid.report = (number) => setTriggerValue('opened', number);
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
      grid.report(tile.number);
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

// A closed dialog gives the focus back to the element that had it, but not inside a component.
function focusWhenClosed(grid, button) {
  let seen = false;
  if (grid.watch) grid.watch.disconnect();
  grid.watch = new MutationObserver(() => {
    if (document.querySelector('[role=dialog]')) seen = true;
    else if (seen) { grid.watch.disconnect(); button.focus(); }
  });
  grid.watch.observe(document.body, { childList: true, subtree: true });
}
