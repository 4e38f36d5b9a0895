"""Access to the owner's pages, Corrections and Train: off, open to everyone, or by password.

Corrections are people's handwriting, and training replaces the network for everyone, so both are
closed by default. Streamlit has no user accounts: a visitor who enters the password gets a pass,
which holds for that connection and some hours.
"""

import hashlib
import hmac
import secrets
import time
import unicodedata
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

from pydantic import SecretStr

from model.errors import AccessError, PasswordNeeded
from ops.settings import settings
from ops.training_jobs import check_allowed

MIN_PASSWORD = 12  # characters; at four guesses a second, trying a million takes three days
MAX_PASSWORD = 200  # characters; a guess of megabytes must cost nothing
FREE_GUESSES = 5  # wrong ones of a visit before it has to wait
FIRST_WAIT = 10.0  # seconds, then twice as long each time
LONGEST_WAIT = 3_600.0  # seconds
MAX_VISITS = 10_000  # whose wrong guesses are remembered; the oldest are forgotten first
# The work for a guess: 16 MB and about 0.2 s. Source: OWASP's Password Storage Cheat Sheet.
SCRYPT = {"n": 2**14, "r": 8, "p": 5}
SECONDS_OF_PASS = 8 * 3_600.0  # a working day

CORRECTIONS_OFF = (
    "The page with visitors' corrections is off, because they are people's handwriting. Start the "
    'app with a password to see them, as in "DIGITPAD_PASSWORD=... streamlit run app.py", or with '
    "DIGITPAD_CORRECTIONS_PAGE=on to show them to everyone who can open the app."
)
PASSWORD_ASKED = "This page is for the owner of the app: it asks for the password."  # nosec B105

# The connection that a request came over, set by `server.py`. Streamlit prepares downloads outside
# of a page's run, for any connection that knows an id.
requesting_connection: ContextVar[str | None] = ContextVar("requesting_connection", default=None)

_KEY = secrets.token_bytes(32)  # new in each process, so no pass survives a restart


@dataclass(frozen=True)
class Visitor:
    """Who asks.

    Attributes:
        visit: The id of the visit.
        address: The IP address; "" if it is not known.
        connection: The key of the WebSocket connection; "" if it is not known.
    """

    visit: str = ""
    address: str = ""
    connection: str = ""


@dataclass(frozen=True)
class Pass:
    """Shows that a visitor entered the password.

    Attributes:
        until: The end of its validity, seconds of `time.monotonic`.
        signature: Of the password, the connection and the end.
    """

    until: float
    signature: bytes


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


def check_corrections(owner_pass: object, connection: str) -> None:
    """Raises `AccessError` unless this visitor may read and change corrections.

    Args:
        owner_pass: From `PasswordGuard.log_in`, or anything else if the visitor has none.
        connection: The key of the connection that asks.
    """
    if password():
        _check_pass(owner_pass, connection)
    elif not settings().corrections_page:
        raise AccessError(CORRECTIONS_OFF)


def check_training(owner_pass: object, connection: str) -> None:
    """Raises `TrainingError` or `AccessError` unless this visitor may see, start and serve runs.

    Args:
        owner_pass: As in `check_corrections`.
        connection: As in `check_corrections`.
    """
    check_allowed()
    if password():
        _check_pass(owner_pass, connection)


def _check_pass(owner_pass: object, connection: str) -> None:
    if (
        not isinstance(owner_pass, Pass)
        or time.monotonic() > owner_pass.until
        or not hmac.compare_digest(owner_pass.signature, _signature(connection, owner_pass.until))
    ):
        raise PasswordNeeded(PASSWORD_ASKED)


def _signature(connection: str, until: float) -> bytes:
    return hmac.digest(_hash_of_password(password()), f"{until} {connection}".encode(), "sha256")


def _hash(word: str) -> bytes:
    same = unicodedata.normalize("NFC", word)  # keyboards write one "é" in two ways
    return hashlib.scrypt(same.encode("utf-8", "surrogatepass"), salt=_KEY, **SCRYPT)


_hash_of_password = lru_cache(maxsize=1)(_hash)  # only guesses cost work each time


class WrongGuesses:
    """The wrong guesses of this process by visit."""

    def __init__(self):
        self._visits: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._visits)

    def of(self, visit: str) -> tuple[int, float]:
        """How many guesses of a visit were wrong, and when its wait ends, in seconds."""
        return self._visits.get(visit, (0, 0.0))

    def keep(self, visit: str, num: int, wait_until: float) -> None:
        """Remembers both."""
        self._visits[visit] = (num, wait_until)
        self._visits.move_to_end(visit)
        if len(self._visits) > MAX_VISITS:
            self._visits.popitem(last=False)


class PasswordGuard:
    """Checks passwords; guessing costs the one who guesses, and never the owner.

    Each guess is hashed with scrypt, one at a time. An address has one guess in that line, so that
    others wait for one at most. A visit that guesses wrong often has to wait; other visits don't.
    With corrections in PostgreSQL, replicas share the count and the line: three of them don't give
    three times the guesses.

    Args:
        clock: Returns seconds, the same in all replicas.
    """

    def __init__(self, clock: Callable[[], float] = time.time):
        self._clock = clock
        self._lock = Lock()  # for the lines
        self._lines: dict[str, Lock] = {}  # by address
        self._hashing = Lock()  # for what follows
        self._wrong = WrongGuesses()

    def log_in(self, given: str, visitor: Visitor) -> Pass:
        """Checks a password.

        Returns:
            A pass for this connection, valid for `SECONDS_OF_PASS` in this process for as long as
            the password stays the same.

        Raises:
            AccessError: If it is wrong, guesses come too fast, or they can't be counted.
        """
        expected = _hash_of_password(password())
        with self._lock:
            if len(self._lines) > MAX_VISITS:
                self._lines.clear()
            line = self._lines.setdefault(visitor.address, Lock())
        with line, self._hashing, self._wrong_guesses() as wrong:
            num, wait_until = wrong.of(visitor.visit)
            seconds = wait_until - self._clock()
            if seconds > 0:
                raise AccessError(
                    "Too many wrong passwords were tried in this visit: wait "
                    f"{int(seconds) + 1} seconds, then try again."
                )
            found = _hash(given[: MAX_PASSWORD + 1])
            is_right = bool(password()) and hmac.compare_digest(found, expected)
            if not is_right:
                waits = num + 1 - FREE_GUESSES
                wait = min(FIRST_WAIT * 2**waits, LONGEST_WAIT) if waits >= 0 else 0.0
                wrong.keep(visitor.visit, num + 1, self._clock() + wait)
        if not is_right:
            raise AccessError("That is not the password: try again.")
        until = time.monotonic() + SECONDS_OF_PASS
        return Pass(until, _signature(visitor.connection, until))

    def _wrong_guesses(self) -> AbstractContextManager:
        """Where wrong guesses are counted: in memory, or in the database, if there is one."""
        place = settings().corrections
        if not isinstance(place, SecretStr):
            return nullcontext(self._wrong)
        from ops.database.wrong_guesses import shared_wrong_guesses  # as in `ops/corrections.py`

        return shared_wrong_guesses(place.get_secret_value())


GUARD = PasswordGuard()
