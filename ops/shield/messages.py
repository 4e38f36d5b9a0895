"""Checks the messages that a page sends over its WebSocket connection.

Streamlit carries out any message of its protocol, whether or not a page offers it: one clears the
caches of all visitors, another lists the repository's files, a third reserves a million uploads.
"""

from collections.abc import Iterable

from google.protobuf.message import DecodeError
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState

from ops.shield.bounds import Bounds

KINDS = {"rerun_script", "stop_script", "app_heartbeat", "file_urls_request"}
OPERATIONS = {"deferred_file", "dataframe_chunk"}  # downloads, and parts of long tables


def is_allowed(data: bytes, bounds: Bounds) -> bool:
    """Whether to pass a message on: one that our pages send, or one that Streamlit itself refuses.

    Streamlit closes the connection after a message that can't be decoded.

    Args:
        data: A message of Streamlit's protocol, `BackMsg`.
        bounds: How much it may hold.
    """
    message = BackMsg()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return True
    kind = message.WhichOneof("type")
    if kind == "rerun_script":
        return _is_small_state(message.rerun_script, bounds)
    if kind == "file_urls_request":
        request = message.file_urls_request
        return (
            len(request.file_names) <= bounds.file_names
            and _are_short(request.file_names, bounds.file_name_characters)
            and _are_short((request.request_id, request.session_id), bounds.id_characters)
        )
    if kind == "backend_operation_request":
        operation = message.backend_operation_request
        ids = (
            *(operation.request_id, operation.session_id),
            *(operation.deferred_file.file_id, operation.dataframe_chunk.source_id),
        )
        return operation.WhichOneof("payload") in OPERATIONS and _are_short(
            ids, bounds.id_characters
        )
    return kind in KINDS


def _is_small_state(state: ClientState, bounds: Bounds) -> bool:
    widgets = state.widget_states.widgets
    hashes = state.cached_message_hashes
    context = state.context_info
    if len(widgets) > bounds.widgets or len(hashes) > bounds.cached_messages:
        return False
    files = [
        file for widget in widgets for file in widget.file_uploader_state_value.uploaded_file_info
    ]
    return (
        len(files) <= bounds.files_of_visit
        and all(0 < len(widget.id) <= bounds.widget_id_characters for widget in widgets)
        and _are_short((file.name for file in files), bounds.file_name_characters)
        and _are_short((file.file_id for file in files), bounds.id_characters)
        and _are_short(hashes, bounds.id_characters)
        and _are_short((state.page_script_hash, state.fragment_id), bounds.id_characters)
        and _are_short(
            (
                *(state.query_string, state.page_name, context.url),
                *(context.timezone, context.locale, context.color_scheme),
            ),
            bounds.text_characters,
        )
    )


def _are_short(texts: Iterable[str], limit: int) -> bool:
    return all(len(text) <= limit for text in texts)
