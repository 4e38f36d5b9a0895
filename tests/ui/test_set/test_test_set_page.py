"""The page Test images: filters, orders, links, the map, comparing networks."""

import base64
import shutil

import numpy as np
import pytest
import streamlit as st

from model.files import runs
from model.files.atomic import save_json
from model.learning.data import Dataset
from model.reading.recognizer import Recognizer
from tests.support import TRAINED
from tests.ui.pages import (
    SEVEN,
    AlwaysThree,
    button,
    drawing,
    has_text,
    opened,
    page,
    press,
    select,
    settled,
    shown_images,
    shown_map,
)
from tests.ui.runs import add_other_run
from ui.test_set.image_map import map_data
from ui.test_set.predictions import Predictions


def test_images_are_filtered_and_ordered(with_mnist):
    app = opened("test_set")
    assert "10,000" in app.markdown[0].value
    boxes = {box.label: box for box in app.selectbox}
    boxes["Result"].select("wrong")
    app = settled(app.run())
    report = runs.load_report(TRAINED)
    wrong = report["test"]["num_all"] - report["test"]["num_right"]
    assert f"**{wrong}**" in app.markdown[0].value
    app.number_input[0].set_value(1)
    select(app, "Order").select("Most sure first")
    select(app, "True label").select(8)
    app = settled(app.run())
    shown = shown_images(app)
    assert shown and all(tile["caption"].startswith("✗") for tile in shown)
    assert all(tile["marked"] and "a 8, read as" in tile["alt"] for tile in shown)
    assert {tile["number"] for tile in shown} <= set(report["test"]["misses"])


def test_the_tutorials_four_images_are_shown(with_mnist):
    app = page("test_set").run()
    app.segmented_control[0].set_value("Tutorial images")
    app = settled(app.run())
    body = app.get("html")[0].proto.body
    assert body.count("<img") == 4 and body.count("Predicted Label: ") == 8


def test_a_seed_gives_the_same_random_sample(with_mnist):
    first, again, other = (
        [tile["number"] for tile in shown_images(opened("test_set", order="Random", seed=seed))]
        for seed in ("1", "1", "2")
    )
    assert first == again != other and len(first) == 60 and max(first) > 1000


def test_a_link_shares_the_whole_view(with_mnist):
    app = opened(
        "test_set",
        label="4",
        sure=["50", "100"],
        order="Most confident mistakes",
        page="2",
        image="2130",
    )
    boxes = {box.label: box.value for box in app.selectbox}
    assert (boxes["True label"], boxes["Order"]) == (4, "Most confident mistakes")
    assert app.slider[0].value == (50, 100) and app.number_input[0].value == 2
    assert has_text(app.markdown, "Image **2130**")
    numbers = [tile["number"] for tile in shown_images(app)]
    app = settled(app.run())  # what the address says stays
    assert [tile["number"] for tile in shown_images(app)] == numbers
    assert app.query_params["image"] == "2130"


def test_refused_images_can_be_filtered_and_the_filter_taken_back(no_mnist):
    app = opened("test_set", result="refused")
    count = app.markdown[0].value
    assert "**1,797** of" not in count and "of 1,797" in count
    app = press(app, "Reset")
    assert "**1,797** of 1,797" in app.markdown[0].value
    assert select(app, "Result").value == "all"


def test_pages_are_turned_by_buttons(no_mnist):
    app = opened("test_set")
    assert button(app, "Previous page").disabled
    app = press(app, "Next page")
    assert has_text(app.caption, "Page 2 of 30")
    assert shown_images(app)[0]["number"] == 60
    app = press(app, "Last page")
    assert has_text(app.caption, "Page 30 of 30") and button(app, "Next page").disabled
    assert has_text(press(app, "First page").caption, "Page 1 of 30")


NONSENSE = ("", "?", "-1", "1e9", "1e999", "nan", "9" * 5000, "<b>")


