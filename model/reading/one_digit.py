"""Reads a picture of one digit: as it is, or by looking closer, as on paper.

A picture in MNIST's format is read as it is, and so are most others. If that gives no sure digit,
frames, axes, labels and shadow are taken off, and the most credible reading is kept.
"""

from dataclasses import replace

import numpy as np

from model.ink.frame import FRAME_SIDE, ink_from_picture
from model.ink.layout import text_lines
from model.ink.page import Page, prepare
from model.ink.picture import frame_of_picture, is_as_mnist
from model.ink.sheet import Sheet, find_panel, find_sheet, whole_picture
from model.reading.lattice import Glyph, read_lines
from model.reading.paper_reader import quarters_to_upright
from model.reading.prediction import Prediction, read_frames
from model.reading.recognizer import Recognizer

MUCH_SMALLER = 0.62  # of the largest glyph's height; a smaller one is a label or a speck
CREDIBLE = 0.8  # probability from which on a reading of another preparation is believed
EVEN = 60  # grey levels between the dark and the light parts of an evenly lit border
IN_SHADOW = 0.5  # by which the reading of a picture with shadow is trusted less
LARGE_ENOUGH = 12  # pixels of the picture; a smaller digit is hardly to be read
NOTHING = "There is no ink in it: write darker and larger, and fill the picture."
SEVERAL = "It shows several digits: read it as a photo of paper, or cut it to one digit."
TURNED = "It seems to be turned: turn it upright and try again."
TOO_SMALL = "The digit is too small: come closer, so that it fills the picture."
NO_DIGIT = "What it shows looks like no digit: write one digit, dark on plain paper."


def read_one_digit(picture: np.ndarray, recognizer: Recognizer) -> Prediction:
    """Reads a picture of one digit.

    Args:
        picture: `uint8` array of shape `(rows, cols, 3)`, RGB.
        recognizer: Reads it.

    Returns:
        The prediction; if it is no digit, with the reason.

    Raises:
        NothingDrawn: If the whole picture has one shade.
    """
    return look_closer(picture, read_frames([frame_of_picture(picture)], recognizer)[0], recognizer)


def look_closer(picture: np.ndarray, plain: Prediction, recognizer: Recognizer) -> Prediction:
    """Keeps a sure reading of a picture as it is, or finds a more credible one.

    Args:
        picture: As `read_one_digit` takes it.
        plain: How it is read as it is.
        recognizer: Reads it.
    """
    if _is_as_mnist(picture):
        return plain if plain.answer.is_digit else replace(plain, reason=NO_DIGIT)
    is_even = _is_evenly_lit(picture)
    if plain.answer.is_sure and is_even:
        return plain
    best, most, reasons = plain, _credible(plain), []
    if not is_even:  # shadow counts as ink, so that a sure answer may be about the shadow
        most *= IN_SHADOW
    for sheet in _sheets(picture):
        page = prepare(sheet)
        glyphs = _main_glyphs(page, recognizer)
        if len(glyphs) == 1:
            found = _as_prediction(glyphs[0], recognizer)
            if _credible(found) > most:
                best, most = found, _credible(found)
        reasons.append(_reason(page, glyphs, recognizer))
    if best.answer.is_digit and (best is plain or most >= CREDIBLE):
        return best
    # A credible digit is none if there are several; else what the picture as it is looks like.
    known = [reason for reason in (SEVERAL, TURNED, TOO_SMALL) if reason in reasons]
    reason = known[0] if known else NOTHING if set(reasons) == {NOTHING} else NO_DIGIT
    return replace(plain, reason=reason) if not plain.answer.is_digit else plain


def _is_as_mnist(picture: np.ndarray) -> bool:
    """Whether a picture has MNIST's format: then there is nothing around the digit to take off."""
    if picture.shape[:2] != (FRAME_SIDE, FRAME_SIDE):
        return False
    return is_as_mnist(ink_from_picture(picture))


def _is_evenly_lit(picture: np.ndarray) -> bool:
    """Whether the picture's border has nearly one shade."""
    grey = picture.mean(axis=2) if picture.ndim == 3 else picture
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    low, high = np.percentile(border, [10, 90])
    return bool(high - low < EVEN)


def _sheets(picture: np.ndarray) -> list[Sheet]:
    """The whole picture, and a sheet or a screen's panel in it."""
    found = [find_sheet(picture), find_panel(picture)]
    return [whole_picture(picture), *(sheet for sheet in found if sheet is not None)]


def _main_glyphs(page: Page, recognizer: Recognizer) -> list[Glyph]:
    """What was found, without labels and specks; in a frame, what is inside it."""
    lines = text_lines(page.pieces)
    glyphs = [glyph for line in read_lines(lines, page.ink, recognizer) for glyph in line]
    if not glyphs:
        return []
    framed = [glyph for glyph in glyphs if page.ruling.encloses(glyph.piece.box)]
    glyphs = framed or glyphs
    highest = max(glyph.piece.height for glyph in glyphs)
    return [glyph for glyph in glyphs if glyph.piece.height > MUCH_SMALLER * highest]


def _is_sure_when_turned(glyphs: list[Glyph], quarters: int, recognizer: Recognizer) -> bool:
    frames = np.stack([np.rot90(glyph.frame, quarters) for glyph in glyphs])
    return all(recognizer.answer(row).is_sure for row in recognizer.probabilities(frames))


def _as_prediction(glyph: Glyph, recognizer: Recognizer) -> Prediction:
    return Prediction(glyph.frame, glyph.probabilities, glyph.answer, recognizer.version)


def _credible(prediction: Prediction) -> float:
    return float(prediction.probabilities.max())


def _reason(page: Page, glyphs: list[Glyph], recognizer: Recognizer) -> str:
    """Why a picture holds no single digit."""
    if not glyphs:
        return NOTHING
    if sum(glyph.answer.is_digit for glyph in glyphs) > 1:
        return SEVERAL
    quarters = quarters_to_upright(page, recognizer, fewest=1)
    if quarters and _is_sure_when_turned(glyphs, quarters, recognizer):
        return TURNED
    scale = abs(np.linalg.det(page.sheet.to_picture[:2, :2])) ** 0.5
    if max(glyph.piece.height for glyph in glyphs) * scale < LARGE_ENOUGH:
        return TOO_SMALL
    return NO_DIGIT
