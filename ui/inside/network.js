// The network as one row of layers, and the arithmetic of the one that was pressed.
const INTERVAL = 120;  // ms from one number of a map to the next
const NUM_SHOWN = 5;  // inputs that add most; the others are summed

export default (component) => (component.data.steps ? showRow : showDetail)(component);

// A map of each layer, and the scores; pressing one opens it.
function showRow({ data, parentElement, setTriggerValue }) {
  const row = parentElement.querySelector('.row');
  const num = data.steps.length + 1;
  if (row.children.length !== num) {
    row.replaceChildren(...Array.from({ length: num }, (_, at) => step(at, at === num - 1)));
  }
  row.open = (at) => setTriggerValue('opened', at);
  data.steps.forEach(({ title, shape, weights, side, name, pixels }, at) => {
    const button = row.children[at].firstElementChild;
    paint(button.querySelector('canvas'), bytes(pixels), side);
    button.setAttribute('aria-label', `${title}, ${shape}. ${name}`);
    button.setAttribute('aria-pressed', at === data.opened);
    const [first, second, third] = button.querySelectorAll('span');
    [first.textContent, second.textContent, third.textContent] = [title, shape, weights];
  });
  row.lastElementChild.firstElementChild.setAttribute('aria-pressed', data.opened === data.scores);
}

function step(at, isScores) {
  const item = document.createElement('li');
  const button = item.appendChild(document.createElement('button'));
  button.type = 'button';
  if (isScores) {
    button.innerHTML = '<i class="sums" aria-hidden="true">Σ</i><span>Scores</span><span>10</span>';
    button.setAttribute('aria-label', 'Scores of the ten digits');
  } else {
    button.innerHTML = '<canvas></canvas><span></span><span></span><span></span>';
  }
  button.addEventListener('click', () => item.parentElement.open(at));
  return item;
}

// All maps of one layer, and the arithmetic behind one number of the chosen map. Arrow keys or a
// click choose the number; Slide goes through all of them.
function showDetail({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.detail');
  root.open = (map) => setTriggerValue('opened', map);
  const state = (root.state ??= { place: null, input: null });
  const opened = `${data.kind} ${data.layer} ${data.map}`;
  if (state.opened !== opened) Object.assign(state, { opened, place: null, input: null });
  showMaps(root, data);
  showSum(root, data, state);
  return () => clearInterval(root.timer);
}

function showMaps(root, data) {
  const group = root.querySelector('.maps');
  group.hidden = data.names.length < 2;
  group.setAttribute('aria-label', `All of ${data.title}: arrow keys choose one`);
  if (group.children.length !== data.names.length || group.kind !== data.kind) {
    group.kind = data.kind;
    group.replaceChildren(...data.names.map((_, at) => mapButton(root, group, at, data.kind)));
  }
  const shades = data.pixels && bytes(data.pixels), size = data.side ** 2;
  data.names.forEach((name, at) => {
    const button = group.children[at];
    button.setAttribute('aria-label', name);
    button.setAttribute('aria-pressed', at === data.map);
    button.tabIndex = at === data.map ? 0 : -1;
    if (shades) paint(button.firstElementChild, shades.subarray(at * size, (at + 1) * size), data.side);
  });
}

function mapButton(root, group, at, kind) {
  const button = document.createElement('button');
  button.type = 'button';
  if (kind === 'scores') button.textContent = at;
  else button.append(document.createElement('canvas'));
  button.addEventListener('click', () => root.open(at));
  button.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const next = step && group.children[at + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
    root.open(at + step);
  });
  return button;
}

