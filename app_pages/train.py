"""Train a network from the page: start a run, watch it, stop it, and serve what it made."""

import streamlit as st

from model.errors import DigitError
from model.files import promotion
from model.learning.config import PRESETS
from ops.training_jobs import MAX_EPOCHS, MAX_SEED, Desk
from ui.owner import owner_auth, training_run
from ui.words import duration

NAMES = {
    "digitpad": "digitpad: the shipped network and recipe",
    "tutorial": "tutorial: the textbook network",
}


def ask_for_a_run(desk: Desk) -> None:
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
            args=(lambda: start(desk),),
        )
    if seconds := desk.seconds_per_epoch(preset):
        st.caption(
            f"An epoch took {seconds:.0f} s when it was last trained: {epochs} take "
            f"{duration(seconds * epochs)}, more on a busy computer. "
            "What is served stays as it is until you say so."
        )


def start(desk: Desk) -> None:
    """Starts what is asked for now, which a click may change in the same breath."""
    state = st.session_state
    desk.start(state["preset"], state[f"epochs-{state['preset']}"], state["seed"])


def ask_what_to_serve(desk: Desk) -> None:
    st.subheader("Serve a network")
    served, former = promotion.origin(desk.out), desk.former_run()
    if served is None:
        st.warning("No network is served, or it is damaged.", icon=":material/error:")
    else:
        accuracy = promotion.served_accuracy(desk.out)
        reads = "" if accuracy is None else f": it reads {accuracy:.2%} of the test images"
        st.write(f"The network of run **{served}** is served{reads}.")
    if former is not None:
        st.button(
            f"Go back to the former network, {former}",
            icon=":material/undo:",
            on_click=training_run.attempt,
            args=(desk.go_back,),
        )
    runs = {run.name: run.report for run in desk.finished()}
    others = [name for name in runs if not promotion.is_served(runs[name], desk.out)]
    if others:
        name = st.selectbox("Finished run", others, key="finished", width=340)
        is_forced = False
        if against := promotion.objection(runs[name], desk.out):
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
            args=(lambda: serve(desk),),
        )
    else:
        st.caption("No other run has finished: what one makes can be served here.")


def serve(desk: Desk) -> None:
    """Serves what is chosen now."""
    name = st.session_state["finished"]
    desk.promote(name, st.session_state.get(f"force-{name}", False))


st.title("Train")
owner_auth.enter(owner_auth.TRAINING)
desk = owner_auth.desk()
problem = training_run.take_problem()
try:
    status = desk.status()
    if status.is_on:
        training_run.watch(desk, problem)
    else:
        training_run.tell(problem)
        training_run.show_outcome(desk, status)
        ask_for_a_run(desk)
    ask_what_to_serve(desk)
except DigitError as error:
    st.warning(str(error), icon=":material/error:")
