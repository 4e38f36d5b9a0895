"""Runs one attack: `python -m benchmarks.attacks.run_one NAME ADDRESS SECONDS`.

`python -m benchmarks.attacks` runs each in a process of its own. An attack prints one line of JSON:
a `note` of what it did, or why the server `failed`. It talks to this machine alone, and ends.
"""

import asyncio
import json
import sys

from benchmarks.attacks import by_file, by_message, by_request  # noqa: F401, they fill `ATTACKS`
from benchmarks.attacks.client import ATTACKS, Vulnerable


def main() -> None:
    name, address, seconds = sys.argv[1:]
    try:
        result = {"note": asyncio.run(ATTACKS[name](address, float(seconds)))}
    except Vulnerable as error:
        result = {"failed": str(error)}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
