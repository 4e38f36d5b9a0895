"""Train a network from the page: start a run, watch it, stop it, and serve what it made."""

import streamlit as st

from model.errors import DigitError
from model.files import served
from model.learning.config import PRESETS
from ops.training_jobs import MAX_EPOCHS, MAX_SEED, TrainingJobs
from ui.owner import owner_auth, training_run
from ui.words import duration

NAMES = {
    "digitpad": "digitpad: the shipped network and recipe",
    "tutorial": "tutorial: the textbook network",
}


def ask_for_a_run(jobs: TrainingJobs) -> None:
    st.subheader("Start a run")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        preset = st.selectbox("Preset", PRESETS, format_func=NAMES.get, key="preset", width=340)
        usual = PRESETS[preset]
        epochs = st.number_input(
            "Epochs", 1, MAX_EPOCHS, usual.epochs, key=f"epochs-{preset}", width=140
        )
        st.number_input("Seed", 0, MAX_SEED, usual.seed, key="seed", width=140)
        st.button(
            "Start",
            type="primary",
            icon=":material/play_arrow:",
            on_click=training_run.attempt,
            args=(lambda: start(jobs),),
        )
    if seconds := jobs.seconds_per_epoch(preset):
        st.caption(
            f"An epoch took {seconds:.0f} s when it was last trained: {epochs} take "
            f"{duration(seconds * epochs)}, more on a busy computer. "
            "What is served stays as it is until you say so."
        )


def start(jobs: TrainingJobs) -> None:
    """Starts what is asked for now, which a click may change in the same breath."""
    state = st.session_state
    jobs.start(state["preset"], state[f"epochs-{state['preset']}"], state["seed"])


def ask_what_to_serve(jobs: TrainingJobs) -> None:
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
            f"Go back to the former network, {former}",
            icon=":material/undo:",
            on_click=training_run.attempt,
            args=(jobs.go_back,),
        )
    runs = {run.name: run.report for run in jobs.finished()}
    others = [name for name in runs if name != current]
    if others:
        name = st.selectbox("Finished run", others, key="finished", width=340)
        is_forced = False
        if against := served.objection(runs[name], jobs.runs):
            st.warning(against, icon=":material/thumb_down:")
            is_forced = st.checkbox(
                "Force: everyone's drawings are read by it although it is worse",
                key=f"force-{name}",
            )
        st.button(
            "Serve this network",
            icon=":material/publish:",
            disabled=bool(against) and not is_forced,
            on_click=training_run.attempt,
            args=(lambda: serve(jobs),),
        )
    else:
        st.caption("No other run has finished: what one makes can be served here.")


def serve(jobs: TrainingJobs) -> None:
    """Serves what is chosen now."""
    name = st.session_state["finished"]
    jobs.serve(name, st.session_state.get(f"force-{name}", False))


st.title("Train")
owner_auth.enter(owner_auth.TRAINING)
jobs = owner_auth.jobs()
problem = training_run.take_problem()
try:
    status = jobs.status()
    if status.is_on:
        training_run.watch(jobs, problem)
    else:
        training_run.tell(problem)
        training_run.show_outcome(jobs, status)
        ask_for_a_run(jobs)
    ask_what_to_serve(jobs)
except DigitError as error:
    st.warning(str(error), icon=":material/error:")
