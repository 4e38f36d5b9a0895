"""Copies the corrections of a SQLite file into the database that DIGITPAD_CORRECTIONS names.

    DIGITPAD_CORRECTIONS=postgresql+psycopg://... python -m ops.database.move corrections.sqlite3

All of them are copied, or none. A drawing that the database has already keeps its later label. The
file stays as it is; what can't be read in it is named and stays there.
"""

import argparse
import sys
from pathlib import Path

from model.errors import CorrectionsError, DigitError
from ops.correction_rows import Unreadable
from ops.corrections import Corrections


def move(source: Corrections, target: Corrections) -> list[Unreadable]:
    """Copies all readable corrections, prints how many, and returns the others.

    Raises:
        CorrectionsError: If there are none, or one of the two can't be used.
    """
    readable, unreadable = source.load_readable()
    num = len(readable) + len(unreadable)
    if not num:
        raise CorrectionsError(f"There are no corrections in {source.place}.")
    num_new = target.add_all(readable)
    print(
        f"Of {num:,} corrections in {source.place}, {len(readable):,} were read; "
        f"{num_new:,} are new in {target.place}."
    )
    return unreadable


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 1 after an error, or if a correction could not be read."""
    parser = argparse.ArgumentParser(
        prog="python -m ops.database.move",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, help="the SQLite file")
    options = parser.parse_args(arguments)
    try:
        unreadable = move(Corrections(options.file), Corrections())
    except DigitError as error:
        print(error, file=sys.stderr)
        return 1
    for each in unreadable:
        print(f"Not copied: {each.problem}", file=sys.stderr)
    return int(bool(unreadable))


if __name__ == "__main__":
    sys.exit(main())
