"""Loads the served network and other runs' networks once for all visitors, and predicts."""

import contextlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import streamlit as st

from model.errors import ArtifactError
from model.files import served
from model.files.atomic import sha256
from model.files.runs import ONNX_FILE, load_runs
from model.learning.data import MNIST_TEST, SHAPES, Dataset
from model.reading.confidence import NUM_CLASSES
from model.reading.look_alikes import LookAlikes, load_look_alikes
from model.reading.recognizer import Recognizer, load_served
from ops.heavy_work import one_at_a_time
from ops.settings import settings

SHIPPED = "shipped network"  # its name where runs are chosen
AT_ONCE = 16  # images in a call; 50, as in `model.reading.recognizer`, take 100 MB on two cores
NUM_LOOK_ALIKES = SHAPES["y_test"][0]  # MNIST's test images


def served_network() -> Recognizer:
    """The served network, without any handwriting profile.

    Raises:
        ArtifactError: If it is missing or damaged.
    """
    return load_served(settings().runs)


def load_ahead() -> None:
    """Loads the network before it is needed; errors are shown when it is."""
    with contextlib.suppress(ArtifactError):
        served_network()


@st.cache_data(show_spinner=False, ttl=10)
def other_networks() -> list[str]:
    """The finished runs whose networks can be read with, newest first, and the shipped network.

    The shipped one is left out while it is served.
    """
    names = [
        run.name
        for run in load_runs(settings().runs)
        if run.report and (settings().runs / run.name / ONNX_FILE).exists()
    ]
    with contextlib.suppress(ArtifactError):  # shown where the served network is loaded
        if served.current(settings().runs) != served.SHIPPED:
            names.append(SHIPPED)
    return names


def predictions(data: Dataset, run: str = "") -> np.ndarray:
    """A network's probabilities for a data set, a `float32` array of shape `(n, 10)`.

    Args:
        data: The images to read.
        run: One of `other_networks`. Default: the served network.

    Raises:
        ArtifactError: If the network is missing or damaged, or there is no such run.
    """
    if run and run not in other_networks():  # the name comes from the page and is no path
        raise ArtifactError("There is no such run any more: choose another network.")
    if run:
        folder = served.SHIPPED if run == SHIPPED else settings().runs / run
        network = _network_in(folder, sha256(folder / ONNX_FILE))
    else:
        network = served_network()
    return _predictions(data.key, network.key, data, network)


def look_alikes() -> LookAlikes:
    """MNIST's test images in the served network's feature space.

    Raises:
        ArtifactError: If the file is missing, damaged or of another network.
    """
    return _look_alikes(served_network().key)


def coordinates(data: Dataset) -> np.ndarray:
    """A data set's images in the served network's feature space, `(n, 24)`.

    Raises:
        ArtifactError: If the network or its look-alikes are missing or damaged.
    """
    return _coordinates(data.key, served_network().key, data)


def places(data: Dataset) -> np.ndarray:
    """A data set's images on the flat map of MNIST's test images, `(n, 2)`.

    Raises:
        ArtifactError: As `coordinates`.
    """
    return _places(data.key, served_network().key, data)


@st.cache_resource(show_spinner=False, max_entries=2)
def _network_in(folder: Path, content: str) -> Recognizer:
    return Recognizer.load(folder)


@st.cache_resource(show_spinner="Reading the images", max_entries=32)  # of up to 0.8 MB
def _predictions(
    key: str, network_key: tuple[str, str], _data: Dataset, _network: Recognizer
) -> np.ndarray:
    # One call uses one core; here a visitor waits for all of them.
    return _in_batches(_network.probabilities, _data, NUM_CLASSES, os.cpu_count())


def _in_batches(
    read: Callable[[np.ndarray], np.ndarray], data: Dataset, width: int, num_threads: int = 1
) -> np.ndarray:
    """Reads a data set, a few images at a time.

    Args:
        read: From frames `(n, 28, 28)` to numbers `(n, width)`.
        data: The images.
        width: Numbers per image.
        num_threads: How many call `read`.

    Returns:
        `float32` array of shape `(len(data), width)`.

    Raises:
        BusyError: If others read too much at the moment.
    """
    result = np.empty((len(data), width), np.float32)

    def fill(start: int) -> None:
        part = slice(start, start + AT_ONCE)
        result[part] = read(data.images[part].astype(np.float32) / 255)

    with one_at_a_time(), ThreadPoolExecutor(num_threads) as pool:
        list(pool.map(fill, range(0, len(data), AT_ONCE)))  # raises what they raise
    return result


@st.cache_resource(show_spinner=False, max_entries=2)
def _look_alikes(network_key: tuple[str, str]) -> LookAlikes:
    placed = load_look_alikes(served.current(settings().runs))
    if len(placed.labels) != NUM_LOOK_ALIKES:
        raise ArtifactError(
            f"There are {len(placed.labels):,} look-alikes and should be MNIST's "
            f"{NUM_LOOK_ALIKES:,} test images: train again, or restore the file from the "
            "repository."
        )
    return placed


@st.cache_resource(show_spinner="Comparing the images", max_entries=4)
def _coordinates(key: str, network_key: tuple[str, str], _data: Dataset) -> np.ndarray:
    placed = _look_alikes(network_key)
    if _data.name == MNIST_TEST:
        return placed.coordinates
    network = served_network()
    return _in_batches(
        lambda frames: placed.coordinates_of(network.features(frames)),
        _data,
        placed.coordinates.shape[1],
    )


@st.cache_resource(show_spinner=False, max_entries=4)
def _places(key: str, network_key: tuple[str, str], _data: Dataset) -> np.ndarray:
    placed = _look_alikes(network_key)
    if _data.name == MNIST_TEST:
        return placed.places
    return placed.places_of(_coordinates(key, network_key, _data))
