"""Pages get only the files that this server has."""

import streamlit as st
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.runtime.uploaded_file_manager import DeletedFile, UploadedFile, UploadedFileRec

from ui.uploads import files_of

FILE = UploadedFile(UploadedFileRec("1", "x.png", "image/png", b"x"), FileURLs())


def test_files_of_a_server_that_ended_are_left_out(monkeypatch):
    state = {"one": DeletedFile("2"), "many": [DeletedFile("2"), FILE], "none": None, "mine": FILE}
    monkeypatch.setattr(st, "session_state", state)
    assert files_of("one") == files_of("none") == files_of("unknown") == []
    assert files_of("many") == files_of("mine") == [FILE]
