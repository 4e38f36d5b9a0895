"""The images shown, to take along: a table of what was read, or a sheet of the pictures."""

import numpy as np
import streamlit as st

from model.reading.export import contact_sheet, predictions_csv
from ui import resources
from ui.test_set.predictions import Reading

MAX_ON_SHEET = 2000  # pictures; a sheet of 1,400 x 1,120 pixels


def take_along(reading: Reading, chosen: np.ndarray) -> None:
    """Shows a menu with two files; each is made when it is asked for.

    Args:
        reading: The data set as it was read.
        chosen: Indices of the images, in the order that they are shown.
    """
    some = chosen[:MAX_ON_SHEET]
    with st.popover("Download", icon=":material/download:"):
        st.download_button(
            f"Table of {len(chosen):,} images, CSV",
            lambda: predictions_csv(chosen, reading.data.labels, reading.probabilities),
            "images.csv",
            on_click="ignore",
        )
        st.download_button(
            f"Sheet of {len(some):,} images, PNG",
            lambda: resources.png(contact_sheet(reading.data.images[some])),
            "images.png",
            on_click="ignore",
        )
        if len(some) < len(chosen):
            st.caption(f"A sheet holds the first {MAX_ON_SHEET:,}.")
