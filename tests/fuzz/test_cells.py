"""Fuzzes the grid of cells that the Keyboard page receives."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model.ink.keyboard_grid import NUM_CELLS
from model.reading.keyboard_grid import read_cells
from tests.fuzz.target import (
    ODD_VALUES,
    SEEDS,
    Target,
    few_examples,
    outcome_of,
    shipped_recognizer,
)


def cells(seed: int, inked: float) -> str:
    """A grid with a random share of its cells inked."""
    drawn = np.random.default_rng(seed).random(NUM_CELLS) < inked
    return "".join(map(str, drawn.astype(int)))


GRIDS = st.builds(cells, SEEDS, st.sampled_from((0, 0.002, 0.01, 0.3, 0.9, 1)))
CELLS = st.one_of(
    GRIDS,
    GRIDS,
    st.builds(lambda text, last: text[:-1] + last, GRIDS, st.characters()),
    st.text("01", max_size=50) | st.integers(0, 2000).map(lambda length: "0" * length),
    ODD_VALUES | st.just(["1"] * NUM_CELLS),
)


def check(content: object, folder: Path) -> str:
    recognizer = shipped_recognizer()
    return outcome_of(lambda: recognizer.answer(read_cells(content, recognizer)[1]))


TARGET = Target(CELLS, check, share=15, ordinary=(cells(0, 0.3),))


@few_examples(20)
@given(CELLS)
def test_any_grid_is_read_or_refused_in_a_sentence(content):
    TARGET.run(content)
