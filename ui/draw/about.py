"""About the model: accuracy, privacy, weaknesses, and whether a handwriting profile is in use."""

import streamlit as st

from model.errors import ArtifactError
from ui import networks, personalisation
from ui.results import report_tables
from ui.show_error import visitor_text

PRIVACY = (
    "**Privacy.** Your drawing is read on this server and not stored there. Only if you press "
    "*Wrong?* and tap a digit, the drawing is saved with that digit. Your browser keeps the "
    "drawing until you close the tab."
)
WEAKNESSES = (
    "**Weaknesses.** It knows digits and nothing else: about one letter in eight is read as a "
    "digit. A 1 with a long flag and a 7 look alike, and so do a 4 and a 9 that are not closed. "
    "*Results and runs* has the figures and the model card."
)


def show_about() -> None:
    """Shows what answers now; call it where the answer is shown, after it."""
    try:
        profile, is_outdated = personalisation.profile(), personalisation.has_outdated_profile()
    except ArtifactError:
        profile, is_outdated = None, False
    if profile:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("Using your handwriting profile.", width="content")
            st.button("Turn off", on_click=personalisation.use_profile, args=(None,))
    elif is_outdated:
        st.caption(
            "Your handwriting profile was learned with another model, so it is not used; *My "
            "handwriting* can learn it again."
        )
    details = st.expander("About this model", key="about", on_change="rerun")
    if not details.open:
        return
    try:
        about = _about(*networks.served_network().key)
    except ArtifactError as error:
        about = visitor_text(error)
    with details:
        for paragraph in (about, PRIVACY, WEAKNESSES):
            st.markdown(paragraph)


@st.cache_data(show_spinner=False, max_entries=4)
def _about(version: str, sha256: str) -> str:
    """The network's run, date, data and accuracy.

    Raises:
        ArtifactError: If its report is missing or damaged.
    """
    report, _ = report_tables.served()
    if report["run"] != version:  # another network was served in this moment
        return f"The network of run {version}."
    accuracy = report_tables.headline(report)["Accuracy on the test set"]
    return f"{report_tables.summary(report)} It reads {accuracy} of MNIST's test images."
