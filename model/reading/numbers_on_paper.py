"""Parts a line of glyphs into cells, tells signs from digits, and leaves out words."""

import itertools
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from model.ink.layout import TextLine
from model.ink.pieces import Piece
from model.reading.lattice import Glyph

WORDS = "words"
OTHER_SIGNS = "other signs"

NEW_CELL = 0.85  # of the line's height; a wider gap begins a new cell
# A minus is flat, wide and at half the height.
FLAT = 0.34  # of the line's height
MINUS_WIDTHS = (0.22, 1.6)  # of the line's height
MINUS_ASPECT = 1.5
MINUS_PLACE = (0.2, 0.85)  # of the line's band, from its top
POINT_PLACE = 0.62  # of the band; a lower dot is a decimal point or comma
COLON_APART = (0.2, 0.9)  # of the line's height, between the two dots
LONGEST_COMMA, COMMA_WIDTH = 0.6, 0.3  # of the line's height
COMMA_PLACE = 0.8  # of the band, from its top; so low is a comma's middle
COMMA_ASPECT = 1.5  # a taller dot is a comma
# A slash is slim, leans to the right and reaches beyond its neighbours.
SLASH_REACH = 0.12  # of the line's height, above and below
SLASH_LEAN = 0.25  # across, of its height
WORD_SHARE = 0.4  # of a cell's glyphs that are no digit; then it is a word
WEAK_SHARE = 0.5  # of more than two glyphs that hardly look like any digit; then too
WEAK, WEAK_CUT = 0.7, 0.97  # probability below which a glyph is one of those, whole or cut:
# letters joined in handwriting can be cut into pieces of which most look like digits
BESIDE_WORD = 1.0  # of the line's height; a cell so near to a word is part of it unless
CERTAIN = 0.95  # each of its digits is more probable than this
FEW_WORDS = 2  # on a line; then each of its digits may be a letter
FEWEST_WORDS = 3  # and more than numbers, on a line; then it is a heading
SUBSCRIPT = 0.5  # of its left neighbour's height; a lower digit that ends as low is its index
SUBSCRIPT_PLACE = 0.65  # of the neighbour, from its top; an index has its middle below it
FEW_LABELS = 2  # such as d1 and d2, on a line; then it is a heading
NEAR_WORD = 1.6  # of the line's height; a digit so near to a word may be one of its letters
LOW = 0.75  # of the line's height; a lower glyph that is doubtful is a plus or times
LOWEST = 0.5  # of it; a lower glyph that reads 1 is a dash


@dataclass(frozen=True)
class Part:
    """A glyph or a sign of a cell.

    Attributes:
        piece: Its ink.
        glyph: What the network read; `None` for a sign.
        sign: The sign's character, `""` for a digit.
        is_near_word: Whether it stands close to a word, of which it may be a letter.
    """

    piece: Piece
    glyph: Glyph | None = None
    sign: str = ""
    is_near_word: bool = False


def cells_of_line(
    line: TextLine, glyphs: list[Glyph], dots: list[Piece], walls: list[float]
) -> tuple[list[list[Part]], Counter, list[tuple[int, int]]]:
    """Parts a line into cells.

    Args:
        line: The line.
        glyphs: What was read, from the left.
        dots: Small marks on the line.
        walls: The x of upright lines, longer than the writing is high, that part cells.

    Returns:
        Cells, each a list of parts from the left; how many glyphs were left out, by reason; and
        where words lie, as left and right ends.
    """
    height = line.height
    parts = [_as_part(glyph, line, height) for glyph in glyphs]
    left_out: Counter = Counter()
    signs = [part for part in parts if _is_other_sign(part, height)]
    left_out[OTHER_SIGNS] += len(signs)
    parts = _with_slashes([part for part in parts if part not in signs], height)
    parts += _points(line, dots, height)
    parts.sort(key=lambda part: part.piece.left + part.piece.right)
    cells, words, spans, num_labels = [], [], [], 0
    for group in _grouped(parts, signs, walls, height):
        num_labels += _has_index(group)
        digits = [part for part in group if part.glyph is not None]
        num_refused = sum(not part.glyph.answer.is_digit for part in digits)
        num_weak = sum(_is_weak(part.glyph) for part in digits)
        is_word = num_refused >= WORD_SHARE * len(digits) or (
            num_weak >= max(WEAK_SHARE * len(digits), 2)
        )
        if not digits:
            left_out[OTHER_SIGNS] += len(group)
        elif is_word:
            left_out[OTHER_SIGNS if len(group) == 1 else WORDS] += len(group)
            if len(group) > 1:
                words += [part.piece for part in group]
                spans.append((group[0].piece.left, max(part.piece.right for part in group)))
        else:
            cells.append(_trimmed(group))
    is_text = len(words) > sum(map(len, cells))
    is_among_words = is_text or len(spans) >= FEW_WORDS
    numbers = []
    for cell in cells:
        is_beside = any(_is_near(part.piece, words, BESIDE_WORD * height) for part in cell)
        if not (is_text or is_beside) or all(map(_is_certain, cell)):
            numbers.append(cell)
    if num_labels >= FEW_LABELS or len(spans) >= max(FEWEST_WORDS, len(numbers) + 1):
        numbers = []  # it is a heading
    left_out[WORDS] += sum(map(len, cells)) - sum(map(len, numbers))
    return (
        [
            [
                replace(
                    part,
                    is_near_word=is_among_words or _is_near(part.piece, words, NEAR_WORD * height),
                )
                for part in cell
            ]
            for cell in numbers
        ],
        left_out,
        spans,
    )


