"""Wrong passwords of all replicas by visit, in PostgreSQL."""

import contextlib
import hashlib
from collections.abc import Iterator

from sqlalchemy import Connection, delete, select

from model.errors import AccessError, CorrectionsError
from ops.database.postgres import GUESS_LOCK, Postgres
from ops.database.tables import WRONG_GUESSES, upsert

# Seconds between the end of a visit's wait and that of a later one, after which it is forgotten:
# twice the longest wait, so that it is an hour at least.
FORGOTTEN_AFTER = 7_200.0

_ROW = WRONG_GUESSES.c


@contextlib.contextmanager
def shared_wrong_guesses(address: str) -> Iterator["SharedWrongGuesses"]:
    """Gives the turn to one guess after the other, in all replicas together.

    Args:
        address: Of the database.

    Raises:
        AccessError: If it does not answer.
    """
    try:
        with Postgres(address).writing(lock=GUESS_LOCK) as connection:
            yield SharedWrongGuesses(connection)
    except CorrectionsError as error:
        raise AccessError(
            "The password can't be checked, because the database that counts wrong ones can't be "
            "used: try again in a moment, or ask the operator to look at the server's log."
        ) from error


class SharedWrongGuesses:
    """As `WrongGuesses` in `ops/access.py`, inside a transaction."""

    def __init__(self, connection: Connection):
        self._connection = connection

    def of(self, visit: str) -> tuple[int, float]:
        """How many guesses of a visit were wrong, and when its wait ends."""
        same = _ROW.visit == _key(visit)
        found = self._connection.execute(select(_ROW.num, _ROW.wait_until).where(same)).first()
        return tuple(found) if found else (0, 0.0)

    def keep(self, visit: str, num: int, wait_until: float) -> None:
        """Remembers both, and forgets visits of long ago."""
        row = {"visit": _key(visit), "num": num, "wait_until": wait_until}
        self._connection.execute(upsert(self._connection, WRONG_GUESSES, "visit"), row)
        is_old = _ROW.wait_until < wait_until - FORGOTTEN_AFTER
        self._connection.execute(delete(WRONG_GUESSES).where(is_old))


def _key(visit: str) -> bytes:
    """Its hash: whoever reads the table can't ask for a visit's files."""
    return hashlib.sha256(visit.encode()).digest()
