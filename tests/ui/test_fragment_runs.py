"""Fragments that run again before the browser got what they sent."""

from types import SimpleNamespace

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_cache import populate_hash_if_needed
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext, ThreadState

from ui.fragment_runs import mend_fragment_runs


def element(place: int, fragment: str) -> ForwardMsg:
    """One that is large enough for a reference."""
    message = ForwardMsg()
    message.metadata.delta_path[:] = [0, 1, place]
    message.delta.fragment_id = fragment
    message.delta.new_element.markdown.body = "x" * 20_000
    populate_hash_if_needed(message)
    return message


def enqueue(message: ForwardMsg, queue: ForwardMsgQueue) -> None:
    """Enqueues it as a run does, for a browser that has such an element already."""
    hashes = frozenset([message.hash])
    run = SimpleNamespace(cached_message_hashes=hashes, _enqueue=queue.enqueue)
    ScriptRunContext.enqueue(run, message)


@pytest.fixture(autouse=True)
def mended():
    mend_fragment_runs()
    ThreadState.initialize()


def test_a_fragments_new_run_leaves_nothing_of_the_former_in_the_queue():
    queue = ForwardMsgQueue()
    for place in range(3):
        enqueue(element(place, "drawing"), queue)
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=["drawing"])
    assert queue.is_empty()


def test_a_fragments_new_run_keeps_what_belongs_to_others():
    queue = ForwardMsgQueue()
    enqueue(element(0, "answer"), queue)
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=["drawing"])
    assert [message.delta.fragment_id for message in queue.flush()] == ["answer"]


def test_outside_fragments_a_known_element_is_sent_as_a_reference():
    queue, known = ForwardMsgQueue(), element(0, "")
    enqueue(known, queue)
    assert [message.ref_hash for message in queue.flush()] == [known.hash]
