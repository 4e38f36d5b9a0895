"""A person at the page: real Chromium, real mouse and finger, real server."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image
from test_photo import saved

from benchmarks.page import (
    CHROMIUM,
    LOWER,
    METRIC,
    ONE,
    SEVEN,
    canvas_of,
    chromium,
    draw,
    expect_prediction,
    ready_to_draw,
    running_app,
)
from model.preprocess import ink_from_rgba, strokes_to_mnist, to_mnist

pytestmark = pytest.mark.browser

PAGES = {
    "Draw": "Draw a digit",
    "Photo": "Photo",
    "Lab": "Lab",
    "Test set": "Test set",
    "Corrections": "Corrections",
    "Dashboard": "Dashboard",
}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The address of a server of our own; MNIST is not given, so the bundled digits show."""
    empty = tmp_path_factory.mktemp("empty")
    environment = {
        "DIGITPAD_DATA": str(empty),
        "DIGITPAD_CORRECTIONS": str(empty / "corrections.sqlite3"),
    }
    with (tmp_path_factory.mktemp("server") / "log.txt").open("w+") as log:
        with running_app(log, **environment) as (address, _):
            yield address
        log.seek(0)
        assert "Traceback" not in log.read()


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
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(address)
    ready_to_draw(page)
    yield page
    assert not page.errors
    assert page.locator('[data-testid="stException"]').count() == 0
    context.close()


def draw_by_finger(page, points) -> None:
    box = canvas_of(page).bounding_box()
    touch = page.context.new_cdp_session(page)
    places = [{"x": box["x"] + x, "y": box["y"] + y} for x, y in points]
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
            page.locator("figure").first.wait_for()
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
    seen = to_mnist(ink_from_rgba(shown))
    drawn = strokes_to_mnist([np.array(SEVEN, float)], 280)
    assert np.abs(seen - drawn).mean() < 0.03


def test_two_digits_side_by_side_become_one_number(page):
    draw(page, ((60, 80), (60, 200)))
    expect_prediction(page, "1")
    draw(page, ((130, 80), (220, 80), (165, 200)))
    expect_prediction(page, "17")


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


def test_an_uploaded_photo_is_read(page):
    visit(page, "Photo")
    page.locator("input[type=file]").set_input_files(
        {"name": "sheet.jpg", "mimeType": "image/jpeg", "buffer": saved("JPEG")}
    )
    page.locator("figure").first.wait_for()
    assert page.locator("figure").count() == 6


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
