"""Each page, run by Streamlit's own harness: right in good times, one sentence in bad ones."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from model.errors import ArtifactError
from model.files import atomic, runs, served
from model.files.runs import HISTORY_FILE, ONNX_FILE, REPORT_FILE
from model.learning import data
from model.reading.confidence import Answer
from model.reading.personalisation import Personalisation
from model.reading.recognizer import Recognizer
from ops import training_jobs
from ops.corrections import Corrections
from ops.corrections_export import as_npz
from tests.patterns import segments
from tests.support import ROOT, TRAINED, until

SEVEN = ["M", 80, 60], ["L", 200, 60], ["L", 120, 230]
ONE = ["M", 140, 50], ["L", 138, 230]


def drawing(*strokes) -> dict:
    objects = [{"type": "Path", "path": list(map(list, stroke))} for stroke in strokes]
    return {"drawing": {"raw": {"objects": objects}, "data": None}}


@pytest.fixture(autouse=True)
def fresh_caches():
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """A copy of the served network that a test may damage."""
    folder = tmp_path / "trained"
    shutil.copytree(TRAINED, folder)
    monkeypatch.setattr(served, "SHIPPED", folder)
    return folder


@pytest.fixture
def no_mnist(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITPAD_DATA", str(tmp_path / "nowhere"))


def page(name: str) -> AppTest:
    return AppTest.from_file(str(ROOT / "app_pages" / f"{name}.py"), default_timeout=60)


def draw(*strokes) -> AppTest:
    app = page("draw")
    app.session_state["canvas"] = drawing(*strokes)
    return settled(app.run())


def settled(app: AppTest) -> AppTest:
    assert not app.exception, app.exception
    return app


def prediction(app: AppTest) -> str:
    return next(metric.value for metric in app.metric if metric.label == "Prediction")


@pytest.mark.parametrize(("stroke", "digit"), [(SEVEN, "7"), (ONE, "1")])
def test_a_drawn_digit_is_read(stroke, digit):
    app = draw(stroke)
    assert prediction(app) == digit
    assert [metric.label for metric in app.metric] == ["Prediction", "How sure"]


def test_which_network_answers_is_one_click_away():
    report = runs.load_report(TRAINED)
    assert any(
        report["run"] in text.value and f"{report['test']['accuracy']:.2%}" in text.value
        for text in draw().markdown
    )


def test_an_empty_canvas_gets_a_hint_and_no_prediction():
    app = draw()
    assert not app.metric
    assert "draw one" in app.info[0].value
    enabled = [button.label for button in app.button if not button.disabled]
    assert enabled == ["Example"]


def test_a_dot_and_an_odd_drawing_get_one_sentence():
    assert "only a dot" in draw((["M", 9, 9], ["L", 10, 9])).warning[0].value
    app = page("draw")
    app.session_state["canvas"] = {"drawing": {"raw": {"objects": ["?"]}, "data": None}}
    assert "can't be read" in settled(app.run()).warning[0].value


def press(app: AppTest, label: str) -> AppTest:
    return settled(next(button for button in app.button if button.label == label).click().run())


def test_undo_takes_the_last_stroke_redo_gives_it_back_and_clear_takes_all():
    app = press(draw(ONE, SEVEN), "Undo")
    assert prediction(app) == "1"
    both = press(app, "Redo")
    assert len(both.session_state["canvas_drawing"]) == 2
    assert next(button for button in both.button if button.label == "Redo").disabled
    app = press(both, "Clear")
    assert not app.metric and app.info


def test_a_new_stroke_forgets_what_was_undone():
    app = press(draw(ONE, SEVEN), "Undo")
    app.session_state["canvas"] = drawing(ONE, ONE, SEVEN)
    app = settled(app.run())
    assert next(button for button in app.button if button.label == "Redo").disabled


def test_an_example_is_drawn_and_read_for_the_visitor():
    app = press(draw(), "Example")
    first = app.session_state["canvas_drawing"]
    assert app.metric and len(first) >= 1
    assert press(app, "Example").session_state["canvas_drawing"] != first


def test_the_replay_tells_when_the_answer_changed_and_shows_each_moment():
    app = draw(SEVEN)
    next(toggle for toggle in app.toggle if toggle.label == "Replay").set_value(True)
    app = settled(app.run())
    told = next(text.value for text in app.markdown if text.value.startswith("Read as"))
    assert told.count("from") >= 1 and "7 from" in told
    moment = next(slider for slider in app.slider if slider.label == "Moment")
    moment.set_value(1)
    settled(app.run())
    app.session_state["canvas"] = drawing((["M", 10, 10], ["L", 10, 30]))
    settled(app.run())  # a drawing with fewer moments to show


def test_a_drawing_is_kept_when_the_page_is_left():
    app = draw(SEVEN)
    del app.session_state["canvas"]  # as Streamlit does when another page is shown
    assert prediction(settled(app.run())) == "7"


def fill(sent: object, command: int = 0) -> AppTest:
    app = page("keyboard")
    app.session_state["grid"] = {"picture": sent}
    if command:
        app.session_state["grid_command"] = command
    return settled(app.run())


def test_cells_filled_in_by_keyboard_are_read_cleared_and_given_as_an_example():
    app = fill({"command": 0, "cells": segments(7, 10, 17)})
    assert prediction(app) == "7"
    app = press(app, "Clear")
    assert not app.metric and "arrow keys" in app.info[0].value
    app = press(app, "Example")
    first = app.session_state["grid_cells"]
    assert app.metric and press(app, "Example").session_state["grid_cells"] != first


def test_filled_in_cells_are_kept_when_the_page_is_left():
    app = fill({"command": 0, "cells": segments(7, 10, 17)})
    del app.session_state["grid"]  # as Streamlit does when another page is shown
    assert prediction(settled(app.run())) == "7"


def test_cells_sent_before_a_button_was_pressed_are_out_of_date():
    app = fill({"command": 1, "cells": segments(7, 10, 17)}, command=2)
    assert not app.metric and "no digit yet" in app.info[0].value


@pytest.mark.parametrize(
    "sent",
    [
        "cells",
        7,
        [0] * 784,
        {},
        {"command": float("nan"), "cells": "0" * 784},
        {"command": 0, "cells": [0.0] * 783 + [float("nan")]},
        {"command": 0, "cells": "2" * 784},
    ],
    ids=lambda sent: repr(sent)[:20],
)
def test_what_no_grid_sends_gets_one_sentence_and_clear_helps(sent):
    app = fill(sent)
    assert "can't be read" in app.warning[0].value
    app.session_state["grid"] = {"picture": {"command": 0, "cells": segments(4, 10, 17)}}
    assert prediction(settled(app.run())) == "4"
    assert press(app, "Clear").info


@pytest.mark.parametrize("damage", ["missing", "corrupt"])
@pytest.mark.parametrize("name", ["draw", "test_set"])
def test_a_missing_or_corrupt_network_is_told_and_mending_it_helps(
    trained, no_mnist, name, damage, caplog
):
    whole = (trained / ONNX_FILE).read_bytes()
    (trained / ONNX_FILE).unlink()
    if damage == "corrupt":
        (trained / ONNX_FILE).write_bytes(whole[:50_000])
    app = page(name)
    app.session_state["canvas"] = drawing(SEVEN)
    app = settled(app.run())
    assert [warning for warning in app.warning if "no network to read with" in warning.value]
    assert ONNX_FILE in caplog.text and "train.py" in caplog.text
    (trained / ONNX_FILE).write_bytes(whole)
    app = settled(app.run())
    assert not any("no network" in warning.value for warning in app.warning)
    if name == "draw":
        assert prediction(app) == "7"


def test_a_retrained_network_answers_the_next_drawing(trained, monkeypatch):
    app = draw(SEVEN)
    loaded = []
    monkeypatch.setattr(
        "ui.networks.Recognizer.load", lambda folder: loaded.append(folder) or _Fixed()
    )
    (trained / ONNX_FILE).write_bytes(b"another network")
    app.session_state["canvas"] = drawing(ONE)
    assert prediction(settled(app.run())) == "3" and loaded == [trained]


class _Fixed:
    version = "fixed"
    key = ("fixed", "")

    def probabilities(self, frames: np.ndarray) -> np.ndarray:
        return np.eye(10, dtype=np.float32)[np.full(len(frames), 3)]

    def answer(self, probabilities: np.ndarray) -> Answer:
        return Answer((3,), is_digit=True)

    def maps(self, name: str, frames: np.ndarray) -> np.ndarray:
        raise ArtifactError(f"no {name}")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer((4, 9), is_digit=True), "4 or 9"),
        (Answer((1, 4, 7), is_digit=True), "1, 4 or 7"),
        (Answer((8,), is_digit=False), "none"),
    ],
)
def test_the_page_says_one_of_three_things(monkeypatch, answer, said):
    monkeypatch.setattr(_Fixed, "answer", lambda self, probabilities: answer)
    monkeypatch.setattr("ui.personalisation.recognizer", _Fixed)
    app = draw(SEVEN)
    assert prediction(app) == said
    assert [warning.value for warning in app.warning if "8 comes closest" in warning.value] or (
        answer.is_digit
    )


def test_the_test_set_shows_filters_and_sorts(mnist_folder, monkeypatch):
    monkeypatch.setenv("DIGITPAD_DATA", str(mnist_folder))
    app = settled(page("test_set").run())
    assert "10,000" in app.markdown[0].value
    boxes = {box.label: box for box in app.selectbox}
    boxes["Result"].select("wrong")
    app = settled(app.run())
    report = runs.load_report(TRAINED)
    wrong = report["test"]["num_all"] - report["test"]["num_right"]
    assert f"**{wrong}**" in app.markdown[0].value
    app.number_input[0].set_value(1)
    {box.label: box for box in app.selectbox}["Order"].select("Most sure first")
    {box.label: box for box in app.selectbox}["True label"].select(8)
    app = settled(app.run())
    shown = shown_tiles(app)
    assert shown and all(tile["caption"].startswith("✗") for tile in shown)
    assert all(tile["marked"] and "a 8, read as" in tile["alt"] for tile in shown)
    assert {tile["number"] for tile in shown} <= set(report["test"]["misses"])


def test_the_tutorials_four_images_are_one_click_away(mnist_folder, monkeypatch):
    monkeypatch.setenv("DIGITPAD_DATA", str(mnist_folder))
    app = page("test_set").run()
    app.segmented_control[0].set_value("The tutorial's four")
    app = settled(app.run())
    body = app.get("html")[0].proto.body
    assert body.count("<img") == 4 and body.count("Predicted Label: ") == 8


def shown_tiles(app: AppTest, grid: int = 0) -> list[dict]:
    """What a grid of pictures was told to show."""
    told = [item.proto for item in app.get("bidi_component")]
    told = [item for item in told if item.component_name == "digitpad_tiles"]
    return json.loads(told[grid].json)["tiles"]


def browse(**parameters: str | list[str]) -> AppTest:
    """The test set page as a link shows it."""
    app = page("test_set")
    app.query_params.update(parameters)
    return settled(app.run())


@pytest.fixture
def with_mnist(mnist_folder, monkeypatch):
    monkeypatch.setenv("DIGITPAD_DATA", str(mnist_folder))


def test_a_random_sample_is_the_same_for_the_same_seed_and_shared_by_its_link(with_mnist):
    first, again, other = (
        [tile["number"] for tile in shown_tiles(browse(order="Random", seed=seed))]
        for seed in ("1", "1", "2")
    )
    assert first == again != other and len(first) == 60 and max(first) > 1000


def test_a_link_shares_the_whole_view(with_mnist):
    app = browse(label="4", sure=["50", "100"], order="Sure mistakes first", page="2", image="2130")
    boxes = {box.label: box.value for box in app.selectbox}
    assert (boxes["True label"], boxes["Order"]) == (4, "Sure mistakes first")
    assert app.slider[0].value == (50, 100) and app.number_input[0].value == 2
    assert any("Image **2130**" in text.value for text in app.markdown)
    numbers = [tile["number"] for tile in shown_tiles(app)]
    app = settled(app.run())  # what the address says stays
    assert [tile["number"] for tile in shown_tiles(app)] == numbers
    assert app.query_params["image"] == "2130"


NONSENSE = ("", "?", "-1", "1e9", "1e999", "nan", "9" * 5000, "<b>")


@pytest.mark.parametrize("value", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_in_the_address_shows_what_is_shown_without_it(no_mnist, value):
    names = ("view", "data", "network", "label", "predicted", "result", "order", "seed", "page")
    names += ("disputed", "image", "area", "color", "sure")
    app = browse(**dict.fromkeys(names, value))
    assert "**1,797** of 1,797" in app.markdown[0].value
    assert [tile["number"] for tile in shown_tiles(app)] == list(range(60))
    assert "image" not in app.query_params
    assert "**1,797** of 1,797" in browse(view="Map", area=value).markdown[0].value
    assert browse(sure=[value, value], page=[value, "1"]).markdown
    assert browse(order="Random", seed=value).number_input[0].value == 0


def test_an_opened_image_says_what_it_is_and_can_be_leafed_through(with_mnist):
    app = browse(disputed="true", image="2130")
    assert "**15** of 10,000" in app.markdown[0].value
    told = next(text.value for text in app.markdown if text.value.startswith("Image"))
    assert "True label: **4**" in told and "Read as **9**" in told and "**wrong**" in told
    assert "comes second of ten" in told and "disputed" in told
    nearest = shown_tiles(app, 1)
    assert len(nearest) == 5 and 2130 not in {tile["number"] for tile in nearest}
    app = press(app, "Next")
    assert app.query_params["image"] == "2462"
    told = next(text.value for text in app.markdown if text.value.startswith("Image"))
    assert told.startswith("Image **2462**")
    assert press(app, "Previous").query_params["image"] == "2130"


def test_an_image_that_the_filters_leave_out_can_still_be_looked_at(no_mnist):
    app = browse(label="3", image="0")
    assert any("Image **0** of UCI's digits" in text.value for text in app.markdown)
    leaf = [button for button in app.button if button.label in ("Previous", "Next")]
    assert len(leaf) == 2 and all(button.disabled for button in leaf)
    for odd in ("1797", "٣", "3 ", "0x3"):
        assert "image" not in browse(image=odd).query_params


def test_the_map_shows_the_images_of_the_area_in_the_address_and_the_drawing(with_mnist):
    app = browse(view="Map")
    assert "**10,000**" in app.markdown[0].value
    told = json.loads(app.get("vega_lite_chart")[0].proto.spec)
    assert len(told["layer"]) == 3 and "10,000 images" in told["description"]
    app = page("test_set")
    app.query_params.update(view="Map", area="-1,0,-1,0", color="by result")
    app.session_state["canvas_drawing"] = drawing(SEVEN)["drawing"]["raw"]["objects"]
    app = settled(app.run())
    assert "**2,423**" in app.markdown[0].value
    told = json.loads(app.get("vega_lite_chart")[0].proto.spec)
    assert len(told["layer"]) == 5 and told["params"][0]["value"]["x"] == [-1, 0]


def test_the_map_of_other_images_lies_on_that_of_the_test_images(no_mnist):
    app = browse(view="Map", data="UCI")
    assert "1,797" in app.markdown[0].value and app.get("vega_lite_chart")
    assert "**0** of" in browse(view="Map", area="1.5,2,1.5,2").markdown[0].value


def test_a_damaged_map_is_told_and_the_grid_still_works(trained, no_mnist, caplog):
    (trained / runs.LOOK_ALIKES_FILE).write_bytes(b"no map")
    assert len(browse(view="Map").warning) == 2  # one about MNIST
    assert "can't be read" in caplog.text
    assert len(browse(order="Most typical first", image="3").warning) == 3
    app = browse(order="Most typical first", image="3")
    assert len(shown_tiles(app)) == 60


def test_two_networks_are_compared_on_what_they_read_differently(no_mnist, tmp_path, monkeypatch):
    shutil.copytree(TRAINED, tmp_path / "runs" / "a-run")
    (tmp_path / "runs" / "b-unfinished").mkdir()
    app = browse(network="a-run")
    assert "**0** of 1,797" in app.markdown[0].value  # the same network reads the same
    assert "widen" in app.info[0].value
    boxes = {box.label: box for box in app.selectbox}
    assert boxes["Compare with"].options == ["no other network", "a-run"]
    served = shown_tiles(browse())[2]["caption"][2]
    load = Recognizer.load
    monkeypatch.setattr(
        "ui.networks.Recognizer.load",
        lambda folder: load(folder) if folder == TRAINED else _Fixed(),
    )
    st.cache_resource.clear()
    app = browse(network="a-run", image="2")
    first = shown_tiles(app)[0]
    assert first["caption"].endswith("| 3") and "by a-run as 3" in first["alt"]
    assert any(f"Read as **{served}**" in text.value for text in app.markdown)
    assert any("a-run reads **3**" in text.value for text in app.markdown)
    assert all(not tile["caption"].startswith("✓ 3") for tile in shown_tiles(app))


def test_corrections_can_be_browsed_and_without_any_the_page_says_so(no_mnist, corrections_open):
    app = browse(data="Corrections")
    assert "No corrections yet" in app.info[0].value
    keep(3)
    app = browse(data="Corrections", image="0")
    assert "of 3 images" in app.markdown[0].value and len(shown_tiles(app)) == 3
    assert any("Image **0** of corrections" in text.value for text in app.markdown)
    assert browse(data="Corrections", view="Map").get("vega_lite_chart")


def test_ones_own_images_are_read_and_bad_files_are_told(no_mnist):
    app = browse(data="Your own")
    assert "MNIST's format" in app.info[0].value
    app.file_uploader[0].upload("mine.npz", b"nothing", "application/zip")
    app = settled(app.run())
    assert "not a whole NumPy archive" in app.warning[0].value
    keep(4)
    app = browse(data="Your own")
    app.file_uploader[0].upload("mine.npz", as_npz(Corrections().load()), "application/zip")
    app = settled(app.run())
    assert "of 4 images" in app.markdown[0].value and len(shown_tiles(app)) == 4


def test_without_mnist_the_bundled_digits_are_shown_and_said_to_be(no_mnist):
    app = settled(page("test_set").run())
    assert "UCI's digits" in app.warning[0].value
    assert "1,797" in app.markdown[0].value
    assert "Try again" in app.button[0].label


def test_mnist_is_tried_again_only_when_asked(no_mnist, mnist_folder, monkeypatch):
    app = settled(page("test_set").run())
    monkeypatch.setenv("DIGITPAD_DATA", str(mnist_folder))
    assert settled(app.run()).warning
    app = settled(app.button[0].click().run())
    assert not app.warning and "10,000" in app.markdown[0].value


def test_a_truncated_mnist_is_told_and_the_bundled_digits_shown(
    mnist_folder, tmp_path, monkeypatch, caplog
):
    for name in data.IDX_FILES.values():
        content = (mnist_folder / name).read_bytes()
        (tmp_path / name).write_bytes(content[: len(content) // 2])
    monkeypatch.setenv("DIGITPAD_DATA", str(tmp_path))
    app = settled(page("test_set").run())
    assert "not a whole gzip file" in caplog.text
    assert "not available" in app.warning[0].value
    assert "1,797" in app.markdown[0].value


def test_filters_that_leave_nothing_say_so(no_mnist):
    app = page("test_set").run()
    boxes = {box.label: box for box in app.selectbox}
    boxes["True label"].select(0), boxes["Predicted label"].select(1)
    assert "widen a filter" in settled(app.run()).info[0].value


def test_the_dashboard_shows_what_training_wrote():
    app = settled(page("dashboard").run())
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
def test_a_missing_or_damaged_report_is_told_in_a_sentence(trained, name, content, caplog):
    (trained / name).unlink()
    if content is not None:
        (trained / name).write_text(content)
    app = settled(page("dashboard").run())
    assert len(app.warning) == 1 and name in caplog.text


REPORT = runs.load_report(TRAINED)


@pytest.mark.parametrize(
    ("part", "key"),
    [
        *(("test", "reliability"), ("test", "confusion"), ("test", "ece"), ("test", "low")),
        *(("network", "num_bytes"), ("data", "training"), ("pen", "strokes"), ("pen", "widths")),
    ],
)
@pytest.mark.parametrize("words", [None, "many"])
def test_a_report_of_an_older_version_is_told_in_a_sentence_and_the_rest_shown(
    trained, no_mnist, part, key, words, caplog
):
    report = atomic.load_json(trained / REPORT_FILE, "report")
    if words is None:
        del report[part][key]
    else:
        report[part][key] = words
    atomic.save_json(trained / REPORT_FILE, report)
    app = settled(page("dashboard").run())
    may_lack = part == "pen" and words is None
    is_text = (part, key) == ("data", "training") and words is not None
    assert len(app.warning) == (0 if may_lack or is_text else 1)
    assert caplog.text.count("another version") == len(app.warning)
    assert app.header[-1].value == "Runs" and len(specs(app)) >= 4


def test_a_missing_model_card_is_told_in_a_sentence(trained, no_mnist, caplog):
    (trained / runs.CARD_FILE).unlink()
    assert len(settled(page("dashboard").run()).warning) == 1
    assert runs.CARD_FILE in caplog.text


def specs(app: AppTest) -> list[str]:
    """What the page's charts are drawn from, as JSON."""
    return [chart.proto.spec for chart in app.get("vega_lite_chart")]


