"""Drops the run of a fragment whose page the visitor has left."""

import functools

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData


@functools.cache
def drop_late_runs() -> None:
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
