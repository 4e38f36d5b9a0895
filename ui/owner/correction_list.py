"""Pictures of corrections, each with a box to tick, and what can't be read."""

from datetime import datetime

import streamlit as st

from ops.corrections import Correction, Unreadable
from ui.resources import picture_url

WIDTH = 130  # CSS pixels; two beside each other on a phone
PICTURE_WIDTH = 84


def kept(corrections: list[Correction]) -> list[int]:
    """Shows corrections in rows that fill the width and returns the ids of those ticked."""
    chosen = []
    with st.container(horizontal=True, gap="medium"):
        for each in corrections:
            with st.container(width=WIDTH, gap="xsmall"):
                st.image(picture_url(each.frame, scale=3), width=PICTURE_WIDTH)
                if st.checkbox(
                    f"said {each.predicted}, is {each.label}", key=f"correction-{each.id}"
                ):
                    chosen.append(each.id)
                when = datetime.fromisoformat(each.time)
                st.caption(f"{when:%Y-%m-%d %H:%M} UTC, {each.network or 'unknown network'}")
    return chosen


def spoilt(unreadable: list[Unreadable]) -> list[int]:
    """Shows what is wrong with rows that can't be read and returns the ids of those ticked."""
    chosen = []
    for each in unreadable:
        st.warning(each.problem, icon=":material/error:")
        if st.checkbox(f"Correction {each.id}, which can't be read", key=f"correction-{each.id}"):
            chosen.append(each.id)
    return chosen
