"""The owner's pages: closed, open, or behind a password that is asked for once a visit.

The only way from a page to the corrections and to the jobs where runs are started, so that whoever
reads or changes something has been checked at that moment, not only when the page was drawn.
"""

from collections.abc import Callable

import streamlit as st

from model.errors import AccessError, DigitError, PasswordNeeded
from ops import access
from ops.corrections import Corrections
from ops.training_jobs import TrainingJobs

Rule = Callable[[object], None]
CORRECTIONS: Rule = access.check_corrections
TRAINING: Rule = access.check_training

WIDTH = 420  # CSS pixels; narrower on a phone
_PASS, _SAID, _PROBLEM = "owners_pass", "owners_password", "password_problem"


def check(rule: Rule) -> None:
    """Raises a `DigitError` unless this visit may do what a rule is about."""
    rule(st.session_state.get(_PASS))


def corrections() -> Corrections:
    """The file of corrections, to read and change.

    Raises:
        AccessError: If this visit may not.
    """
    check(CORRECTIONS)
    return Corrections()


def jobs() -> TrainingJobs:
    """Where runs are started, watched and served.

    Raises:
        DigitError: If training from the page is off, or this visit may not.
    """
    check(TRAINING)
    return TrainingJobs()


def enter(rule: Rule) -> None:
    """Lets a page go on if the visit may see it; else says why, or asks, and ends the page."""
    try:
        check(rule)
    except PasswordNeeded as error:
        _ask(str(error))
        st.stop()
    except DigitError as error:
        st.info(str(error), icon=":material/lock:")
        st.stop()


def _ask(why: str) -> None:
    st.info(why, icon=":material/lock:", width=WIDTH)
    with st.form("password", width=WIDTH):
        st.text_input(
            "Password",
            type="password",
            key=_SAID,
            max_chars=access.MAX_PASSWORD,
            autocomplete="current-password",
            help="It is what DIGITPAD_PASSWORD was when the app was started.",
        )
        st.form_submit_button("Open", type="primary", icon=":material/lock_open:", on_click=_guess)
        if problem := st.session_state.pop(_PROBLEM, ""):
            st.warning(problem, icon=":material/error:")


def _guess() -> None:
    state = st.session_state
    said = str(state.get(_SAID) or "")
    state[_SAID] = ""  # it is not kept, right or wrong
    if not said:
        return
    try:
        state[_PASS] = access.GUARD.log_in(said)
    except AccessError as error:
        state[_PROBLEM] = str(error)
