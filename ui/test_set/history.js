// Makes the browser's Back go back a view. Streamlit adds an entry to the history for what the
// server puts into the address, and none for what the visitor chooses in a widget. Here each press
// or key that changes the address adds one, however often the address changes after it; images that
// are opened one after another share one, and closing them goes back to the entry before.
const IMAGE = 'image';  // in the address

export default function () {
  const { pushState, replaceState } = history;  // of the prototype, or of an earlier run
  if (pushState.stop) return pushState.stop;
  let gesture = 0, ofEntry = 0;  // numbers of gestures: the last one, and the entry's own
  let isClosing = false;
  const count = (event) => { if (!event.repeat) gesture++; };

  const change = (state, title, url) => {
    const from = new URL(location.href), to = new URL(url ?? location.href, location.href);
    if (to.pathname !== from.pathname) return pushState.call(history, state, title, url);
    if (to.href === from.href) return replaceState.call(history, state, title, url);
    const was = from.searchParams.get(IMAGE), is = to.searchParams.get(IMAGE);
    if (was !== null && is === null && history.state?.wasOpened) {
      isClosing = true;
      return history.back();
    }
    const opens = was === null && is !== null;
    const isNew = is === null ? was === null && gesture !== ofEntry : opens;
    ofEntry = gesture;
    const marked = { ...state, wasOpened: opens || (is !== null && history.state?.wasOpened) };
    (isNew ? pushState : replaceState).call(history, marked, title, url);
  };
  const goneBack = (event) => {
    ofEntry = gesture;
    if (!isClosing) return;
    isClosing = false;
    event.stopImmediatePropagation();  // the page shows this view already
  };
  change.stop = () => {
    delete history.pushState;  // the prototype's are back
    delete history.replaceState;
    for (const kind of ['pointerdown', 'keydown']) removeEventListener(kind, count, true);
    removeEventListener('popstate', goneBack, true);
  };
  history.pushState = history.replaceState = change;
  for (const kind of ['pointerdown', 'keydown']) addEventListener(kind, count, true);
  addEventListener('popstate', goneBack, true);
  return change.stop;
}
