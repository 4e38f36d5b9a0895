"""An audit that could not be made is not passed off as one; a vulnerability fails it."""

import json

from deploy.audit import KNOWN, verdict


def package(name: str, version: str = "1.0", *vulnerabilities: str) -> dict:
    found = [{"id": each, "fix_versions": ["1.1"]} for each in vulnerabilities]
    return {"name": name, "version": version, "vulns": found}


def skipped(name: str) -> dict:
    return {"name": name, "skip_reason": f"Dependency not found on PyPI: {name}"}


def said(*packages: dict) -> tuple[int | None, str]:
    return verdict(json.dumps({"dependencies": packages, "fixes": []}))


CANARY = package(*KNOWN, "PYSEC-1")


def test_an_index_that_knows_and_finds_nothing_is_believed():
    assert said(package("numpy"), package("streamlit"), CANARY) == (
        0,
        "None of 2 packages has a known vulnerability.",
    )


def test_a_vulnerability_fails_whatever_else_is_not_known():
    for others in ((CANARY,), (skipped(KNOWN[0]), skipped("numpy"))):
        status, text = said(package("streamlit", "1.0", "CVE-1", "CVE-2"), *others)
        assert status == 1 and text.startswith("VULNERABLE")
        assert "streamlit 1.0: CVE-2, mended in 1.1" in text


def test_an_index_without_word_on_vulnerabilities_is_no_audit():
    for canary in ((skipped(KNOWN[0]),), (package(*KNOWN),), ()):
        for ours in (package("numpy"), skipped("numpy")):
            status, text = said(ours, *canary)
            assert status is None and "NOT AUDITED" in text


def test_packages_that_were_passed_over_are_named():
    status, text = said(package("numpy"), *(skipped(f"p{index}") for index in range(7)), CANARY)
    assert status is None and "7 of 8 packages (p0, p1, p2, p3, p4, ...)" in text


def test_no_answer_is_no_audit():
    for nothing in ("", "Traceback", "[]", "{}", '{"dependencies": [1]}', '{"dependencies": 1}'):
        status, text = verdict(nothing)
        assert status is None and "NOT AUDITED" in text
