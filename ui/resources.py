"""What all visitors share, loaded once: the network, the test images, their predictions."""

import base64
import contextlib
import io
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from model.errors import ArtifactError, DataError
from model.files import served
from model.files.atomic import sha256
from model.files.runs import ONNX_FILE, load_runs
from model.learning import augment
from model.learning.data import (
    MNIST_TEST,
    SHAPES,
    Dataset,
    bundled_digits,
    fetch,
    load_mnist,
    needs_download,
    validation_mask,
)
from model.learning.evaluation import answered_above
from model.learning.upload import read_upload
from model.reading.look_alikes import LookAlikes, load_look_alikes
from model.reading.personalisation import OtherDigits, Personalisation
from model.reading.recognizer import BATCH, Recognizer, load_served
from ops.settings import settings
from ui.results.report_tables import risk_table

NUM_PLACED = SHAPES["y_test"][0]  # images among which look-alikes are found
NUM_REHEARSED = 2000  # other people's digits that are not to be forgotten, as MNIST has them
REHEARSAL_SEED = 0
_HAND = "hand"  # of this visit
BOX_COLOR = (230, 126, 34)  # orange


def recognizer() -> Recognizer:
    """The served network, with this visitor's hand if there is one; after retraining, the new
    network at the next call.

    Raises:
        ArtifactError: If there is none or it is damaged.
    """
    known = hand()
    return shared_recognizer().adapted(known) if known else shared_recognizer()


def shared_recognizer() -> Recognizer:
    """The served network as it is for everyone.

    Raises:
        ArtifactError: If there is none or it is damaged.
    """
    return load_served(settings().runs)


def hand() -> Personalisation | None:
    """What the served network has learnt of this visitor's hand, in this visit."""
    known = st.session_state.get(_HAND)
    return known if known and known.network == shared_recognizer().key else None


def set_hand(known: Personalisation | None) -> None:
    """Has this visitor's drawings read by their hand from now on, or as everyone's."""
    st.session_state[_HAND] = known


def others() -> tuple[OtherDigits, OtherDigits]:
    """Other people's digits as the served network reads them: to rehearse, and to check.

    Raises:
        ArtifactError: If the network is missing or damaged.
    """
    return _others(shared_recognizer().key)


def load_others_ahead() -> None:
    """Reads other people's digits before they are asked for."""
    with contextlib.suppress(ArtifactError):
        others()


@st.cache_resource(show_spinner="Reading other people's digits", max_entries=1)
def _others(network_key: tuple[str, str]) -> tuple[OtherDigits, OtherDigits]:
    shared = shared_recognizer()
    if test_images()[1]:  # no MNIST
        data = bundled()
        is_checked = np.arange(len(data)) % 3 > 0
    else:
        data, is_checked = load_mnist(settings().data)[0], validation_mask()
    rng = np.random.default_rng(REHEARSAL_SEED)
    unchecked = np.flatnonzero(~is_checked)
    some = data.take(rng.permutation(unchecked)[:NUM_REHEARSED], "")
    drawn = np.clip(augment.variants(some.frames, some.labels, rng), 0, 1)
    checked = data.take(is_checked, "")
    return (
        OtherDigits.read(np.concatenate([some.frames, drawn]), np.tile(some.labels, 2), shared),
        OtherDigits.read(checked.frames, checked.labels, shared),
    )


def load_ahead() -> None:
    """Loads the network before it is asked for; what is wrong with it is told when it is."""
    with contextlib.suppress(ArtifactError):
        recognizer()


def lookalikes() -> LookAlikes:
    """Where MNIST's test images lie in the served network's feature space.

    Raises:
        ArtifactError: If the file is missing, damaged or of another network.
    """
    return _lookalikes(shared_recognizer().key)


@st.cache_resource(show_spinner=False, max_entries=2)
def _lookalikes(network_key: tuple[str, str]) -> LookAlikes:
    placed = load_look_alikes(served.current(settings().runs))
    if len(placed.labels) != NUM_PLACED:
        raise ArtifactError(
            f"The look-alikes are {len(placed.labels):,} images and should be MNIST's "
            f"{NUM_PLACED:,} test images: train again, or restore the file from the repository."
        )
    return placed


def test_images() -> tuple[Dataset, str]:
    """MNIST's test images, or the bundled digits where MNIST can't be had.

    Returns:
        The images, and why they are not MNIST's: a sentence, or `""`.
    """
    problem = _problem()
    if not problem:
        try:
            if needs_download(settings().data):
                _download()
            return _mnist_test(), ""
        except DataError as error:
            problem.append(str(error))
    return bundled(), problem[0]


def mnist_at_hand() -> Dataset | None:
    """MNIST's test images, or `None` where they would have to be downloaded or can't be had."""
    if needs_download(settings().data):
        return None
    data, problem = test_images()
    return None if problem else data


def retry_mnist() -> None:
    """Has the next `test_images()` try MNIST again."""
    _problem.clear()


@st.cache_resource(show_spinner=False)
def _problem() -> list[str]:
    """Why MNIST can't be had, kept so that not every click waits for it once more."""
    return []


def _download() -> None:
    bar = st.progress(0.0, "Downloading MNIST")
    try:
        fetch(_Download(bar))
    finally:
        bar.empty()


@st.cache_resource(show_spinner="Loading MNIST")
def _mnist_test() -> Dataset:
    return load_mnist(settings().data)[1]


@st.cache_resource(show_spinner="Loading digits")
def bundled() -> Dataset:
    """The digits that ship with the app."""
    return bundled_digits()


