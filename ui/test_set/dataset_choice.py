"""Asks which labelled images to browse: MNIST's, corrections, the visitor's own, or UCI's."""

from collections.abc import Callable

import streamlit as st

from model.errors import DataError
from model.learning.data import Dataset
from model.learning.upload import MAX_BYTES, MAX_IMAGES
from ops.correction_rows import as_dataset
from ui import datasets
from ui.owner import owner_auth
from ui.show_error import LOG, SEE_LOG, show_error
from ui.uploads import files_of

_FILES = "own_images"  # key of the uploader


def choose_dataset(row, on_change: Callable[[], None]) -> Dataset:
    """Asks for a data set and returns it; ends the page, with a hint, if it has no image yet.

    Args:
        row: The container for the question; hints go below it.
        on_change: Called when another data set is chosen.

    Raises:
        DigitError: If it can't be loaded.
    """
    choice = row.selectbox(
        "Images",
        list(_LOADERS),
        key="data",
        bind="query-params",
        on_change=on_change,
        width=165,
    )
    return _LOADERS[choice]()


def _mnist() -> Dataset:
    data, problem = datasets.test_images()
    if problem:
        LOG.warning("%s", problem)
        st.warning(
            f"MNIST's test images are not available. {SEE_LOG} Shown instead: {data.name}, "
            f"{len(data):,} of them."
        )
        st.button(
            "Try again to load MNIST", icon=":material/refresh:", on_click=datasets.retry_mnist
        )
    return data


def _corrections() -> Dataset:
    owner_auth.require_access(owner_auth.CORRECTIONS)
    readable, unreadable = owner_auth.corrections().load_readable(strokes=False)
    if unreadable:
        st.warning(
            f"{len(unreadable):,} corrections can't be read and are left out: the Corrections page "
            "says why and deletes them.",
            icon=":material/error:",
        )
    images, labels = as_dataset(readable)
    if not len(labels):
        st.info(
            'No corrections yet. Draw a digit; if the answer is wrong, press "Wrong?" under it.',
            icon=":material/edit_note:",
        )
        st.stop()
    return Dataset(images, labels, "corrections")


def _uploaded() -> Dataset:
    st.file_uploader(
        f"A .npz file with images and labels, or two IDX .gz files; up to {MAX_BYTES // 1_000_000} "
        f"MB and {MAX_IMAGES:,} images of 28 × 28 bytes, 0 paper to 255 ink",
        type=["npz", "gz"],
        accept_multiple_files=True,
        max_upload_size=MAX_BYTES // 1_000_000,
        help="They are not stored, so a link does not share them.",
        key=_FILES,
    )
    files = files_of(_FILES)
    if not files:
        st.info("Upload labelled images in MNIST's format.", icon=":material/upload_file:")
        st.stop()
    try:
        return datasets.uploaded(files)
    except DataError as error:
        show_error(error, in_full=True)
        st.stop()


_LOADERS = {
    "MNIST test": _mnist,
    "Corrections": _corrections,
    "Your own": _uploaded,
    "UCI": datasets.bundled,
}