def test_charts_have_titles_descriptions_and_numbers_and_the_threshold_is_told(
    mnist_folder, monkeypatch
):
    monkeypatch.setenv("DIGITPAD_DATA", str(mnist_folder))
    app = settled(page("dashboard").run())
    charts = [json.loads(spec) for spec in specs(app)]
    titles = [chart["title"] for chart in charts]
    assert any("Risk" in str(title) for title in titles) and len(titles) >= 8
    assert all(len(chart["description"]) > 30 for chart in charts)
    tables = [box for box in app.expander if box.label == "The numbers"]
    assert len(tables) >= len(charts) - 1  # the bins and their reliability share one
    assert all(len(box.dataframe[0].value) for box in tables)
    threshold = REPORT["confidence"]["refusal_threshold"]
    (said,) = (text.value for text in app.caption if "Below a confidence" in text.value)
    assert f"of {threshold:.2f} " in said and "of 9,965 answers are wrong" in said


def test_a_chosen_cell_shows_its_images_and_the_way_to_the_test_set(mnist_folder, monkeypatch):
    monkeypatch.setenv("DIGITPAD_DATA", str(mnist_folder))
    app = settled(page("dashboard").run())
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
        return next(spec for spec in specs(app) if "Confusion matrix" in spec)

    app = settled(page("dashboard").run())
    assert "in images" in confusion(app) and "datum.label !==" not in confusion(app)
    app = turn_on(app, "Hide the diagonal")
    assert "datum.label !==" in confusion(app)
    (unit,) = (box for box in app.get("button_group") if box.label == "Cells show")
    app = settled(unit.set_value("Per cent of the true label").run())
    assert "per cent of the true label" in confusion(app)


