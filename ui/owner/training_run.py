"""A training run as its visitors see it: how far it is, its curves, its log, how it ended."""

from collections.abc import Callable

import streamlit as st

from model.errors import DigitError
from ops.training_jobs import Status, TrainingJobs
from ui.owner import owner_auth
from ui.results.learning_curves import show_curves
from ui.words import duration

REFRESH = 2.0  # seconds; an epoch takes many
_PROBLEM = "train_problem"


def attempt(action: Callable[[], None]) -> None:
    """Does what a button says if this visit may; `take_problem` says what went wrong."""
    st.session_state.pop(_PROBLEM, None)
    try:
        owner_auth.check(owner_auth.TRAINING)
        action()
    except DigitError as error:
        st.session_state[_PROBLEM] = str(error)


def take_problem() -> str:
    """What went wrong with the last button, once; `""` if nothing did."""
    return st.session_state.pop(_PROBLEM, "")


def tell(problem: str) -> None:
    """Shows a sentence about what went wrong, if something did."""
    if problem:
        st.warning(problem, icon=":material/error:")


@st.fragment(run_every=REFRESH)
def watch(jobs: TrainingJobs, problem: str) -> None:
    """A run that is on, again and again by itself; when it ends, the page is drawn anew.

    Args:
        jobs: Where it runs.
        problem: What went wrong with the button that drew the page.
    """
    owner_auth.enter(owner_auth.TRAINING)
    status = jobs.status()
    if not status.is_on:
        take_problem()  # it was about the run
        st.rerun()
    tell(st.session_state.get(_PROBLEM, problem))  # of a button in here, or of one elsewhere
    tell(status.problem)
    if not status.run:
        st.info("A run is on.", icon=":material/model_training:")
        return
    st.write(f"Run **{status.run}**")
    share = min(len(status.history) / max(status.epochs, 1), 1.0)
    st.progress(share, progress_words(status))
    is_stopping = status.phase == "stopping"
    st.button(
        "Stopping" if is_stopping else "Stop",
        icon=":material/stop_circle:",
        on_click=attempt,
        args=(jobs.stop,),
        help="As by Ctrl-C: what the finished epochs brought is kept, to go on from later.",
    )
    if status.history:
        show_curves({"": status.history}, "run")
    show_log(jobs, status)


def progress_words(status: Status) -> str:
    """How far a run that is on has come, and how long it will take."""
    num, done = status.epochs, len(status.history)
    if status.phase == "stopping":
        return f"Stopping after {done} of {num} epochs"
    if not done:
        return f"Epoch 1 of {num}: it takes a moment to begin"
    if done >= num:
        return f"All {num} epochs are done; the network is being judged"
    left = status.seconds_left
    return f"Epoch {done + 1} of {num}" + ("" if left is None else f": {duration(left)} left")


def finished_words(status: Status) -> str:
    """That a run has finished, and how good its network is if its report says so."""
    said = f"The run {status.run} has finished"
    accuracy = (status.report or {}).get("test", {}).get("accuracy")
    if isinstance(accuracy, float) and 0 <= accuracy <= 1:
        said += f": it reads {accuracy:.2%} of the test images"
    return f"{said}."


def show_outcome(jobs: TrainingJobs, status: Status) -> None:
    """How the last run ended, and what can be done about it."""
    done = f"after {len(status.history)} of {status.epochs} epochs"
    if status.phase == "finished":
        st.success(finished_words(status), icon=":material/check_circle:")
    elif status.phase == "gone":
        st.warning(
            f"The folder of the last run, {status.run}, is gone: start a new one.",
            icon=":material/error:",
        )
    elif status.phase == "stopped" and status.can_resume:
        st.info(f"The run {status.run} was stopped {done}.", icon=":material/stop_circle:")
    elif status.phase == "stopped":
        st.info(
            f"The run {status.run} was stopped before its first epoch was done, so it can't be "
            "resumed: start a new one.",
            icon=":material/stop_circle:",
        )
    elif status.phase == "crashed":
        mended = "resume it" if status.can_resume else "start a new one"
        st.error(
            f"The run {status.run} broke off {done}. Mend what its last lines say, then {mended}.",
            icon=":material/error:",
        )
        st.code(
            "\n".join(jobs.log(status.run)) or "(it wrote nothing)", language=None, wrap_lines=True
        )
    tell(status.problem)
    if status.can_resume:
        st.button("Resume", icon=":material/resume:", on_click=attempt, args=(jobs.resume,))
    if status.history:
        show_curves({"": status.history}, "run")
    if status.phase in ("finished", "stopped"):
        show_log(jobs, status)


def show_log(jobs: TrainingJobs, status: Status) -> None:
    """The end of a run's log, on demand."""
    if st.toggle("Log", key="train_log", help="The last lines that the run wrote."):
        st.code("\n".join(jobs.log(status.run)) or "(nothing yet)", language=None, wrap_lines=True)
