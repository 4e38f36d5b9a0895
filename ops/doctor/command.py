"""Checks whether this installation is healthy: `python -m ops.doctor`, or with `--json`.

Each check says "ok", "note" (it works, but you may want to know) or "FAULT", and what to do. After
a fault the exit status is 1. Nothing is changed, created or downloaded.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

from model.errors import DigitError
from ops.doctor import installation, network, stored
from ops.doctor.findings import FAULT, Result

CHECKS: dict[str, Callable[[], Result]] = {
    "Python": installation.python,
    "packages": installation.packages,
    "packages to train": installation.packages_to_train,
    "versions": installation.versions,
    "Streamlit settings": installation.streamlit_settings,
    "network": network.network,
    "a known digit": network.known_digit,
    "report": network.report,
    "look-alikes": network.look_alikes,
    "model card": network.card,
    "history": network.history,
    "Keras file": network.keras_file,
    "former network": network.former,
    "MNIST": stored.mnist,
    "writers' split": stored.split,
    "test images": network.misread_images,
    "bundled digits": stored.bundled_digits,
    "corrections": stored.corrections,
    "disk for corrections": stored.disk_for_corrections,
    "runs": stored.runs,
    "disk for runs": stored.disk_for_runs,
    "training from the page": installation.training,
    "log": installation.log,
    "memory": installation.memory,
}


@dataclass(frozen=True)
class Finding:
    """The result of one check: its name, its level, and a sentence with what to do."""

    check: str
    level: str
    text: str


def examine() -> list[Finding]:
    """Runs all checks."""
    return [finding for name in CHECKS if (finding := run_check(name))]


def run_check(name: str) -> Finding | None:
    """Runs one check; an exception is a fault. `None` if the check does not apply."""
    try:
        result = CHECKS[name]()
    except DigitError as error:
        result = FAULT, str(error)
    except ImportError as error:
        remedy = f'run "pip install -r {installation.SERVE_FILE}"'
        result = FAULT, f"{error.name or error} can't be imported: {remedy}."
    except Exception as error:
        result = FAULT, f"the check failed ({type(error).__name__}: {error})."
    return Finding(name, *result) if result else None


def main(arguments: list[str] | None = None) -> int:
    """Prints the findings; returns the exit status, 1 after a fault."""
    parser = argparse.ArgumentParser(
        prog="python -m ops.doctor",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for a program")
    options = parser.parse_args(arguments)
    findings = examine()
    num_faults = sum(finding.level == FAULT for finding in findings)
    if options.json:
        content = {"healthy": not num_faults, "findings": [asdict(each) for each in findings]}
        print(json.dumps(content, indent=1))
    else:
        width = max(len(each.check) for each in findings)
        for each in findings:
            print(f"{each.level:5}  {each.check:{width}}  {each.text}")
        print(f"Faults: {num_faults}, see above." if num_faults else "Healthy.")
    return 1 if num_faults else 0
