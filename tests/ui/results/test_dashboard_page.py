"""The page Results and runs."""

import json
import shutil

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from model.files import atomic, runs
from model.files.runs import HISTORY_FILE, REPORT_FILE
from tests.support import TRAINED
from tests.ui.pages import chart_specs, has_text, opened, page, settled, turn_on
from tests.ui.runs import add_other_run

REPORT = runs.load_report(TRAINED)
DETAILS = ("mistakes", "confidence", "pens", "settings", "card")
ALL_DETAILS = dict.fromkeys(DETAILS, "true")  # of the address
TABLES = ("served", "sets", "confusion", "calibration", "risk", "way of writing", "pen width")


def test_the_headline_shows_the_reports_figures():
    app = opened("dashboard")
    report = runs.load_report(TRAINED)
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures["Accuracy on the test set"] == f"{report['test']['accuracy']:.2%}"
    assert figures["Parameters"] == f"{report['network']['num_parameters']:,}"
    assert not app.warning


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (REPORT_FILE, None),
        (REPORT_FILE, "{"),
        (REPORT_FILE, "{}"),
        (HISTORY_FILE, "epoch\nx\n"),
    ],
)
def test_a_missing_or_damaged_report_gets_a_sentence(trained, name, content, caplog):
    (trained / name).unlink()
    if content is not None:
        (trained / name).write_text(content)
    app = opened("dashboard")
    assert len(app.warning) == 1 and name in caplog.text


@pytest.mark.parametrize(
    ("part", "key"),
    [
        *(("test", "reliability"), ("test", "confusion"), ("test", "ece"), ("test", "low")),
        *(("network", "num_bytes"), ("data", "training"), ("pen", "strokes"), ("pen", "widths")),
    ],
)
@pytest.mark.parametrize("words", [None, "many"])
def test_an_older_report_gets_a_sentence_and_the_rest_is_shown(
    trained, no_mnist, part, key, words, caplog
):
    report = atomic.load_json(trained / REPORT_FILE, "report")
    if words is None:
        del report[part][key]
    else:
        report[part][key] = words
    atomic.save_json(trained / REPORT_FILE, report)
    app = opened("dashboard", **ALL_DETAILS)
    may_lack = part == "pen" and words is None
    is_text = (part, key) == ("data", "training") and words is not None
    num_places = 2 if (part, key) in (("test", "low"), ("pen", "strokes")) else 1
    assert len(app.warning) == (0 if may_lack or is_text else num_places)
    assert caplog.text.count("another version") == len(app.warning)
    assert app.header[-1].value == "Runs" and len(chart_specs(app)) >= 4


def test_details_are_built_when_they_are_opened(no_mnist):
    app = opened("dashboard")
    assert len(chart_specs(app)) == 2 and not app.dataframe
    assert len(chart_specs(opened("dashboard", confidence="true"))) == 4


def test_data_sets_stand_side_by_side(no_mnist):
    (told,) = (spec for spec in chart_specs(opened("dashboard")) if "by data set" in spec)
    told = json.loads(told)["description"]
    for name, figures in (
        ("MNIST test", REPORT["test"]),
        ("UNIPEN", REPORT["pen"]["strokes"]),
        *((figures["name"], figures) for figures in REPORT["pen"]["sets"]),
        ("photos and pictures", REPORT["pen"]["pictures"]),
    ):
        assert f"{name} {figures['accuracy']:.2%}" in told


def test_a_missing_model_card_gets_a_sentence(trained, no_mnist, caplog):
    (trained / runs.CARD_FILE).unlink()
    assert len(opened("dashboard", card="true").warning) == 1
    assert runs.CARD_FILE in caplog.text


def test_charts_have_titles_descriptions_and_tables(with_mnist):
    app = page("dashboard")
    app.query_params.update(ALL_DETAILS)
    for key in TABLES:
        app.session_state[f"{key}-numbers"] = True
    app = settled(app.run())
    charts = [json.loads(spec) for spec in chart_specs(app)]
    titles = [chart["title"] for chart in charts]
    assert any("Risk" in str(title) for title in titles) and len(titles) >= 7
    assert all(len(chart["description"]) > 30 for chart in charts)
    tables = [box for box in app.expander if box.label == "The numbers"]
    assert len(tables) >= len(charts) - 1  # the bins and their reliability share one
    assert all(len(box.dataframe[0].value) for box in tables)
    threshold = REPORT["confidence"]["refusal_threshold"]
    (said,) = (text.value for text in app.caption if "Below a confidence" in text.value)
    assert f"of {threshold:.2f} " in said and "of 9,946 answers are wrong" in said


