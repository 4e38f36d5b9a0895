"""Shows corrections page by page, with buttons to delete and download them."""

from collections.abc import Callable
from datetime import datetime

import streamlit as st

from ops.correction_rows import Correction, Unreadable
from ops.corrections import Corrections
from ops.corrections_export import as_idx, as_npz
from ui.owner import owner_auth
from ui.pictures import picture_url

PER_PAGE = 48  # fills rows of 2, 3, 4, 6 and 8
WIDTH = 130  # CSS pixels; two beside each other on a phone


def show_corrections(store: Corrections, num: int) -> None:
    """Shows one page of corrections, each with a box to tick, and the buttons above them.

    Args:
        store: The corrections.
        num: How many there are.

    Raises:
        CorrectionsError: If they can't be read.
    """
    num_pages = -(-num // PER_PAGE)
    page = 1
    if num_pages > 1:
        page = st.number_input(f"Page, of {num_pages}", 1, num_pages, key="corrections", width=160)
    buttons = st.container(horizontal=True)
    readable, unreadable = store.load_readable(PER_PAGE, skip=(page - 1) * PER_PAGE)
    ticked = _show_readable(readable) + _show_unreadable(unreadable)
    with buttons:
        _delete_button(
            f"Delete {len(ticked)} selected" if ticked else "Delete selected",
            lambda: owner_auth.corrections().delete(ticked),
            icon=":material/delete:",
            disabled=not ticked,
        )
        with st.popover("Delete all", icon=":material/delete_sweep:"):
            st.write(f"This deletes all {num:,} corrections for good.")
            _delete_button(
                f"Yes, delete all {num:,}", lambda: owner_auth.corrections().delete_all()
            )
        with st.popover("Download", icon=":material/download:"):
            st.write(
                "In MNIST's format: 28 × 28 pixels, 0 paper to 255 ink, and labels. Corrections "
                "that can't be read are left out."
            )
            for label, pack, name in (
                ("NumPy, npz", as_npz, "corrections.npz"),
                ("IDX, two .gz files in a zip", as_idx, "corrections-idx.zip"),
            ):
                st.download_button(
                    label,
                    owner_auth.download_of(
                        lambda store, pack=pack: pack(store.load_readable(strokes=False)[0])
                    ),
                    name,
                    on_click="ignore",
                )


def _delete_button(label: str, delete: Callable[[], None], **options) -> None:
    def delete_and_forget() -> None:
        delete()
        owner_auth.forget_downloads()

    arguments = (owner_auth.CORRECTIONS, delete_and_forget)
    st.button(label, on_click=owner_auth.run_action, args=arguments, **options)


def _show_readable(corrections: list[Correction]) -> list[int]:
    """Shows corrections in rows that fill the width and returns the ids of those ticked."""
    ticked = []
    with st.container(horizontal=True, gap="medium"):
        for each in corrections:
            with st.container(width=WIDTH, gap="xsmall"):
                label = f"read {each.predicted}, should be {each.label}"
                # `st.image` would lay its toolbar over the buttons above it.
                st.html(f'<img src="{picture_url(each.frame, scale=3)}" alt="{label}">')
                if st.checkbox(label, key=f"correction-{each.id}"):
                    ticked.append(each.id)
                when = datetime.fromisoformat(each.time)
                st.caption(f"{when:%Y-%m-%d %H:%M} UTC, {each.network or 'unknown network'}")
    return ticked


def _show_unreadable(unreadable: list[Unreadable]) -> list[int]:
    """Shows why rows can't be read and returns the ids of those ticked."""
    ticked = []
    for each in unreadable:
        st.warning(each.problem, icon=":material/error:")
        if st.checkbox(f"Correction {each.id}, which can't be read", key=f"correction-{each.id}"):
            ticked.append(each.id)
    return ticked
