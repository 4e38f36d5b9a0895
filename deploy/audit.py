"""Are the versions that were tested known to be vulnerable? `python -m deploy.audit`

pip-audit asks the package index. Where that has no word on vulnerabilities, as a mirror or none at
all, pip-audit says "No known vulnerabilities found" and ends well, having audited nothing. So a
package that is known to be vulnerable is asked about along with ours: only an index that knows of
it is believed.
"""

import json
import subprocess  # runs pip-audit, see below  # nosec B404
import sys
import tempfile
from pathlib import Path

LOCK = Path(__file__).parent.parent / "requirements.lock"
KNOWN = ("django", "2.0")  # never installed; has dozens of published vulnerabilities
TIMEOUT = 300  # seconds; the index is asked once for each package
MOST_NAMED = 5


def main() -> int:
    found = ask(f"{LOCK.read_text()}\n{'=='.join(KNOWN)}\n")
    status, text = verdict(found)
    if status is None:
        status = int("--strict" in sys.argv[1:])
    print(text)
    return status


def ask(requirements: str) -> str:
    """What pip-audit says of requirements, JSON; what it complains of goes to the terminal.

    Args:
        requirements: Exact versions, one a line; nothing is installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "requirements.txt")
        path.write_text(requirements)
        command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip"]
        command += ["--progress-spinner=off", "--format=json", f"--requirement={path}"]
        try:
            return subprocess.run(  # the words are ours  # nosec B603
                command, capture_output=True, text=True, check=False, timeout=TIMEOUT
            ).stdout
        except subprocess.TimeoutExpired:
            return ""


def verdict(found: str) -> tuple[int | None, str]:
    """Reads what pip-audit found.

    Args:
        found: Its JSON, or anything else if it failed.

    Returns:
        The exit status, 0 for fine and 1 for a vulnerability, or `None` if nothing can be said;
        and what to print.

    Example:
        >>> verdict("")[1]
        'NOT AUDITED: pip-audit gave no answer. Run "make audit" where the index is reached.'
    """
    advice = 'Run "make audit" where the index is reached.'
    try:
        packages = json.loads(found)["dependencies"]
        known = [each for each in packages if (each["name"], each.get("version")) == KNOWN]
        ours = [each for each in packages if each["name"] != KNOWN[0]]
        vulnerable = [each for each in ours if each.get("vulns")]
        skipped = [each["name"] for each in ours if "vulns" not in each]
    except (ValueError, TypeError, KeyError):
        return None, f"NOT AUDITED: pip-audit gave no answer. {advice}"
    if vulnerable:
        lines = [
            f"{each['name']} {each['version']}: {vulnerability['id']}, mended in "
            f"{', '.join(vulnerability.get('fix_versions', [])) or 'no version yet'}"
            for each in vulnerable
            for vulnerability in each["vulns"]
        ]
        return 1, "\n".join(["VULNERABLE:", *lines])
    if not any(each.get("vulns") for each in known):
        return None, (
            f"NOT AUDITED: the package index knows of no vulnerability even of {' '.join(KNOWN)}, "
            f"so its silence on our {len(ours)} packages says nothing. {advice}"
        )
    if skipped:
        more = ", ..." if len(skipped) > MOST_NAMED else ""
        return None, (
            f"NOT AUDITED: {len(skipped)} of {len(ours)} packages "
            f"({', '.join(skipped[:MOST_NAMED])}{more}); the others have no known vulnerability."
        )
    return 0, f"None of {len(ours)} packages has a known vulnerability."


if __name__ == "__main__":
    sys.exit(main())
