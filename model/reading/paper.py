"""What was read on paper: rows of cells, each of digits and signs, and what was left out."""

from dataclasses import dataclass, field, replace

import numpy as np

from model.reading.confidence import Answer
from model.reading.prediction import DECIMALS

DOUBT = "?"  # stands for a doubtful digit in text
Box = tuple[int, int, int, int]  # left, top, right and bottom, pixels of the picture


@dataclass(frozen=True)
class PaperDigit:
    """One digit on paper.

    Attributes:
        box: Its place in the picture.
        frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.
        probabilities: `float32` array of shape `(10,)`.
        answer: Which digits it may be, and whether it is one.
        is_guess: Whether it was cut from a neighbour that it touches, or stands beside a word of
            which it may be a letter.
    """

    box: Box
    frame: np.ndarray
    probabilities: np.ndarray
    answer: Answer
    is_guess: bool = False

    @property
    def is_doubtful(self) -> bool:
        """Whether a person should check it."""
        return self.answer.is_doubtful or self.is_guess

    @property
    def text(self) -> str:
        """The likeliest digit."""
        return str(self.answer.digits[0])

    def as_dict(self) -> dict:
        """Returns what programs get, in JSON's types."""
        return {
            "digit": self.answer.digits[0],
            "candidates": list(self.answer.digits),
            "confidence": round(float(self.probabilities.max()), DECIMALS),
            "doubtful": self.is_doubtful,
            "box": list(self.box),
        }


@dataclass(frozen=True)
class Sign:
    """A decimal point or comma, minus, slash or colon.

    Attributes:
        text: The character.
        box: Its place in the picture.
    """

    text: str
    box: Box


@dataclass(frozen=True)
class Cell:
    """A number, or whatever else stands together.

    Attributes:
        parts: Digits and signs from the left; none in an empty cell.
        typed: What a person typed in its place; `None` if nobody did.
    """

    parts: tuple[PaperDigit | Sign, ...] = ()
    typed: str | None = None

    @property
    def digits(self) -> tuple[PaperDigit, ...]:
        """Its digits, from the left."""
        return tuple(part for part in self.parts if isinstance(part, PaperDigit))

    @property
    def text(self) -> str:
        """The likeliest reading, or what was typed; leading zeros are kept."""
        if self.typed is not None:
            return self.typed
        return "".join(part.text for part in self.parts)

    @property
    def marked_text(self) -> str:
        """The reading with a question mark in place of each doubtful digit."""
        if self.typed is not None:
            return self.typed
        return "".join(
            DOUBT if isinstance(part, PaperDigit) and part.is_doubtful else part.text
            for part in self.parts
        )

    @property
    def is_doubtful(self) -> bool:
        """Whether one of its digits is, and nobody typed what it says."""
        return self.typed is None and any(digit.is_doubtful for digit in self.digits)

    @property
    def box(self) -> Box | None:
        """Its place in the picture; `None` if it is empty."""
        if not self.parts:
            return None
        boxes = np.array([part.box for part in self.parts])
        corners = (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))
        return tuple(int(value) for value in corners)

    def as_dict(self) -> dict:
        """Returns what programs get, in JSON's types."""
        return {
            "text": self.text,
            "box": None if self.box is None else list(self.box),
            "doubtful": self.is_doubtful,
            "digits": [digit.as_dict() for digit in self.digits],
        }


@dataclass(frozen=True)
class PaperReading:
    """All that was read on one page.

    Attributes:
        rows: Rows from the top, each with its cells from the left. In a table all rows have the
            same number of cells, some of them empty.
        left_out: How many marks were not read as digits, by reason.
        rotation: Degrees by which the picture was turned clockwise to be upright: 0, 90, 180, 270.
        network: The name of the run that trained the network.
    """

    rows: tuple[tuple[Cell, ...], ...]
    left_out: dict[str, int] = field(default_factory=dict)
    rotation: int = 0
    network: str = ""

    @property
    def digits(self) -> tuple[PaperDigit, ...]:
        """All digits, row by row."""
        return tuple(digit for row in self.rows for cell in row for digit in cell.digits)

    def as_dict(self) -> dict:
        """Returns what programs get, in JSON's types."""
        return {
            "rotation": self.rotation,
            "rows": [[cell.as_dict() for cell in row] for row in self.rows],
            "left_out": self.left_out,
            "network": self.network,
        }

    def scaled(self, factor: float) -> "PaperReading":
        """Returns the same reading with boxes of a picture that is `factor` times as large."""

        def moved(part):
            return replace(part, box=tuple(round(value * factor) for value in part.box))

        def cell_moved(cell: Cell) -> Cell:
            return replace(cell, parts=tuple(map(moved, cell.parts)))

        return replace(self, rows=tuple(tuple(map(cell_moved, row)) for row in self.rows))
