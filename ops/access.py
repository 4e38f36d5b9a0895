"""Access to the owner's pages, Corrections and Train: off, open to everyone, or by password.

Corrections are people's handwriting, and training replaces the network for everyone, so both are
closed by default. Streamlit has no user accounts: a visitor who enters the password has the owner's
rights until the visit ends.
"""

import hmac
import secrets
import time
import unicodedata
from collections.abc import Callable
from threading import Lock

from model.errors import AccessError, PasswordNeeded
from ops.settings import settings
from ops.training_jobs import check_allowed

MIN_PASSWORD = 12  # characters; at the rate below, trying a million common ones takes 115 days
MAX_PASSWORD = 200  # characters; a guess of megabytes must cost nothing
FREE_GUESSES = 5  # wrong ones in a row, of all visitors together, before they have to wait
SECONDS_A_GUESS = 10.0  # after these; someone who mistypes hardly notices

CORRECTIONS_OFF = (
    "The page with visitors' corrections is off, because they are people's handwriting. Start the "
    'app with a password to see them, as in "DIGITPAD_PASSWORD=... streamlit run app.py", or with '
    "DIGITPAD_CORRECTIONS_PAGE=on to show them to everyone who can open the app."
)
PASSWORD_ASKED = "This page is for the owner of the app: it asks for the password once a visit."  # nosec B105

_KEY = secrets.token_bytes(32)  # new in each process, so no token survives a restart


def password() -> str:
    """The owner's password; `""` if none is set.

    Raises:
        AccessError: If it is so short that it could be guessed, or too long to be typed.
    """
    word = settings().password.get_secret_value()
    if word and not MIN_PASSWORD <= len(word) <= MAX_PASSWORD:
        raise AccessError(
            f"This page is closed because the password doesn't have {MIN_PASSWORD} to "
            f"{MAX_PASSWORD} characters: start the app with another one in DIGITPAD_PASSWORD."
        )
    return word


def check_corrections(token: object) -> None:
    """Raises `AccessError` unless this visit may read and change corrections.

    Args:
        token: The visit's token from `PasswordGuard.log_in`, or anything else if it has none.
    """
    if password():
        _check_token(token)
    elif not settings().corrections_page:
        raise AccessError(CORRECTIONS_OFF)


def check_training(token: object) -> None:
    """Raises `TrainingError` or `AccessError` unless this visit may see, start and serve runs.

    Args:
        token: As in `check_corrections`.
    """
    check_allowed()
    if password():
        _check_token(token)


def _check_token(token: object) -> None:
    if not isinstance(token, bytes) or not hmac.compare_digest(token, _token_of(password())):
        raise PasswordNeeded(PASSWORD_ASKED)


def _token_of(word: str) -> bytes:
    """The token for a password, valid in this process only."""
    same = unicodedata.normalize("NFC", word)  # keyboards write one "é" in two ways
    return hmac.digest(_KEY, same.encode("utf-8", "surrogatepass"), "sha256")


class PasswordGuard:
    """Checks passwords, and limits the guesses of all visits of this process together.

    Counting by visit would limit nothing, because a new visit costs nothing; and behind a proxy
    all visitors have one address. Each wrong guess uses up part of an allowance, which refills
    with time. Without any left, even the right password is refused.

    Args:
        clock: Returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._lock = Lock()
        self._guesses_left = float(FREE_GUESSES)
        self._updated = clock()

    def log_in(self, given: str) -> bytes:
        """Checks a password.

        Returns:
            A token, valid in this process for as long as the password stays the same.

        Raises:
            AccessError: If it is wrong, or guesses come too fast.
        """
        expected = _token_of(password())
        with self._lock:  # else many guesses at once would count as one
            now = self._clock()
            refilled = self._guesses_left + (now - self._updated) / SECONDS_A_GUESS
            self._guesses_left = min(refilled, float(FREE_GUESSES))
            self._updated = now
            if self._guesses_left < 1:
                seconds = int((1 - self._guesses_left) * SECONDS_A_GUESS) + 1
                raise AccessError(
                    f"Too many wrong passwords were tried: wait {seconds} seconds, then try again."
                )
            token = _token_of(given[: MAX_PASSWORD + 1])
            if not password() or not hmac.compare_digest(token, expected):
                self._guesses_left -= 1
                raise AccessError("That is not the password: try again.")
        return token


GUARD = PasswordGuard()