def test_curves_can_be_smoothed_and_have_logarithmic_axes(no_mnist):
    app = settled(page("dashboard").run())
    assert len(json.loads(specs(app)[0])["layer"]) == 1
    app = settled(app.slider(key="served-smoothing").set_value(0.6).run())
    assert len(json.loads(specs(app)[0])["layer"]) == 2  # what was measured stays
    app = settled(app.toggle(key="served-log").set_value(True).run())
    assert "Share wrong by epoch" in specs(app)[0] and '"log"' in specs(app)[0]


def test_runs_are_listed_and_two_are_overlaid_while_a_half_written_one_is_told(
    tmp_path, monkeypatch
):
    folder = tmp_path / "runs"
    for name in ("20260101-a", "20260102-b"):
        shutil.copytree(TRAINED, folder / name)
        atomic.save_json(folder / name / "config.json", {"epochs": 10})
    (folder / "20260103-half").mkdir()
    (folder / "20260103-half" / "history.csv").write_text("epoch,accuracy\n1,")
    app = settled(page("dashboard").run())
    assert app.multiselect[0].value == ["20260102-b", "20260101-a"]
    assert any("20260103-half" in warning.value for warning in app.warning)
    assert any("have the same settings" in caption.value for caption in app.caption)
    assert any("p = 1, no significant difference" in text.value for text in app.markdown)


