"""Runs a button's action if this visit has access, and shows errors."""

from collections.abc import Callable

import streamlit as st

from model.errors import DigitError
from ui.owner import owner_auth

_PROBLEM = "owner_problem"


def run_action(rule: owner_auth.Rule, action: Callable[[], None]) -> None:
    """Calls a button's function; a `DigitError` is kept for `take_problem`.

    Args:
        rule: What the visit must have access to.
        action: The function.
    """
    st.session_state.pop(_PROBLEM, None)
    try:
        owner_auth.check_access(rule)
        action()
    except DigitError as error:
        st.session_state[_PROBLEM] = str(error)


def take_problem() -> str:
    """Returns, once, what went wrong with the last button; `""` if nothing did."""
    return st.session_state.pop(_PROBLEM, "")


def last_problem(otherwise: str) -> str:
    """What went wrong with the last button, and leaves it there."""
    return st.session_state.get(_PROBLEM, otherwise)


def show_problem(problem: str) -> None:
    """Shows what went wrong, if something did."""
    if problem:
        st.warning(problem, icon=":material/error:")
