"""Reruns a page when its lost connection comes back."""

import streamlit as st

# A restarted server knows none of the page's fragments, so the first drawing or click would be sent
# to one of them and be lost. The component triggers a run of the whole page first, which carries
# the values of all widgets.
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


def rerun_after_reconnect() -> None:
    """Watches the page's connection, invisibly; call it once per page, outside of fragments."""
    _WATCHER(key="reconnect", on_back_change=lambda: None, height=0)
