"""Shows which network is used, and whether it uses the visitor's handwriting profile."""

import streamlit as st

from model.errors import ArtifactError
from ui import networks, personalisation
from ui.results import report_tables
from ui.show_error import visitor_text


def show_network() -> None:
    """Shows the network that answers now; call it where the answer is shown, after it."""
    try:
        about = _about(*networks.served_network().key)
        profile, is_outdated = personalisation.profile(), personalisation.has_outdated_profile()
    except ArtifactError as error:
        about, profile, is_outdated = visitor_text(error), None, False
    with st.expander("Which network reads here?"):
        st.write(about)
    if profile:
        st.caption("Read with your handwriting profile; the Handwriting page turns it off.")
    elif is_outdated:
        st.caption(
            "Your handwriting profile was learnt with another network, so it is not used; the "
            "Handwriting page can learn it again."
        )


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
