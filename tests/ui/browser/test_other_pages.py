"""Keyboard, Paper, Test set, Dashboard and Train in real Chromium, through a real server."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from benchmarks.dashboard import LAST
from benchmarks.page import ANSWER, drag_a_finger, expect_prediction, visit
from model.files.runs import load_report
from tests.model.ink.test_decode import saved
from tests.support import TRAINED
from tests.ui.browser.actions import FOCUSED

pytestmark = pytest.mark.browser


def expect_prediction_other_than(page, digit: str) -> None:
    expect(page.locator(ANSWER)).not_to_have_text("")
    expect(page.locator(ANSWER)).not_to_have_text(digit)


def take_the_keyboard(page) -> None:
    page.get_by_role("radio", name="Keyboard").click()
    page.get_by_role("grid").wait_for()


TOLD = "True label:"  # of an opened image


def cells_of_the_matrix() -> tuple[str, str, str]:
    """Names of two cells of the confusion matrix with mistakes and of one without."""
    confusion = np.array(load_report(TRAINED)["test"]["confusion"])
    np.fill_diagonal(confusion, -1)
    order = np.argsort(-confusion, axis=None, kind="stable")
    most, second = (np.unravel_index(at, confusion.shape) for at in order[:2])
    names = [
        f"{label} read as {read}" for label, read in (most, second, *np.argwhere(confusion == 0))
    ]
    return names[0], names[1], names[2]


def open_mistakes(page) -> None:
    page.wait_for_function(LAST)  # the charts above are drawn, so the page has its height
    page.get_by_text("Mistakes: confusion matrix").click()


def test_a_click_on_a_cell_of_the_confusion_matrix_leads_to_its_images(page):
    first, second, none = cells_of_the_matrix()
    visit(page, "Results and runs")
    open_mistakes(page)
    choice = page.get_by_role("combobox", name="Images of a cell")
    beside_the_number = {"x": 4, "y": 4}
    page.locator(f'path[aria-label^="{first}:"]').click(position=beside_the_number)
    expect(choice).to_have_value(re.compile(f"^{first}"))
    page.locator(f'path[aria-label^="{none}: 0 images"]').click()
    expect(choice).to_have_value("")
    page.locator(f'path[aria-label^="{second}:"]').click(force=True)  # on the number
    expect(choice).to_have_value(re.compile(f"^{second}"))
    page.get_by_role("button", name=f"Open {second} on the page Test images").click()
    page.get_by_role("heading", name="Test images", exact=True).wait_for()
    label, _, _, predicted = second.split()
    page.wait_for_url(f"**/test_set?label={label}&predicted={predicted}")


def test_the_dashboards_switches_change_its_charts(page):
    visit(page, "Results and runs")
    chart = page.get_by_test_id("stVegaLiteChart")
    matrix = chart.filter(has_text="Confusion matrix")
    open_mistakes(page)
    confusion = np.array(load_report(TRAINED)["test"]["confusion"])
    most = matrix.get_by_text(str(confusion.max()), exact=True)
    expect(most).to_have_count(1)
    page.get_by_text("Hide the diagonal").click()
    expect(most).to_have_count(0)
    expect(matrix.locator('path[aria-label^="4 read as 9:"]')).to_have_count(1)
    page.get_by_role("radio", name="Per cent of the true label").click()
    expect(matrix).to_contain_text("in % of each row")
    page.get_by_text("Logarithmic").first.click()
    expect(chart.first).to_contain_text("Share wrong by epoch")
    page.get_by_role("slider", name="Smoothing").first.press("ArrowRight")
    # What was measured stays behind each of the two curves.
    expect(chart.first.locator("g.mark-line path")).to_have_count(4)
    inside = "document.querySelector('[data-testid=stMain]').scrollWidth <= innerWidth"
    assert page.evaluate(inside)


def test_a_digit_is_filled_in_read_and_mended_by_keyboard_alone(page):
    take_the_keyboard(page)
    assert page.get_by_role("row").count() == 28
    assert page.locator("[role=gridcell][tabindex='0']").count() == 1  # one stop for Tab
    page.get_by_role("heading", name="DigitPad").click()  # where reading begins
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
    page.locator(".answer .note").filter(has_text="Fill in a digit").wait_for()
    page.get_by_role("gridcell", name=", ink").first.wait_for(state="detached")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(FOCUSED) == "Row 28, column 28, paper"


def test_filled_in_cells_outlive_a_visit_to_another_page_and_are_painted_by_pointer(page):
    take_the_keyboard(page)
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
    visit(page, "How it works")
    visit(page, "Draw")
    expect_prediction(page, "7")
    assert page.get_by_role("gridcell", name=", ink").count() == inked


def upload_sheet(page) -> None:
    visit(page, "Paper")
    page.locator("input[type=file]").first.set_input_files(
        {"name": "sheet.jpg", "mimeType": "image/jpeg", "buffer": saved("JPEG")}
    )
    expect(page.locator("button.box")).to_have_count(6)


def test_a_photo_becomes_a_table_that_a_page_switch_does_not_lose(page):
    upload_sheet(page)
    page.get_by_test_id("stDataFrame").wait_for()
    shown = page.locator(".paper img").bounding_box()
    assert shown["x"] + shown["width"] <= page.viewport_size["width"]
    visit(page, "How it works")
    visit(page, "Paper")
    expect(page.locator("button.box")).to_have_count(6)


def test_a_pressed_digit_is_corrected_and_another_is_taken_out(page):
    upload_sheet(page)
    page.locator("button.box").nth(1).click()
    page.get_by_text("Which digit is it?").wait_for()
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    page.get_by_role("button", name="9", exact=True).click()
    expect(page.locator("button.box").nth(1)).to_have_attribute("aria-label", re.compile(": 9,"))
    page.locator("button.box").nth(0).press("Enter")
    page.get_by_role("button", name="Not a digit").click()
    expect(page.locator("button.box")).to_have_count(5)
    page.get_by_text("1 taken out by hand").wait_for()


def test_a_box_drawn_around_a_missed_digit_adds_it(page):
    upload_sheet(page)
    box = page.locator("button.box").nth(2)
    box.click()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("button.box")).to_have_count(5)
    page.locator(".paper").scroll_into_view_if_needed()
    image = page.locator(".paper img").bounding_box()
    left, top = image["x"] + image["width"] * 0.67, image["y"] + image["height"] * 0.06
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(left + image["width"] * 0.15, top + image["height"] * 0.2)
    page.mouse.move(left + image["width"] * 0.27, top + image["height"] * 0.36)
    page.mouse.up()
    expect(page.locator("button.box")).to_have_count(6)


def test_a_page_is_downloaded_as_csv_and_workbook(page):
    upload_sheet(page)
    for name, start in (("CSV", b"3"), ("Excel", b"PK")):
        with page.expect_download() as download:
            page.get_by_role("button", name=name, exact=True).click()
        assert Path(download.value.path()).read_bytes().startswith(start)


def test_a_run_is_started_watched_by_itself_stopped_and_still_there_after_a_reload(
    page, training_address
):
    page.goto(f"{training_address}/train")
    epochs = page.get_by_label("Epochs")
    epochs.fill("3")
    page.get_by_role("button", name="Start").click()  # in the same breath
    page.get_by_text("Epoch 2 of 3: about 1 minute left").wait_for()
    chart = page.get_by_test_id("stVegaLiteChart")
    expect(chart).to_have_count(1)
    expect(chart).to_contain_text("Share wrong by step")
    page.get_by_role("radio", name="epoch", exact=True).click()
    expect(chart).to_contain_text("Share wrong by epoch")
    page.get_by_text("Log", exact=True).click()
    page.get_by_text("epoch 1 of 3", exact=True).wait_for()
    page.reload()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("was stopped after 1 of 3 epochs").wait_for()  # without a click
    page.get_by_role("button", name="Resume").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_an_image_is_opened_by_pointer_and_keyboard_and_the_focus_comes_back(page):
    visit(page, "Test images")
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
    visit(page, "Test images")
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
