// Shows the image that the pointer is on. The server sends an image together with its neighbours,
// so that it is asked once for a region of the map and not once for a point.
const SIDE = 84;  // CSS pixels
const REST = 60;  // milliseconds that the pointer rests before the server is asked
const AWAY = 14;  // CSS pixels from the point

export default function ({ parentElement, data, setTriggerValue }) {
  const card = parentElement.querySelector('.card');
  const [picture, text] = card.children;
  card.known ??= new Map();
  if (card.of !== data.of) { card.known.clear(); card.of = data.of; }
  data.numbers.forEach((number, index) => card.known.set(number, { sheet: data, index }));
  const show = () => {
    const point = card.point, found = point && card.known.get(point.number);
    card.hidden = !found;
    if (!found) return;
    const { sheet, index } = found;
    const x = index % sheet.columns, y = Math.floor(index / sheet.columns);
    picture.style.background = `url(${sheet.sheet}) ${-x * SIDE}px ${-y * SIDE}px / ` +
      `${sheet.columns * SIDE}px auto`;
    picture.setAttribute('aria-label', sheet.texts[index]);
    text.textContent = sheet.texts[index];
    const left = point.x + AWAY + card.offsetWidth > innerWidth;
    card.style.left = `${left ? point.x - AWAY - card.offsetWidth : point.x + AWAY}px`;
    card.style.top = `${Math.max(4, Math.min(point.y, innerHeight - card.offsetHeight - 4))}px`;
  };
  const follow = ({ detail }) => {
    card.point = detail;
    clearTimeout(card.timer);
    if (detail && !card.known.has(detail.number)) {
      card.timer = setTimeout(() => setTriggerValue('wanted', detail.number), REST);
    }
    show();
  };
  if (card.follow) document.removeEventListener('digitpad-point', card.follow);
  card.follow = follow;
  document.addEventListener('digitpad-point', follow);
  show();
  return () => {
    clearTimeout(card.timer);
    document.removeEventListener('digitpad-point', card.follow);
  };
}