def turn_on(app: AppTest, label: str) -> AppTest:
    toggle = next(toggle for toggle in app.toggle if toggle.label == label)
    return settled(toggle.set_value(True).run())


def test_look_alikes_are_five_labelled_test_images(mnist_folder, monkeypatch):
    monkeypatch.setenv("DIGITPAD_DATA", str(mnist_folder))
    app = turn_on(draw(SEVEN), "Look-alikes")
    pictures = app.get("html")[-1].proto.body
    assert pictures.count("<figure") == 5 and pictures.count("a 7 (number") == 10  # alt as well


def test_without_mnist_or_their_file_look_alikes_say_what_they_need(
    no_mnist, mnist_folder, monkeypatch, caplog
):
    app = turn_on(draw(SEVEN), "Look-alikes")
    assert any("The look-alikes come from MNIST" in hint.value for hint in app.info)
    monkeypatch.setenv("DIGITPAD_DATA", str(mnist_folder))
    monkeypatch.setattr(
        "ui.networks.load_look_alikes", lambda _: atomic.load_json(ROOT / "no", "x")
    )
    st.cache_resource.clear()
    assert turn_on(draw(SEVEN), "Look-alikes").warning and "There is no x" in caplog.text


def test_the_draw_page_says_when_it_reads_by_the_visitors_hand(monkeypatch):
    app = page("draw")
    key = Recognizer.load().key
    empty = Personalisation(np.zeros((1, 512), np.float32), np.zeros((1, 10)), key)
    app.session_state["profile"] = empty
    app.session_state["canvas"] = drawing(SEVEN)
    app = settled(app.run())
    assert prediction(app) == "7" and any("handwriting profile" in c.value for c in app.caption)
    # The network it was learnt with is no longer served.
    app.session_state["profile"] = dataclasses.replace(empty, network=("former", ""))
    assert not any("handwriting profile" in c.value for c in settled(app.run()).caption)


