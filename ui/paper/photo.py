"""Reads a photo of digits on paper and shows what was found."""

import numpy as np
import streamlit as st

from model.errors import DigitError
from model.ink.sheet import shrink
from model.reading.picture_files import read_sheet
from model.reading.prediction import Prediction
from model.reading.recognizer import Recognizer
from ops.decoding import DECODER
from ops.heavy_work import one_at_a_time
from ui import personalisation, pictures
from ui.answer import ask_about_doubtful_digits
from ui.formatting import in_words, percent
from ui.pictures import gallery
from ui.show_error import show_error
from ui.telemetry import record_reading

WIDTH = 640  # CSS pixels
_LAST = "photo"  # the last picture that was read, and by which network


def show_photo(file) -> None:
    """Reads a picture and shows its digits, a question about each doubtful one, and the picture.

    Args:
        file: As Streamlit's uploader returns it.
    """
    try:
        with record_reading("photo", file.file_id) as reading:
            recognizer = personalisation.recognizer()
            framed, found = _read_once(file, recognizer)
            answers = [digit.answer for digit in found]
            reading.answered(recognizer.version, answers)
    except DigitError as error:
        show_error(error)
        return
    frames = np.stack([digit.frame for digit in found])
    probabilities = np.stack([digit.probabilities for digit in found])
    doubtful = np.array([answer.is_doubtful for answer in answers])
    st.metric("Digits found", len(found))
    text = st.container()
    digits = ask_about_doubtful_digits(frames, probabilities, doubtful, show_frames=True)
    text.code("".join(map(str, digits)), language=None, wrap_lines=True)
    with st.container(width=WIDTH):  # a phone is narrower, and so is the picture then
        st.image(framed, caption="What was found, read line by line", width="stretch")
    captions = [
        f"{in_words(answer)} · {percent(row.max())}" if answer.is_digit else "no digit?"
        for answer, row in zip(answers, probabilities, strict=True)
    ]
    gallery(np.round(frames * 255).astype(np.uint8), captions, doubtful)


def _read_once(file, recognizer: Recognizer) -> tuple[str, list[Prediction]]:
    """Reads a picture, or returns what was read before: clicks don't read it again.

    Returns:
        The picture with a frame around each digit, a data URL, and the digits.
    """
    last = st.session_state.get(_LAST)
    if last is None or last["file_id"] != file.file_id or last["recognizer"] is not recognizer:
        with one_at_a_time():
            picture = DECODER.decode(file.getvalue())
            found = read_sheet(picture, recognizer)
            framed = pictures.boxed(picture, [digit.box for digit in found])
        last = {
            "file_id": file.file_id,
            "recognizer": recognizer,
            "framed": pictures.photo_url(shrink(framed, 2 * WIDTH)[0]),
            "found": found,
        }
        st.session_state[_LAST] = last
    return last["framed"], last["found"]
