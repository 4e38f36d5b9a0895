"""Learns a visitor's handwriting profile and shows its effect on accuracy."""

import numpy as np
import streamlit as st

from model.errors import DigitError
from model.ink.frame import strokes_to_mnist
from model.reading.personalisation import (
    ALLOWED_LOSS,
    PersonalisationReport,
    contradiction,
    personalise,
)
from model.reading.recognizer import Recognizer
from ops import telemetry
from ui import networks, personalisation
from ui.canvas_state import CANVAS_SIDE
from ui.draw import handwriting
from ui.draw.handwriting import PROMPTS
from ui.explanation import show_counterfactual
from ui.formatting import in_words, percent
from ui.pictures import gallery
from ui.show_error import show_error

MAX_EXPLAINED = 4  # ambiguous drawings; more would not be read


def show_report() -> None:
    """Learns the profile if need be, and shows its report and the drawings."""
    drawings = handwriting.drawings()
    frames = np.stack([strokes_to_mnist(strokes, CANVAS_SIDE) for strokes in drawings])
    try:
        network = networks.served_network()
        report = handwriting.report_of(network.key)
        if report is None and handwriting.has_report():
            _show_other_network()
            return
        if report is None:
            report = _learn(frames, network)
    except DigitError as error:
        show_error(error)
        return
    _show_result(report)
    with st.container(horizontal=True):
        if personalisation.profile():
            st.button("Stop using my profile", on_click=personalisation.use_profile, args=(None,))
        elif report.personalisation:
            st.button(
                "Use my profile again",
                on_click=personalisation.use_profile,
                args=(report.personalisation,),
            )
        st.button("Start again", on_click=_start_again)
    _offer_to_redraw(report, network)
    before, after = (_answers(rows, network) for rows in (report.before, report.after))
    captions = [
        f"{digit}: read {old}" if old == new else f"{digit}: read {old}, now {new}"
        for digit, old, new in zip(PROMPTS, before, after, strict=True)
    ]
    is_doubtful = np.array([old != str(digit) for digit, old in zip(PROMPTS, before, strict=True)])
    gallery(np.round(frames * 255).astype(np.uint8), captions, is_doubtful)
    _explain_ambiguous(np.flatnonzero(is_doubtful), before, report, network)


def _learn(frames: np.ndarray, network: Recognizer) -> PersonalisationReport:
    """Learns the profile, which is in use from then on."""
    rehearsed, checked = personalisation.other_digits()
    with telemetry.timed_reading("handwriting") as reading:
        report = personalise(frames, np.array(PROMPTS), network, rehearsed, checked)
        reading.answered(network.version, [network.answer(row) for row in report.before])
    handwriting.save_report(network.key, report)
    personalisation.use_profile(report.personalisation)
    return report


def _start_again() -> None:
    personalisation.use_profile(None)
    handwriting.start_again()


def _show_other_network() -> None:
    st.info(
        "Another network is served now. A handwriting profile works only with the network that it "
        "was learnt with, so yours is not used: learn it again from your drawings.",
        icon=":material/swap_horiz:",
    )
    with st.container(horizontal=True):
        st.button("Learn again", type="primary", on_click=handwriting.forget_report)
        st.button("Start again", on_click=_start_again)


def _show_result(report: PersonalisationReport) -> None:
    others = (
        f"With it, {report.others_after:.2%} of other people's digits are read right, "
        f"without it {report.others_before:.2%}"
    )
    if report.personalisation is None:
        st.warning(
            f"Your profile is not used. {others}; a profile may lower this by at most "
            f"{ALLOWED_LOSS:.1%}. If a drawing below shows another digit than the one asked for, "
            "draw it again.",
            icon=":material/undo:",
        )
        return
    state = "in use on all pages" if personalisation.profile() else "not in use"
    text = (
        f"Your profile is {state}. Without it {report.num_right_before} of your "
        f"{len(report.labels)} digits are read right, with it {report.num_right_after}; for this "
        f"figure each digit was read with a profile learnt from the others. {others}."
    )
    if report.num_right_after < report.num_right_before:
        advice = "It reads fewer of your digits: draw one again below, or stop using it."
        st.warning(f"{text} {advice}", icon=":material/trending_down:")
    else:
        st.success(text, icon=":material/check:")


def _offer_to_redraw(report: PersonalisationReport, network: Recognizer) -> None:
    """Asks which drawing to draw again; warns about those that don't look like their prompt."""
    odd = [
        index
        for index, row in enumerate(report.before)
        if contradiction(row, PROMPTS[index], network)
    ]
    if odd:
        names = ", ".join(_name(index) for index in odd)
        st.warning(
            f"These drawings don't look like the digit that was asked for: {names}. If one is "
            "another digit, draw it again; otherwise a wrong label is learnt.",
            icon=":material/warning:",
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        index = st.selectbox(
            "Draw one digit again",
            range(len(PROMPTS)),
            odd[0] if odd else 0,
            format_func=_name,
            width=180,
        )
        st.button("Draw it again", on_click=handwriting.redraw, args=(index,))


def _name(index: int) -> str:
    return f"the {'first' if index < 10 else 'second'} {PROMPTS[index]}"


def _answers(probabilities: np.ndarray, network: Recognizer) -> list[str]:
    """The answer to each drawing: "7", "4 or 9" or "no digit"."""
    answers = [network.answer(row) for row in probabilities]
    return [in_words(each) if each.is_digit else "no digit" for each in answers]


def _explain_ambiguous(
    indices: np.ndarray, answers: list[str], report: PersonalisationReport, network: Recognizer
) -> None:
    """Says which drawings could be taken for another digit, and which change would settle it."""
    st.subheader("Which of your digits are ambiguous")
    if not len(indices):
        st.write("None: each of them is read as one digit alone.")
    for index in indices[:MAX_EXPLAINED]:
        sure = percent(report.before[index].max())
        st.write(f"**Your {PROMPTS[index]}** was read as {answers[index]} ({sure} at best).")
        show_counterfactual(handwriting.drawings()[index], CANVAS_SIDE, network)
    if len(indices) > MAX_EXPLAINED:
        rest = ", ".join(str(PROMPTS[index]) for index in indices[MAX_EXPLAINED:])
        st.write(f"And: {rest}.")