def uploaded(files: list) -> Dataset:
    """A visitor's own labelled images.

    Args:
        files: As Streamlit's uploader gives them.

    Raises:
        DataError: If they are not in MNIST's format.
    """
    return _uploaded(tuple(file.file_id for file in files), files)


@st.cache_resource(show_spinner=False, max_entries=4)
def _uploaded(ids: tuple[str, ...], _files: list) -> Dataset:
    return read_upload({file.name: file.getvalue() for file in _files})


def predictions(data: Dataset, run: str = "") -> np.ndarray:
    """A network's probabilities for a data set, an `(n, 10)` `float32` array.

    Args:
        data: What it reads.
        run: The name of a run as `other_networks` gives it; default: the served network.

    Raises:
        ArtifactError: If the network is missing or damaged, or there is no such run.
    """
    if run and run not in other_networks():  # it comes from the page: never a path
        raise ArtifactError("There is no such run any more: choose another network.")
    network = (
        _network_of(run, sha256(settings().runs / run / ONNX_FILE)) if run else shared_recognizer()
    )
    return _predictions(data.key, network.key, data, network)


@st.cache_resource(show_spinner=False, max_entries=2)
def _network_of(run: str, content: str) -> Recognizer:
    return Recognizer.load(settings().runs / run)


@st.cache_resource(show_spinner="Reading the images", max_entries=8)
def _predictions(
    key: str, network_key: tuple[str, str], _data: Dataset, _network: Recognizer
) -> np.ndarray:
    # One call works on one core; someone waits for this one.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        parts = np.array_split(_data.frames, -(-len(_data) // BATCH))
        return np.concatenate(list(pool.map(_network.probabilities, parts)))


@st.cache_data(show_spinner=False, ttl=10)
def other_networks() -> list[str]:
    """The finished runs whose networks can be read with, newest first."""
    return [
        run.name
        for run in load_runs(settings().runs)
        if run.report and (settings().runs / run.name / ONNX_FILE).exists()
    ]


def coordinates(data: Dataset) -> np.ndarray:
    """Where a data set's images lie in the served network's feature space, `(n, 24)`.

    Raises:
        ArtifactError: If the network or its look-alikes are missing or damaged.
    """
    return _coordinates(data.key, shared_recognizer().key, data)


@st.cache_resource(show_spinner="Comparing the images", max_entries=4)
def _coordinates(key: str, network_key: tuple[str, str], _data: Dataset) -> np.ndarray:
    placed = _lookalikes(network_key)
    if _data.name == MNIST_TEST:
        return placed.coordinates
    return placed.coordinates_of(shared_recognizer().features(_data.frames))


def places(data: Dataset) -> np.ndarray:
    """Where a data set's images lie on the flat map of MNIST's test images, `(n, 2)`.

    Raises:
        ArtifactError: As `coordinates`.
    """
    return _places(data.key, shared_recognizer().key, data)


@st.cache_resource(show_spinner=False, max_entries=4)
def _places(key: str, network_key: tuple[str, str], _data: Dataset) -> np.ndarray:
    placed = _lookalikes(network_key)
    if _data.name == MNIST_TEST:
        return placed.places
    return placed.places_of(_coordinates(key, network_key, _data))


def risk(data: Dataset) -> tuple[pd.DataFrame, dict]:
    """What refusing to answer brings on a labelled set, for the served network.

    Returns:
        The curve, as `reports.risk_table` gives it, and the point of the shipped threshold, as
        `evaluation.answered_above` does.

    Raises:
        ArtifactError: If the network is missing or damaged.
    """
    probabilities = predictions(data)
    threshold = shared_recognizer().confidence.refusal_threshold
    return (
        risk_table(probabilities, data.labels),
        answered_above(probabilities, data.labels, threshold),
    )


class _Download:
    """Shows a download on a Streamlit progress bar; the interface that pooch asks for."""

    def __init__(self, bar):
        self._bar = bar
        self.total, self._done = 0, 0

    def update(self, num_bytes: int) -> None:
        self._done += num_bytes
        if self.total:
            self._bar.progress(min(self._done / self.total, 1.0), "Downloading MNIST")

    def reset(self) -> None:
        self._done = 0

    def close(self) -> None:
        pass


def png(image: np.ndarray) -> bytes:
    """A `uint8` picture, or a `float32` one from 0 to 1, as a PNG file; `(rows, cols)`."""
    if image.dtype != np.uint8:
        image = np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def boxed(picture: np.ndarray, boxes: list[tuple[int, int, int, int]]) -> np.ndarray:
    """A picture with a frame around each box, seen on paper and ink alike.

    Args:
        picture: `uint8` array of shape `(rows, cols)` or `(rows, cols, 3)`.
        boxes: Left, top, right and bottom, pixels; what lies outside is cut.

    Returns:
        `uint8` array of shape `(rows, cols, 3)`.
    """
    framed = picture.copy() if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    rows, cols = framed.shape[:2]
    thick = max(1, max(rows, cols) // 300)
    for left, top, right, bottom in boxes:
        x0, x1 = np.clip([left, right], 0, cols)
        y0, y1 = np.clip([top, bottom], 0, rows)
        inside = framed[y0 + thick : y1 - thick, x0 + thick : x1 - thick].copy()
        framed[y0:y1, x0:x1] = BOX_COLOR
        framed[y0 + thick : y1 - thick, x0 + thick : x1 - thick] = inside
    return framed


def picture_url(image: np.ndarray, scale: int = 1) -> str:
    """A picture as a data URL, which a browser shows without asking the server again.

    Args:
        image: As in `png`.
        scale: How many pixels a side one pixel becomes.
    """
    larger = image.repeat(scale, axis=0).repeat(scale, axis=1)
    return "data:image/png;base64," + base64.b64encode(png(larger)).decode()
