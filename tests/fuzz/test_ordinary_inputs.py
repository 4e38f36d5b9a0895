"""Targets answer ordinary inputs, and the benchmark knows all targets."""

import pytest

from benchmarks.fuzz import NAMES, load_target
from tests.fuzz import fuzzing
from tests.support import ROOT


@pytest.mark.parametrize("name", [name for name in NAMES if name != "pages"])
def test_ordinary_inputs_are_answered(name):
    for content in load_target(name).ordinary:
        assert load_target(name).run(content) == fuzzing.ANSWER


def test_the_benchmark_knows_all_targets():
    files = {path.stem.removeprefix("test_") for path in (ROOT / "tests/fuzz").glob("test_*.py")}
    assert files - {"ordinary_inputs"} == set(NAMES)
