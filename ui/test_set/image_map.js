// Draws the points on one canvas, and the marked area and the point under the pointer on another
// above it. A drag marks an area, a press opens the nearest image.
const NEAR = 12;  // CSS pixels from a point that count as on it
const DRAG = 5;  // CSS pixels; less is a press
const DOT = 3, CROSS = 5;  // CSS pixels, side and half of it
const NARROW = 640, TOO_LOW = 0.7;  // CSS pixels; share of the window's height
const DRAWING = '#e69f00';
const SCALE = 65535;  // of the places

export default function ({ parentElement, data, setTriggerValue }) {
  const map = parentElement.querySelector('.map');
  const [base, above] = map.querySelectorAll('canvas');
  map.report = setTriggerValue;
  if (map.shown !== data) {
    map.shown = data;
    map.places = new Uint16Array(bytes(data.places).buffer);
    map.numbers = new Uint32Array(bytes(data.numbers).buffer);
    map.colors = bytes(data.color_numbers);
    map.crossed = bytes(data.crossed);
    map.area = data.area;
  }
  const draw = () => {
    drawPoints(map, base, data);
    drawAbove(map, above);
    base.setAttribute('aria-label', data.title);
    base.dataset.points = map.numbers.length;
  };
  map.watcher?.disconnect();
  map.watcher = new ResizeObserver(draw);  // draws at once, too
  map.watcher.observe(map);

  map.onpointerdown = (event) => {
    if (event.button) return;
    map.start = at(map, event);
    map.setPointerCapture(event.pointerId);
    tell(map, null);
  };
  map.onpointermove = (event) => {
    const here = at(map, event);
    if (map.start) {
      map.area = areaOf(map, map.start, here);
    } else if (event.pointerType === 'mouse') {
      const point = nearest(map, here);
      if (point === map.hovered) return;
      map.hovered = point;
      tell(map, point);
    }
    drawAbove(map, above);
  };
  map.onpointerup = (event) => {
    if (!map.start) return;
    const here = at(map, event), from = map.start;
    map.start = null;
    if (Math.hypot(here.x - from.x, here.y - from.y) >= DRAG) {
      map.area = areaOf(map, from, here);
      map.report('marked', map.area);
      // On a phone the images are below the map.
      if (map.getBoundingClientRect().bottom > innerHeight * TOO_LOW && innerWidth < NARROW) {
        map.scrollIntoView({ block: 'start', behavior: 'smooth' });
      }
    } else {
      const point = nearest(map, here);
      map.area = data.area;
      if (point !== null) map.report('opened', map.numbers[point]);
      else if (data.area) map.report('marked', []);
    }
    drawAbove(map, above);
  };
  map.onpointercancel = () => { map.start = null; map.area = data.area; drawAbove(map, above); };
  map.onpointerleave = () => { map.hovered = null; tell(map, null); drawAbove(map, above); };
  return () => map.watcher.disconnect();
}

// Tells the card, a component of its own, which image the pointer is on.
function tell(map, point) {
  const box = map.getBoundingClientRect();
  const detail = point === null ? null : {
    number: map.numbers[point],
    x: box.left + place(map, point).x,
    y: box.top + place(map, point).y,
  };
  document.dispatchEvent(new CustomEvent('digitpad-point', { detail }));
}

