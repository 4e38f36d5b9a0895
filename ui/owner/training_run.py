"""Starts a training run and shows its progress, learning curves and log, and how it ended."""

import math

import streamlit as st

from model.files import served
from model.files.progress import Judging, Progress
from model.files.runs import load_run
from model.learning.config import PRESETS
from ops.training_jobs import MAX_EPOCHS, MAX_SEED, Status, TrainingJobs
from ui.formatting import duration
from ui.owner import owner_auth
from ui.results import run_tables
from ui.results.learning_curves import show_curves, show_step_curves

NAMES = {
    "digitpad": "digitpad: the shipped network and recipe",
    "tutorial": "tutorial: the textbook network",
}
SHORT = 100.0  # seconds; so few are told in seconds, to the next five
REFRESH = 2.0  # seconds; an epoch takes many


@st.fragment(run_every=REFRESH)
def watch_run(jobs: TrainingJobs, problem: str) -> None:
    """Shows the run in progress, refreshed every `REFRESH` seconds; its end reruns the page.

    Args:
        jobs: The training jobs.
        problem: What went wrong with the button that caused this run of the page.
    """
    owner_auth.require_access(owner_auth.TRAINING)
    status = jobs.status()
    if not status.is_on:
        owner_auth.take_problem()  # it was about the run that has ended
        st.rerun()
    owner_auth.show_problem(owner_auth.last_problem(problem))
    owner_auth.show_problem(status.problem)
    if status.elsewhere:
        st.info(
            f"{status.elsewhere.sentence}. {status.elsewhere.where_to_stop}",
            icon=":material/model_training:",
        )
    elif not status.run:
        st.info("A run is in progress.", icon=":material/model_training:")
    else:
        st.write(f"Run **{status.run}**")
    if not status.run:
        return
    done = len(status.history)
    if isinstance(status.progress, Progress):
        done += status.progress.share
    st.progress(min(done / max(status.epochs, 1), 1.0), progress_words(status))
    if not status.elsewhere:
        st.button(
            "Stopping" if status.phase == "stopping" else "Stop",
            icon=":material/stop_circle:",
            on_click=owner_auth.run_action,
            args=(owner_auth.TRAINING, jobs.stop),
            help="The finished epochs are kept, and you can resume the run later.",
        )
    _show_curves(status)
    if not status.elsewhere:
        _show_log(jobs, status)


def progress_words(status: Status) -> str:
    """The progress of a run, and the time that is left."""
    num, done = status.epochs, len(status.history)
    if status.phase == "stopping":
        return f"Stopping after {done} of {num} epochs"
    if isinstance(status.progress, Judging):
        words = f"All {num} epochs are done; judging: {status.progress.part}, "
        seconds = status.progress.seconds_left
        if seconds <= 0:
            return words + "which takes longer than usual"
        left = duration(seconds) if seconds > SHORT else f"about {5 * math.ceil(seconds / 5)} s"
        return f"{words}{left} left"
    if done >= num:
        return f"All {num} epochs are done; the network is being judged, 1 to 3 minutes"
    progress, left = status.progress, status.seconds_left
    if not done and progress is None:
        return f"Epoch 1 of {num}: starting TensorFlow, about 20 seconds"
    words = f"Epoch {done + 1} of {num}"
    if progress is not None and progress.epoch == done + 1:
        words += (
            f", step {progress.step:,} of {progress.num_steps:,}, "
            f"{progress.steps_per_second:.1f} steps a second"
        )
        of_epoch = progress.seconds_left
        left = of_epoch * (num - done) if left is None else left + of_epoch - left / (num - done)
    return words + ("" if left is None else f": {duration(left)} left")


def finished_words(status: Status) -> str:
    """That a run has finished, and how good its network is if its report says so."""
    text = f"The run {status.run} has finished"
    accuracy = (status.report or {}).get("test", {}).get("accuracy")
    if isinstance(accuracy, float) and 0 <= accuracy <= 1:
        text += f": it reads {accuracy:.2%} of the test images"
    return f"{text}."


def show_outcome(jobs: TrainingJobs, status: Status) -> None:
    """Shows how the last run ended and what to do next."""
    done = f"after {len(status.history)} of {status.epochs} epochs"
    stop_icon = ":material/stop_circle:"
    if status.phase == "finished":
        st.success(finished_words(status), icon=":material/check_circle:")
        _offer_to_serve(jobs, status)
    elif status.phase == "gone":
        owner_auth.show_problem(
            f"The folder of the last run, {status.run}, is gone: start a new one."
        )
    elif status.phase == "stopped" and status.can_resume:
        st.info(f"The run {status.run} was stopped {done}.", icon=stop_icon)
    elif status.phase == "stopped":
        st.info(
            f"The run {status.run} was stopped before its first epoch was done, so it can't be "
            "resumed: start a new one.",
            icon=stop_icon,
        )
    elif status.phase == "crashed":
        next_step = "resume it" if status.can_resume else "start a new one"
        st.error(
            f"The run {status.run} failed {done}. Fix the problem named in its last lines, then "
            f"{next_step}.",
            icon=":material/error:",
        )
        _show_lines(jobs, status, "(it wrote nothing)")
    owner_auth.show_problem(status.problem)
    if status.can_resume:
        st.button(
            "Resume",
            icon=":material/resume:",
            on_click=owner_auth.run_action,
            args=(owner_auth.TRAINING, jobs.resume),
        )
    _show_curves(status)
    if status.phase in ("finished", "stopped"):
        _show_log(jobs, status)


def _show_curves(status: Status) -> None:
    """Shows the run's losses and errors by step, or by epoch once there is one."""
    ways = ["step"] * bool(status.steps) + ["epoch"] * bool(status.history)
    if not ways:
        return
    way = ways[0]
    if len(ways) > 1:
        way = st.segmented_control("By", ways, default=way, required=True, key="run-by")
    if way == "step":
        show_step_curves(status.steps, status.history)
    else:
        show_curves({"": status.history}, "run")


def _offer_to_serve(jobs: TrainingJobs, status: Status) -> None:
    """Shows how the finished network differs from the served one, and a button to serve it."""
    current = served.current(jobs.runs)
    if status.run == served.trained_by(current) or served.objection(status.report, jobs.runs):
        return  # it is served, or the list below says why it should not be
    finished, serving = load_run(jobs.runs / status.run), load_run(current)
    if serving.report:
        st.write(run_tables.difference(finished, serving))
    st.button(
        "Serve it now",
        type="primary",
        icon=":material/publish:",
        on_click=owner_auth.run_action,
        args=(owner_auth.TRAINING, lambda: jobs.serve(status.run, False)),
    )


def _show_log(jobs: TrainingJobs, status: Status) -> None:
    """Shows the end of a run's log if it is asked for."""
    if st.toggle("Log", key="train_log", help="The last lines of the run's output"):
        _show_lines(jobs, status, "(nothing yet)")


def _show_lines(jobs: TrainingJobs, status: Status, otherwise: str) -> None:
    text = "\n".join(jobs.log(status.run)) or otherwise
    st.code(text, language=None, wrap_lines=True)


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
            on_click=owner_auth.run_action,
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
    preset = state["preset"]
    # The box for the epochs of a preset that was chosen in this moment has not been shown yet.
    epochs = state.get(f"epochs-{preset}", PRESETS[preset].epochs)
    jobs.start(preset, epochs, state["seed"])