def _has_index(group: list[Part]) -> bool:
    """Whether a digit is a small one at its neighbour's foot, as in labels such as d1."""
    return any(
        part.glyph is not None
        and part.piece.height < SUBSCRIPT * before.piece.height
        and part.piece.middle > before.piece.top + SUBSCRIPT_PLACE * before.piece.height
        for before, part in itertools.pairwise(group)
        if before.glyph is not None
    )


def _is_near(piece: Piece, words: list[Piece], distance: float) -> bool:
    gaps = [max(piece.left - word.right, word.left - piece.right) for word in words]
    return bool(gaps) and min(gaps) < distance


def _is_certain(part: Part) -> bool:
    """Whether a part is no letter: a sign, or a whole glyph that is hardly anything else."""
    if part.glyph is None:
        return True
    return not part.glyph.is_guess and float(part.glyph.probabilities.max()) > CERTAIN


def _is_weak(glyph: Glyph) -> bool:
    least = WEAK_CUT if glyph.is_guess else WEAK
    return not glyph.answer.is_digit or float(glyph.probabilities.max()) < least


def _as_part(glyph: Glyph, line: TextLine, height: float) -> Part:
    piece = glyph.piece
    top, bottom = line.band_at(piece.middle_x)
    place = (piece.middle - top) / max(bottom - top, 1)
    is_minus = (
        piece.height < FLAT * height
        and piece.width > MINUS_ASPECT * piece.height
        and MINUS_WIDTHS[0] * height < piece.width < MINUS_WIDTHS[1] * height
        and MINUS_PLACE[0] < place < MINUS_PLACE[1]
    )
    is_comma = (
        piece.height < LONGEST_COMMA * height
        and piece.width < COMMA_WIDTH * height
        and place > COMMA_PLACE
    )
    sign = "-" if is_minus else "," if is_comma else ""
    return Part(piece, sign=sign) if sign else Part(piece, glyph)


def _with_slashes(parts: list[Part], height: float) -> list[Part]:
    """Turns ones that reach beyond both neighbours, and lean, into slashes."""
    done = []
    for index, part in enumerate(parts):
        near = [
            other.piece
            for other in parts[max(index - 1, 0) : index] + parts[index + 1 : index + 2]
            if other.glyph is not None and other.piece.height > 0.5 * height
        ]
        piece = part.piece
        is_slash = (
            part.glyph is not None
            and len(near) == 2
            and piece.top < min(other.top for other in near) - SLASH_REACH * height
            and piece.bottom > max(other.bottom for other in near) + SLASH_REACH * height
            and _lean(piece) > SLASH_LEAN
            and piece.mask.mean() < 0.5
            and (not part.glyph.answer.is_digit or part.glyph.answer.digits[0] == 1)
        )
        done.append(Part(piece, sign="/") if is_slash else part)
    return done


def _lean(piece: Piece) -> float:
    """How far the top lies to the right of the foot, in heights."""
    tenth = max(piece.height // 10, 1)
    top = np.nonzero(piece.mask[:tenth].any(axis=0))[0].mean()
    foot = np.nonzero(piece.mask[-tenth:].any(axis=0))[0].mean()
    return float(top - foot) / piece.height


def _points(line: TextLine, dots: list[Piece], height: float) -> list[Part]:
    """Decimal points, commas and colons among a line's dots."""
    found, used = [], set()
    for index, dot in enumerate(dots):
        for other in dots[index + 1 :]:
            apart = abs(dot.middle - other.middle)
            is_above = min(dot.right, other.right) + 2 >= max(dot.left, other.left)
            if is_above and COLON_APART[0] * height < apart < COLON_APART[1] * height:
                used |= {id(dot), id(other)}
                found.append(Part(dot, sign=":"))
                break
    for dot in dots:
        if id(dot) in used:
            continue
        top, bottom = line.band_at(dot.middle_x)
        if (dot.middle - top) / max(bottom - top, 1) > POINT_PLACE:
            is_comma = dot.height > COMMA_ASPECT * dot.width or dot.bottom > bottom + 0.12 * height
            found.append(Part(dot, sign="," if is_comma else "."))
    return found


def _is_other_sign(part: Part, height: float) -> bool:
    """Whether a glyph is a plus, a times or the like: low, and hardly a digit."""
    if part.glyph is None or part.piece.height >= LOW * height:
        return False
    if part.glyph.is_guess:
        return False
    is_dash = part.piece.height < LOWEST * height and part.glyph.answer.digits[0] == 1
    return is_dash or part.glyph.answer.is_doubtful


def _grouped(
    parts: list[Part], signs: list[Part], walls: list[float], height: float
) -> list[list[Part]]:
    """Groups neighbours; a wide gap, another sign or a wall begins a new cell."""
    borders = [*walls, *(sign.piece.middle_x for sign in signs)]
    groups: list[list[Part]] = []
    right = last_middle = -np.inf
    for part in parts:
        between = any(last_middle < border < part.piece.middle_x for border in borders)
        if between or part.piece.left - right > NEW_CELL * height:
            groups.append([])
        groups[-1].append(part)
        right, last_middle = max(right, part.piece.right), part.piece.middle_x
    return groups


def _trimmed(group: list[Part]) -> list[Part]:
    """A cell without the points and slashes that neither begin nor end a number."""
    parts = list(group)
    while parts and parts[-1].sign:
        parts.pop()
    while parts and parts[0].sign and parts[0].sign not in "-.,":
        parts.pop(0)
    if parts and parts[0].sign and parts[0].sign in ".,":
        parts.pop(0)
    return parts
