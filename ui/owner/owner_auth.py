"""Access to the owner's pages: off, open, or with a password that is asked for once a visit.

Pages use corrections and training jobs only through this module, so access is checked at each call
and not only when the page is shown.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st
from streamlit import runtime

from model.errors import AccessError, DigitError, PasswordNeeded
from ops import access
from ops.lessons import Lessons
from ops.training_jobs import TrainingJobs
from ui.visitor import visitor

if TYPE_CHECKING:
    from ops.corrections import Corrections

Rule = Callable[[object, str], None]
CORRECTIONS: Rule = access.check_corrections
TRAINING: Rule = access.check_training

WIDTH = 420  # CSS pixels; narrower on a phone
_PASS, _PASSWORD, _PROBLEM = "owner_pass", "owner_password", "password_problem"  # nosec B105
_ACTION_PROBLEM = "owner_problem"  # what went wrong with the last button


def check_access(rule: Rule) -> None:
    """Raises a `DigitError` unless this visit has access.

    Args:
        rule: `CORRECTIONS` or `TRAINING`.
    """
    rule(st.session_state.get(_PASS), visitor().connection)


def corrections() -> "Corrections":
    """The corrections, to read and change.

    Raises:
        AccessError: If this visit has no access to them.
    """
    check_access(CORRECTIONS)
    from ops.corrections import Corrections

    return Corrections()


def training_jobs() -> TrainingJobs:
    """The training jobs, to start, watch and stop runs and to serve their networks.

    Raises:
        DigitError: If training from the page is off, or this visit has no access to it.
    """
    check_access(TRAINING)
    return TrainingJobs()


def lessons() -> Lessons:
    """The lessons, to start, watch and stop.

    Raises:
        DigitError: If training from the page is off, or this visit has no access to it.
    """
    check_access(TRAINING)
    return Lessons()


def download_of(pack: Callable[["Corrections"], bytes]) -> Callable[[], bytes]:
    """A function for `st.download_button`, which packs corrections when the button is pressed.

    Streamlit calls it outside of the page's run, for anyone who knows the button's id. So it takes
    this visit's pass along, and checks it again for the connection that asks.

    Args:
        pack: Makes the file from the corrections.
    """
    check_access(CORRECTIONS)
    owner_pass, connection = st.session_state.get(_PASS), visitor().connection

    def packed() -> bytes:
        asking = access.requesting_connection.get()
        if asking not in (None, connection):  # None without `server.py`, on one's own computer
            raise AccessError(access.PASSWORD_ASKED)
        CORRECTIONS(owner_pass, connection)
        from ops.corrections import Corrections

        return pack(Corrections())

    return packed


def forget_downloads() -> None:
    """Removes packed files that Streamlit still holds, as when their corrections are deleted."""
    if runtime.exists():
        for _ in range(2):  # the first call only marks them
            runtime.get_instance().media_file_mgr.remove_orphaned_files()


def require_access(rule: Rule) -> None:
    """Ends the page unless this visit has access; says why, or asks for the password."""
    try:
        check_access(rule)
    except PasswordNeeded as error:
        _ask_for_password(str(error))
        st.stop()
    except DigitError as error:
        st.info(str(error), icon=":material/lock:")
        st.stop()


def show_log_out() -> None:
    """Shows a button that ends this visit's access, if it has a pass."""
    if _PASS in st.session_state:
        st.button("Log out", icon=":material/lock:", on_click=_log_out)


def run_action(rule: Rule, action: Callable[[], None]) -> None:
    """Calls a button's function; a `DigitError` is kept for `take_problem`.

    Args:
        rule: What the visit must have access to.
        action: The function.
    """
    st.session_state.pop(_ACTION_PROBLEM, None)
    try:
        check_access(rule)
        action()
    except DigitError as error:
        st.session_state[_ACTION_PROBLEM] = str(error)


def take_problem() -> str:
    """Returns, once, what went wrong with the last button; `""` if nothing did."""
    return st.session_state.pop(_ACTION_PROBLEM, "")


def last_problem(otherwise: str) -> str:
    """What went wrong with the last button, and leaves it there."""
    return st.session_state.get(_ACTION_PROBLEM, otherwise)


def show_problem(problem: str) -> None:
    """Shows what went wrong, if something did."""
    if problem:
        st.warning(problem, icon=":material/error:")


def _ask_for_password(why: str) -> None:
    st.info(why, icon=":material/lock:", width=WIDTH)
    with st.form("password", width=WIDTH):
        st.text_input(
            "Password",
            type="password",
            key=_PASSWORD,
            max_chars=access.MAX_PASSWORD,
            autocomplete="current-password",
            help="The value of DIGITPAD_PASSWORD when the app was started",
        )
        st.form_submit_button("Open", type="primary", icon=":material/lock_open:", on_click=_log_in)
        if problem := st.session_state.pop(_PROBLEM, ""):
            st.warning(problem, icon=":material/error:")


def _log_in() -> None:
    state = st.session_state
    given = str(state.get(_PASSWORD) or "")
    state[_PASSWORD] = ""  # never kept, right or wrong
    if not given:
        return
    try:
        state[_PASS] = access.GUARD.log_in(given, visitor())
    except AccessError as error:
        state[_PROBLEM] = str(error)


def _log_out() -> None:
    st.session_state.pop(_PASS, None)
    forget_downloads()
