"""Only messages that our pages send pass, and only with fields of a page's size."""

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from ops.shield.bounds import BOUNDS
from ops.shield.messages import is_allowed


def rerun(**fields) -> BackMsg:
    return BackMsg(rerun_script={"query_string": "", **fields})


def passes(message: BackMsg) -> bool:
    return is_allowed(message.SerializeToString(), BOUNDS)


@pytest.mark.parametrize("kind", ["clear_cache", "load_git_info", "set_run_on_save"])
def test_commands_that_no_page_offers_are_refused(kind):
    assert not passes(BackMsg(**{kind: True}))


def test_what_pages_send_passes():
    assert passes(rerun(query_string="label=3", fragment_id="f" * 32, page_script_hash="p" * 32))
    message = BackMsg()
    message.app_heartbeat = True
    assert passes(message)
    message.file_urls_request.request_id = "1" * 36
    message.file_urls_request.file_names.extend(["photo.jpg"] * BOUNDS.file_names)
    assert passes(message)
    message.backend_operation_request.deferred_file.file_id = "f" * 64
    assert passes(message)


@pytest.mark.parametrize("field", ["query_string", "page_name", "fragment_id", "page_script_hash"])
def test_a_long_text_is_refused(field):
    assert not passes(rerun(**{field: "x" * (BOUNDS.text_characters + 1)}))


def with_widgets(*widgets: dict) -> BackMsg:
    return rerun(widget_states={"widgets": widgets})


@pytest.mark.parametrize(
    "message",
    [
        with_widgets(*({"id": f"{index}"} for index in range(BOUNDS.widgets + 1))),
        rerun(cached_message_hashes=["h"] * (BOUNDS.cached_messages + 1)),
        BackMsg(file_urls_request={"file_names": ["n"] * (BOUNDS.file_names + 1)}),
    ],
    ids=["widgets", "hashes", "names"],
)
def test_many_widgets_hashes_and_names_are_refused(message):
    assert not passes(message)


LONG_ID = "x" * (BOUNDS.id_characters + 1)
LONG_FILE = {"uploaded_file_info": [{"file_id": LONG_ID}]}


@pytest.mark.parametrize(
    "message",
    [
        with_widgets({"id": "x" * (BOUNDS.widget_id_characters + 1)}),
        with_widgets({"bool_value": True}),
        with_widgets({"id": "widget", "file_uploader_state_value": LONG_FILE}),
        BackMsg(file_urls_request={"file_names": ["x" * (BOUNDS.file_name_characters + 1)]}),
        BackMsg(backend_operation_request={"deferred_file": {"file_id": LONG_ID}}),
    ],
    ids=["widget", "nameless widget", "uploaded file", "file name", "deferred file"],
)
def test_long_or_missing_ids_and_long_names_are_refused(message):
    assert not passes(message)
