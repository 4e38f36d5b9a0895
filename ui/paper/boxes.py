"""A picture of paper with a button over each digit; dragging draws a box around a missed one."""

import math
from pathlib import Path

import streamlit as st

from model.reading.paper import Box, PaperReading
from ui.formatting import in_words, percent

_BOXES = st.components.v2.component(
    "digitpad_paper",
    html='<div class="paper" role="group"></div>',
    css=Path(__file__).with_suffix(".css").read_text(),
    js=Path(__file__).with_suffix(".js").read_text(),
)


def show_boxes(
    url: str, size: tuple[int, int], reading: PaperReading, chosen: int | None, title: str, key: str
) -> int | Box | None:
    """Shows a picture with its digits.

    Args:
        url: The picture, a data URL.
        size: Its width and height, pixels, in which the digits' boxes are.
        reading: What was read.
        chosen: The digit that is shown large, `None` if none is.
        title: The picture's name for screen readers.
        key: Of the component.

    Returns:
        The number of the digit that was just pressed, or the box that was drawn; `None` if
        neither was.
    """
    width, height = size
    sent = _BOXES(
        key=key,
        data={
            "picture": url,
            "title": title,
            "boxes": [
                {
                    "place": [
                        digit.box[0] / width,
                        digit.box[1] / height,
                        (digit.box[2] - digit.box[0]) / width,
                        (digit.box[3] - digit.box[1]) / height,
                    ],
                    "label": f"Digit {number + 1}: {in_words(digit.answer)}, "
                    f"{percent(digit.probabilities.max())}",
                    "doubtful": digit.is_doubtful,
                    "chosen": number == chosen,
                }
                for number, digit in enumerate(reading.digits)
            ],
        },
        on_event_change=lambda: None,
    ).event
    return event_of(sent, size, len(reading.digits))


def event_of(sent: object, size: tuple[int, int], num_digits: int) -> int | Box | None:
    """What the browser says was pressed or drawn; `None` if it makes no sense.

    Args:
        sent: Anything: `{"pressed": number}` or `{"drawn": [left, top, width, height]}`, the
            latter in shares of the picture.
        size: The picture's width and height, pixels.
        num_digits: How many digits can be pressed.
    """
    if not isinstance(sent, dict):
        return None
    number = sent.get("pressed")
    if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < num_digits:
        return number
    drawn = sent.get("drawn")
    if not (
        isinstance(drawn, list)
        and len(drawn) == 4
        and all(isinstance(each, int | float) and math.isfinite(each) for each in drawn)
        and all(0 <= each <= 1 for each in drawn)
    ):
        return None
    left, top, wide, high = drawn
    width, height = size
    box = (
        round(left * width),
        round(top * height),
        min(round((left + wide) * width), width),
        min(round((top + high) * height), height),
    )
    return box if box[2] > box[0] and box[3] > box[1] else None