function showSum(root, data, state) {
  clearInterval(root.timer);
  const box = root.querySelector('.sum');
  if (data.kind === 'frame') return box.replaceChildren(frame(data));
  if (data.kind === 'scores') return box.replaceChildren(scores(data));
  const values = floats(data.values), inputs = floats(data.inputs);
  if (state.place === null) state.place = values.indexOf(values.reduce((a, b) => Math.max(a, b)));
  const big = picture(values, data.side, `${data.names[data.map]}. Arrow keys move the window.`);
  big.tabIndex = 0;
  big.setAttribute('role', 'application');
  const words = document.createElement('div');
  words.className = 'words';
  words.setAttribute('aria-live', 'polite');
  const play = document.createElement('button');
  play.type = 'button';
  play.textContent = 'Slide the window';
  const show = () => {
    mark(big, data.side, [[state.place % data.side, Math.floor(state.place / data.side), 1]]);
    words.replaceChildren(...(data.kind === 'pooling' ? largest(data, inputs, state)
      : products(data, inputs, values, state, show)));
  };
  const go = (place) => {
    state.place = Math.min(Math.max(place, 0), values.length - 1);
    show();
  };
  big.addEventListener('click', (event) => {
    const { left, top, width } = big.getBoundingClientRect();
    const at = (value) => Math.min(Math.floor(value / width * data.side), data.side - 1);
    go(at(event.clientY - top) * data.side + at(event.clientX - left));
  });
  big.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -data.side, ArrowDown: data.side }[event.key];
    if (!step) return;
    event.preventDefault();
    go(state.place + step);
  });
  play.addEventListener('click', () => {
    const isPlaying = root.timer;
    clearInterval(root.timer);
    root.timer = null;
    play.textContent = isPlaying ? 'Slide the window' : 'Stop';
    if (!isPlaying) root.timer = setInterval(() => go((state.place + 1) % values.length), INTERVAL);
  });
  const left = document.createElement('div');
  left.className = 'chosen';
  left.append(line(`${data.title}, map ${data.map + 1}`, 'b'), big, play);
  const hadFocus = box.contains(root.getRootNode().activeElement);
  box.replaceChildren(left, words);
  if (hadFocus) big.focus();
  root.timer = null;
  show();
}

// A convolution: 3 x 3 products for each input map, their sum, the bias, and ReLU.
function products(data, inputs, values, state, show) {
  const row = Math.floor(state.place / data.side), col = state.place % data.side;
  const kernel = floats(data.kernel), num = kernel.length / 9;
  const offset = data.inputSide === data.side ? -1 : 0;  // padded: the window may begin outside
  const windows = Array.from({ length: num }, (_, map) => Array.from({ length: 9 }, (_, at) => {
    const y = row + Math.floor(at / 3) + offset, x = col + at % 3 + offset;
    const isInside = y >= 0 && x >= 0 && y < data.inputSide && x < data.inputSide;
    return isInside ? inputs[(map * data.inputSide + y) * data.inputSide + x] : 0;
  }));
  const sums = windows.map((window, map) =>
    window.reduce((sum, value, at) => sum + value * kernel[map * 9 + at], 0));
  const order = sums.map((_, map) => map).sort((a, b) => Math.abs(sums[b]) - Math.abs(sums[a]));
  const input = state.input !== null && state.input < num ? state.input : order[0];
  const total = sums.reduce((a, b) => a + b, 0) + data.bias;
  const weights = Array.from(kernel.slice(input * 9, input * 9 + 9));
  const around = picture(inputs.slice(input * data.inputSide ** 2, (input + 1) * data.inputSide ** 2),
    data.inputSide, `${data.inputTitle}, map ${input + 1}, with the window`);
  mark(around, data.inputSide, [[col + offset, row + offset, 3]]);
  const steps = document.createElement('div');
  steps.className = 'steps';
  steps.append(
    column(num > 1 ? `${data.inputTitle}, map ${input + 1}` : data.inputTitle, around),
    column('Window', grid(windows[input])), line('×', 'i'),
    column('Weights', grid(weights, true)), line('=', 'i'),
    column('Products', grid(weights.map((weight, at) => weight * windows[input][at]), true)));
  const result = [steps];
  if (num > 1) {
    const list = document.createElement('div');
    list.className = 'inputs';
    for (const map of order.slice(0, NUM_SHOWN)) {
      const button = list.appendChild(document.createElement('button'));
      button.type = 'button';
      button.textContent = `map ${map + 1}: ${signed(sums[map])}`;
      button.setAttribute('aria-pressed', map === input);
      button.addEventListener('click', () => { state.input = map; show(); });
    }
    const others = order.slice(NUM_SHOWN);
    const rest = others.reduce((sum, map) => sum + sums[map], 0);
    if (others.length) list.append(line(`the other ${others.length} maps: ${signed(rest)}`));
    result.push(line(`Each of the ${num} maps before adds its nine products:`), list);
  }
  const of = num > 1 ? `${num} × 9` : '9';
  const sum = line(`Sum of ${of} products ${signed(total - data.bias)}, bias ${signed(data.bias)}: ` +
    `${signed(total)}. ` + (values.some((value) => value < 0) ? '' : 'ReLU keeps what is above 0: '));
  sum.append(line(signed(values[state.place]), 'output'));
  sum.className = 'total';
  sum.dataset.total = total;
  sum.dataset.value = values[state.place];
  return [...result, sum];
}

