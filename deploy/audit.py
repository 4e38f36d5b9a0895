"""Looks for known vulnerabilities in the versions of requirements.lock: `python -m deploy.audit`

pip-audit asks the package index. An index without vulnerability data, such as a mirror, makes it
print "No known vulnerabilities found" and end with status 0. So a package with published
vulnerabilities is added to ours: if that one isn't reported, nothing was audited.

Ends with status 1 for a vulnerability, and with `--strict` also if nothing was audited.
"""

import json
import subprocess  # runs pip-audit, see below  # nosec B404
import sys
import tempfile
from pathlib import Path

LOCK = Path(__file__).parent.parent / "requirements.lock"
VULNERABLE_PACKAGE = ("django", "2.0")  # never installed; has dozens of published vulnerabilities
TIMEOUT = 300  # seconds; pip-audit sends a request for each package
MAX_NAMED = 5  # packages without an answer that are named
ADVICE = 'Run "make audit" with access to PyPI.'


def main() -> int:
    output = run_pip_audit(f"{LOCK.read_text()}\n{'=='.join(VULNERABLE_PACKAGE)}\n")
    status, text = verdict(output)
    print(text)
    return int("--strict" in sys.argv[1:]) if status is None else status


def run_pip_audit(requirements: str) -> str:
    """Runs pip-audit, which installs nothing; returns its JSON, or "" if it takes too long.

    Args:
        requirements: Packages with exact versions, one a line.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "requirements.txt")
        path.write_text(requirements)
        command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip"]
        command += ["--progress-spinner=off", "--format=json", f"--requirement={path}"]
        try:
            return subprocess.run(  # no shell, words of our own  # nosec B603
                command, stdout=subprocess.PIPE, text=True, timeout=TIMEOUT
            ).stdout
        except subprocess.TimeoutExpired:
            return ""


def verdict(output: str) -> tuple[int | None, str]:
    """Reads what pip-audit printed.

    Args:
        output: Its JSON, or any other text if it failed.

    Returns:
        The exit status (0 without, 1 with vulnerabilities, `None` if nothing was audited) and the
        text to print.

    Example:
        >>> verdict("")[1]
        'NOT AUDITED: pip-audit gave no answer. Run "make audit" with access to PyPI.'
    """
    try:
        packages = json.loads(output)["dependencies"]
        added = [p for p in packages if (p["name"], p.get("version")) == VULNERABLE_PACKAGE]
        ours = [p for p in packages if p["name"] != VULNERABLE_PACKAGE[0]]
        vulnerable = [p for p in ours if p.get("vulns")]
        skipped = [p["name"] for p in ours if "vulns" not in p]
    except (ValueError, TypeError, KeyError):
        return None, f"NOT AUDITED: pip-audit gave no answer. {ADVICE}"
    if vulnerable:
        lines = [
            f"{package['name']} {package['version']}: {vulnerability['id']}, fixed in "
            f"{', '.join(vulnerability.get('fix_versions', [])) or 'no version yet'}"
            for package in vulnerable
            for vulnerability in package["vulns"]
        ]
        return 1, "\n".join(["VULNERABLE:", *lines])
    if not any(package.get("vulns") for package in added):
        return None, (
            "NOT AUDITED: the package index reports no vulnerability even for "
            f"{' '.join(VULNERABLE_PACKAGE)}, so it knows nothing about our {len(ours)}. {ADVICE}"
        )
    if skipped:
        more = ", ..." if len(skipped) > MAX_NAMED else ""
        return None, (
            f"NOT AUDITED: {len(skipped)} of {len(ours)} packages "
            f"({', '.join(skipped[:MAX_NAMED])}{more}); the others have no known vulnerability."
        )
    return 0, f"None of {len(ours)} packages has a known vulnerability."


if __name__ == "__main__":
    sys.exit(main())
