// Shows an answer and, beside a canvas, follows the pen: it sends the strokes that are being drawn,
// so that the answer changes while one writes. One message at a time: the next one waits for the
// answer to the last one, for twice the time that it took, and for the pause that the server asks
// for. A pen that is lifted does not wait.
const SLOW = 400;  // ms from a message to its answer, above which only a lifted pen is reported
const LOST = 3000;  // ms after which a message is taken for lost
const NEAR = 1;  // canvas pixels; points closer to the last one are left out
const REPORTED = 190;  // ms; the canvas reports a stroke no sooner after the pen was lifted
const PHONE = 640;  // CSS pixels; a narrower window gets the compact panel
const UNSEEN = 1500;  // ms after which a stroke that the canvas did not take is handed to the page

const pen = { strokes: [], lifted: [], current: null, base: 0, commands: null, changed: false,
              pause: 0, round: 0, answered: 0, sentAt: 0, trip: 60, timer: null, unseen: null };
let send = null, width = 280;

export default function ({ data, parentElement, setStateValue }) {
  show(parentElement, data.view);
  const fit = () => parentElement.querySelector('.answer')
    .classList.toggle('compact', data.isCompact || innerWidth <= PHONE);
  fit();
  addEventListener('resize', fit);
  const forget = () => removeEventListener('resize', fit);
  if (!data.canvas) return forget;
  parentElement.querySelector('.answer').dataset.strokes = data.canvas.committed;
  width = data.canvas.width;
  send = (message) => setStateValue('strokes', message);
  follow(data.canvas);
  const events = { pointerdown: begin, pointermove: move, pointerup: end, pointercancel: end };
  for (const [name, act] of Object.entries(events)) document.addEventListener(name, act, true);
  return () => {
    forget();
    for (const [name, act] of Object.entries(events)) document.removeEventListener(name, act, true);
    clearTimeout(pen.timer);
    clearTimeout(pen.unseen);
    pen.timer = pen.unseen = null;
  };
}

function begin(event) {
  const canvas = event.composedPath()[0];
  if (!event.isPrimary || event.button || !canvas.matches?.('canvas.upper-canvas')) return;
  // A stroke that ends outside, or over a disabled button, ends for the canvas as well.
  canvas.setPointerCapture(event.pointerId);
  pen.canvas = canvas;
  pen.current = [place(event)];
}

function move(event) {
  if (!pen.current || !event.isPrimary) return;
  const all = event.getCoalescedEvents?.() ?? [];
  for (const each of all.length ? all : [event]) {
    const [x, y] = place(each), [lastX, lastY] = pen.current.at(-1);
    if (Math.abs(x - lastX) + Math.abs(y - lastY) >= NEAR) pen.current.push([x, y]);
  }
  pen.changed = true;
  pump();
}

function end(event) {
  if (!pen.current || !event.isPrimary) return;
  pen.strokes.push(pen.current);
  pen.lifted.push(Date.now());
  pen.current = null;
  report(true);
  clearTimeout(pen.unseen);
  pen.unseen = setTimeout(() => pen.strokes.length && !pen.current && report(true, true), UNSEEN);
}

function place(event) {
  const box = pen.canvas.getBoundingClientRect();
  const scale = width / box.width;
  return [event.clientX - box.left, event.clientY - box.top]
    .map((value) => Math.round(value * scale * 10) / 10);
}

function pump() {
  if (!pen.changed || pen.timer) return;
  const now = Date.now();
  const waiting = pen.answered < pen.round && now - pen.sentAt < LOST;
  if (waiting || pen.trip > SLOW) return;
  const wait = pen.sentAt + Math.max(2 * pen.trip, pen.pause) - now;
  if (wait <= 0) return report(false);
  pen.timer = setTimeout(() => { pen.timer = null; pump(); }, wait);
}

function report(isLifted, isUnseen = false) {
  clearTimeout(pen.timer);
  pen.timer = null;
  pen.changed = false;
  pen.round += 1;
  pen.sentAt = Date.now();
  const strokes = pen.current ? [...pen.strokes, pen.current] : [...pen.strokes];
  send({ commands: pen.commands, base: pen.base, strokes, round: pen.round, isLifted, isUnseen });
}

function follow(canvas) {
  pen.pause = canvas.pause;
  if (canvas.round > pen.answered && canvas.round <= pen.round) {
    pen.answered = canvas.round;
    if (canvas.round === pen.round) pen.trip = 0.7 * pen.trip + 0.3 * (Date.now() - pen.sentAt);
  }
  if (canvas.commands !== pen.commands) {  // a button changed the drawing
    Object.assign(pen, { strokes: [], lifted: [], base: canvas.committed, commands: canvas.commands });
  } else if (canvas.committed !== pen.base) {  // the canvas reported its strokes
    const taken = canvas.committed - pen.base, before = pen.strokes.length;
    const known = Date.now() - REPORTED;
    let num = pen.lifted.filter((time) => time < known).length;
    pen.strokes = pen.strokes.slice(num);
    pen.lifted = pen.lifted.slice(num);
    pen.base = canvas.committed;
    if (pen.strokes.length !== Math.max(before - taken, 0)) report(!pen.current);
  }
  pump();
}

function show(root, view) {
  const panel = root.querySelector('.answer');
  const one = (name) => panel.querySelector('.' + name);
  panel.dataset.kind = view.kind;
  one('digit').textContent = view.text;
  one('digit').style.setProperty('--length', Math.max(view.text.length, 1));
  one('note').textContent = view.note;
  one('confidence').textContent = view.confidence;
  one('runner-up').textContent = view.runner_up;
  const frame = one('frame');
  if (frame.getAttribute('src') !== view.frame) {
    if (view.frame) frame.src = view.frame; else frame.removeAttribute('src');
  }
  frame.style.visibility = view.frame ? 'visible' : 'hidden';
  const bars = one('bars').children;
  for (let digit = 0; digit < bars.length; digit++) {
    const share = view.bars[digit] ?? 0;
    bars[digit].style.setProperty('--share', share);
    bars[digit].classList.toggle('best', digit === view.best);
    bars[digit].lastElementChild.textContent = view.bars.length ? view.percents[digit] : '';
  }
  const region = root.querySelector('[role=status]');
  if (view.spoken !== null && region.textContent !== view.spoken) region.textContent = view.spoken;
}
