"""Has a page that lost its server run anew when there is one again."""

import streamlit as st

# The new server knows none of the page's fragments, and what is drawn or pressed first would go to
# one of them and be lost. This run is not of a fragment, and brings all that the widgets hold.
_WATCHER = st.components.v2.component(
    "digitpad_reconnect",
    js="""
export default function ({ parentElement, setTriggerValue }) {
  parentElement.connection?.disconnect();
  const app = document.querySelector('[data-testid="stApp"]');
  let lost = false;
  const watcher = new MutationObserver(() => {
    const connected = app.dataset.testConnectionState === 'CONNECTED';
    if (connected && lost) setTriggerValue('back', true);
    lost = !connected;
  });
  watcher.observe(app, { attributeFilter: ['data-test-connection-state'] });
  parentElement.connection = watcher;
  return () => watcher.disconnect();
}
""",
)


def run_when_back() -> None:
    """Watches the page's connection; nothing is seen. Once a page, outside of fragments."""
    _WATCHER(key="reconnect", on_back_change=lambda: None, height=0)
