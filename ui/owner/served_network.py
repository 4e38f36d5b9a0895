"""Asks which network to serve: a finished run's, or the previous one."""

import zlib

import streamlit as st

from model.files import served
from ops.training_jobs import TrainingJobs
from ui.owner import owner_auth


def ask_what_to_serve(jobs: TrainingJobs) -> None:
    """Shows which network is served, a button to go back, and the finished runs to serve.

    Raises:
        DigitError: If `served.json` or a report can't be read.
    """
    st.subheader("Serve a network")
    current = served.trained_by(served.current(jobs.runs))
    former = served.trained_by(served.former(jobs.runs))
    if current is None:
        st.warning("No network is served, or it is damaged.", icon=":material/error:")
    else:
        accuracy = served.served_accuracy(jobs.runs)
        reads = "" if accuracy is None else f": it reads {accuracy:.2%} of the test images"
        st.write(f"The network of run **{current}** is served{reads}.")
    if former is not None:
        st.button(
            f"Go back to the previous network, {former}",
            icon=":material/undo:",
            on_click=owner_auth.run_action,
            args=(owner_auth.TRAINING, jobs.go_back),
        )
    reports = {run.name: run.report for run in jobs.finished()}
    others = [name for name in reports if name != current]
    if not others:
        st.caption("No other run has finished. You can serve the networks of finished runs here.")
        return
    # The key names the finished runs: when there is a new one, the box is new and shows it first.
    key = f"finished-{zlib.crc32(repr(list(reports)).encode())}"
    name = st.selectbox("Finished run", others, key=key, width=340)
    is_forced = False
    if objection := served.objection(reports[name], jobs.runs):
        st.warning(objection, icon=":material/thumb_down:")
        is_forced = st.checkbox("Use it anyway, for everyone", key=f"force-{name}")
    st.button(
        "Serve this network",
        icon=":material/publish:",
        disabled=bool(objection) and not is_forced,
        on_click=owner_auth.run_action,
        args=(owner_auth.TRAINING, lambda: _serve(jobs, key)),
    )


def _serve(jobs: TrainingJobs, key: str) -> None:
    """Serves the run that is chosen now, which may differ from the one of the last run."""
    name = st.session_state[key]
    jobs.serve(name, st.session_state.get(f"force-{name}", False))