def test_why_names_the_answer_and_its_rival():
    app = turn_on(draw(SEVEN), "Why")
    assert any("speaks for **7**" in text.value for text in app.markdown)
    assert any("and it reads 1" in text.value for text in app.markdown)


def test_a_digit_tapped_is_kept_with_the_drawing_and_undo_deletes_just_that_one():
    store = Corrections()
    app = draw(SEVEN)
    assert not store.path.exists()  # nothing is kept unasked
    app = press(app, "1")
    (kept,) = store.load()
    assert (kept.label, kept.predicted) == (1, 7)
    assert kept.network == runs.load_report(TRAINED)["run"]
    assert np.allclose(kept.strokes[0], [[80, 60], [200, 60], [120, 230]])
    assert any("Kept: this is a 1." in text.value for text in app.markdown)
    first = press(press(draw(ONE), "7"), "7")  # twice the same is once
    assert [each.label for each in store.load()] == [7, 1]
    first = press(first, "4")  # and another digit replaces it
    assert [each.label for each in store.load()] == [4, 1]
    app = press_key(first, "not-kept")
    assert [each.label for each in store.load()] == [1]
    assert prediction(app) == "1" and not any("Kept" in text.value for text in app.markdown)


def press_key(app: AppTest, key: str) -> AppTest:
    return settled(app.button(key=key).click().run())