// Pooling: the largest of 2 x 2 numbers.
function largest(data, inputs, state) {
  const row = Math.floor(state.place / data.side), col = state.place % data.side;
  const four = [0, 1, 2, 3].map((at) =>
    inputs[(2 * row + (at >> 1)) * data.inputSide + 2 * col + at % 2]);
  const around = picture(inputs, data.inputSide, 'The same map before pooling, with the window');
  mark(around, data.inputSide, [[2 * col, 2 * row, 2]]);
  const steps = document.createElement('div');
  steps.className = 'steps';
  steps.append(column('Before', around), column('Window', grid(four)));
  const sum = line('The largest of the four stays: ');
  sum.append(line(signed(Math.max(...four)), 'output'));
  sum.className = 'total';
  return [steps, sum];
}

function scores(data) {
  const values = Array.from(floats(data.values)), words = document.createElement('div');
  words.className = 'words';
  const places = grid(values, true);
  places.style.setProperty('--across', data.side);
  const sum = line(`The places add up to ${signed(data.score - data.bias)}, the bias adds ` +
    `${signed(data.bias)}: score ${signed(data.score)}. Softmax compares it with the others' ` +
    `(${data.all.map((score, digit) => `${digit}: ${score}`).join(', ')}) and answers `);
  sum.append(line(`${(100 * data.probability).toFixed(1)}%`, 'output'));
  sum.className = 'total';
  words.append(line(data.title, 'b'), places, sum);
  return words;
}

function frame(data) { return picture(floats(data.values), data.side, data.names[0]); }

function picture(values, side, name) {
  const canvas = document.createElement('canvas');
  canvas.className = 'large';
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', name);
  const high = Math.max(values.reduce((a, b) => Math.max(a, b), 0), 1e-9);
  canvas.shades = Uint8Array.from(values, (value) => Math.round(255 * Math.max(value, 0) / high));
  paint(canvas, canvas.shades, side);
  return canvas;
}

// Draws the window's frame over a picture, eight screen pixels for each of its own.
function mark(canvas, side, boxes) {
  const small = document.createElement('canvas');
  paint(small, canvas.shades, side);
  canvas.width = canvas.height = 8 * side;
  const pen = canvas.getContext('2d');
  pen.imageSmoothingEnabled = false;
  pen.drawImage(small, 0, 0, 8 * side, 8 * side);
  pen.strokeStyle = '#ff8c00';
  pen.lineWidth = Math.max(2, side / 4);
  for (const [x, y, size] of boxes) pen.strokeRect(8 * x, 8 * y, 8 * size, 8 * size);
}

function paint(canvas, shades, side) {
  canvas.width = canvas.height = side;
  const picture = new ImageData(side, side);
  shades.forEach((shade, at) => picture.data.set([shade, shade, shade, 255], 4 * at));
  canvas.getContext('2d').putImageData(picture, 0, 0);
}

// Numbers as cells; with signs, blue is above 0 and orange below, as strong as the number is large.
function grid(values, hasSigns = false) {
  const table = document.createElement('div');
  table.className = 'grid';
  table.style.setProperty('--across', Math.sqrt(values.length));
  const high = Math.max(...values.map(Math.abs), 1e-9);
  for (const value of values) {
    const cell = table.appendChild(document.createElement('span'));
    cell.textContent = hasSigns ? signed(value) : value.toFixed(2);
    cell.style.setProperty('--strength', Math.abs(value) / high);
    cell.className = !hasSigns ? 'plain' : value < 0 ? 'minus' : 'plus';
  }
  return table;
}

function column(title, content) {
  const box = document.createElement('div');
  box.append(line(title, 'small'), content);
  return box;
}

function line(text, tag = 'p') {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

function signed(value) { return (value < 0 ? '−' : '') + Math.abs(value).toFixed(2); }

function bytes(text) { return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)); }

function floats(text) { return new Float32Array(bytes(text).buffer); }
