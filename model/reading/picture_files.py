"""Reads picture files: one digit, or all numbers on pages of paper.

`predict.py`, the endpoint and the page Paper use it.
"""

from collections.abc import Callable, Iterator

import numpy as np

from model.errors import DigitError, NothingDrawn, PictureError
from model.ink.decode import decode_page, file_scale
from model.reading.one_digit import read_one_digit
from model.reading.paper import PaperReading
from model.reading.paper_reader import read_paper
from model.reading.prediction import Prediction
from model.reading.recognizer import Recognizer

DecodePage = Callable[[bytes, int], tuple[np.ndarray, int]]


def read_file(
    content: bytes, recognizer: Recognizer, decode: DecodePage = decode_page
) -> Prediction:
    """Reads a picture file of one digit; of a file with pages, the first.

    Args:
        content: A file of one of the formats that `model.ink.decode` knows.
        recognizer: Reads the digit.
        decode: Decodes a page of the file, as `model.ink.decode.decode_page` does.

    Raises:
        PictureError: If the file can't be decoded.
        NothingDrawn: If the whole picture has one shade.
    """
    return read_one_digit(decode(content, 0)[0], recognizer)


def read_pages(
    content: bytes, recognizer: Recognizer, decode: DecodePage = decode_page
) -> Iterator[PaperReading | NothingDrawn]:
    """Reads all numbers on the pages of a photo, scan or document, one page after the other.

    Args:
        content: A file of one of the formats that `model.ink.decode` knows.
        recognizer: Reads the digits.
        decode: Decodes a page of the file.

    Yields:
        For each page what was read, with boxes in pixels of the file's own picture; the error for
        a page without a digit.

    Raises:
        PictureError: If the file can't be decoded.
    """
    page, num_pages = 0, 1
    while page < num_pages:
        picture, num_pages = decode(content, page)
        try:
            reading = read_paper(picture, recognizer)
        except NothingDrawn as error:
            yield error
        else:
            yield reading.scaled(file_scale(content, page, picture))
        page += 1


def pages_or_error(
    one: bytes | np.ndarray | DigitError, recognizer: Recognizer
) -> list[PaperReading | NothingDrawn] | DigitError:
    """As `read_pages`, or why that can't be.

    Args:
        one: A file's content; an array, which is no photo; or why there is neither.
        recognizer: Reads the digits.
    """
    if isinstance(one, DigitError):
        return one
    if isinstance(one, np.ndarray):
        return PictureError("28x28 numbers are no photo: leave --photo out.")
    try:
        return list(read_pages(one, recognizer))
    except DigitError as error:
        return error
