"""Who may use the owner's pages: a setting opens them, or a password that can't be guessed fast.

Corrections are people's handwriting, and training replaces the network for everyone, so neither is
open to visitors unless the owner says so. Streamlit has no users: whoever knows the password is
the owner, for one visit.
"""

import hmac
import os
import secrets
import time
import unicodedata
from collections.abc import Callable
from threading import Lock

from model.errors import AccessError, PasswordNeeded
from ops.training_jobs import check_allowed

PASSWORD_VARIABLE = "DIGITPAD_PASSWORD"  # the variable's name, not a password  # nosec B105
PAGE_VARIABLE = "DIGITPAD_CORRECTIONS_PAGE"

MIN_PASSWORD = 12  # characters; at the rate below, a million common ones take 115 days to try
MAX_PASSWORD = 200  # characters; a guess of megabytes should cost nothing
FREE_GUESSES = 5  # wrong in a row, by all visitors together, before they have to wait
SECONDS_A_GUESS = 10.0  # after these; a person who mistypes notices little of it

CORRECTIONS_OFF = (
    "The visitors' corrections are off: they are their handwriting, and not everybody's to see. "
    f'Start the app with a password to see them, as in "{PASSWORD_VARIABLE}=... streamlit run '
    f'app.py", or with {PAGE_VARIABLE}=on to show them to everyone who can open the app.'
)
ASKED = "This page is for whoever runs DigitPad: it asks for the password once a visit."

_KEY = secrets.token_bytes(32)  # of this process: what it signs is of no use after a restart


def password() -> str:
    """The owner's password; `""` if none is set.

    Raises:
        AccessError: If it is so short that it could be guessed, or too long to be typed.
    """
    word = os.environ.get(PASSWORD_VARIABLE, "")
    if word and not MIN_PASSWORD <= len(word) <= MAX_PASSWORD:
        raise AccessError(
            f"The password should have {MIN_PASSWORD} to {MAX_PASSWORD} characters, so this page "
            f"stays closed: start the app with another one in {PASSWORD_VARIABLE}."
        )
    return word


def check_corrections(held: object) -> None:
    """Raises `AccessError` unless corrections may be read and changed.

    Args:
        held: The visit's pass, as `Guard.enter` gave it, or anything else if it has none.
    """
    if password():
        _check_pass(held)
    elif os.environ.get(PAGE_VARIABLE, "").strip().lower() != "on":
        raise AccessError(CORRECTIONS_OFF)


def check_training(held: object) -> None:
    """Raises `TrainingError` or `AccessError` unless runs may be seen, started and served.

    Args:
        held: As in `check_corrections`.
    """
    check_allowed()
    if password():
        _check_pass(held)


def _check_pass(held: object) -> None:
    if not isinstance(held, bytes) or not hmac.compare_digest(held, _signed(password())):
        raise PasswordNeeded(ASKED)


def _signed(word: str) -> bytes:
    """What stands for a password in this process; another password, another pass."""
    same = unicodedata.normalize("NFC", word)  # keyboards write one "é" in two ways
    return hmac.digest(_KEY, same.encode("utf-8", "surrogatepass"), "sha256")


class Guard:
    """Takes guesses at the password, from all visits of this process together.

    A visit is begun anew in no time, so counting by visit would bound nothing; and behind a proxy
    all visitors have one address. Wrong guesses use up an allowance that comes back with time;
    without any left, even the right word is not looked at.

    Args:
        clock: Gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._lock = Lock()
        self._left = float(FREE_GUESSES)
        self._seen = clock()

    def enter(self, said: str) -> bytes:
        """Takes a guess.

        Returns:
            A pass for the visit, while this process lives and the password stays.

        Raises:
            AccessError: If it is wrong, or guesses come too fast.
        """
        expected = _signed(password())
        with self._lock:  # or many guesses at once would be one
            now = self._clock()
            self._left += (now - self._seen) / SECONDS_A_GUESS
            self._left = min(self._left, float(FREE_GUESSES))
            self._seen = now
            if self._left < 1:
                seconds = int((1 - self._left) * SECONDS_A_GUESS) + 1
                raise AccessError(
                    f"Too many wrong passwords were tried: wait {seconds} seconds, then try again."
                )
            given = _signed(said[: MAX_PASSWORD + 1])
            if not password() or not hmac.compare_digest(given, expected):
                self._left -= 1
                raise AccessError("That is not the password: try again.")
        return given


GUARD = Guard()
