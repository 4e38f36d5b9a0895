"""Digits on paper: upload a picture or take a photo, and read them all."""

import numpy as np
import streamlit as st

from model.errors import DigitError
from model.ink.sheet import MAX_BYTES, decode, shrink
from model.reading.sheets import read_sheet
from ui import resources
from ui.doubtful_digits import checked
from ui.gallery import gallery
from ui.telemetry import reading
from ui.words import in_words, percent

SHOWN_WIDTH = 640  # CSS pixels


def read(content: bytes, file_id: str) -> None:
    try:
        with reading("photo", file_id) as noted:
            picture = decode(content)
            recognizer = resources.recognizer()
            found = read_sheet(picture, recognizer)
            answers = [digit.answer for digit in found]
            noted.answered(recognizer.version, answers)
    except DigitError as error:
        st.warning(str(error), icon=":material/error:")
        return
    frames = np.stack([digit.frame for digit in found])
    probabilities = np.stack([digit.probabilities for digit in found])
    doubtful = np.array([answer.is_doubtful for answer in answers])
    st.metric("Digits found", len(found))
    text = st.container()
    digits = checked(frames, probabilities, doubtful, show_frames=True)
    text.code("".join(map(str, digits)), language=None, wrap_lines=True)
    framed = resources.boxed(picture, [digit.box for digit in found])
    with st.container(width=SHOWN_WIDTH):  # a phone is narrower, and so is the picture then
        st.image(
            resources.picture_url(shrink(framed, 2 * SHOWN_WIDTH)[0]),  # or a message is too large
            caption="What was found, read line by line",
            width="stretch",
        )
    captions = [
        f"{in_words(answer.digits)} · {percent(row.max())}" if answer.is_digit else "no digit?"
        for answer, row in zip(answers, probabilities, strict=True)
    ]
    gallery(np.round(frames * 255).astype(np.uint8), captions, doubtful)


st.title("Photo")
st.caption("Dark ink on plain or ruled paper, or chalk on a board. Pictures are not kept.")
upload = st.file_uploader(
    f"A picture, PNG, JPEG or WebP, up to {MAX_BYTES // 1_000_000} MB",
    type=["png", "jpg", "jpeg", "webp"],
    max_upload_size=MAX_BYTES // 1_000_000,
)
photo = st.camera_input("Or take a photo") if st.toggle("Use the camera") else None
chosen = photo or upload
if chosen is None:
    st.info("Choose a picture of handwritten digits, or take a photo.", icon=":material/photo:")
else:
    read(chosen.getvalue(), chosen.file_id)
