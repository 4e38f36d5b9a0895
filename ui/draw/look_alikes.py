"""The labelled images that the network finds most similar to a drawing."""

import numpy as np
import streamlit as st

from model.reading.look_alikes import nearest_to
from model.reading.recognizer import Recognizer
from ui import datasets, networks
from ui.menu import TEST_SET
from ui.show_error import errors_shown
from ui.test_set.image_grid import Tile, show_images
from ui.test_set.opened_image import PARAMETER


def show_look_alikes(frame: np.ndarray, recognizer: Recognizer) -> None:
    """Shows the nearest five, with their labels; pressing one opens it on its page.

    Args:
        frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.
        recognizer: The network that read it.
    """
    with errors_shown():
        data, _ = datasets.test_images()
        place = networks.look_alikes().coordinates_of(recognizer.features(frame[None])[0])
        nearest = nearest_to(networks.coordinates(data), place)
        st.write(
            f"The most similar of {len(data):,} images ({data.name}), according to the network:"
        )
        tiles = [
            Tile(index, f"a {label}", f"Image {index}: a {label}")
            for index, label in zip(nearest.tolist(), data.labels[nearest], strict=True)
        ]
        pressed = show_images(
            data.images, tiles, "look-alikes", "Look-alikes: press one to open it"
        )
        if pressed is not None:
            st.switch_page(TEST_SET, query_params={PARAMETER: str(pressed)})
