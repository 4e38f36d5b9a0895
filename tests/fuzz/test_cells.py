"""Fuzzes the grid of cells that the Keyboard page receives."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model.ink.keyboard_grid import NUM_CELLS
from model.reading.keyboard_grid import read_cells
from tests.fuzz import fuzzing


def cells(seed: int, inked: float) -> str:
    """A grid with a random share of its cells inked."""
    drawn = np.random.default_rng(seed).random(NUM_CELLS) < inked
    return "".join(map(str, drawn.astype(int)))


GRIDS = st.builds(cells, fuzzing.SEEDS, st.sampled_from((0, 0.002, 0.02, 0.05, 0.1, 0.3, 1)))
CELLS = st.one_of(
    *[GRIDS] * 4,
    st.builds(lambda text, last: text[:-1] + last, GRIDS, st.characters()),
    st.text("01", max_size=50) | st.integers(0, 2000).map(lambda length: "0" * length),
    fuzzing.ODD_VALUES | st.just(["1"] * NUM_CELLS),
)


def check(content: object, folder: Path) -> str:
    recognizer = fuzzing.shipped_recognizer()
    return fuzzing.outcome_of(lambda: recognizer.answer(read_cells(content, recognizer)[1]))


TARGET = fuzzing.Target(CELLS, check, share=15, ordinary=(cells(0, 0.3),))


@fuzzing.few_examples(20)
@given(CELLS)
def test_any_grid_is_read_or_refused_in_a_sentence(content):
    TARGET.run(content)
