"""Pages connect only from the scheme, host and port that they were loaded from."""

import pytest
from streamlit import config

from ops.shield.origins import is_foreign, is_known_host


@pytest.mark.parametrize(
    ("origin", "scheme", "extra"),
    [
        ("http://127.0.0.1:8501", "ws", {}),
        ("https://127.0.0.1:8501", "wss", {}),
        ("https://127.0.0.1:8501", "ws", {"x-forwarded-proto": "https"}),
    ],
)
def test_the_pages_own_origin_is_not_foreign(origin, scheme, extra):
    assert not is_foreign({"origin": origin, "host": "127.0.0.1:8501", **extra}, scheme)


@pytest.mark.parametrize(
    "origin",
    [
        *("https://127.0.0.1:8501", "http://127.0.0.1:8502", "http://127.0.0.1"),
        *("http://localhost:8501", "http://other.example:8501", "null", "http://[", "x", ""),
    ],
)
def test_another_scheme_port_or_host_is_foreign(origin):
    assert is_foreign({"origin": origin, "host": "127.0.0.1:8501"}, "ws")


def test_a_port_left_out_is_the_schemes_own():
    headers = {"origin": "https://pad.example", "host": "pad.example:443"}
    assert not is_foreign(headers, "wss")
    assert is_foreign({"origin": "http://pad.example", "host": "pad.example:443"}, "ws")


def test_programs_without_origin_and_configured_sites_may_connect(monkeypatch):
    options = {"server.enableCORS": True, "server.corsAllowedOrigins": ["https://school.example"]}
    monkeypatch.setattr(config, "get_option", options.get)
    assert not is_foreign({"host": "x"}, "ws")
    assert not is_foreign({"origin": "https://school.example", "host": "x"}, "ws")
    assert is_foreign({"origin": "http://school.example", "host": "x"}, "ws")


@pytest.mark.parametrize(
    ("host", "is_known"),
    [
        *(("localhost:8501", True), ("127.0.0.1", True), ("[::1]:8501", True)),
        *(("a.streamlit.app", True), ("other.example", False), ("localhost.other.example", False)),
    ],
)
def test_only_configured_names_are_answered(host, is_known):
    assert is_known_host({"host": host}) == is_known


def test_a_request_without_host_is_refused():
    assert not is_known_host({})
