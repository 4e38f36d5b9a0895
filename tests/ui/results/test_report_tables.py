"""Tables of the dashboard: numbers stay numbers, and what is missing is not made up."""

import copy

import numpy as np
import pytest

from model.errors import ArtifactError
from model.files.runs import load_report
from tests.support import TRAINED
from ui.results import report_tables

READERS = (
    *(
        report_tables.summary,
        report_tables.headline,
        report_tables.about_curves,
        report_tables.confusion,
    ),
    *(
        report_tables.sets_table,
        report_tables.reliability_table,
        report_tables.pen_table,
        report_tables.widths_table,
        report_tables.about_pen,
    ),
    report_tables.settings_table,
)
REPORT = load_report(TRAINED)
KEYS = [(key,) for key in REPORT] + [
    (part, key) for part, content in REPORT.items() if isinstance(content, dict) for key in content
]


@pytest.mark.parametrize("keys", KEYS, ids="-".join)
def test_whatever_a_report_lacks_or_has_otherwise_is_an_error_with_a_sentence(keys):
    for odd in (KeyError, "many", None, [], {}, -1, float("inf"), [["many"]]):
        report = copy.deepcopy(REPORT)
        part = report
        for key in keys[:-1]:
            part = part[key]
        part[keys[-1]] = odd
        if odd is KeyError:
            del part[keys[-1]]
        for read in READERS:
            try:
                read(report)
            except ArtifactError as error:
                assert "report.json" in str(error) and "train.py" in str(error)


def test_the_shipped_report_lacks_nothing():
    for read in READERS:
        assert len(read(REPORT)) > 0


def test_mistakes_are_listed_the_most_frequent_first():
    counts = np.diag(np.full(10, 5))
    counts[4, 9], counts[7, 1] = 2, 3
    table = report_tables.confusion_table(counts)
    assert table.to_numpy().tolist() == [[7, 1, 3], [4, 9, 2]]


def test_recall_comes_with_its_wilson_interval():
    row = report_tables.per_class_table(np.diag(np.full(10, 100))).iloc[3]
    assert row["recall"] == 1 and row["to"] == pytest.approx(1)
    assert row["from"] == pytest.approx(0.963, abs=1e-3)


def test_a_curve_of_risk_keeps_its_ends_and_few_points():
    rng = np.random.default_rng(0)
    probabilities, labels = rng.dirichlet(np.ones(10), 5000), rng.integers(0, 10, 5000)
    table = report_tables.risk_table(probabilities, labels)
    assert len(table) <= report_tables.MAX_POINTS
    assert table["answered"].iloc[-1] == 1 and table["answered"].iloc[0] == 1 / 5000
    assert table["answered"].is_monotonic_increasing


@pytest.mark.parametrize("figure", ["many", None, True, float("nan"), [1]])
def test_what_is_no_number_is_no_figure(figure):
    figures = {"accuracy": figure, "low": 0.5, "high": 0.6, "num_right": 1, "num_all": 2}
    with pytest.raises(ArtifactError, match="another version"):
        report_tables.pen_table({"pen": {"strokes": figures}})
    assert len(report_tables.pen_table({})) == len(report_tables.widths_table({"pen": {}})) == 0
