"""A person at the page: real Chromium, real mouse and finger, real server."""

import base64
import io
import json
import os
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from benchmarks.page import (
    CHROMIUM,
    LOWER,
    METRIC,
    ONE,
    ROOT,
    SEVEN,
    canvas_of,
    chromium,
    draw,
    expect_prediction,
    ready_to_draw,
    running_app,
)
from benchmarks.sheets import sheet
from model.files.runs import load_report
from model.ink.frame import ink_from_picture, strokes_to_mnist, to_mnist
from ops.training_jobs import TrainingJobs
from tests.model.ink.test_sheet import saved
from tests.support import SCRIPTS, TRAINED, end_run

pytestmark = pytest.mark.browser

PAGES = {
    "Draw": "Draw a digit",
    "Keyboard": "Fill in a digit by keyboard",
    "Photo": "Photo",
    "Lab": "Lab",
    "Handwriting": "Your handwriting",
    "Test set": "Test set",
    "Corrections": "Corrections",
    "Dashboard": "Dashboard",
    "Train": "Train",
}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The address of a server of our own; MNIST is not given, so the bundled digits show.

    `DIGITPAD_ADDRESS` names another one that runs already, as `deploy/rehearse.py` does.
    """
    if running := os.environ.get("DIGITPAD_ADDRESS"):
        yield running
        return
    empty = tmp_path_factory.mktemp("empty")
    environment = {
        "DIGITPAD_DATA": str(empty),
        "DIGITPAD_CORRECTIONS": str(empty / "corrections.sqlite3"),
        "DIGITPAD_CORRECTIONS_PAGE": "on",
    }
    with (tmp_path_factory.mktemp("server") / "log.txt").open("w+") as log:
        with running_app(log, **environment) as (address, _):
            yield address
        log.seek(0)
        assert "Traceback" not in log.read()


@pytest.fixture
def training_address(tmp_path):
    """A server that may train, into a folder of its own and by the fake trainer."""
    trainer = SCRIPTS / "fake_trainer.py"
    (tmp_path / "sitecustomize.py").write_text(  # Python runs it before the server
        "from ops import training_jobs\n"
        f"training_jobs.TRAINER = training_jobs.Path({str(trainer)!r})\n"
    )
    environment = {
        "DIGITPAD_TRAINING": "on",
        "DIGITPAD_RUNS": str(tmp_path / "runs"),
        "FAKE_TRAINER": "holds",
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}",
    }
    with running_app(**environment) as (address, _):
        yield address
    end_run(TrainingJobs(tmp_path / "runs"))


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM:
        pytest.skip("needs Chromium: install it, or name it with CHROMIUM")
    with chromium() as browser:
        yield browser


@pytest.fixture(params=[{}, {"viewport": {"width": 390, "height": 844}, "has_touch": True}])
def page(browser, address, request):
    """The first page, ready to draw on: on a desktop, and on a phone."""
    context = browser.new_context(**request.param)
    page = context.new_page()
    page.errors, page.asked = [], []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(address)
    ready_to_draw(page)
    yield page
    assert not page.errors
    ours = ("http://127.0.0.1:", "data:", "blob:")  # no other server learns of a visitor
    assert [url for url in page.asked if not url.startswith(ours)] == []
    assert page.locator('[data-testid="stException"]').count() == 0
    context.close()


def test_a_click_on_a_cell_of_the_confusion_matrix_leads_to_its_images(page):
    visit(page, "Dashboard")
    choice = page.get_by_role("combobox", name="Images of a cell")
    beside_the_number = {"x": 4, "y": 4}
    page.locator('path[aria-label^="4 read as 9:"]').click(position=beside_the_number)
    expect(choice).to_have_value(re.compile("^4 read as 9"))
    page.locator('path[aria-label^="0 read as 1: 0 images"]').click()
    expect(choice).to_have_value("")
    page.locator('path[aria-label^="9 read as 7:"]').click(force=True)  # on the number
    expect(choice).to_have_value(re.compile("^9 read as 7"))
    page.get_by_role("button", name="Open 9 read as 7 on the Test set page").click()
    page.get_by_role("heading", name="Test set", exact=True).wait_for()
    page.wait_for_url("**/test_set?label=9&predicted=7")


def test_the_dashboards_switches_change_its_charts(page):
    visit(page, "Dashboard")
    chart = page.get_by_test_id("stVegaLiteChart")
    matrix = chart.filter(has_text="Confusion matrix")
    confusion = np.array(load_report(TRAINED)["test"]["confusion"])
    most = matrix.get_by_text(str(confusion.max()), exact=True)
    expect(most).to_have_count(1)
    page.get_by_text("Hide the diagonal").click()
    expect(most).to_have_count(0)
    expect(matrix.locator('path[aria-label^="4 read as 9:"]')).to_have_count(1)
    page.get_by_role("radio", name="Per cent of the true label").click()
    expect(matrix).to_contain_text("in per cent of the true label")
    page.get_by_text("Logarithmic").first.click()
    expect(chart.first).to_contain_text("Share wrong by epoch")
    page.get_by_role("slider", name="Smoothing").first.press("ArrowRight")
    # What was measured stays behind each of the two curves.
    expect(chart.first.locator("g.mark-line path")).to_have_count(4)
    inside = "document.querySelector('[data-testid=stMain]').scrollWidth <= innerWidth"
    assert page.evaluate(inside)


def draw_by_finger(page, points) -> None:
    box = canvas_of(page).bounding_box()
    drag_a_finger(page, [(box["x"] + x, box["y"] + y) for x, y in points])


def drag_a_finger(page, points) -> None:
    touch = page.context.new_cdp_session(page)
    places = [{"x": x, "y": y} for x, y in points]
    for kind, place in zip(["touchStart", *["touchMove"] * (len(places) - 1)], places, strict=True):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_seven_and_a_one_are_read_cleared_and_undone(page):
    assert page.get_by_text("There is no digit yet").is_visible()
    draw(page, SEVEN)
    expect_prediction(page, "7")
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("There is no digit yet").wait_for()
    assert page.locator(METRIC).count() == 0
    draw(page, ONE)
    expect_prediction(page, "1")
    draw(page, ((60, 55), (140, 50)))
    page.wait_for_function(
        "selector => document.querySelector(selector).innerText !== '1'", arg=METRIC
    )
    page.get_by_role("button", name="Undo").click()
    expect_prediction(page, "1")


def test_the_drawing_and_its_answer_outlive_a_visit_to_the_other_pages(page):
    draw(page, SEVEN)
    expect_prediction(page, "7")
    for name in ("Lab", "Test set", "Dashboard", "Draw"):
        visit(page, name)
    expect_prediction(page, "7")
    ready_to_draw(page)
    inked = canvas_of(page).evaluate(
        f"upper => {{ const lower = {LOWER};"
        " const data = lower.getContext('2d').getImageData(0, 0, 280, 280).data;"
        " let inked = 0; for (let i = 0; i < data.length; i += 4) inked += data[i] > 128;"
        " return inked }"
    )
    assert inked > 1000
    draw(page, ((110, 140), (190, 140)))  # a crossed seven is still one
    expect_prediction(page, "7")


def visit(page, name: str) -> None:
    on_phone = page.viewport_size["width"] < 700
    sidebar = page.get_by_test_id("stSidebar")
    if on_phone and sidebar.get_attribute("data-collapsed") != "false":
        page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name=name).click()
    page.get_by_role("heading", name=PAGES[name], exact=True).wait_for()
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    if on_phone and sidebar.get_attribute("data-collapsed") == "false":
        page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    if on_phone:
        page.locator('[data-testid="stSidebar"][data-collapsed="true"]').wait_for(state="attached")


def test_every_page_opens_without_an_error_and_fits_the_width(page):
    for name in PAGES:
        visit(page, name)
        if name == "Test set":
            page.get_by_text("Shown instead").wait_for()
            page.locator("button.tile").first.wait_for()
        assert page.get_by_test_id("stException").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_top_right_corner_can_be_drawn_on_with_a_finger(page):
    if not page.evaluate("navigator.maxTouchPoints"):
        pytest.skip("a mouse: the other visitor has the finger")
    draw_by_finger(page, ((20, 14), (270, 14), (200, 140), (130, 265)))
    expect_prediction(page, "7")


def test_the_ink_on_the_screen_is_where_the_strokes_say(page):
    draw(page, SEVEN)
    expect_prediction(page, "7")
    url = canvas_of(page).evaluate(f"upper => {LOWER}.toDataURL('image/png')")
    shown = np.array(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))))
    flat = shown[..., 0] * (shown[..., 3] / 255)  # white ink on black or on clear paper
    seen = to_mnist(ink_from_picture(flat.astype(np.uint8)))
    drawn = strokes_to_mnist([np.array(SEVEN, float)], 280)
    assert np.abs(seen - drawn).mean() < 0.03


def test_nothing_moves_while_the_answer_changes(page):
    def places():
        page.locator("canvas.marks, [data-testid=stVegaLiteChart] svg").first.wait_for()
        return [
            page.locator(f"[data-testid={name}]").first.bounding_box()
            for name in ("stMetric", "stVegaLiteChart", "stPopover")
        ]

    draw(page, SEVEN)
    expect_prediction(page, "7")
    before = places()
    draw(page, ((60, 140), (230, 100), (60, 60), (230, 200), (60, 220), (140, 30), (150, 250)))
    page.get_by_text("This doesn't look like a digit;").wait_for()
    assert places() == before
    page.get_by_role("button", name="Undo").click()
    expect_prediction(page, "7")
    assert places() == before


def test_a_screen_reader_is_told_the_answer_each_time_it_changes(page):
    draw(page, SEVEN)
    spoken = page.get_by_role("status").filter(has_text="It reads")
    expect(spoken).to_contain_text("It reads 7")
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("There is no digit yet").wait_for()
    draw(page, ONE)
    expect(spoken).to_contain_text("It reads 1")
    draw(page, ((220, 80), (220, 200)))
    expect(spoken).to_contain_text("the number 11")


def test_two_digits_side_by_side_become_one_number(page):
    draw(page, ((60, 80), (60, 200)))
    expect_prediction(page, "1")
    draw(page, ((130, 80), (220, 80), (165, 200)))
    expect_prediction(page, "17")


def test_two_digits_that_touch_are_read_and_can_be_corrected(page):
    draw(page, [(75 + 35 * np.cos(t), 110 + 50 * np.sin(t)) for t in np.linspace(0, 6.28, 24)])
    expect_prediction(page, "0")
    draw(page, ((101, 80), (161, 80), (126, 180)))
    expect_prediction(page, "07")
    page.get_by_text("Digits 1 and 2 touch").wait_for()
    asked = page.get_by_role("radiogroup").first
    other = asked.get_by_role("radio").nth(1)
    digit = other.inner_text()
    other.click()
    expect_prediction(page, f"{digit}7")


def test_keys_undo_and_redo_and_an_example_explains_itself(page):
    page.get_by_role("button", name="Example").click()
    page.locator(METRIC).first.wait_for()
    page.get_by_text("Why", exact=True).click()
    page.get_by_text("speaks for").wait_for()
    page.get_by_text("Replay", exact=True).click()
    page.get_by_text("Read as").wait_for()
    page.get_by_role("button", name="Clear").click()
    draw(page, ONE)
    expect_prediction(page, "1")
    page.keyboard.press("Control+z")
    page.get_by_text("There is no digit yet").wait_for()
    page.keyboard.press("Control+y")
    expect_prediction(page, "1")
    page.get_by_role("button", name="Download", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON").click()
    assert len(json.loads(download.value.path().read_text())["probabilities"]) == 10


FOCUSED = "document.activeElement?.shadowRoot?.activeElement?.ariaLabel"  # inside a component


def test_a_digit_is_filled_in_read_and_mended_by_keyboard_alone(page):
    visit(page, "Keyboard")
    page.get_by_role("grid").wait_for()
    assert page.get_by_role("row").count() == 28
    assert page.locator("[role=gridcell][tabindex='0']").count() == 1  # one stop for Tab
    page.get_by_role("heading", name=PAGES["Keyboard"]).click()  # where reading begins
    while not (page.evaluate(FOCUSED) or "").startswith("Row"):
        page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == "Row 5, column 10, paper"
    scrolled = page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop")
    for _ in range(9):
        page.keyboard.press("Shift+ArrowRight")
    expect_prediction_other_than(page, "7")
    for row in range(16):
        page.keyboard.press("Shift+ArrowDown")
        if row % 4 == 0:
            page.wait_for_timeout(150)  # runs come back between the key presses
    expect_prediction(page, "7")
    assert page.evaluate(FOCUSED) == "Row 21, column 19, ink"
    assert page.get_by_role("gridcell", name=", ink").count() == 10 + 16
    moved = page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop")
    assert abs(moved - scrolled) < 400  # the focused cell may come into view, no more
    for key, cell in (
        ("Home", "Row 21, column 1, paper"),
        ("End", "Row 21, column 28, paper"),
        ("PageUp", "Row 14, column 28, paper"),
        ("PageDown", "Row 21, column 28, paper"),
        ("Control+Home", "Row 1, column 1, paper"),
        ("ArrowUp", "Row 1, column 1, paper"),
        ("Space", "Row 1, column 1, ink"),
        ("Enter", "Row 1, column 1, paper"),
        ("Space", "Row 1, column 1, ink"),
        ("Delete", "Row 1, column 1, paper"),
        ("Control+End", "Row 28, column 28, paper"),
    ):
        page.keyboard.press(key)
        assert page.evaluate(FOCUSED) == cell, key
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # Clear
    page.get_by_text("There is no digit yet").wait_for()
    page.get_by_role("gridcell", name=", ink").first.wait_for(state="detached")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(FOCUSED) == "Row 28, column 28, paper"


def expect_prediction_other_than(page, digit: str) -> None:
    page.locator(METRIC).first.wait_for()
    assert page.locator(METRIC).first.inner_text() != digit


def test_filled_in_cells_outlive_a_visit_to_another_page_and_are_painted_by_pointer(page):
    visit(page, "Keyboard")
    page.get_by_role("gridcell").first.hover()  # at rest, with nothing above it
    box = page.get_by_role("grid").bounding_box()
    corners = ((0.35, 0.2), (0.68, 0.2), (0.68, 0.8))
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    if page.evaluate("navigator.maxTouchPoints"):
        drag_a_finger(page, places)  # in two leaps: no cell between is left out
    else:
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place)
        page.mouse.up()
    expect_prediction(page, "7")
    inked = page.get_by_role("gridcell", name=", ink").count()
    assert inked > 20
    visit(page, "Lab")
    visit(page, "Keyboard")
    expect_prediction(page, "7")
    assert page.get_by_role("gridcell", name=", ink").count() == inked


def test_an_uploaded_photo_is_read(page):
    visit(page, "Photo")
    page.locator("input[type=file]").set_input_files(
        {"name": "sheet.jpg", "mimeType": "image/jpeg", "buffer": saved("JPEG")}
    )
    page.locator("figure").first.wait_for()
    assert page.locator("figure").count() == 6


def test_a_doubtful_digit_of_a_photo_is_corrected(page):
    visit(page, "Photo")
    buffer = io.BytesIO()
    Image.fromarray(sheet(seed=8)).save(buffer, "PNG")  # its 1 may be a 7
    page.locator("input[type=file]").set_input_files(
        {"name": "sheet.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    )
    asked = page.get_by_role("radiogroup").first
    asked.wait_for()
    shown = page.get_by_test_id("stImage").last.bounding_box()
    assert shown["x"] + shown["width"] <= page.viewport_size["width"]
    was = page.get_by_test_id("stCode").inner_text().strip()
    digit = asked.get_by_role("radio").nth(1).inner_text()
    asked.get_by_role("radio").nth(1).click()
    page.wait_for_function(
        "was => document.querySelector('[data-testid=stCode]').innerText.trim() !== was", arg=was
    )
    assert digit in page.get_by_test_id("stCode").inner_text()


DIGITS = (
    [((140, 60), (90, 100), (80, 170), (130, 220), (190, 180), (195, 110), (140, 60))],
    [ONE],
    [((80, 90), (120, 55), (180, 70), (190, 110), (90, 220), (200, 220))],
    [((80, 70), (150, 50), (190, 90), (130, 130), (195, 170), (160, 225), (80, 215))],
    [((160, 50), (80, 170), (200, 170), (150, 140), (150, 230))],
    [((190, 60), (100, 60), (95, 130), (160, 120), (195, 170), (150, 225), (85, 215))],
    [((170, 50), (100, 120), (90, 190), (140, 225), (185, 185), (140, 145), (95, 180))],
    [SEVEN],
    [((180, 70), (110, 80), (180, 170), (150, 225), (100, 190), (190, 90), (180, 70))],
    [((185, 90), (130, 60), (95, 110), (140, 140), (185, 95), (175, 230))],
)


def test_a_profile_is_learnt_from_twenty_drawings_used_and_stopped(page):
    draw(page, SEVEN)
    expect_prediction(page, "7")
    visit(page, "Handwriting")
    ready_to_draw(page)
    go_on = page.get_by_role("button", name="Next")
    for number in range(20):
        page.get_by_text(f"{number} of 20").wait_for()
        for stroke in DIGITS[number % 10]:
            draw(page, stroke)
        expect(go_on).to_be_enabled()
        go_on.click()
    page.get_by_text("Your profile is in use on all pages").wait_for()
    visit(page, "Draw")
    page.get_by_text("Read with your handwriting profile").wait_for()
    expect_prediction(page, "7")  # what was drawn before is still there
    visit(page, "Handwriting")
    page.get_by_role("button", name="Stop using my profile").click()
    page.get_by_text("Your profile is not in use").wait_for()


def test_back_clears_the_canvas_before_asking_again(page):
    visit(page, "Handwriting")
    ready_to_draw(page)
    go_on = page.get_by_role("button", name="Next")
    for stroke in DIGITS[0]:
        draw(page, stroke)
    expect(go_on).to_be_enabled()
    go_on.click()
    page.get_by_text("1 of 20").wait_for()
    draw(page, SEVEN)
    page.get_by_text("This looks like 7, not like 1.").wait_for()
    page.get_by_role("button", name="Back", exact=True).click()
    page.get_by_text("Draw a 0, as you always do").wait_for()
    expect(go_on).to_be_disabled()
    expect(page.get_by_text("This looks like")).to_have_count(0)


def test_look_alikes_say_what_they_need_and_the_lab_shows_the_first_layers(page):
    draw(page, SEVEN)
    page.get_by_text("Look-alikes", exact=True).click()
    page.get_by_text("The look-alikes come from MNIST").wait_for()
    visit(page, "Lab")
    page.get_by_text("5. Layer 2").wait_for()


def test_a_wrong_answer_is_corrected_seen_and_deleted(page):
    draw(page, SEVEN)
    expect_prediction(page, "7")
    page.get_by_test_id("stPopoverButton").get_by_text("Wrong?").click()
    page.get_by_role("button", name="1", exact=True).click()
    page.get_by_text("Kept: this is a 1.").wait_for()
    page.keyboard.press("Escape")
    canvas_of(page).scroll_into_view_if_needed()
    draw(page, ((110, 140), (190, 140)))  # drawn on: nothing was said of this one
    page.get_by_test_id("stPopoverButton").get_by_text("Wrong?").click()
    page.get_by_text("Kept: this is a 1.").wait_for(state="hidden")
    page.get_by_role("button", name="2", exact=True).click()
    page.get_by_text("Kept: this is a 2.").wait_for()
    page.get_by_test_id("stPopoverBody").get_by_role("button", name="Undo").click()
    page.get_by_text("Kept: this is a 2.").wait_for(state="hidden")
    page.keyboard.press("Escape")
    visit(page, "Corrections")
    page.get_by_text("said 7, is 1").click()
    assert page.get_by_role("checkbox").count() == 1
    page.get_by_text("Delete 1 selected").click()
    page.get_by_text("No corrections yet").wait_for()


def test_a_run_is_started_watched_by_itself_stopped_and_still_there_after_a_reload(
    page, training_address
):
    page.goto(f"{training_address}/train")
    epochs = page.get_by_label("Epochs")
    epochs.fill("3")
    page.get_by_role("button", name="Start").click()  # in the same breath
    page.get_by_text("Epoch 2 of 3: about 1 minute left").wait_for()
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(3)
    page.get_by_text("Log", exact=True).click()
    page.get_by_text("epoch 1 of 3", exact=True).wait_for()
    page.reload()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("was stopped after 1 of 3 epochs").wait_for()  # without a click
    page.get_by_role("button", name="Resume").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


TOLD = "True label:"  # of an opened image


def test_an_image_is_opened_by_pointer_and_keyboard_and_the_focus_comes_back(page):
    visit(page, "Test set")
    images = page.get_by_role("group", name="Images: press one to open it")
    first = images.get_by_role("button").first
    assert "a 0, read as 0" in first.get_attribute("aria-label")
    if page.evaluate("navigator.maxTouchPoints"):
        first.tap()
    else:
        first.click()
    page.get_by_text(TOLD).wait_for()
    page.wait_for_url("**/test_set?image=0")
    dialog = page.get_by_role("dialog")
    alike = dialog.get_by_role("group", name="The nearest images").get_by_role("button")
    expect(alike).to_have_count(5)
    page.keyboard.press("ArrowRight")  # the next one
    page.wait_for_url("**/test_set?image=1")
    dialog.get_by_text("Image 1 of").wait_for()
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    page.wait_for_timeout(300)  # a run in the dialog may begin and end unseen
    nearest = alike.first
    number = nearest.get_attribute("aria-label").split(":")[0].removeprefix("Image ")
    nearest.click()
    page.wait_for_url(f"**/test_set?image={number}")
    dialog.get_by_text(f"Image {number} of").wait_for()
    page.keyboard.press("Escape")
    page.get_by_text(TOLD).wait_for(state="hidden")
    page.wait_for_url("**/test_set")
    page.wait_for_function(f"({FOCUSED} ?? '').startsWith('Image 0:')")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url("**/test_set?image=1")


def test_a_link_shows_another_person_the_same_images(page, address):
    visit(page, "Test set")
    page.get_by_role("button", name="Image 59:").wait_for()
    page.get_by_test_id("stNumberInputStepUp").click()
    page.wait_for_url("**/test_set?page=2*")
    page.get_by_role("button", name="Image 60:").click()
    page.get_by_text(TOLD).wait_for()
    link = page.url
    page.goto("about:blank")
    page.goto(link)
    page.get_by_role("dialog").get_by_text("Image 60 of").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Image 119:").wait_for()
    page.goto(f"{address}/test_set?label=nine&page=1e999&sure=?&image=-1&view=Map&area=0,0,0,nan")
    page.get_by_text("1,797 of 1,797 images").wait_for()
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    assert "image" not in page.url and "area" not in page.url


def test_an_area_of_the_map_chooses_images_which_a_filter_and_a_link_keep(page):
    draw(page, SEVEN)
    expect_prediction(page, "7")
    visit(page, "Test set")
    page.get_by_role("radio", name="Map").click()
    chart = page.get_by_test_id("stVegaLiteChart").locator("canvas")
    chart.scroll_into_view_if_needed()
    page.get_by_text("1,797 of 1,797 images").wait_for()
    page.wait_for_timeout(1000)  # the chart draws itself without telling
    box = chart.bounding_box()
    shares = ((0.05, 0.3), (0.5, 0.9))
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in shares]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=5)
    page.mouse.up()
    page.wait_for_url("**area=*")
    count = page.get_by_text("of 1,797 images")
    page.wait_for_function(
        "node => !node.innerText.startsWith('1,797')", arg=count.element_handle()
    )
    some = int(count.inner_text().split()[0].replace(",", ""))
    assert 0 < some < 1797
    page.reload()
    count.wait_for()
    assert int(count.inner_text().split()[0].replace(",", "")) == some
    page.get_by_text("The points as a table").click()
    page.get_by_test_id("stDataFrame").wait_for()
