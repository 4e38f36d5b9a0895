"""Asks for a new training run: preset, epochs and seed."""

import streamlit as st

from model.learning.config import PRESETS
from ops.training_jobs import MAX_EPOCHS, MAX_SEED, TrainingJobs
from ui.formatting import duration
from ui.owner import owner_auth
from ui.owner.actions import run_action

NAMES = {
    "digitpad": "digitpad: the shipped network and recipe",
    "tutorial": "tutorial: the textbook network",
}


def ask_for_run(jobs: TrainingJobs) -> None:
    """Shows the form that starts a run, and how long it will take if that is known."""
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
            on_click=run_action,
            args=(owner_auth.TRAINING, lambda: _start(jobs)),
        )
    if seconds := jobs.seconds_per_epoch(preset):
        st.caption(
            f"An epoch took {seconds:.0f} s when it was last trained: {epochs} take "
            f"{duration(seconds * epochs)}, more on a busy computer. "
            "The served network does not change until you serve the new one."
        )


def _start(jobs: TrainingJobs) -> None:
    """Starts a run with the present values, which may be newer than those of the last run."""
    state = st.session_state
    jobs.start(state["preset"], state[f"epochs-{state['preset']}"], state["seed"])
