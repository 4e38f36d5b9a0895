"""A log line and Prometheus metrics for each prediction.

They record the answer and its latency, never the drawing, an address or a session. If the log or
a metric fails, the prediction still succeeds.
"""

import contextlib
import json
import logging
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, disable_created_metrics

from model.reading.confidence import Answer
from ops.settings import ROOT, settings

LOGGER = logging.getLogger("digitpad.predictions")

SOURCES = ("draw", "keyboard", "paper", "lab", "handwriting", "api")
OUTCOMES = ("digit", "doubtful", "none", "number", "refused", "error")
# Errors that the visitor can fix have the outcome "refused", all others "error".
REFUSALS = ("NothingDrawn", "TooSmall", "BadDrawing", "PictureError", "AccessError")
ERROR_KINDS = (
    *REFUSALS,
    "BusyError",  # too many visitors at once
    *("DataError", "ArtifactError", "CorrectionsError", "TrainingError"),
    "DigitError",  # any other subclass of it
)
MALFORMED = "malformed"  # a client sent values that no page of ours sends
UNEXPECTED = "unexpected"  # any other exception: a bug
# Seconds. A drawing takes 2 to 20 ms, a photo up to 1 s, learning a handwriting a few seconds.
BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_COUNTED = "counted_by_digitpad"  # attribute of an exception that is already in the metrics

# Streamlit re-imports a module when its file changes, but Prometheus accepts each name only once,
# so the metrics are stored in the registry, which lasts as long as the process.
_KEPT = REGISTRY.__dict__.setdefault("digitpad", {})
disable_created_metrics()  # a second time series for each counter


def _metric(kind: Callable, name: str, text: str, labels: Sequence[str] = (), **options):
    """Creates a metric, or returns the one that an earlier import created."""
    if name not in _KEPT:
        _KEPT[name] = kind(name, text, labels, **options)
    return _KEPT[name]


PREDICTIONS = _metric(
    Counter, "digitpad_predictions", "Predictions by source and outcome", ("source", "outcome")
)
SECONDS = _metric(
    Histogram,
    "digitpad_prediction_seconds",
    "From the drawing's arrival in the script to the answer",
    ("source",),
    buckets=BUCKETS,
)
CORRECTIONS = _metric(Counter, "digitpad_corrections", "Drawings that visitors labelled")
ERRORS = _metric(Counter, "digitpad_errors", "Refusals and errors by kind", ("kind",))
LOST = _metric(Counter, "digitpad_log_lines_lost", "Log lines that could not be written")
NETWORK = _metric(Gauge, "digitpad_network_info", "1 for the network used last", ("network",))
STARTED = _metric(Gauge, "digitpad_start_time_seconds", "When counting began, Unix time")
STARTED.set(_KEPT.setdefault("start", time.time()))


class _StderrHandler(logging.StreamHandler):
    """Writes to standard error, and counts lines that can't be written."""

    def handleError(self, _record: logging.LogRecord) -> None:
        LOST.inc()


class _FileHandler(WatchedFileHandler):
    """Appends to a file, which may be moved away at any time; counts lines that can't be written.

    Each line is one write, so several processes may share the file.
    """

    def emit(self, record: logging.LogRecord) -> None:
        try:
            super().emit(record)
        except OSError:  # the file can't be opened; errors of writing are caught in `super`
            self.handleError(record)

    def handleError(self, _record: logging.LogRecord) -> None:
        LOST.inc()
        with contextlib.suppress(OSError):
            self.close()  # else the line stays in a buffer and appears later, after all


def log_to(where: str) -> None:
    """Sets where the log goes from now on.

    Args:
        where: `on` for standard error, `off` or empty for no log, else a file's path.
    """
    word = where.strip().lower()
    handler: logging.Handler
    if word in ("", "off"):
        handler = logging.NullHandler()
    elif word == "on":
        handler = _StderrHandler()
    else:
        handler = _FileHandler(Path(where.strip()).absolute(), encoding="utf-8", delay=True)
    for former in LOGGER.handlers:
        former.close()
    LOGGER.handlers[:] = [handler]
    LOGGER.disabled = isinstance(handler, logging.NullHandler)  # then no line is even formatted
    LOGGER.propagate = False  # else Streamlit's own log would repeat each line
    LOGGER.setLevel(logging.INFO)


if not LOGGER.handlers:  # the logger outlives this module when Streamlit re-imports it
    log_to(settings().log)