function at(map, event) {
  const box = map.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

function place(map, point) {
  return {
    x: map.places[2 * point] / SCALE * map.clientWidth,
    y: (1 - map.places[2 * point + 1] / SCALE) * map.clientHeight,
  };
}

function nearest(map, here) {
  let best = null, least = NEAR * NEAR;
  for (let point = 0; point < map.numbers.length; point++) {
    const { x, y } = place(map, point);
    const distance = (x - here.x) ** 2 + (y - here.y) ** 2;
    if (distance < least) { least = distance; best = point; }
  }
  return best;
}

// Left, right, lower and upper bound, 0 to 1.
function areaOf(map, a, b) {
  const x = [a.x, b.x].map((x) => x / map.clientWidth);
  const y = [a.y, b.y].map((y) => 1 - y / map.clientHeight);
  const within = (bound) => Math.min(Math.max(bound, 0), 1);
  return [Math.min(...x), Math.max(...x), Math.min(...y), Math.max(...y)].map(within);
}

function penOf(map, canvas) {
  const dense = window.devicePixelRatio || 1;
  canvas.width = map.clientWidth * dense;
  canvas.height = map.clientHeight * dense;
  const pen = canvas.getContext('2d');
  pen.scale(dense, dense);
  return pen;
}

function drawPoints(map, canvas, data) {
  const pen = penOf(map, canvas);
  const style = getComputedStyle(map);
  const paper = style.getPropertyValue('--st-background-color');
  const text = style.getPropertyValue('--st-text-color');
  pen.globalAlpha = 0.75;
  data.colors.forEach((color, number) => {
    pen.fillStyle = color;
    for (let point = 0; point < map.numbers.length; point++) {
      if (map.colors[point] !== number || map.crossed[point]) continue;
      const { x, y } = place(map, point);
      pen.fillRect(x - DOT / 2, y - DOT / 2, DOT, DOT);
    }
  });
  pen.globalAlpha = 1;
  for (let point = 0; point < map.numbers.length; point++) {
    if (map.crossed[point]) cross(pen, place(map, point), data.colors[map.colors[point]], text);
  }
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  const write = (name, x, y) => {
    pen.lineWidth = 4;
    pen.strokeStyle = paper;
    pen.fillStyle = text;
    pen.strokeText(name, x, y);
    pen.fillText(name, x, y);
  };
  pen.font = `bold 22px ${style.getPropertyValue('--st-font')}`;
  for (const { name, x, y } of data.names) {
    write(name, x * map.clientWidth, (1 - y) * map.clientHeight);
  }
  if (data.drawing) {
    const x = data.drawing[0] * map.clientWidth, y = (1 - data.drawing[1]) * map.clientHeight;
    pen.beginPath();
    for (const [dx, dy] of [[0, -9], [9, 0], [0, 9], [-9, 0]]) pen.lineTo(x + dx, y + dy);
    pen.closePath();
    pen.fillStyle = DRAWING;
    pen.fill();
    pen.font = `bold 14px ${style.getPropertyValue('--st-font')}`;
    write('your drawing', x, y - 20);
  }
}

function cross(pen, { x, y }, color, outline) {
  for (const [style, width] of [[outline, 4], [color, 2.5]]) {
    pen.strokeStyle = style;
    pen.lineWidth = width;
    pen.beginPath();
    for (const sign of [-1, 1]) {
      pen.moveTo(x - CROSS, y - sign * CROSS);
      pen.lineTo(x + CROSS, y + sign * CROSS);
    }
    pen.stroke();
  }
}

function drawAbove(map, canvas) {
  const pen = penOf(map, canvas);
  pen.strokeStyle = getComputedStyle(map).getPropertyValue('--st-text-color');
  if (map.area?.length) {
    const [left, right, lower, upper] = map.area;
    const x = left * map.clientWidth, y = (1 - upper) * map.clientHeight;
    const wide = (right - left) * map.clientWidth, high = (upper - lower) * map.clientHeight;
    pen.fillStyle = 'rgba(127, 127, 127, 0.2)';
    pen.fillRect(x, y, wide, high);
    pen.lineWidth = 1.5;
    pen.setLineDash([5, 4]);
    pen.strokeRect(x, y, wide, high);
    pen.setLineDash([]);
  }
  if (map.hovered !== null && map.hovered < map.numbers.length) {
    const { x, y } = place(map, map.hovered);
    pen.lineWidth = 2;
    pen.beginPath();
    pen.arc(x, y, 7, 0, 7);
    pen.stroke();
  }
}

function bytes(text) { return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)); }
