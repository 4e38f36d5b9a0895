"""The Corrections page: view, delete and download visitors' corrections."""

import streamlit as st

from model.errors import CorrectionsError
from ui.owner import owner_auth
from ui.owner.correction_list import show_corrections
from ui.show_error import show_error

st.title("Corrections")
owner_auth.require_access(owner_auth.CORRECTIONS)
owner_auth.show_log_out()
store = owner_auth.corrections()
owner_auth.show_problem(owner_auth.take_problem())
try:
    if num := len(store):
        st.write(f"**{num:,}** stored, the newest first.")
        show_corrections(store, num)
    else:
        st.info(
            'No corrections yet. Draw a digit; if the answer is wrong, press "Wrong?" under it and '
            "tap the digit that it is.",
            icon=":material/edit_note:",
        )
except CorrectionsError as error:
    show_error(error, in_full=True)
place = store.place.encode(errors="replace").decode()  # a name may hold bytes that are no text
where = f"`{place}` on the computer that runs this page" if store.path else place
st.caption(
    f"They are stored in {where}, and nowhere else. "
    "To fine-tune the network on them, run `python train.py --corrections`."
)