def test_drawing_on_forgets_what_was_said_of_the_drawing_before():
    app = press(draw(SEVEN), "1")
    app.session_state["canvas"] = drawing(SEVEN, (["M", 110, 140], ["L", 190, 140]))
    app = settled(app.run())
    assert not any("Kept" in text.value for text in app.markdown)
    press(app, "2")
    assert [each.label for each in Corrections().load()] == [2, 1]


def test_corrections_that_can_not_be_kept_are_told_and_the_drawing_stays(corrections_path, caplog):
    app = draw(SEVEN)
    corrections_path.parent.mkdir()
    corrections_path.write_bytes(b"no database" * 500)
    app = press(app, "1")
    assert "can't be used" in app.warning[0].value and "is damaged" in caplog.text
    assert prediction(app) == "7" and app.session_state["canvas_drawing"]
    corrections_path.unlink()
    app = press(app, "1")
    assert not app.warning and len(Corrections()) == 1
    corrections_path.write_bytes(b"no database" * 500)
    app = press_key(app, "not-kept")
    assert "can't be used" in app.warning[0].value
    assert any("Kept: this is a 1." in text.value for text in app.markdown)


def keep(num: int) -> None:
    for index in range(num):
        stroke = np.array([[100.0, 50], [100 + index, 200]])
        said = np.eye(10, dtype=np.float32)[7]
        Corrections().add([stroke], np.eye(28, dtype=np.float32), said, index % 10, "a run")


def labels(app: AppTest) -> list[str]:
    return [box.label for box in app.checkbox]


def test_without_corrections_the_page_says_how_to_make_one_and_where_they_lie(
    corrections_path, corrections_open
):
    app = settled(page("corrections").run())
    assert "Wrong?" in app.info[0].value
    assert str(corrections_path) in app.caption[0].value
    assert "train.py --corrections" in app.caption[0].value
    assert not corrections_path.exists()


def test_corrections_are_shown_in_pages_the_newest_first_and_deleted_when_ticked(corrections_open):
    keep(50)
    app = settled(page("corrections").run())
    assert len(app.checkbox) == 48 and labels(app)[:2] == ["said 7, is 9", "said 7, is 8"]
    assert app.caption[0].value.endswith("UTC, a run")
    app.number_input[0].set_value(2)
    app = settled(app.run())
    assert labels(app) == ["said 7, is 1", "said 7, is 0"]
    assert next(each for each in app.button if each.label == "Delete selected").disabled
    app.checkbox[0].check()
    app = press(settled(app.run()), "Delete 1 selected")
    assert labels(app) == ["said 7, is 0"]
    app.checkbox[0].check()
    app = press(settled(app.run()), "Delete 1 selected")  # the second page is gone with it
    assert len(app.checkbox) == 48 == len(Corrections())
    app = press(app, "Yes, delete all 48")
    assert app.info and len(Corrections()) == 0


