"""What a client causes fills no log and names no visit."""

import logging

import pytest

from ops.shield import logs

VISIT = "86d4a539-510a-4f50-9dfa-63cddb73cc24"


@pytest.fixture
def limited(monkeypatch):
    monkeypatch.setattr(logs, "LINES", 3)
    monkeypatch.setattr(logs, "LINES_PER_SECOND", 0.001)
    limit = logs.LogLimit()

    def line(text: str, *args: object, name: str = "streamlit.x") -> str | None:
        record = logging.LogRecord(name, logging.WARNING, "", 0, text, args, None)
        return record.getMessage() if limit.filter(record) else None

    return line


def test_ids_are_taken_out_and_long_lines_cut(limited):
    assert limited("visit %s, file %s", VISIT, VISIT) == "visit (id), file (id)"
    long = limited("x" * 1_000_000)
    assert "(1,000,000 characters)" in long and len(long) < 5_000


def test_tracebacks_name_no_ids(caplog):
    logger = logging.getLogger("tests.traceback")
    logger.addFilter(logs.LogLimit())
    try:
        raise ValueError(VISIT.replace("-", ""))
    except ValueError:
        logger.exception("failed")
    assert "ValueError: (id)" in caplog.text and VISIT[:8] not in caplog.text


def test_lines_that_come_too_fast_are_dropped_and_counted(limited, monkeypatch):
    assert [limited("a") for _ in range(5)] == ["a"] * 3 + [None] * 2
    monkeypatch.setattr(logs.TokenBucket, "level", lambda _: 1)
    assert limited("b") == "b (2 lines before this one were left out)"
    assert limited("c") == "c"


def test_our_own_lines_always_pass(limited):
    assert [limited(VISIT, name="digitpad.predictions") for _ in range(9)] == [VISIT] * 9


def test_present_and_future_loggers_are_limited(monkeypatch):
    present = logging.getLogger("tests.present")
    monkeypatch.setattr(logging.root.manager, "loggerDict", {"tests.present": present})
    usual = logging.getLoggerClass()
    try:
        logs.limit_logs()
        future = logging.getLogger("tests.future")
    finally:
        logging.setLoggerClass(usual)
        logging.root.filters = [f for f in logging.root.filters if not isinstance(f, logs.LogLimit)]
    for logger in (present, future):
        assert any(isinstance(each, logs.LogLimit) for each in logger.filters)
