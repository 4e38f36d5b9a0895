"""The pages of paper that a visit has read; they stay until they are removed."""

import io
import itertools
from dataclasses import dataclass, field

import numpy as np
import streamlit as st
from PIL import Image

from model.errors import DigitError, NothingDrawn, PictureError
from model.ink.decode import MAX_PAGES
from model.ink.picture import frame_of_picture
from model.ink.sheet import shrink
from model.reading.one_digit import look_closer
from model.reading.paper import Box, PaperDigit, PaperReading
from model.reading.paper_edits import with_added
from model.reading.paper_reader import read_paper
from model.reading.prediction import read_frames
from model.reading.recognizer import Recognizer
from ops.decoding import DECODER
from ops.heavy_work import one_at_a_time
from ui import personalisation
from ui.pictures import jpeg
from ui.telemetry import record_reading

MAX_KEPT = 30  # pages of a visit; each takes up to 1 MB
SHOWN_SIDE = 1280  # pixels; the picture of a page as the browser gets it
_PAGES, _SEEN = "paper_pages", "paper_files"
_numbers = itertools.count()


@dataclass
class PaperPage:
    """A page that was read.

    Attributes:
        name: Its file's name, with the page's number if the file has several.
        content: The picture, a JPEG file.
        size: Its width and height, pixels.
        reading: What was read, with what the visitor changed; boxes in pixels of the picture.
        chosen: The digit that is shown large.
        note: What became of the last answer that was to be stored.
        version: How often the reading was changed; names the table's state.
        number: Tells pages apart.
    """

    name: str
    content: bytes
    size: tuple[int, int]
    reading: PaperReading
    chosen: int | None = None
    version: int = 0
    note: str = ""
    number: int = field(default_factory=lambda: next(_numbers))

    @property
    def picture(self) -> np.ndarray:
        """`uint8` array of shape `(height, width, 3)`, RGB."""
        return np.asarray(Image.open(io.BytesIO(self.content)))

    def change(self, reading: PaperReading) -> None:
        """Keeps a changed reading."""
        if reading is not self.reading:
            self.reading, self.version, self.chosen = reading, self.version + 1, None
            self.note = ""


def pages() -> list[PaperPage]:
    """This visit's pages, in the order in which they were read."""
    return st.session_state.setdefault(_PAGES, [])


def remove(page: PaperPage) -> None:
    """Takes a page away."""
    pages().remove(page)


def read_new_files(files: list) -> list[tuple[str, DigitError]]:
    """Reads files that were not read before, with their progress on the page.

    Args:
        files: As Streamlit's uploader returns them.

    Returns:
        Names of files and pages without a digit, each with the error.
    """
    seen: dict[str, list[tuple[str, DigitError]]] = st.session_state.setdefault(_SEEN, {})
    new = [file for file in files if file.file_id not in seen]
    if new:
        bar = st.progress(0.0, f"Reading {new[0].name}")
        for done, file in enumerate(new):
            bar.progress(done / len(new), f"Reading {file.name} ({done + 1} of {len(new)})")
            seen[file.file_id] = _read(file)
        bar.empty()
    return [problem for file in files for problem in seen[file.file_id]]


def _read(file) -> list[tuple[str, DigitError]]:
    """Reads a file's pages; returns those without a digit."""
    content, problems = file.getvalue(), []
    page, num_pages = 0, 1
    while page < num_pages:
        name = file.name if num_pages == 1 else f"{file.name}, page {page + 1}"
        try:
            with record_reading("paper", f"{file.file_id} {page}") as counted:
                recognizer = personalisation.recognizer()
                if len(pages()) >= MAX_KEPT:
                    raise PictureError(
                        f"There are {MAX_KEPT} pages already: download and remove some first."
                    )
                with one_at_a_time():
                    picture, num_pages = DECODER.decode_page(content, page)
                    if num_pages > 1 and page == 0:
                        name = f"{file.name}, page 1"
                    picture = np.ascontiguousarray(shrink(picture, SHOWN_SIDE)[0])
                    reading = read_paper(picture, recognizer)
                counted.answered(recognizer.version, [digit.answer for digit in reading.digits])
            size = picture.shape[1], picture.shape[0]
            pages().append(PaperPage(name, jpeg(picture), size, reading))
        except NothingDrawn as error:
            problems.append((name, error))
        except DigitError as error:
            problems.append((name, error))
            break
        page += 1
        if page >= MAX_PAGES:
            break
    return problems


def add_missed_digit(page: PaperPage, box: Box, recognizer: Recognizer) -> None:
    """Reads the digit in a box that was drawn, and adds it to the page.

    Raises:
        NothingDrawn: If there is no ink in the box.
    """
    left, top, right, bottom = box
    part = np.ascontiguousarray(page.picture[top:bottom, left:right])
    plain = read_frames([frame_of_picture(part)], recognizer)[0]
    found = look_closer(part, plain, recognizer)
    digit = PaperDigit(box, found.frame, found.probabilities, found.answer)
    page.change(with_added(page.reading, digit))
    page.chosen = next(n for n, each in enumerate(page.reading.digits) if each is digit)
