"""What the fuzz tests share: a target, its two allowed outcomes, and strategies for odd values.

A target is what the app does with one kind of input from outside. Every input must end in an
answer or in one sentence, the text of a `DigitError`. Any other exception is a bug.

The test suite draws a few inputs a target. `python -m benchmarks.fuzz` draws thousands from the
same strategies, tries every hand-made input, and measures time and memory.
"""

import functools
import io
import json
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from model.errors import DigitError
from model.reading.recognizer import Recognizer

ANSWER, SENTENCE = "answer", "sentence"
MAX_SENTENCE = 1500  # characters; a longer text is not one sentence
MAX_SECONDS = 2.0  # of work for one input
MAX_MB = 200  # for one input, on top of what the process uses anyway


@dataclass(frozen=True)
class Target:
    """What the app does with one kind of input.

    Attributes:
        inputs: Draws inputs that can be pickled.
        check: Feeds one input to the app's code, with an empty folder to work in. Returns
            `ANSWER` or `SENTENCE`; raises whatever else the app's code raises.
        share: Inputs of this target in every hundred of the benchmark.
        ordinary: Inputs without a fault, which must be answered.
        special: Makers of further inputs by name: large ones, and ones that exploit a format.
        load: What a library outside the app makes of an input first; not measured.
    """

    inputs: st.SearchStrategy
    check: Callable[[object, Path], str]
    share: int
    ordinary: tuple
    special: Mapping[str, Callable[[], object]] = field(default_factory=dict)
    load: Callable[[object], object] = lambda content: content

    def run(self, content: object, max_seconds: float = MAX_SECONDS) -> str:
        """Checks one input; fails if that takes too much work, however busy the machine is."""
        content = self.load(content)
        with tempfile.TemporaryDirectory() as folder:
            start = time.process_time()
            outcome = self.check(content, Path(folder))
            assert time.process_time() - start < max_seconds
        assert outcome in (ANSWER, SENTENCE)
        return outcome


def few_examples(number: int) -> settings:
    """Hypothesis settings for the test suite: the same few inputs in every run.

    A failing input is not made smaller, which takes minutes on a page.
    """
    return settings(
        phases=(Phase.explicit, Phase.generate),
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def outcome_of(*actions: Callable[[], object]) -> str:
    """Runs all actions; `SENTENCE` if any of them ends in a `DigitError`, else `ANSWER`."""
    outcome = ANSWER
    for action in actions:
        try:
            action()
        except DigitError as error:
            check_sentence(str(error))
            outcome = SENTENCE
    return outcome


def check_sentence(text: str) -> None:
    """Fails if a user could not read a text as one sentence."""
    text.encode()  # browsers get UTF-8
    assert 10 < len(text) <= MAX_SENTENCE and "\n" not in text, f"no sentence: {text[:300]!r}"


@functools.cache
def shipped_recognizer() -> Recognizer:
    return Recognizer.load()


def npz(**arrays: np.ndarray) -> bytes:
    """A NumPy archive."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


# Odd values and damaged content.

SEEDS = st.integers(0, 2**32 - 1)
ODD_TEXTS = st.text(st.characters()) | st.sampled_from(
    ("", "7", "nan", "\x00", "\ud800", "é" * 40, "../..", "..", "a" * 5000, "a\nb", "<b>*x*</b>")
)
ODD_NUMBERS = (
    st.integers(-1, 10)
    | st.floats()
    | st.sampled_from((2**31, 2**62, -(2**63), 10**400, 1e-320, float("nan"), float("inf")))
)
ODD_VALUES = st.recursive(
    st.none() | st.booleans() | ODD_NUMBERS | ODD_TEXTS,
    lambda values: st.lists(values, max_size=10) | st.dictionaries(ODD_TEXTS, values, max_size=3),
    max_leaves=10,
)


@st.composite
def changed(draw, content: object, max_changes: int = 4) -> object:
    """A copy of JSON content in which parts are replaced, removed, repeated or added."""
    for _ in range(draw(st.integers(1, max_changes))):
        content = draw(_changed_once(content))
    return content


@st.composite
def _changed_once(draw, content: object) -> object:
    if not isinstance(content, dict | list) or not content or not draw(st.integers(0, 6)):
        return draw(ODD_VALUES)
    key = draw(st.sampled_from(list(content) if isinstance(content, dict) else range(len(content))))
    action = draw(st.sampled_from(("change", "change", "change", "remove", "add")))
    content = content.copy()
    if action == "change":
        content[key] = draw(_changed_once(content[key]))
    elif action == "remove":
        del content[key]
    elif isinstance(content, dict):
        content[f"{key}x"] = draw(ODD_VALUES)
    else:
        content[key:key] = [content[key]] * draw(st.sampled_from((1, 100, 1000)))
    return content


def changed_json(content: object) -> st.SearchStrategy[bytes]:
    """JSON text of changed content, or bytes that are hardly JSON."""

    def as_bytes(value: object) -> bytes:
        return json.dumps(value).encode()

    deep = b'{"config":' + b'{"a":' * 900 + b"1" + b"}" * 901
    return st.one_of(
        *[changed(content).map(as_bytes)] * 6,
        damaged(as_bytes(content)),
        ODD_VALUES.map(as_bytes),
        st.sampled_from((b"[" * 100_000, deep, b'{"a": 1' + b"0" * 5000 + b"}"))
        | st.just(6_000_000).map(lambda length: as_bytes("a" * length)),
    )


LENGTHS = st.sampled_from((0, 1, 2, 4, 8, 100, 5000))
NOISE = st.builds(lambda seed, length: np.random.default_rng(seed).bytes(length), SEEDS, LENGTHS)
REPEATED = st.builds(lambda byte, length: bytes([byte]) * length, st.integers(0, 255), LENGTHS)
PLACES = st.integers(0, 10**7)  # counted round the file, whose length is not known yet
# Each edit removes bytes at a place and inserts others there.
EDITS = st.lists(
    st.tuples(
        st.integers(0, 200) | PLACES | PLACES,
        LENGTHS | st.just(10**9),
        st.binary(max_size=8) | REPEATED | NOISE,
    )
    | st.tuples(PLACES, st.just(1), st.binary(min_size=1, max_size=1)),
    min_size=1,
    max_size=3,
)


def edited(content: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for place, removed, inserted in edits:
        at = place % (len(content) + 1)
        content = content[:at] + inserted + content[at + removed :]
    return content


def damaged(content: bytes) -> st.SearchStrategy[bytes]:
    """Content with bytes cut off, overwritten, inserted or removed."""
    return EDITS.map(lambda edits: edited(content, edits))


def maybe_damaged(content: bytes) -> st.SearchStrategy[bytes]:
    return st.one_of(*[st.just(content)] * 3, damaged(content))
