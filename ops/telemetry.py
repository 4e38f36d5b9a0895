"""What came of each reading: a line for a log and figures for Prometheus, never the drawing.

Neither says who drew: no address, no session. Whatever is wrong with the log, a prediction goes on.
"""

import contextlib
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, disable_created_metrics

from model.reading.confidence import Answer

LOG_VARIABLE = "DIGITPAD_LOG"
LOGGER = logging.getLogger("digitpad.predictions")

SOURCES = ("draw", "keyboard", "photo", "lab", "handwriting", "api")
OUTCOMES = ("digit", "doubtful", "none", "number", "refused", "error")
# What a visitor can mend: the reading was refused. All else is an error of ours.
REFUSALS = ("NothingDrawn", "TooSmall", "BadDrawing", "PictureError")
KINDS = (
    *REFUSALS,
    *("DataError", "ArtifactError", "CorrectionsError", "TrainingError"),
    "DigitError",  # one that is not named here yet
)
UNEXPECTED = "unexpected"  # any other: a mistake in the program
# Seconds. A drawing takes 2 to 20 ms, a photo up to a second, a lesson some seconds.
BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_COUNTED = "counted_by_digitpad"  # on an exception that passes by twice


# Streamlit imports a module anew when its file changes; Prometheus takes each name once. So what
# was made first is kept where it lasts as long as the process.
_KEPT = REGISTRY.__dict__.setdefault("digitpad", {})
disable_created_metrics()  # a second series for each, which tells when it began


def _once(kind: Callable, name: str, text: str, labels: Sequence[str] = (), **options):
    """A figure of this process: a new one, or the one that an earlier import made."""
    if name not in _KEPT:
        _KEPT[name] = kind(name, text, labels, **options)
    return _KEPT[name]


PREDICTIONS = _once(
    Counter, "digitpad_predictions", "Readings, by where and what came of it", ("source", "outcome")
)
SECONDS = _once(
    Histogram,
    "digitpad_prediction_seconds",
    "From the drawing in the script to the answer",
    ("source",),
    buckets=BUCKETS,
)
CORRECTIONS = _once(Counter, "digitpad_corrections", "Drawings that visitors said the digit of")
ERRORS = _once(Counter, "digitpad_errors", "What was refused or went wrong, by kind", ("kind",))
LOST = _once(Counter, "digitpad_log_lines_lost", "Lines of the log that could not be written")
NETWORK = _once(Gauge, "digitpad_network_info", "1 for the network that read last", ("network",))
STARTED = _once(Gauge, "digitpad_start_time_seconds", "When this process began to count, Unix time")
STARTED.set(_KEPT.setdefault("start", time.time()))


class _Lines(logging.Handler):
    """Writes each line in one go; one that can't be written is counted and given up.

    A file is opened for each line, so it may be moved away or deleted at any time, and two
    processes may share one.
    """

    def __init__(self, path: Path | None):
        super().__init__()
        self._path = path

    def emit(self, record: logging.LogRecord) -> None:
        line = f"{record.getMessage()}\n"
        try:
            if self._path is None:
                sys.stderr.write(line)
                sys.stderr.flush()
                return
            with self._path.open("ab", buffering=0) as file:
                if file.write(line.encode()) < len(line.encode()):
                    LOST.inc()
        except Exception:  # a full disk, a closed or missing stderr: none may end a prediction
            LOST.inc()


def log_to(where: str) -> None:
    """Says where the lines go from now on.

    Args:
        where: `on` for the standard error output, `off` or nothing for nowhere, else a file's
            path.
    """
    word = where.strip().lower()
    if word in ("", "off"):
        handler: logging.Handler = logging.NullHandler()
    else:
        handler = _Lines(None if word == "on" else Path(where.strip()).absolute())
    LOGGER.handlers[:] = [handler]
    LOGGER.disabled = isinstance(handler, logging.NullHandler)  # then no line is made at all
    LOGGER.propagate = False  # else Streamlit's own log would have each line again
    LOGGER.setLevel(logging.INFO)


