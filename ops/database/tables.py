"""The tables, the same in SQLite and PostgreSQL."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects import postgresql, sqlite

from model.ink.frame import FRAME_SIDE

METADATA = MetaData()

# Each drawing is stored once, under its last label. Its hash is unique instead of its strokes,
# because PostgreSQL refuses to index values beyond 2,704 bytes. Ids are never given twice, so a
# late "Undo" can't delete another drawing.
CORRECTIONS = Table(
    "corrections",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("time", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False, unique=True),  # of the strokes
    Column("strokes", Text, nullable=False),
    Column("frame", LargeBinary, nullable=False),
    Column("probabilities", LargeBinary, nullable=False),
    Column("label", SmallInteger, nullable=False),
    Column("network", Text, nullable=False),
    CheckConstraint(f"length(frame) = {FRAME_SIDE**2}"),
    CheckConstraint("length(probabilities) = 40"),
    CheckConstraint("label BETWEEN 0 AND 9"),
    sqlite_autoincrement=True,
)

# Wrong passwords by visit, in PostgreSQL only: one process counts them in its memory.
WRONG_GUESSES = Table(
    "wrong_guesses",
    METADATA,
    Column("visit", LargeBinary, primary_key=True),  # SHA-256 of the visit's id
    Column("num", Integer, nullable=False),
    Column("wait_until", Float, nullable=False),  # seconds since 1970
)


def upsert(connection: Connection, table: Table, key: str, newer: str = ""):
    """A statement that inserts rows, or replaces all but the ids of those with the same key.

    Args:
        connection: Tells the database, since each has an `INSERT` of its own for this.
        table: One of the above.
        key: Its unique column.
        newer: A column that must be greater than that of the row to be replaced.
    """
    dialect = {"sqlite": sqlite, "postgresql": postgresql}[connection.dialect.name]
    insert = dialect.insert(table)
    others = {column.name for column in table.columns} - {"id", key}
    return insert.on_conflict_do_update(
        index_elements=[key],
        set_={name: insert.excluded[name] for name in others},
        where=insert.excluded[newer] > table.c[newer] if newer else None,
    )