def test_a_chosen_cell_shows_its_images_and_a_link(with_mnist):
    app = opened("dashboard", mistakes="true")
    (cells,) = (box for box in app.selectbox if box.label == "Images of a cell")
    confusion = np.array(REPORT["test"]["confusion"])
    worst = int((confusion - np.diag(np.diag(confusion))).max())
    assert cells.options[0].endswith(f"({worst})")
    app = settled(cells.select_index(0).run())
    assert app.get("html")[-1].proto.body.count("<figure") == worst
    true, predicted = app.selectbox[0].value
    assert any(f"Open {true} read as {predicted}" in button.label for button in app.button)


def test_the_diagonal_can_be_hidden_and_cells_can_be_shares(no_mnist):
    def confusion(app: AppTest) -> str:
        return next(spec for spec in chart_specs(app) if "Confusion matrix" in spec)

    app = opened("dashboard", mistakes="true")
    assert "in images" in confusion(app) and "datum.label !==" not in confusion(app)
    app = turn_on(app, "Hide the diagonal")
    assert "datum.label !==" in confusion(app)
    (unit,) = (box for box in app.get("button_group") if box.label == "Cells show")
    app = settled(unit.set_value("Per cent of the true label").run())
    assert "% of each row" in confusion(app)


def test_curves_can_be_smoothed_and_have_logarithmic_axes(no_mnist):
    app = opened("dashboard")
    assert "Share wrong by epoch" in chart_specs(app)[0] and '"log"' in chart_specs(app)[0]
    num_layers = len(json.loads(chart_specs(app)[0])["layer"])
    app = settled(app.slider(key="served-smoothing").set_value(0.6).run())
    assert len(json.loads(chart_specs(app)[0])["layer"]) == num_layers + 1  # the measured values
    app = settled(app.toggle(key="served-log").set_value(False).run())
    assert '"log"' not in chart_specs(app)[0]


def test_the_best_epoch_is_marked_and_the_first_one_left_out(no_mnist):
    history = runs.load_history(TRAINED / runs.HISTORY_FILE)
    best = max(history, key=lambda row: row["val_accuracy"])["epoch"]
    app = opened("dashboard")
    told = json.loads(chart_specs(app)[0])
    assert f"validation is best in epoch {best:.0f}" in told["description"]
    assert f"over {len(history) - 1} epochs" in told["description"]
    app = settled(app.toggle(key="served-first").set_value(True).run())
    assert f"over {len(history)} epochs" in chart_specs(app)[0]


def test_runs_are_listed_and_compared_despite_a_damaged_one(tmp_path, monkeypatch):
    folder = tmp_path / "runs"
    for name in ("20260101-a", "20260102-b"):
        shutil.copytree(TRAINED, folder / name)
        atomic.save_json(folder / name / "config.json", {"epochs": 10})
    (folder / "20260103-half").mkdir()
    (folder / "20260103-half" / "history.csv").write_text("epoch,accuracy\n1,")
    app = opened("dashboard")
    assert app.multiselect[0].value == ["20260102-b", "20260101-a"]
    assert has_text(app.warning, "20260103-half")
    assert has_text(app.caption, "have the same settings")
    assert has_text(app.markdown, "p = 1, not statistically significant")


def test_the_shipped_network_is_compared_with_a_run(no_mnist, tmp_path):
    add_other_run(tmp_path / "runs", "a-run")
    app = page("dashboard")
    app.session_state["difference-a-run-shipped network"] = True
    app = settled(app.run())
    assert app.multiselect[0].value == ["a-run", "shipped network"]
    assert has_text(app.markdown, "12 images that a-run misreads")
    (told,) = (json.loads(spec) for spec in chart_specs(app) if "difference" in spec)
    assert told["description"].endswith("than a-run: 4 read as 4: +12, 4 read as 9: -12")
    settings = [table.value for table in app.dataframe if "a-run" in table.value]
    assert settings[0]["a-run"].tolist() == ["7"]


def test_damage_to_the_shipped_network_is_told_while_a_run_is_served(trained, no_mnist, tmp_path):
    add_other_run(tmp_path / "runs", "a-run")
    atomic.save_json(tmp_path / "runs" / "served.json", {"current": "a-run", "former": None})
    (trained / REPORT_FILE).write_text("{")
    app = opened("dashboard")
    assert len(app.warning) == 1 and app.multiselect[0].value == ["a-run"]
