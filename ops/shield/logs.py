"""Bounds the log: a client that causes warnings must not fill the disk or get at others' ids."""

import logging
import re
import traceback

from ops.shield.rates import TokenBucket

LINES = 200  # at once
LINES_PER_SECOND = 5.0
CHARACTERS = 4_000  # of a message, and of a traceback
OWN = "digitpad"  # our loggers, whose lines are bounded by what they log
# The ids of visits and uploads, with which Streamlit lets one act for a visitor.
_ID = re.compile(r"\b[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12,}\b")


class LogLimit(logging.Filter):
    """Shortens messages, takes ids out of them, and drops those that come too fast."""

    def __init__(self):
        super().__init__()
        self._bucket = TokenBucket(LINES, LINES_PER_SECOND)
        self._num_dropped = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log a record, which is changed to its short text."""
        if record.name.partition(".")[0] == OWN:
            return True
        if self._bucket.level() < 1:
            self._num_dropped += 1
            return False
        self._bucket.take(1)
        text = _short(record.getMessage())
        if self._num_dropped:
            text += f" ({self._num_dropped:,} lines before this one were left out)"
            self._num_dropped = 0
        record.msg, record.args = text, None
        if record.exc_info:
            # Formatters take this text, if it is there, instead of making their own.
            record.exc_text = _short("".join(traceback.format_exception(*record.exc_info)).rstrip())
        return True


def _short(text: str) -> str:
    """A text without ids, and only its beginning and end if it is long."""
    text = _ID.sub("(id)", text)
    if len(text) <= CHARACTERS:
        return text
    half = CHARACTERS // 2
    return f"{text[:half]} ... ({len(text):,} characters) ... {text[-half:]}"


def limit_logs() -> None:
    """Applies one `LogLimit` to all loggers, those of the future too."""
    limit = LogLimit()

    class LimitedLogger(logging.Logger):
        def __init__(self, name: str, level: int = logging.NOTSET):
            super().__init__(name, level)
            self.addFilter(limit)

    logging.setLoggerClass(LimitedLogger)
    loggers = logging.root.manager.loggerDict.values()
    for logger in (logging.root, *loggers):
        if isinstance(logger, logging.Logger):  # the others are places for a logger
            logger.addFilter(limit)
