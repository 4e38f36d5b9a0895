"""Mends two faults in how Streamlit runs fragments: a late run, and a reference left over."""

import functools

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils import script_run_context
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData


@functools.cache
def mend_fragment_runs() -> None:
    """Mends both for all visitors of this process."""
    _drop_late_runs()
    _refer_to_no_element_of_a_fragment()


def _drop_late_runs() -> None:
    """Has Streamlit leave out runs of fragments that another page than the present one asked for.

    A canvas reports 200 ms after the pen was lifted. If the visitor opens another page meanwhile,
    Streamlit queues the report behind that page's run, then runs the fragment for the page that was
    left, and the browser, told of another page, empties the window.
    """
    run_script = ScriptRunner._run_script

    def run_on_its_page(runner: ScriptRunner, request: RerunData) -> None:
        page = runner._get_script_run_ctx().page_script_hash  # empty before the first run
        if not request.fragment_id_queue or page in ("", request.page_script_hash):
            run_script(runner, request)

    ScriptRunner._run_script = run_on_its_page


def _refer_to_no_element_of_a_fragment() -> None:
    """Has Streamlit send a fragment's large elements themselves, not references to earlier ones.

    When a fragment runs again, Streamlit removes from the queue what the former run has not sent
    yet, but keeps references, since they don't say which fragment they belong to. The browser then
    gets an element without those before it, stops with "Bad delta path index", and shows an old
    answer.
    """
    create_reference = script_run_context.create_reference_msg

    def element_or_reference(element: ForwardMsg) -> ForwardMsg:
        return element if element.delta.fragment_id else create_reference(element)

    script_run_context.create_reference_msg = element_or_reference
