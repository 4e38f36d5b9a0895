"""Says the answer to those who listen: a screen reader speaks it when it changes."""

import streamlit as st

_LISTENED_TO = st.components.v2.component(
    "digitpad_announcement",
    html='<div role="status" aria-live="polite"></div>',
    css="""
div { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
""",
    js="""
export default function ({ data, parentElement }) {
  const place = parentElement.querySelector('div[role=status]');
  if (place.textContent !== data) place.textContent = data;
}
""",
)


def announce(text: str) -> None:
    """Has a sentence spoken; nothing is seen. Once a page."""
    _LISTENED_TO(data=text, key="announcement", height=1)
