"""The model card shows the report's figures under the usual headings."""

from model.files.model_card import render_card
from model.files.runs import CARD_FILE, load_report
from tests.support import TRAINED

HEADINGS = (
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Evaluation data",
    "Training data",
    "Quantitative analyses",
    "Ethical considerations",
    "Caveats and recommendations",
)


def test_the_card_has_all_headings_and_figures():
    report = load_report(TRAINED)
    card = render_card(report)
    assert all(f"## {heading}\n" in card for heading in HEADINGS)
    assert f"{report['test']['accuracy']:.2%}" in card
    assert f"{report['network']['num_parameters']:,}" in card


def test_pen_drawings_and_validation_digits_are_optional():
    report = load_report(TRAINED)
    for part in (report, report["int8"]):
        part.pop("pen", None)
        part["validation"] = None
    report["data"]["num_validation"] = 0
    assert "none were held out" in render_card(report) and "Pen digits" not in render_card(report)


def test_the_shipped_card_matches_the_shipped_report():
    assert (TRAINED / CARD_FILE).read_text() == render_card(load_report(TRAINED))
