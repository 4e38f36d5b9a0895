"""The audit fails for a vulnerability, and says so if nothing was audited."""

import json

import pytest

from deploy.audit import VULNERABLE_PACKAGE, verdict


def package(name: str, version: str = "1.0", *vulnerabilities: str) -> dict:
    found = [{"id": each, "fix_versions": ["1.1"]} for each in vulnerabilities]
    return {"name": name, "version": version, "vulns": found}


def skipped(name: str) -> dict:
    return {"name": name, "skip_reason": f"Dependency not found on PyPI: {name}"}


def verdict_on(*packages: dict) -> tuple[int | None, str]:
    return verdict(json.dumps({"dependencies": packages, "fixes": []}))


ADDED = package(*VULNERABLE_PACKAGE, "PYSEC-1")


def test_audit_passes_if_only_the_added_package_is_vulnerable():
    assert verdict_on(package("numpy"), package("streamlit"), ADDED) == (
        0,
        "None of 2 packages has a known vulnerability.",
    )


@pytest.mark.parametrize("others", [(ADDED,), (skipped("django"), skipped("numpy"))])
def test_a_vulnerability_fails_the_audit_whatever_else_is_unknown(others):
    status, text = verdict_on(package("streamlit", "1.0", "CVE-1", "CVE-2"), *others)
    assert status == 1 and text.startswith("VULNERABLE")
    assert "streamlit 1.0: CVE-2, fixed in 1.1" in text


@pytest.mark.parametrize("added", [(skipped("django"),), (package(*VULNERABLE_PACKAGE),), ()])
@pytest.mark.parametrize("ours", [package("numpy"), skipped("numpy")])
def test_an_index_without_vulnerability_data_is_not_an_audit(added, ours):
    status, text = verdict_on(ours, *added)
    assert status is None and "NOT AUDITED" in text


def test_packages_without_an_answer_are_named():
    status, text = verdict_on(package("numpy"), *(skipped(f"p{i}") for i in range(7)), ADDED)
    assert status is None and "7 of 8 packages (p0, p1, p2, p3, p4, ...)" in text


@pytest.mark.parametrize(
    "output", ["", "Traceback", "[]", "{}", '{"dependencies": [1]}', '{"dependencies": 1}']
)
def test_no_answer_is_not_an_audit(output):
    status, text = verdict(output)
    assert status is None and "NOT AUDITED" in text
