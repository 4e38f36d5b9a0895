"""The files that a visitor has uploaded to this server."""

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile


def files_of(key: str) -> list[UploadedFile]:
    """The files of an uploader or camera that this server has.

    The widgets themselves return copies, as large as the files. A file of which only the name is
    known is left out: the server that had it has ended, or it was removed.

    Args:
        key: The widget's.
    """
    held = st.session_state.get(key) or []
    files = held if isinstance(held, list) else [held]
    return [file for file in files if isinstance(file, UploadedFile)]