@pytest.mark.parametrize("value", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_in_the_address_is_ignored(no_mnist, value):
    names = ("view", "data", "network", "label", "predicted", "result", "order", "seed", "page")
    names += ("disputed", "image", "area", "color", "sure")
    app = opened("test_set", **dict.fromkeys(names, value))
    assert "**1,797** of 1,797" in app.markdown[0].value
    assert [tile["number"] for tile in shown_images(app)] == list(range(60))
    assert "image" not in app.query_params
    assert "**1,797** of 1,797" in opened("test_set", view="Map", area=value).markdown[0].value
    assert opened("test_set", sure=[value, value], page=[value, "1"]).markdown
    assert opened("test_set", order="Random", seed=value).number_input[0].value == 0


def test_an_opened_image_has_its_facts_and_neighbours(with_mnist):
    app = opened("test_set", disputed="true", image="2130")
    assert "**15** of 10,000" in app.markdown[0].value
    told = next(text.value for text in app.markdown if text.value.startswith("Image"))
    assert "True label: **4**" in told and "Read as **9**" in told and "**wrong**" in told
    assert "the true label number 2 of" in told and "disputed" in told
    nearest = shown_images(app, 1)
    assert len(nearest) == 5 and 2130 not in {tile["number"] for tile in nearest}
    app = press(app, "Next")
    assert app.query_params["image"] == "2462"
    told = next(text.value for text in app.markdown if text.value.startswith("Image"))
    assert told.startswith("Image **2462**")
    assert press(app, "Previous").query_params["image"] == "2130"


def test_a_filtered_out_image_can_be_opened_by_link(no_mnist):
    app = opened("test_set", label="3", image="0")
    assert has_text(app.markdown, "Image **0** of UCI's digits")
    leaf = [button for button in app.button if button.label in ("Previous", "Next")]
    assert len(leaf) == 2 and all(button.disabled for button in leaf)
    for odd in ("1797", "٣", "3 ", "0x3"):
        assert "image" not in opened("test_set", image=odd).query_params


def test_the_map_shows_the_area_in_the_address_and_the_drawing(with_mnist):
    app = opened("test_set", view="Map")
    assert "**10,000**" in app.markdown[0].value
    told = shown_map(app)
    assert "10,000 images" in told["title"] and "980 of 0" in told["title"]
    assert len(told["names"]) == 10 and told["drawing"] is None and told["area"] is None
    app = page("test_set")
    app.query_params.update(view="Map", area="-1,0,-1,0", color="by result")
    app.session_state["canvas_drawing"] = drawing(SEVEN)["drawing"]["raw"]["objects"]
    app = settled(app.run())
    assert "**1,828**" in app.markdown[0].value
    told = shown_map(app)
    assert told["area"][1] == told["area"][3] == 0.5 and len(told["drawing"]) == 2
    assert len(told["colors"]) == 2


def test_a_map_of_few_images_holds_their_places_colours_and_crosses():
    places = np.array([[0, 0], [-1.05, 1.05], [1.05, 0]])
    images, labels = np.zeros((3, 28, 28), np.uint8), np.array([4, 7, 7])
    predictions = Predictions(Dataset(images, labels, "three"), np.eye(10)[[4, 7, 9]])
    told = map_data(predictions, places, np.array([1, 2]), by_result=False)
    sent = {
        key: np.frombuffer(base64.b64decode(told[key]), kind).tolist()
        for key, kind in (
            *(("places", "<u2"), ("numbers", "<u4")),
            *(("color_numbers", "u1"), ("crossed", "u1")),
        )
    }
    assert sent["places"] == [0, 65535, 65535, 32768] and sent["numbers"] == [1, 2]
    assert sent["color_numbers"] == [7, 7] and sent["crossed"] == [0, 1]
    assert told["names"] == [{"name": "7", "x": 0.5, "y": 0.75}]


def test_other_images_lie_on_the_same_map(no_mnist):
    app = opened("test_set", view="Map", data="UCI")
    assert "1,797" in app.markdown[0].value and "1,797 images" in shown_map(app)["title"]
    assert "**0** of" in opened("test_set", view="Map", area="1.5,2,1.5,2").markdown[0].value


def test_without_the_map_the_grid_still_works(trained, no_mnist, caplog):
    (trained / runs.LOOK_ALIKES_FILE).write_bytes(b"no map")
    app = opened("test_set", view="Map")
    assert len(app.warning) == 2  # one about MNIST
    assert len(shown_images(app)) == 60 and not has_text(app.caption, "Point at an image")
    assert "can't be read" in caplog.text
    assert len(opened("test_set", order="Most typical first", image="3").warning) == 3
    app = opened("test_set", order="Most typical first", image="3")
    assert len(shown_images(app)) == 60


def test_two_networks_are_compared_on_what_they_read_differently(no_mnist, tmp_path, monkeypatch):
    shutil.copytree(TRAINED, tmp_path / "runs" / "a-run")
    (tmp_path / "runs" / "b-unfinished").mkdir()
    app = opened("test_set", network="a-run")
    assert "**0** of 1,797" in app.markdown[0].value  # the same network reads the same
    assert "widen" in app.info[0].value
    boxes = {box.label: box for box in app.selectbox}
    assert boxes["Compare with"].options == ["no other network", "a-run"]
    served = shown_images(opened("test_set"))[2]["caption"][2]
    load = Recognizer.load
    monkeypatch.setattr(
        "ui.networks.Recognizer.load",
        lambda folder: load(folder) if folder == TRAINED else AlwaysThree(),
    )
    st.cache_resource.clear()
    app = opened("test_set", network="a-run", image="2")
    first = shown_images(app)[0]
    assert first["caption"].endswith("| 3") and "by a-run as 3" in first["alt"]
    assert has_text(app.markdown, f"Read as **{served}**")
    assert has_text(app.markdown, "a-run reads **3**")
    assert all(not tile["caption"].startswith("✓ 3") for tile in shown_images(app))


def test_the_shipped_network_is_compared_with_a_served_run(no_mnist, tmp_path):
    add_other_run(tmp_path / "runs", "a-run")
    assert "shipped network" not in select(opened("test_set"), "Compare with").options
    save_json(tmp_path / "runs" / "served.json", {"current": "a-run", "former": None})
    st.cache_data.clear()  # the list of networks is kept for seconds
    app = opened("test_set", network="shipped network", which="only the other one right")
    shown = shown_images(app)
    assert shown and all(tile["caption"].startswith("✗ 9") for tile in shown)
    assert "by shipped network as" in shown[0]["alt"]
    assert "shipped network" in select(app, "Compare with").options


def test_filters_without_a_match_say_so(no_mnist):
    app = page("test_set").run()
    boxes = {box.label: box for box in app.selectbox}
    boxes["True label"].select(0), boxes["Predicted label"].select(1)
    assert "widen a filter" in settled(app.run()).info[0].value
