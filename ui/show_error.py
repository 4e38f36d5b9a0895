"""Chooses the sentence that a visitor reads about an error; details go to the server's log.

Errors that a visitor can fix are shown as they are. Others are for the owner to fix, and may
contain paths of the server, so visitors read a general sentence.
"""

import contextlib
import logging
import re
from collections.abc import Iterator

import streamlit as st

from model.errors import (
    AccessError,
    ArtifactError,
    BadDrawing,
    BusyError,
    CorrectionsError,
    DataError,
    DigitError,
    NothingDrawn,
    PictureError,
    TooSmall,
)

LOG = logging.getLogger("digitpad.pages")
SEE_LOG = "Try again later; the server's log says what is wrong."
_SHOWN_IN_FULL = (NothingDrawn, TooSmall, BadDrawing, PictureError, AccessError, BusyError)
_FOR_VISITORS = {
    ArtifactError: "There is no network to read with at the moment, or one of its files is damaged",
    CorrectionsError: "The corrections can't be used at the moment",
    DataError: "These images can't be loaded at the moment",
}


def visitor_text(error: DigitError) -> str:
    """The sentence that a visitor may read; an error that only the owner can fix is logged."""
    if isinstance(error, _SHOWN_IN_FULL):
        return str(error)
    LOG.warning("%s", error)
    for kind, text in _FOR_VISITORS.items():
        if isinstance(error, kind):
            return f"{text}. {SEE_LOG}"
    return f"This can't be done at the moment. {SEE_LOG}"


def show_error(error: DigitError, in_full: bool = False, about: str = "") -> None:
    """Shows a sentence about an error; an empty drawing gets a hint instead of a warning.

    Args:
        error: What went wrong.
        in_full: Whether to show its own text: on the owner's pages, and for a visitor's own file.
        about: The file that it is about, if there may be several.
    """
    before = f"{escape_markdown(about)}: " if about else ""
    if isinstance(error, NothingDrawn):
        st.info(before + str(error), icon=":material/draw:")
        return
    st.warning(before + (str(error) if in_full else visitor_text(error)), icon=":material/error:")


def escape_markdown(text: str) -> str:
    """A text, such as a file's name, that Markdown shows as it is.

    Example:
        >>> escape_markdown("a_b*.png")
        'a\\\\_b\\\\*.png'
    """
    return re.sub(r"([\\`*_{}\[\]()<>#+!|~$:-])", r"\\\1", text)


@contextlib.contextmanager
def errors_shown() -> Iterator[None]:
    """Shows a `DigitError` raised inside as a sentence, and lets the rest of the page go on."""
    try:
        yield
    except DigitError as error:
        show_error(error)
