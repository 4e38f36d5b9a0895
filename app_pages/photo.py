"""The Photo page: upload a picture or take a photo, and read all digits on it."""

import streamlit as st

from model.ink.decode import MAX_BYTES
from ui.paper.photo import show_photo
from ui.uploads import files_of

st.title("Photo")
st.caption("Dark ink on plain or ruled paper, or chalk on a board. Pictures are not stored.")
st.file_uploader(
    f"A picture, PNG, JPEG or WebP, up to {MAX_BYTES // 1_000_000} MB",
    type=["png", "jpg", "jpeg", "webp"],
    max_upload_size=MAX_BYTES // 1_000_000,
    key="picture",
)
if st.toggle("Use the camera"):
    st.camera_input("Or take a photo", key="camera")
if chosen := [*files_of("camera"), *files_of("picture")]:
    show_photo(chosen[0])
else:
    st.info("Choose a picture of handwritten digits, or take a photo.", icon=":material/photo:")
