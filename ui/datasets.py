"""Labelled images that all visitors share, loaded once: MNIST's test images and UCI's digits."""

import contextlib
import gc
import hashlib

import streamlit as st

from model.errors import DataError
from model.learning.data import Dataset, bundled_digits, fetch, load_mnist, needs_download
from model.learning.upload import read_upload
from ops.heavy_work import one_at_a_time
from ops.settings import settings
from ui import networks


def test_images() -> tuple[Dataset, str]:
    """MNIST's test images, downloaded if need be, or the bundled digits if that fails.

    Returns:
        The images, and why they are not MNIST's: a sentence for the log, or `""`.
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


def mnist_on_disk() -> Dataset | None:
    """MNIST's test images, or `None` if they would have to be downloaded or can't be loaded."""
    if needs_download(settings().data):
        return None
    data, problem = test_images()
    return None if problem else data


def training_images() -> Dataset | None:
    """MNIST's training images, or `None` if they can't be loaded."""
    if not test_images()[1]:
        with contextlib.suppress(DataError):  # its folder may be gone since the test images came
            return load_mnist(settings().data)[0]
    return None


def retry_mnist() -> None:
    """Makes the next `test_images()` try MNIST again."""
    _problem.clear()


@st.cache_resource(show_spinner="Loading digits")
def bundled() -> Dataset:
    """The digits that ship with the app."""
    return bundled_digits()


def uploaded(files: list) -> Dataset:
    """A visitor's own labelled images.

    Args:
        files: As Streamlit's uploader returns them.

    Raises:
        ArtifactError: If the network is missing or damaged.
        DataError: If they are not in MNIST's format.
    """
    contents = {file.name: file.getvalue() for file in files}
    digests = tuple((name, hashlib.sha256(content).digest()) for name, content in contents.items())
    return _uploaded(digests, contents)


@st.cache_resource(show_spinner=False)
def _problem() -> list[str]:
    """Why MNIST can't be loaded; cached, so that only `retry_mnist` makes anyone wait again."""
    return []


@st.cache_resource(show_spinner="Loading MNIST")
def _mnist_test() -> Dataset:
    return load_mnist(settings().data)[1]


@st.cache_resource(show_spinner="Reading the images", max_entries=2)  # of 16 MB
def _uploaded(digests: tuple[tuple[str, bytes], ...], _contents: dict[str, bytes]) -> Dataset:
    # With the predictions, so that no unpacked images wait for those.
    with one_at_a_time():
        gc.collect()  # others' images, which reference cycles of ended runs still hold
        data = read_upload(_contents)
        networks.predictions(data)
        return data


def _download() -> None:
    bar = st.progress(0.0, "Downloading MNIST")
    try:
        fetch(_DownloadBar(bar))
    finally:
        bar.empty()


class _DownloadBar:
    """Shows a download on a Streamlit progress bar; the interface that pooch expects."""

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
