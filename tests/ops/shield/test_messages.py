"""Only messages that our pages send pass, and only with fields of a page's size."""

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from ops.shield.bounds import BOUNDS
from ops.shield.messages import is_allowed


def rerun(**fields) -> BackMsg:
    message = BackMsg()
    message.rerun_script.query_string = ""
    for name, value in fields.items():
        setattr(message.rerun_script, name, value)
    return message


def passes(message: BackMsg) -> bool:
    return is_allowed(message.SerializeToString(), BOUNDS)


@pytest.mark.parametrize("kind", ["clear_cache", "load_git_info", "set_run_on_save"])
def test_commands_that_no_page_offers_are_refused(kind):
    message = BackMsg()
    setattr(message, kind, True)
    assert not passes(message)


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


def test_many_widgets_hashes_and_names_are_refused():
    many = rerun()
    for index in range(BOUNDS.widgets + 1):
        many.rerun_script.widget_states.widgets.add(id=f"{index}")
    assert not passes(many)
    many = rerun()
    many.rerun_script.cached_message_hashes.extend(["h"] * (BOUNDS.cached_messages + 1))
    assert not passes(many)
    many = BackMsg()
    many.file_urls_request.file_names.extend(["n"] * (BOUNDS.file_names + 1))
    assert not passes(many)


def test_long_ids_and_names_are_refused():
    long = rerun()
    long.rerun_script.widget_states.widgets.add(id="x" * (BOUNDS.widget_id_characters + 1))
    assert not passes(long)
    empty = rerun()
    empty.rerun_script.widget_states.widgets.add(bool_value=True)
    assert not passes(empty)
    long = rerun()
    files = long.rerun_script.widget_states.widgets.add().file_uploader_state_value
    files.uploaded_file_info.add(file_id="x" * (BOUNDS.id_characters + 1))
    assert not passes(long)
    long = BackMsg()
    long.file_urls_request.file_names.append("x" * (BOUNDS.file_name_characters + 1))
    assert not passes(long)
    long = BackMsg()
    long.backend_operation_request.deferred_file.file_id = "x" * (BOUNDS.id_characters + 1)
    assert not passes(long)
