"""Shows the answer to a drawing: the digit, its confidence, the runner-up, the frame, ten bars."""

import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import streamlit as st

from model.reading.confidence import Answer
from ui.formatting import in_words, percent
from ui.pictures import picture_url

KEY = "answer"  # the component's own state
NOT_A_DIGIT = "Not a digit?"
TRY_AGAIN = "Try again; leave a gap between digits."
CLOSE = 0.3  # least probability of the digit that a refused drawing is said to come closest to
FRAME_SCALE = 4  # screen pixels per pixel of the frame
NUM_CHOICES = 4  # readings offered for a doubtful digit
MAX_ASKED = 12  # digits asked about at once; more than a screenful would not be answered

_BARS = "".join(
    f'<li><span>{digit}</span><span class="bar"><i></i></span><span></span></li>'
    for digit in range(10)
)
_PANEL = st.components.v2.component(
    "digitpad_answer",
    html=f"""
<div class="answer">
  <output class="digit"></output>
  <div class="said"><span class="note"></span><span class="label">Confidence</span>
    <span class="confidence"></span><span class="runner-up"></span></div>
  <img class="frame" alt="What the network sees: 28 × 28 pixels">
  <ol class="bars" aria-label="Probability of each digit">{_BARS}</ol>
</div>
<div class="unseen" role="status" aria-live="polite"></div>
""",
    css=Path(__file__).with_suffix(".css").read_text(),
    js=Path(__file__).with_suffix(".js").read_text(),
)


@dataclass(frozen=True)
class AnswerView:
    """What the panel shows; the same fields stand at the same places whatever they say.

    Attributes:
        kind: "hint", "digit", "number" or "refused".
        text: The digit or number, large.
        note: A few words above the confidence.
        confidence: Such as "98.2%".
        runner_up: The second likeliest digit, in words.
        frame: The frame that the network saw, a data URL; `""` for none.
        bars: Ten shares, 0 to 1, or none.
        percents: The same as text.
        best: The digit whose bar is highlighted, -1 for none.
        spoken: What a screen reader says; `None` leaves what it said last.
    """

    kind: str
    text: str = ""
    note: str = ""
    confidence: str = ""
    runner_up: str = ""
    frame: str = ""
    bars: list[float] = field(default_factory=list)
    percents: list[str] = field(default_factory=list)
    best: int = -1
    spoken: str | None = ""

    def unspoken(self) -> "AnswerView":
        """The same view; a screen reader says nothing new."""
        return replace(self, spoken=None)


def hint_view(hint: str) -> AnswerView:
    """What the panel shows without an answer."""
    return AnswerView("hint", note=hint, spoken=hint)


def digit_view(frame: np.ndarray, probabilities: np.ndarray, answer: Answer) -> AnswerView:
    """What the panel shows for one digit.

    Args:
        frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.
        probabilities: `(10,)`.
        answer: The answer for these probabilities.
    """
    best, second = (int(digit) for digit in np.argsort(-probabilities, kind="stable")[:2])
    sure = percent(probabilities[list(answer.digits)].sum())
    view = AnswerView(
        kind="digit",
        text=in_words(replace(answer, is_sure=True)),
        note="" if answer.is_sure or len(answer.digits) > 1 else "Probably",
        confidence=sure,
        runner_up=f"next: {second}, {percent(probabilities[second])}",
        frame=picture_url(frame, FRAME_SCALE),
        bars=[round(float(share), 3) for share in probabilities],
        percents=[percent(share) for share in probabilities],
        best=best,
        spoken=f"It reads {in_words(answer)}, confidence {sure}.",
    )
    if answer.is_digit:
        return view
    return replace(
        view,
        kind="refused",
        text="?",
        note=NOT_A_DIGIT,
        confidence="",
        runner_up=(f"Closest to {best}. " if probabilities[best] >= CLOSE else "") + TRY_AGAIN,
        best=-1,
        spoken=f"{NOT_A_DIGIT} {TRY_AGAIN}",
    )


def number_view(number: str, confidence: str, chosen: AnswerView, place: int) -> AnswerView:
    """What the panel shows for a number.

    Args:
        number: Its digits.
        confidence: In all of them.
        chosen: One digit's view; its frame and bars are shown.
        place: Which digit that is, from 1.
    """
    return replace(
        chosen,
        kind="number",
        text=number,
        note=f"Digit {place}: {chosen.text if chosen.kind == 'digit' else NOT_A_DIGIT}",
        confidence=confidence,
        spoken=f"It reads the number {number}.",
    )


def show_panel(
    view: AnswerView,
    canvas: dict | None = None,
    on_report: Callable[[], None] = lambda: None,
    is_compact: bool = False,
) -> None:
    """Shows the panel; call it once per page.

    Args:
        view: What it shows.
        canvas: For a page with a drawing canvas: what the panel's listener to the pen needs, as
            `ui.draw.live_drawing.canvas_state` gives it.
        on_report: Called before the run in which the pen's report arrives.
        is_compact: Whether it is as low as on a phone.
    """
    _PANEL(
        data={"view": asdict(view), "canvas": canvas, "isCompact": is_compact},
        key=KEY,
        on_strokes_change=on_report,
    )


def ask_about_doubtful_digits(
    frames: np.ndarray, probabilities: np.ndarray, doubtful: np.ndarray
) -> None:
    """Asks about the doubtful digits; about the least sure ones if there are many.

    Args:
        frames: `float32` array of shape `(n, 28, 28)`, 0 paper to 1 ink.
        probabilities: `(n, 10)`.
        doubtful: `bool` array of shape `(n,)`.
    """
    indices = np.flatnonzero(doubtful)
    least_sure = indices[np.argsort(probabilities[indices].max(axis=1), kind="stable")]
    for index in sorted(least_sure[:MAX_ASKED].tolist()):
        options = _options(probabilities[index])
        st.pills(
            f"Digit {index + 1} is doubtful: which is it?",
            options,
            default=options[0],
            key=_choice_key(index, frames[index], options),
        )
    if len(indices) > MAX_ASKED:
        st.caption(
            f"{len(indices) - MAX_ASKED} less doubtful digits are not listed: correct them after "
            "copying."
        )


def digits_as_said(frames: np.ndarray, probabilities: np.ndarray) -> list[int]:
    """The digits as read, or as the visitor chose; see `ask_about_doubtful_digits`."""
    digits = []
    for index, (frame, row) in enumerate(zip(frames, probabilities, strict=True)):
        options = _options(row)
        chosen = st.session_state.get(_choice_key(index, frame, options))
        digits.append(options[0] if chosen is None else int(chosen))
    return digits


def _options(probabilities: np.ndarray) -> list[int]:
    """The likeliest readings of a digit."""
    return [int(digit) for digit in np.argsort(-probabilities, kind="stable")[:NUM_CHOICES]]


def _choice_key(index: int, frame: np.ndarray, options: list[int]) -> str:
    """Names the picture: for another drawing the visitor is asked again."""
    return f"choice-{index}-{zlib.crc32(frame.tobytes())}-{options}"