def test_a_file_of_corrections_that_can_not_be_used_is_told(corrections_path, corrections_open):
    keep(2)
    app = settled(page("corrections").run())
    whole = corrections_path.read_bytes()
    corrections_path.write_bytes(b"no database" * 500)
    app = press(app, "Yes, delete all 2")
    assert all("is damaged" in warning.value for warning in app.warning) and app.warning
    corrections_path.write_bytes(whole)
    app = settled(app.run())
    assert len(app.checkbox) == 2 and not app.warning


LEFT_ONE = ["M", 60, 80], ["L", 60, 200]
RIGHT_SEVEN = ["M", 130, 80], ["L", 220, 80], ["L", 165, 200]


def test_two_digits_side_by_side_are_read_as_one_number():
    app = draw(RIGHT_SEVEN, LEFT_ONE)  # drawn from right to left
    assert prediction(app) == "17"
    assert app.code[0].value == "17"


def test_a_doubtful_digit_of_a_number_can_be_corrected(monkeypatch):
    monkeypatch.setattr(
        "model.reading.recognizer.Recognizer.answer",
        lambda self, row: Answer((int(row.argmax()), 9), is_digit=True),
    )
    app = draw(LEFT_ONE, RIGHT_SEVEN)
    pills = app.get("button_group")[0]
    other = int(pills.options[1])
    pills.set_value(other)
    assert prediction(settled(app.run())) == f"{other}7"


ZERO = [
    ["M", 110, 110],
    *(["L", 75 + 35 * np.cos(t), 110 + 50 * np.sin(t)] for t in np.linspace(0, 6.28, 40)[1:]),
]
TOUCHING_SEVEN = ["M", 101, 80], ["L", 161, 80], ["L", 126, 180]


def test_two_digits_that_touch_are_a_guess_that_can_be_corrected():
    app = draw(ZERO, TOUCHING_SEVEN)
    assert prediction(app) == "07"
    assert app.metric[1].value == "not sure"
    assert "Digits 1 and 2 touch" in app.warning[0].value
    left, _right = app.get("button_group")
    left.set_value(int(left.options[1]))
    assert app.run().code[0].value == f"{left.options[1]}7"


def test_a_choice_is_about_one_drawing_only(monkeypatch):
    monkeypatch.setattr(
        "model.reading.recognizer.Recognizer.answer",
        lambda self, row: Answer((int(row.argmax()), 9), is_digit=True),
    )
    app = draw(LEFT_ONE, RIGHT_SEVEN)
    pills = app.get("button_group")[0]
    pills.set_value(int(pills.options[1]))
    settled(app.run())
    app.session_state["canvas"] = drawing((["M", 60, 80], ["L", 70, 200]), RIGHT_SEVEN)
    assert prediction(settled(app.run())) == "17"


def test_doubtful_digits_of_a_photo_can_be_corrected_a_dozen_at_most(monkeypatch):
    from tests.model.ink.test_sheet import saved

    monkeypatch.setattr(
        "model.reading.recognizer.Recognizer.answer",
        lambda self, row: Answer((int(row.argmax()), 9), is_digit=True),
    )
    app = page("photo").run()
    app.file_uploader[0].upload("sheet.png", saved("PNG"), "image/png")
    app = settled(app.run())
    first, *others = app.get("button_group")
    assert len(others) == 5
    was = app.code[0].value
    first.set_value(int(first.options[1]))
    app = settled(app.run())
    assert app.code[0].value == first.options[1] + was[1:]
    monkeypatch.setattr("ui.doubtful_digits.MAX_ASKED", 4)
    app = settled(app.run())
    assert len(app.get("button_group")) == 4
    assert any("2 more digits are doubtful" in caption.value for caption in app.caption)


def test_a_photo_is_read_line_by_line_and_a_bad_file_is_told():
    from tests.model.ink.test_sheet import saved

    app = settled(page("photo").run())
    assert "Choose a picture" in app.info[0].value
    app.file_uploader[0].upload("sheet.png", saved("PNG"), "image/png")
    app = settled(app.run())
    assert app.metric[0].value == "6" and len(app.code[0].value) == 6
    app.file_uploader[0].upload("broken.png", b"no picture", "image/png")
    assert "no whole PNG" in settled(app.run()).warning[0].value


def test_the_lab_shows_the_steps_and_four_other_ways():
    app = page("lab")
    app.session_state["canvas"] = drawing(SEVEN)
    app = settled(app.run())
    assert [heading.value for heading in app.subheader] == [
        "From your pen to the answer",
        "The same drawing in other demos",
    ]
    assert len(app.get("image")) == 3 + 2 + 4  # steps, layers, other ways
    assert settled(page("lab").run()).info


def goes(monkeypatch, way: str) -> None:
    monkeypatch.setenv("FAKE_TRAINER", way)


def start(preset: str = "tutorial", epochs: int = 3, seed: int = 9999) -> AppTest:
    """The page after a visitor has started a run."""
    app = settled(page("train").run())
    app.selectbox[0].set_value(preset)
    app = settled(app.run())
    app.number_input[0].set_value(epochs)
    app.number_input[1].set_value(seed)
    return press(app, "Start")


def ended_run(jobs) -> str:
    until(lambda: not jobs.status().is_on)
    return jobs.status().run