if not LOGGER.handlers:  # the logger outlives this module when Streamlit imports it anew
    log_to(os.environ.get(LOG_VARIABLE, ""))


def predicted(
    source: str,
    network: str,
    seconds: float,
    outcome: str,
    digits: Sequence[int] = (),
    error: str = "",
) -> None:
    """Notes one prediction: a line in the log, and the figures.

    A single digit is told, a number's digits are only counted: they may be a telephone number.

    Args:
        source: One of `SOURCES`.
        network: `Recognizer.version`, `""` if there was none.
        seconds: From the drawing to the answer.
        outcome: One of `OUTCOMES`.
        digits: The digit, the digits that it may be, or those of the number.
        error: The kind of what went wrong.

    Raises:
        ValueError: If source or outcome is another word: each would be a series of its own.
    """
    _check("source", source, SOURCES)
    _check("outcome", outcome, OUTCOMES)
    PREDICTIONS.labels(source, outcome).inc()
    SECONDS.labels(source).observe(seconds)
    if error:
        ERRORS.labels(error if error in KINDS else UNEXPECTED).inc()
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


def corrected() -> None:
    """Counts a drawing of which a visitor said what it is."""
    CORRECTIONS.inc()


def failed(error: BaseException) -> None:
    """Counts an error that ended something else than a reading; one of a reading is counted."""
    if not getattr(error, _COUNTED, False):
        ERRORS.labels(kind_of(error)).inc()


def kind_of(error: BaseException) -> str:
    """The name of an error's class if it is one of ours, else `"unexpected"`.

    Example:
        >>> kind_of(ZeroDivisionError())
        'unexpected'
    """
    # By name: a module that was imported anew has other classes of the same names.
    names = [each.__name__ for each in type(error).__mro__]
    return next((name for name in names if name in KINDS), UNEXPECTED)


@dataclass
class Reading:
    """What came of a reading; nothing has yet while `outcome` is empty.

    Attributes:
        network: `Recognizer.version` of who read.
        outcome: One of `OUTCOMES`.
        digits: As `predicted` takes them.
        error: The kind of what went wrong.
    """

    network: str = ""
    outcome: str = ""
    digits: tuple[int, ...] = ()
    error: str = ""

    def read(self, network: str, answers: Iterable[Answer]) -> None:
        """Notes who read and what the answer is; several make a number."""
        answers = list(answers)
        self.network = network
        self.digits = tuple(answer.digits[0] for answer in answers)
        self.outcome = "number"
        if len(answers) == 1:
            self.digits = answers[0].digits
            doubt = "doubtful" if answers[0].is_doubtful else "digit"
            self.outcome = doubt if answers[0].is_digit else "none"


@contextlib.contextmanager
def reading(
    source: str, is_new: Callable[[Reading], bool] = lambda reading: True
) -> Iterator[Reading]:
    """Times a reading, notes what `Reading.read` was told, or the exception that ended it.

    Args:
        source: One of `SOURCES`.
        is_new: Asked at the end whether this is a prediction of its own.

    Raises:
        ValueError: If there is no such source.
    """
    _check("source", source, SOURCES)
    noted, start = Reading(), time.perf_counter()
    try:
        yield noted
    except Exception as error:
        noted.error = kind_of(error)
        noted.outcome = "refused" if noted.error in REFUSALS else "error"
        with contextlib.suppress(AttributeError):  # a class with slots
            setattr(error, _COUNTED, True)
        raise
    finally:
        seconds = time.perf_counter() - start
        try:
            if noted.outcome and is_new(noted):
                predicted(source, seconds=seconds, **vars(noted))
        except Exception:  # what is said of a prediction must not end it
            LOST.inc()


def _check(what: str, word: str, words: Sequence[str]) -> None:
    if word not in words:
        raise ValueError(f"{what} must be one of {', '.join(words)}. Received: {word!r}")
