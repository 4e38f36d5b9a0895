"""Says which network reads here, and whether it uses the visitor's handwriting profile."""

import streamlit as st

from model.errors import ArtifactError
from ui import resources
from ui.results import report_tables
from ui.show_error import visitor_text


def show_network() -> None:
    """Shows the network that answers now; call it where the answer is shown, after it."""
    with st.expander("Which network reads here?"):
        st.write(_about_network())
    if resources.hand():
        st.caption("Read with your handwriting profile; the Handwriting page turns it off.")


def _about_network() -> str:
    """The network's run, date, data and accuracy, or why they are not known."""
    try:
        return _about(resources.shared_recognizer().version)
    except ArtifactError as error:
        return visitor_text(error)


@st.cache_data(show_spinner=False, max_entries=4)
def _about(version: str) -> str:
    report, _ = report_tables.served()
    if report["run"] != version:  # another network was served in this moment
        return f"The network of run {version}."
    accuracy = report_tables.headline(report)["Accuracy on the test set"]
    return f"{report_tables.summary(report)} It reads {accuracy} of MNIST's test images."
