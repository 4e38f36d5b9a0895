"""The Paper page: pictures of handwritten numbers become rows and cells."""

import streamlit as st

from model.ink.decode import MAX_BYTES
from model.ink.file_kinds import ENDINGS, KNOWN
from ui.paper.documents import pages, read_new_files
from ui.paper.page import show_all_downloads, show_page
from ui.show_error import show_error
from ui.uploads import files_of
from ui.visitor import is_on_phone


@st.fragment
def show_pages() -> None:
    for page in reversed(pages()):
        show_page(page)
    if len(pages()) > 1:
        show_all_downloads()


def choose_files() -> None:
    st.file_uploader(
        f"Pictures: {', '.join(KNOWN)}, up to {MAX_BYTES // 1_000_000} MB each",
        type=[ending[1:] for ending in ENDINGS],
        max_upload_size=MAX_BYTES // 1_000_000,
        accept_multiple_files=True,
        key="pictures",
    )


def use_camera() -> None:
    if st.toggle("Use the camera", value=is_on_phone()):
        st.camera_input("Take a photo of the paper", key="camera")


st.title("Paper")
st.caption(
    "Handwritten numbers on paper, a board or a screen become a table. Pictures are not stored."
)
for choose in (use_camera, choose_files) if is_on_phone() else (choose_files, use_camera):
    choose()
for name, error in read_new_files([*files_of("camera"), *files_of("pictures")]):
    show_error(error, about=name)
if pages():
    show_pages()
else:
    st.info("Choose pictures of handwritten numbers, or take a photo.", icon=":material/photo:")
