"""The drawing on the Draw page with the stroke that is being drawn, and its reading.

The canvas reports a stroke 200 ms after the pen was lifted. The answer panel reports it while it is
drawn. Both together are the drawing; a drawing that was read from one is not read again from the
other.
"""

import contextlib
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from model.errors import DigitError, NothingDrawn
from model.ink.canvas_json import strokes_of_canvas
from model.reading.numbers import Digit, read_digits
from model.reading.recognizer import Recognizer
from ui import personalisation
from ui.answer import KEY
from ui.canvas_state import (
    BEFORE,
    CANVAS_SIDE,
    DRAWING,
    NAME,
    UNREPORTED,
    canvas_width,
    draw_example,
    kept_objects,
    num_commands,
    objects_of,
    show_strokes,
    take_in_unreported,
)
from ui.draw.live_pace import pause
from ui.telemetry import record_reading
from ui.visitor import visitor

SAME = 6.0  # canvas pixels by which the canvas' smooth stroke may differ from the pen's path
_READING = "reading"  # the last one
_TAKEN = "taken"  # the last report whose strokes the canvas reported, too
_UNASKED = "unasked_example"  # the count of commands and strokes after it was drawn
_ADOPTED = "adopted"  # the last report whose strokes were given to the canvas


@dataclass(frozen=True)
class Reading:
    """What was read in a drawing.

    Attributes:
        strokes: Arrays of shape `(num_points, 2)`, canvas pixels.
        digits: From left to right; none if it can't be read.
        recognizer: What read them.
        error: Why it can't be read.
        num_live: How many of the strokes the canvas had not reported yet.
    """

    strokes: list[np.ndarray]
    digits: list[Digit]
    recognizer: Recognizer | None = None
    error: DigitError | None = None
    num_live: int = 0


def canvas_state() -> dict:
    """What the panel's listener needs: what the canvas reported, and how soon it may report."""
    return {
        "width": canvas_width(),
        "committed": len(st.session_state.get(NAME + DRAWING) or []),
        "commands": num_commands(NAME),
        "round": _report().get("round", 0),
        "pause": round(1000 * pause(visitor().visit)),
    }


def is_drawing() -> bool:
    """Whether the pen is down."""
    return bool(_live_objects()) and not _report().get("isLifted")


def read_drawing(page: str = "draw") -> Reading:
    """Reads the drawing as it is now, unless that was done before.

    Args:
        page: Where, for the log of predictions.
    """
    last = st.session_state.get(_READING)
    try:
        live = _live_objects()
        strokes = strokes_of_canvas({"objects": [*_committed(), *live]})
        st.session_state[NAME + UNREPORTED] = objects_of(strokes[len(_committed()) :])
        recognizer = personalisation.recognizer()
    except DigitError as error:
        return _kept(Reading([], [], None, error))
    if last is not None and last.recognizer is recognizer:
        allowed = SAME if last.num_live > len(live) else 0.0
        if _are_same(strokes, last.strokes, allowed):
            return _kept(replace(last, strokes=strokes, num_live=len(live)))
    if is_drawing() or _is_unasked():
        return _kept(replace(_read(strokes, recognizer), num_live=len(live)))
    ends = [stroke[[0, -1]].round().tolist() for stroke in strokes]
    try:
        with record_reading(page, ends) as record:
            reading = _read(strokes, recognizer)
            if reading.error:
                raise reading.error
            record.answered(recognizer.version, [digit.answer for digit in reading.digits])
    except DigitError:
        pass  # it is part of the reading
    return _kept(replace(reading, num_live=len(live)))


def last_reading() -> Reading:
    """What `read_drawing` returned last, for what the page shows after the answer."""
    return st.session_state[_READING]


def note_report() -> None:
    """Keeps the strokes of a report, also if the page is left before it shows their answer."""
    with contextlib.suppress(DigitError):
        unreported = strokes_of_canvas({"objects": _live_objects()})
        st.session_state[NAME + UNREPORTED] = objects_of(unreported)


def draw_unasked_example() -> None:
    """Draws an example for a visitor who has drawn nothing yet; it counts as no prediction."""
    state = st.session_state
    if NAME not in state and not kept_objects(NAME) and not state.get(NAME + BEFORE):
        draw_example(NAME)
        state[_UNASKED] = num_commands(NAME), len(_committed())


def _is_unasked() -> bool:
    """Whether the drawing is still that example."""
    return st.session_state.get(_UNASKED) == (num_commands(NAME), len(_committed()))


def adopt_unseen_strokes() -> bool:
    """Gives the canvas strokes that it did not take, once; tells whether there were any."""
    report, state = _report(), st.session_state
    if not report.get("isUnseen") or report.get("round") == state.get(_ADOPTED):
        return False
    state[_ADOPTED] = report.get("round")
    if not state.get(NAME + UNREPORTED):
        return False
    take_in_unreported(NAME)
    show_strokes(NAME, _committed())
    return True


def _kept(reading: Reading) -> Reading:
    st.session_state[_READING] = reading
    return reading


def _read(strokes: list[np.ndarray], recognizer: Recognizer) -> Reading:
    try:
        if not strokes:
            raise NothingDrawn
        return Reading(strokes, read_digits(strokes, CANVAS_SIDE, recognizer), recognizer)
    except DigitError as error:
        return Reading(strokes, [], recognizer, error)


def _committed() -> list:
    """The strokes that the canvas reported, as its objects."""
    return st.session_state.get(NAME + DRAWING) or []


def _report() -> dict:
    """What the panel reported last; from another client it may be anything."""
    state = st.session_state.get(KEY)
    report = state.get("strokes") if hasattr(state, "get") else None
    return report if isinstance(report, dict) else {}


def _live_objects() -> list:
    """The strokes that the canvas has not reported yet, as its objects."""
    report = _report()
    base, strokes = report.get("base"), report.get("strokes")
    if report.get("commands") != num_commands(NAME) or not isinstance(strokes, list):
        return []
    num, state = len(_committed()), st.session_state
    if not isinstance(base, int) or base > num or report.get("round") == state.get(_TAKEN):
        return []
    if num >= base + len(strokes):
        state[_TAKEN] = report.get("round")
    return [_as_object(stroke) for stroke in strokes[num - base :]]


def _as_object(stroke: object) -> object:
    """A stroke as the canvas has it; `strokes_of_canvas` checks it."""
    if not isinstance(stroke, list) or not all(isinstance(point, list) for point in stroke):
        return stroke
    first, *others = stroke or [[]]
    path = [["M", *first], *(["L", *point] for point in others or [first])]
    return {"type": "Path", "path": path}


def _are_same(drawn: list[np.ndarray], read: list[np.ndarray], allowed: float) -> bool:
    """Whether two drawings have the same strokes, up to some canvas pixels."""
    if len(drawn) != len(read):
        return False
    if not allowed:
        return all(map(np.array_equal, drawn, read))
    for stroke, other in zip(drawn, read, strict=True):
        places = [
            np.concatenate([each[0], each[-1], each.min(axis=0), each.max(axis=0)])
            for each in (stroke, other)
        ]
        if np.abs(places[0] - places[1]).max() > allowed:
            return False
    return True
