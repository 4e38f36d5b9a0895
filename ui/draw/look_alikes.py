"""The test images that the network finds most similar to a drawing."""

import numpy as np
import streamlit as st

from model.reading.recognizer import Recognizer
from ui import datasets, networks
from ui.pictures import gallery
from ui.show_error import errors_shown


def show_look_alikes(frame: np.ndarray, recognizer: Recognizer) -> None:
    """Shows the nearest five, with their labels.

    Args:
        frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.
        recognizer: The network that read it.
    """
    data, problem = datasets.test_images()
    if problem:
        st.info("The look-alikes come from MNIST's test images, which are not available.")
        return
    with errors_shown():
        placed = networks.look_alikes()
        nearest = placed.nearest(recognizer.features(frame[None])[0])
        st.write("The most similar of MNIST's 10,000 test images, according to the network:")
        labels = placed.labels[nearest]
        captions = [
            f"a {label} (number {index})" for label, index in zip(labels, nearest, strict=True)
        ]
        gallery(data.images[nearest], captions, np.zeros(len(nearest), bool))
