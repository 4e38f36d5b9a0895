"""Makes a screen reader announce the answer when it changes."""

import streamlit as st

_LIVE_REGION = st.components.v2.component(
    "digitpad_announcement",
    html='<div role="status" aria-live="polite"></div>',
    css="""
div { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
""",
    js="""
export default function ({ data, parentElement }) {
  const region = parentElement.querySelector('div[role=status]');
  if (region.textContent !== data) region.textContent = data;
}
""",
)


def announce(text: str) -> None:
    """Puts a sentence into an invisible live region; call it once per page."""
    _LIVE_REGION(data=text, key="announcement", height=1)
