// A picture with a button over each digit. A press reports the digit's number; a drag over bare
// paper reports the box that was drawn, in shares of the picture.
const SHORTEST = 8;  // CSS pixels; a shorter drag is a press

export default function ({ parentElement, data, setTriggerValue }) {
  const paper = parentElement.querySelector('.paper');
  paper.report = (value) => setTriggerValue('event', value);
  const shown = JSON.stringify(data);
  if (paper.shown === shown) return;
  paper.shown = shown;
  const focused = paper.getRootNode().activeElement?.dataset?.number;
  paper.setAttribute('aria-label', data.title);
  const picture = document.createElement('img');
  picture.src = data.picture;
  picture.alt = data.title;
  const buttons = data.boxes.map((box, number) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = ['box', box.doubtful && 'doubtful', box.chosen && 'chosen']
      .filter(Boolean).join(' ');
    button.dataset.number = number;
    button.setAttribute('aria-label', box.label);
    button.title = box.label;
    const [left, top, width, height] = box.place.map((share) => `${share * 100}%`);
    Object.assign(button.style, { left, top, width, height });
    button.addEventListener('click', () => paper.report({ pressed: number, count: Date.now() }));
    return button;
  });
  paper.replaceChildren(picture, ...buttons);
  if (focused !== undefined && buttons[focused]) buttons[focused].focus();
  paper.onpointerdown = (event) => {
    if (event.target.closest('.box') || !event.isPrimary || event.button) return;
    const area = paper.getBoundingClientRect();
    const from = [event.clientX - area.left, event.clientY - area.top];
    const frame = document.createElement('div');
    frame.className = 'drawn';
    paper.appendChild(frame);
    paper.setPointerCapture(event.pointerId);
    const box = (moved) => {
      const to = [moved.clientX - area.left, moved.clientY - area.top];
      const low = from.map((value, axis) => Math.max(0, Math.min(value, to[axis])));
      const limits = [area.width, area.height];
      const high = from.map((value, axis) => Math.min(limits[axis], Math.max(value, to[axis])));
      return [...low, high[0] - low[0], high[1] - low[1]];
    };
    paper.onpointermove = (moved) => {
      const [left, top, width, height] = box(moved).map((value) => `${value}px`);
      Object.assign(frame.style, { left, top, width, height });
    };
    const end = (moved, isDone) => {
      paper.onpointermove = paper.onpointerup = paper.onpointercancel = null;
      frame.remove();
      const [left, top, width, height] = box(moved);
      if (!isDone || Math.max(width, height) < SHORTEST) return;
      paper.report({
        drawn: [left / area.width, top / area.height, width / area.width, height / area.height],
        count: Date.now(),
      });
    };
    paper.onpointerup = (moved) => end(moved, true);
    paper.onpointercancel = (moved) => end(moved, false);
  };
}
