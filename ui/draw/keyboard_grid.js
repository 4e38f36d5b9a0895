// The cells live in the browser. Python receives them and sends cells only after a button was
// pressed (then `command` has grown) or when the grid is new, so a late rerun neither undoes a key
// press nor moves the focus.
const SIDE = 28, JUMP = 7, WAIT = 200;  // cells, cells, milliseconds

export default function ({ parentElement, data, setStateValue }) {
  const grid = parentElement.querySelector('.cells');
  if (!grid.pad) grid.pad = makePad(grid, parentElement.querySelector('.unseen'));
  grid.pad.report = (picture) => setStateValue('picture', picture);
  grid.pad.follow(data);
  return () => grid.pad.forget();
}

function makePad(grid, liveRegion) {
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
    pad.report({ command, cells: inked.map((value) => (value ? '1' : '0')).join('') });
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
      liveRegion.textContent = inked[active] ? 'ink' : 'paper';
    } else if (!event.ctrlKey && (event.key === 'Delete' || event.key === 'Backspace')) {
      ink(active, false);
      liveRegion.textContent = 'paper';
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
