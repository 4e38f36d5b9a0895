"""What visitors said their drawings are: look, delete, take along, train."""

from collections.abc import Callable

import streamlit as st

from model.errors import CorrectionsError, DigitError
from ops.corrections import Corrections
from ops.corrections_export import as_idx, as_npz
from ui.owner import owner_auth
from ui.owner.correction_list import kept, spoilt

PER_PAGE = 48  # fills rows of 2, 3, 4, 6 and 8


def show(store: Corrections, num: int) -> None:
    num_pages = -(-num // PER_PAGE)
    page = 1
    if num_pages > 1:
        page = st.number_input(f"Page of {num_pages}", 1, num_pages, key="corrections", width=160)
    buttons = st.container(horizontal=True)
    readable, unreadable = store.load_readable(PER_PAGE, skip=(page - 1) * PER_PAGE)
    chosen = kept(readable) + spoilt(unreadable)
    with buttons:
        st.button(
            f"Delete {len(chosen)} selected" if chosen else "Delete selected",
            icon=":material/delete:",
            disabled=not chosen,
            on_click=change,
            args=(lambda: owner_auth.corrections().delete(chosen),),
        )
        with st.popover("Delete all", icon=":material/delete_sweep:"):
            st.write(f"All {num:,} corrections would be gone for good.")
            st.button(
                f"Yes, delete all {num:,}",
                on_click=change,
                args=(lambda: owner_auth.corrections().delete_all(),),
            )
        with st.popover("Download", icon=":material/download:"):
            st.write(
                "In MNIST's format: 28 × 28 pixels, 0 paper to 255 ink, and labels. What can't be "
                "read is left out."
            )
            for label, pack, name in (
                ("NumPy, npz", as_npz, "corrections.npz"),
                ("IDX, two .gz files in a zip", as_idx, "corrections-idx.zip"),
            ):
                st.download_button(
                    label,
                    lambda pack=pack: pack(
                        owner_auth.corrections().load_readable(strokes=False)[0]
                    ),
                    name,
                    on_click="ignore",
                )


def change(action: Callable[[], None]) -> None:
    """Does what a button says; what goes wrong is told when the page is shown."""
    try:
        action()
    except DigitError as error:
        st.session_state["corrections_problem"] = str(error)


st.title("Corrections")
owner_auth.enter(owner_auth.CORRECTIONS)
store = owner_auth.corrections()
if problem := st.session_state.pop("corrections_problem", ""):
    st.warning(problem, icon=":material/error:")
try:
    if num := len(store):
        st.write(f"**{num:,}** kept, the newest first.")
        show(store, num)
    else:
        st.info(
            'No corrections yet. Draw a digit; if the answer is wrong, press "Wrong?" under it and '
            "tap the digit that it is.",
            icon=":material/edit_note:",
        )
except CorrectionsError as error:
    st.warning(str(error), icon=":material/error:")
shown = str(store.path).encode(errors="replace").decode()  # a name may hold what is no text
st.caption(
    f"They lie in `{shown}` on the computer that runs this page, and nowhere else. "
    "`python train.py --corrections` teaches them to the network, without forgetting the rest."
)
