"""Composes photos of paper with numbers that real people wrote, digit by digit.

Strokes are laid out as numbers on plain, ruled, squared or boxed paper or in a table. The page is
then tilted, turned, seen from the side, shaded or darkened. The same seed gives the same pages.
"""

from dataclasses import dataclass

import cv2
import numpy as np

ROWS, COLS = 1100, 800  # pixels of a page
HEIGHT = 46  # pixels, of a digit
STEP = 100  # pixels between rows
INK, PAPER, RULE = 60, 232, 176  # grey levels
PEN = 4  # pixels
KINDS = (
    *("plain", "ruled", "squared", "boxed", "table", "columns", "tilted", "from the side"),
    *("turned", "dark", "in shadow", "grainy", "touching"),
)


@dataclass(frozen=True)
class ComposedPage:
    """A page and what it says.

    Attributes:
        picture: `uint8` array of shape `(rows, cols, 3)`.
        rows: The numbers of each row, from the left; `""` is an empty cell.
    """

    picture: np.ndarray
    rows: list[list[str]]


def compose(kind: str, drawings: dict[int, list], seed: int) -> ComposedPage:
    """Composes a page.

    Args:
        kind: One of `KINDS`.
        drawings: For each digit, lists of strokes as people drew them, points x, y.
        seed: Of the numbers, the hands and the light.
    """
    rng = np.random.default_rng((KINDS.index(kind), seed))
    page = np.full((ROWS, COLS), float(PAPER))
    _rule(page, kind)
    is_table = kind in ("table", "columns")
    num_columns = 4 if is_table else 1 + int(rng.integers(2))
    rows = []
    for row in range(9):
        cells = []
        for column in range(num_columns):
            length = int(
                rng.integers(1, 4) if is_table else rng.integers(2, 7 - 2 * num_columns + 2)
            )
            is_empty = is_table and rng.random() < 0.15
            digits = "" if is_empty else "".join(map(str, rng.integers(10, size=length)))
            left = 60 + column * (COLS - 90) // num_columns
            _write(page, digits, left, 110 + STEP * row, drawings, kind, rng)
            cells.append(digits)
        rows.append(cells)
    page = cv2.GaussianBlur(page, (0, 0), 0.9) + rng.normal(0, 3, page.shape)
    return ComposedPage(_photographed(np.clip(page, 0, 255), kind, rng), rows)


def _rule(page: np.ndarray, kind: str) -> None:
    """Draws the paper's own lines."""
    if kind in ("ruled", "tilted", "in shadow"):
        for y in range(65, ROWS, STEP // 2):
            page[y : y + 2] = RULE
    elif kind == "squared":
        page[40::40] = RULE
        page[:, 40::40] = RULE
    elif kind == "table":
        for y in range(50, 50 + STEP * 9 + 1, STEP):
            cv2.line(page, (30, y), (COLS - 60, y), 120, 2)
        for column in range(5):
            x = 40 + column * (COLS - 90) // 4
            cv2.line(page, (x, 50), (x, 50 + STEP * 9), 120, 2)


def _write(page, digits, left, foot, drawings, kind, rng) -> None:
    """Writes a number; each digit is of another drawing."""
    x = float(left)
    for digit in digits:
        strokes = drawings[int(digit)][rng.integers(len(drawings[int(digit)]))]
        points = np.concatenate([np.asarray(stroke, float) for stroke in strokes])
        size = (
            HEIGHT * rng.uniform(0.85, 1.15) / max(np.ptp(points[:, 1]), 0.4 * np.ptp(points[:, 0]))
        )
        width = np.ptp(points[:, 0]) * size
        low = foot + rng.normal(0, 2)
        shift = np.array([x, low]) - [points[:, 0].min() * size, points[:, 1].max() * size]
        lines = [np.round(np.asarray(s, float) * size + shift).astype(int) for s in strokes]
        cv2.polylines(page, lines, False, float(INK), PEN, cv2.LINE_AA)
        if kind == "boxed":
            box = (int(x) - 12, foot - HEIGHT - 16), (int(x + width) + 12, foot + 14)
            cv2.rectangle(page, *box, 120.0, 2)
        gap = {"boxed": 34, "touching": -rng.uniform(0, 5)}.get(kind, rng.uniform(7, 16))
        x += width + gap


def _photographed(page: np.ndarray, kind: str, rng: np.random.Generator) -> np.ndarray:
    """Shows a page as a camera does."""
    if kind == "tilted":
        turn = cv2.getRotationMatrix2D((COLS / 2, ROWS / 2), rng.uniform(-10, 10), 0.86)
        page = cv2.warpAffine(page, turn, (COLS, ROWS), borderValue=PAPER)
    elif kind == "from the side":
        desk = np.full((ROWS + 200, COLS + 200), 55.0)
        corners = np.float32([[0, 0], [COLS, 0], [COLS, ROWS], [0, ROWS]])
        moved = corners + 100 + rng.uniform(-60, 60, (4, 2)).astype(np.float32)
        warp = cv2.getPerspectiveTransform(corners, moved)
        size = desk.shape[1], desk.shape[0]
        cv2.warpPerspective(page, warp, size, dst=desk, borderMode=cv2.BORDER_TRANSPARENT)
        page = desk
    elif kind == "turned":
        page = np.rot90(page, rng.choice([1, 3]))
    elif kind == "dark":
        page = page * 0.38
    elif kind == "in shadow":
        across = np.linspace(0, 1, page.shape[1])[None]
        page = page * (0.55 + 0.45 / (1 + np.exp(-30 * (across - rng.uniform(0.3, 0.7)))))
    elif kind == "grainy":
        page = page + rng.normal(0, 9, page.shape)
    picture = np.clip(page, 0, 255).astype(np.uint8)
    return np.repeat(np.ascontiguousarray(picture)[..., None], 3, axis=2)