def names(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_the_train_page_is_off_unless_it_is_turned_on(jobs, monkeypatch):
    monkeypatch.delenv("DIGITPAD_TRAINING")
    app = settled(page("train").run())
    assert "DIGITPAD_TRAINING=on streamlit run app.py" in app.info[0].value
    assert not app.button and not app.number_input


def test_a_page_that_was_turned_off_meanwhile_starts_nothing(jobs, monkeypatch):
    app = settled(page("train").run())
    monkeypatch.setenv("DIGITPAD_TRAINING", "off")
    app = press(app, "Start")
    assert "is off" in app.info[0].value and not jobs.runs.exists()


def test_before_the_first_run_the_page_says_how_long_one_takes(jobs):
    app = settled(page("train").run())
    assert app.number_input[0].value == 60 and names(app) == ["Start"]
    assert "An epoch took 51 s" in app.caption[0].value and "about 51 min" in app.caption[0].value
    assert any("20261124-192546-digitpad** is served" in text.value for text in app.markdown)
    app.selectbox[0].set_value("tutorial")
    app = settled(app.run())
    assert app.number_input[0].value == 10
    assert not any("An epoch took" in caption.value for caption in app.caption)  # nobody knows


def test_a_run_is_started_watched_stopped_and_resumed(jobs, monkeypatch):
    goes(monkeypatch, "holds")
    app = start()
    until(lambda: jobs.status().history)
    app = settled(app.run())
    assert names(app) == ["Stop"] and not app.number_input
    bar = app.get("progress")[0].proto
    assert bar.text == "Epoch 2 of 3: about 1 minute left" and bar.value == 33
    assert len(app.get("vega_lite_chart")) == 3 and not app.code
    app = turn_on(app, "Log")
    assert app.code[0].value == "epoch 1 of 3"
    other = settled(page("train").run())
    assert names(other) == ["Stop"]  # another visitor sees the same run
    press(app, "Stop")
    run = ended_run(jobs)
    app = settled(app.run())
    assert f"{run} was stopped after 1 of 3 epochs" in app.info[0].value
    assert names(app) == ["Resume", "Start"]
    goes(monkeypatch, "finishes")
    press(app, "Resume")
    assert ended_run(jobs) == run
    assert "99.99%" in settled(app.run()).success[0].value


def test_two_visitors_who_start_at_once_get_one_run(jobs, monkeypatch):
    goes(monkeypatch, "holds")
    late = settled(page("train").run())
    start()
    late = press(late, "Start")
    assert "A run is on, " in late.warning[0].value and names(late) == ["Stop"]
    assert len([path for path in jobs.runs.iterdir() if path.is_dir()]) == 1


def test_a_run_that_breaks_off_shows_its_last_lines_and_what_to_do(jobs, monkeypatch):
    goes(monkeypatch, "refuses")
    start()
    ended_run(jobs)
    app = settled(page("train").run())
    assert "then start a new one" in app.error[0].value
    assert "no folder nowhere" in app.code[0].value and names(app) == ["Start"]
    goes(monkeypatch, "crashes")
    press(app, "Start")
    ended_run(jobs)
    app = settled(app.run())
    assert "then resume it" in app.error[0].value and "MemoryError" in app.code[0].value


def test_a_run_stopped_before_its_first_epoch_says_that_it_can_not_be_resumed(jobs, monkeypatch):
    goes(monkeypatch, "waits")
    press(start(), "Stop")
    ended_run(jobs)
    app = settled(page("train").run())
    assert "can't be resumed" in app.info[0].value and names(app) == ["Start"]


def test_a_finished_network_is_served_and_the_former_one_comes_back(jobs):
    shipped = runs.load_report(served.SHIPPED)["run"]
    start("digitpad")
    run = ended_run(jobs)
    app = press(page("train").run(), "Serve this network")
    assert any(f"{run}** is served" in text.value for text in app.markdown)
    back = f"Go back to the former network, {shipped}"
    assert back in names(app) and "Serve this network" not in names(app)
    app = press(app, back)
    assert any(f"{shipped}** is served" in text.value for text in app.markdown)
    assert f"Go back to the former network, {run}" in names(app)


def test_a_worse_network_is_served_only_with_force(jobs):
    start("digitpad", seed=9000)
    run = ended_run(jobs)
    app = settled(page("train").run())
    serve = next(button for button in app.button if button.label == "Serve this network")
    assert "90.00%" in app.warning[0].value and serve.disabled
    app.checkbox[0].check()
    app = press(settled(app.run()), "Serve this network")
    assert any(f"{run}** is served" in text.value for text in app.markdown)


def test_a_runs_folder_that_cannot_be_used_is_told(jobs):
    jobs.runs.touch()
    app = press(page("train").run(), "Start")
    assert "can't be used" in app.warning[0].value


def test_a_damaged_note_on_the_last_run_is_told(jobs):
    jobs.runs.mkdir()
    (jobs.runs / training_jobs.JOB_FILE).write_text("{")
    app = settled(page("train").run())
    assert "is damaged" in app.warning[0].value and "Start" in names(app)


def test_a_run_whose_folder_is_gone_is_told(jobs):
    start()
    run = ended_run(jobs)
    shutil.rmtree(jobs.runs / run)
    app = settled(page("train").run())
    assert f"{run}, is gone" in app.warning[0].value and "Start" in names(app)
