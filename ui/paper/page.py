"""Shows a page of paper: its picture with boxes, an editable table, and a chosen digit large."""

import pandas as pd
import streamlit as st

from model.errors import DigitError
from model.ink.skeleton import strokes_of_frame
from model.reading.paper import PaperReading
from model.reading.paper_edits import with_digit, with_text
from model.reading.paper_export import doubt_of, page_of, table_csv, workbook
from ui import personalisation
from ui.draw.correction import add_correction
from ui.formatting import in_words, percent
from ui.paper.boxes import show_boxes
from ui.paper.documents import PaperPage, add_missed_digit, pages, remove
from ui.pictures import jpeg_url, picture_url, png
from ui.show_error import show_error, visitor_text

_KEEP = "paper_store"  # whether the visitor's answers are stored as corrections
MARK = " ?"  # behind the text of a doubtful cell
PICTURE_WIDTH = 620  # CSS pixels; a phone is narrower
LARGE = 140  # CSS pixels
AROUND = 0.25  # of a digit's size; how much of the picture is shown around it
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def show_page(page: PaperPage) -> None:
    """Shows a page with all that can be done with it."""
    reading = page.reading
    st.subheader(page.name)
    st.caption(summary(reading))
    with st.container(horizontal=True, gap="large"):
        with st.container(width=PICTURE_WIDTH):
            event = show_boxes(
                jpeg_url(page.content),
                page.size,
                reading,
                page.chosen,
                page.name,
                f"boxes-{page.number}",
            )
            if event is not None:
                _follow(page, event)
            st.caption("Press a digit to check it; drag a box around one that was missed.")
        with st.container(width="stretch"):
            if page.note:
                st.caption(page.note)
            if page.chosen is not None:
                _show_digit(page, page.chosen)
            _show_table(page)
            with st.container(horizontal=True):
                name, table, _ = page_of(page.name, reading)
                st.download_button(
                    "CSV",
                    table_csv(table),
                    f"{name}.csv",
                    "text/csv",
                    icon=":material/download:",
                    key=f"csv-{page.number}",
                    on_click="ignore",  # a run would replace the file that is being fetched
                )
                st.download_button(
                    "Excel",
                    lambda: workbook([page_of(page.name, page.reading)]),
                    f"{name}.xlsx",
                    EXCEL,
                    icon=":material/table_view:",
                    key=f"excel-{page.number}",
                    on_click="ignore",
                )
                st.button(
                    "Remove",
                    icon=":material/delete:",
                    key=f"remove-{page.number}",
                    on_click=remove,
                    args=(page,),
                )


def show_all_downloads() -> None:
    """Offers one workbook with a sheet for each page."""
    st.download_button(
        f"All {len(pages())} pages as one workbook",
        lambda: workbook([page_of(page.name, page.reading) for page in pages()]),
        "pages.xlsx",
        EXCEL,
        icon=":material/table_view:",
        on_click="ignore",
    )


def summary(reading: PaperReading) -> str:
    """Says how much was read, what is doubtful and what was left out."""
    digits = reading.digits
    num_doubtful = sum(digit.is_doubtful for digit in digits)
    parts = [f"{len(digits)} digit{'s' * (len(digits) != 1)}"]
    parts.append(f"{num_doubtful} doubtful" if num_doubtful else "none doubtful")
    if reading.rotation:
        parts.append(f"turned by {reading.rotation}°")
    if reading.left_out:
        left = ", ".join(f"{num} {reason}" for reason, num in reading.left_out.items())
        parts.append(f"left out: {left}")
    return " · ".join(parts)


def _follow(page: PaperPage, event) -> None:
    """Shows the digit that was pressed, or reads the box that was drawn."""
    if isinstance(event, int):
        page.chosen = event
    else:
        try:
            add_missed_digit(page, event, personalisation.recognizer())
        except DigitError as error:
            show_error(error)
            return
    st.rerun(scope="fragment")


def _show_digit(page: PaperPage, number: int) -> None:
    """Shows a digit large, with buttons for what it is."""
    digit = page.reading.digits[number]
    left, top, right, bottom = digit.box
    margin = int(AROUND * max(right - left, bottom - top)) + 1
    picture = page.picture
    part = picture[max(top - margin, 0) : bottom + margin, max(left - margin, 0) : right + margin]
    with st.container(border=True, key=f"digit-{page.number}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            if part.size:
                st.image(png(part), width=LARGE)
            st.image(picture_url(digit.frame, scale=4), width=LARGE)
            with st.container(width="content"):
                st.write(f"**{in_words(digit.answer)}**")
                order = digit.probabilities.argsort()[::-1][:3]
                st.caption(", ".join(f"{k}: {percent(digit.probabilities[k])}" for k in order))
        st.caption("Which digit is it?")
        st.toggle(
            "Also store it to improve the network",
            key=_KEEP,
            help="The digit's 28 × 28 pixels and your answer are then stored in a file on the "
            "computer that runs this page; otherwise nothing is stored.",
        )
        with st.container(horizontal=True, gap="xsmall"):
            for k in range(10):
                st.button(
                    str(k),
                    key=f"is-{page.number}-{number}-{k}",
                    type="primary" if k in digit.answer.digits else "secondary",
                    width=44,
                    on_click=_set_digit,
                    args=(page, number, k),
                )
        with st.container(horizontal=True, gap="small"):
            for label, icon in (("Not a digit", "block"), ("Delete", "delete")):
                st.button(
                    label,
                    icon=f":material/{icon}:",
                    key=f"{label}-{page.number}-{number}",
                    on_click=_set_digit,
                    args=(page, number, None),
                )


def _set_digit(page: PaperPage, number: int, digit: int | None) -> None:
    """Takes what the visitor says of a digit, and stores it if they want that."""
    shown = page.reading.digits[number]
    page.change(with_digit(page.reading, number, digit))
    if digit is None or not st.session_state.get(_KEEP):
        return
    try:
        recognizer = personalisation.recognizer()
        add_correction(strokes_of_frame(shown.frame), shown.frame, digit, recognizer)
        page.note = f"Saved as a {digit}."
    except DigitError as error:
        page.note = visitor_text(error)


def _show_table(page: PaperPage) -> None:
    """Shows the numbers as a table that can be edited and copied."""
    table = shown_table(page.reading)
    key = f"table-{page.number}-{page.version}"
    st.data_editor(
        pd.DataFrame(table, columns=[str(place + 1) for place in range(len(table[0]))]),
        key=key,
        hide_index=True,
        on_change=_take_edits,
        args=(page, key),
        width="stretch",
    )
    if any(cell.is_doubtful for row in page.reading.rows for cell in row):
        st.caption(f'"{MARK.strip()}" marks a number with a doubtful digit: check it.')


def shown_table(reading: PaperReading) -> list[list[str]]:
    """The rows of text as the page shows them, all of one length; doubtful cells have a mark."""
    width = max((len(row) for row in reading.rows), default=1)
    rows = [
        [cell.text + MARK * bool(doubt_of(cell)) for cell in row] + [""] * (width - len(row))
        for row in reading.rows
    ]
    return rows or [[""] * width]


def _take_edits(page: PaperPage, key: str) -> None:
    """Keeps what was typed into the table."""
    edited = (st.session_state.get(key) or {}).get("edited_rows", {})
    reading = page.reading
    for row, cells in edited.items():
        for column, text in cells.items():
            if str(column).isdecimal():
                typed = str(text or "").removesuffix(MARK)
                reading = with_text(reading, int(row), int(column) - 1, typed)
    page.change(reading)
