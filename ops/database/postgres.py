"""Corrections in PostgreSQL: connections, transactions and errors."""

import contextlib
import logging
from collections.abc import Iterator
from functools import lru_cache

from sqlalchemy import URL, Connection, Engine, create_engine, func, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, TimeoutError

from model.errors import CorrectionsError
from ops.database.tables import CORRECTIONS, METADATA

EXAMPLE = "postgresql+psycopg://USER:PASSWORD@HOST/DATABASE"
# A visitor's page waits for the answer, but no longer than for a SQLite file.
CONNECT_TIMEOUT = 5  # seconds
OPTIONS = {
    "statement_timeout": "6s",
    "lock_timeout": "5s",
    "synchronous_commit": "on",  # a stored correction survives a power cut, whatever the default
}
UNANSWERED_TIMEOUT = 6_000  # milliseconds until a connection that carries nothing counts as dropped
KEPT_CONNECTIONS, MORE_CONNECTIONS = 2, 8  # of a process; PostgreSQL has a hundred for everyone
# Numbers of locks, for all processes that use the database.
CORRECTIONS_LOCK, TABLES_LOCK, GUESS_LOCK = 0xD161, 0xD162, 0xD163

_log = logging.getLogger("digitpad.corrections")

_NO_ANSWER = "doesn't answer: try again in a moment, nothing is stored twice"
_REMEDIES = (  # by the first characters of the error's SQLSTATE
    (("08", "57P", "53300"), _NO_ANSWER),
    (("28", "3D"), "refuses the user, the password or the name in DIGITPAD_CORRECTIONS"),
    (("42501", "25006"), "can't be written: give its user the right to create and change tables"),
    (("53",), "can't grow: make room on its disk"),
    (("57014", "55P03", "40"), "is in use by another program: try again in a moment"),
    (("42",), "has a table of another program: name another database in DIGITPAD_CORRECTIONS"),
)


class Postgres:
    """A database of corrections; its tables are created with the first one.

    Every method raises `CorrectionsError`, one sentence, if it does not answer or can't be used.

    Args:
        address: As in `EXAMPLE`; it is never logged or shown, because it holds the password.
    """

    path = None  # there is no file

    def __init__(self, address: str):
        self._url = _url(address)

    def __str__(self) -> str:
        if self._url is None:
            return "the database that DIGITPAD_CORRECTIONS names"
        host = self._url.host or self._url.query.get("host") or "this computer"
        return f"the PostgreSQL database {self._url.database} on {host}"

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection | None]:
        """A connection to read with, `None` if nothing is stored yet."""
        with self._connection() as connection:
            yield connection if _has_tables(connection) else None

    @contextlib.contextmanager
    def writing(self, adds: bool = False, lock: int = CORRECTIONS_LOCK) -> Iterator[Connection]:
        """A connection inside one transaction; creates the tables if need be.

        Args:
            adds: Whether rows are added; makes no difference here.
            lock: Only one transaction holds it at a time, in all processes.
        """
        with self._connection() as connection:
            if not _has_tables(connection):
                _wait_for(connection, TABLES_LOCK)
                METADATA.create_all(connection)
            connection.commit()
            _wait_for(connection, lock)
            yield connection  # an error rolls back
            connection.commit()

    def used_bytes(self, connection: Connection) -> int:
        """The size of all drawings, as they are compressed in the database."""
        size = func.sum(func.pg_column_size(CORRECTIONS.c.strokes))
        return connection.scalar(select(func.coalesce(size, 0)))

    def check(self, connection: Connection) -> None:
        """Does nothing more than `reading`: PostgreSQL's own tools check its files."""

    @contextlib.contextmanager
    def spare_room(self) -> Iterator[bool]:
        """There is none to give up: `False`."""
        yield False

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Connection]:
        """A connection of the pool; turns the database's errors into sentences."""
        if self._url is None:
            raise CorrectionsError(
                f"DIGITPAD_CORRECTIONS must name a SQLite file, or a database as in {EXAMPLE}."
            )
        try:
            with _engine(self._url).connect() as connection:
                yield connection
        except ModuleNotFoundError as error:
            raise CorrectionsError(
                f"Corrections in PostgreSQL need the package {error.name}: run "
                '"pip install -r requirements-serve.txt", or build the image with '
                '"--build-arg LEAVE_OUT=".'
            ) from error
        except (DBAPIError, TimeoutError) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            _log.error("%s: %s", self, " ".join(str(cause).split()))
            raise CorrectionsError(f"The database of corrections {_remedy(cause)}.") from cause


def _url(address: str) -> URL | None:
    """The address of a PostgreSQL database; `None` if it is none."""
    with contextlib.suppress(ArgumentError, ValueError):
        url = make_url(address)
        if url.get_backend_name() == "postgresql" and url.database:
            return url.set(drivername="postgresql+psycopg")
    return None


@lru_cache(maxsize=4)  # one, and others in tests
def _engine(url: URL) -> Engine:
    return create_engine(
        url,
        # A connection that was dropped is opened again before it is used.
        pool_pre_ping=True,
        pool_size=KEPT_CONNECTIONS,
        max_overflow=MORE_CONNECTIONS,
        pool_timeout=CONNECT_TIMEOUT,
        hide_parameters=True,  # drawings are no part of an error's text
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT,
            "tcp_user_timeout": UNANSWERED_TIMEOUT,
            "application_name": "digitpad",
            "options": " ".join(f"-c {name}={value}" for name, value in OPTIONS.items()),
        },
    )


def _has_tables(connection: Connection) -> bool:
    # The last one that `create_all` makes.
    names = select(*(func.to_regclass(name) for name in METADATA.tables))
    return None not in connection.execute(names).one()


def _wait_for(connection: Connection, lock: int) -> None:
    """Waits for a lock, which the end of the transaction releases."""
    connection.execute(select(func.pg_advisory_xact_lock(lock)))


def _remedy(cause: BaseException) -> str:
    state = getattr(cause, "sqlstate", None)
    if state is None and "FATAL" in str(cause):  # refusals of a connection have no SQLSTATE
        return "refuses the connection: try again in a moment, or check DIGITPAD_CORRECTIONS"
    if state is None:
        return _NO_ANSWER
    for states, text in _REMEDIES:
        if state.startswith(states):
            return text if text == _NO_ANSWER else f"{text}; nothing was changed"
    return f"can't be used (SQLSTATE {state}); nothing was changed"
