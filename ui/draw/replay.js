// Plays the moments of a drawing, or shows the one at the slider.
const INTERVAL = 100;  // ms from one moment to the next

export default function ({ data, parentElement }) {
  const { moments } = data;
  const one = (name) => parentElement.querySelector(name);
  const frame = one('.frame'), output = one('output'), button = one('button'), slider = one('input');
  const stop = () => {
    clearInterval(parentElement.timer);
    parentElement.timer = null;
    button.textContent = 'Play';
  };
  const show = (at) => {
    const { frame: url, answer, path } = moments[at];
    slider.value = at;
    slider.setAttribute('aria-valuetext', `${path}: ${answer}`);
    frame.src = url;
    frame.alt = `The drawing at ${path}`;
    output.textContent = `${path}: ${answer}`;
  };
  slider.max = moments.length - 1;
  slider.oninput = () => { stop(); show(slider.valueAsNumber); };
  button.onclick = () => {
    if (parentElement.timer) return stop();
    if (slider.valueAsNumber === moments.length - 1) show(0);
    button.textContent = 'Pause';
    parentElement.timer = setInterval(() => {
      show(slider.valueAsNumber + 1);
      if (slider.valueAsNumber === moments.length - 1) stop();
    }, INTERVAL);
  };
  const drawing = moments.at(-1).frame + moments.length;
  if (parentElement.drawing !== drawing) {  // another drawing: its end is what the page reads
    parentElement.drawing = drawing;
    stop();
    show(moments.length - 1);
  }
  return stop;
}
