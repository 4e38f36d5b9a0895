"""Downloads of the chosen images: a table of the predictions, or a sheet of the pictures."""

import numpy as np
import streamlit as st

from model.reading.export import contact_sheet, predictions_csv
from ui.pictures import png
from ui.test_set.predictions import Predictions

MAX_ON_SHEET = 2000  # pictures; a sheet of 1,400 x 1,120 pixels


def show_downloads(predictions: Predictions, chosen: np.ndarray) -> None:
    """Shows a menu with two files, each made when it is asked for.

    Args:
        predictions: The data set with its predictions.
        chosen: Indices of the images, in the order in which they are shown.
    """
    labels, probabilities = predictions.data.labels, predictions.probabilities
    # A visit keeps what its buttons need, so that must not be all images.
    on_sheet = predictions.data.images[chosen[:MAX_ON_SHEET]]
    with st.popover("Download", icon=":material/download:"):
        st.download_button(
            f"Table of {len(chosen):,} images, CSV",
            lambda: predictions_csv(chosen, labels, probabilities),
            "images.csv",
            on_click="ignore",
        )
        st.download_button(
            f"Sheet of {len(on_sheet):,} images, PNG",
            lambda: png(contact_sheet(on_sheet)),
            "images.png",
            on_click="ignore",
        )
        if len(on_sheet) < len(chosen):
            st.caption(f"The sheet has the first {MAX_ON_SHEET:,} images.")