def record_prediction(
    source: str,
    network: str,
    seconds: float,
    outcome: str,
    digits: Sequence[int] = (),
    error: str = "",
) -> None:
    """Writes one prediction to the log and the metrics.

    The digits of a number are only counted, because it may be a telephone number.

    Args:
        source: One of `SOURCES`.
        network: `Recognizer.version`, `""` if none was loaded.
        seconds: From the drawing to the answer.
        outcome: One of `OUTCOMES`.
        digits: The digit, the digits that it may be, or those of the number.
        error: The error's kind, as `error_kind` gives it.

    Raises:
        ValueError: If source or outcome is another word, which would add a time series.
    """
    _check_word("source", source, SOURCES)
    _check_word("outcome", outcome, OUTCOMES)
    PREDICTIONS.labels(source, outcome).inc()
    SECONDS.labels(source).observe(seconds)
    if error:
        ERRORS.labels(error if error in ERROR_KINDS else UNEXPECTED).inc()
    if network and network != _KEPT.get("network"):
        _KEPT["network"] = network
        NETWORK.clear()
        NETWORK.labels(network).set(1)
    if not LOGGER.isEnabledFor(logging.INFO):
        return
    is_one = outcome in ("digit", "doubtful")
    line = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "source": source,
        "network": network,
        "latency_ms": round(1000 * seconds, 2),
        "outcome": outcome,
        "digits": [int(digit) for digit in digits] if is_one else [],
        "num_digits": 1 if is_one else len(digits) if outcome == "number" else 0,
        "error": error,
    }
    LOGGER.info("%s", json.dumps(line))


def count_correction() -> None:
    """Counts a drawing that a visitor labelled."""
    CORRECTIONS.inc()


def count_error(error: BaseException) -> None:
    """Counts an error, unless `timed_reading` has counted it already."""
    if not getattr(error, _COUNTED, False):
        ERRORS.labels(error_kind(error)).inc()


def error_kind(error: BaseException) -> str:
    """The class name of an error if it is in `ERROR_KINDS`, else `"malformed"` or `"unexpected"`.

    Example:
        >>> error_kind(ZeroDivisionError())
        'unexpected'
    """
    # By name, because a re-imported module has new classes of the same names.
    names = [each.__name__ for each in type(error).__mro__]
    other = MALFORMED if _is_from_client(error) else UNEXPECTED
    return next((name for name in names if name in ERROR_KINDS), other)


def _is_from_client(error: BaseException) -> bool:
    """Whether Streamlit failed to unpack a widget's value, which only a forged message causes."""
    kinds = (TypeError, ValueError, IndexError, OverflowError)
    # An uploaded file's name that the page's uploader doesn't let through.
    is_streamlits = type(error).__name__ == "StreamlitAPIException"
    if not isinstance(error, kinds) and not is_streamlits:
        return False
    frames = [
        (frame.filename.replace("\\", "/"), frame.name)
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    ours_or_streamlits = [
        frame for frame in frames if frame[0].startswith(str(ROOT)) or "/streamlit/" in frame[0]
    ]
    file, function = ours_or_streamlits[-1] if ours_or_streamlits else ("", "")
    return "/streamlit/runtime/state/" in file or (
        "/streamlit/" in file and function in ("deserialize", "enforce_filename_restriction")
    )


@dataclass
class Reading:
    """The result of one prediction; `outcome` is empty until there is one.

    Attributes:
        network: `Recognizer.version` of the network that answered.
        outcome: One of `OUTCOMES`.
        digits: As in `record_prediction`.
        error: As in `record_prediction`.
    """

    network: str = ""
    outcome: str = ""
    digits: tuple[int, ...] = ()
    error: str = ""

    def answered(self, network: str, answers: Iterable[Answer]) -> None:
        """Sets the network and its answers; several answers make a number."""
        answers = list(answers)
        self.network = network
        self.digits = tuple(answer.digits[0] for answer in answers)
        self.outcome = "number"
        if len(answers) == 1:
            self.digits = answers[0].digits
            doubt = "doubtful" if answers[0].is_doubtful else "digit"
            self.outcome = doubt if answers[0].is_digit else "none"


@contextlib.contextmanager
def timed_reading(
    source: str, is_new: Callable[[Reading], bool] = lambda reading: True
) -> Iterator[Reading]:
    """Times the block and records its result, or the exception that ended it.

    Args:
        source: One of `SOURCES`.
        is_new: Called at the end; returns whether to record this reading.

    Yields:
        The `Reading`, whose `answered` the block calls.

    Raises:
        ValueError: If there is no such source.
    """
    _check_word("source", source, SOURCES)
    reading, start = Reading(), time.perf_counter()
    try:
        yield reading
    except Exception as error:
        reading.error = error_kind(error)
        reading.outcome = "refused" if reading.error in REFUSALS else "error"
        with contextlib.suppress(AttributeError):  # a class with slots
            setattr(error, _COUNTED, True)
        raise
    finally:
        seconds = time.perf_counter() - start
        try:
            if reading.outcome and is_new(reading):
                record_prediction(source, seconds=seconds, **vars(reading))
        except Exception:  # must not end the prediction
            LOST.inc()


def _check_word(name: str, word: str, allowed: Sequence[str]) -> None:
    if word not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}. Received: {word!r}")
