"""Test images in real Chromium: the map, and what the address and the browser's Back do."""

import re

import pytest
from playwright.sync_api import expect

from benchmarks.page import SEVEN, draw, expect_prediction, visit

pytestmark = pytest.mark.browser


def open_map(page):
    """Opens the map from the grid; returns it once its points are drawn."""
    page.get_by_role("radio", name="Map").click()
    page.locator(".map canvas[data-points='1797']").wait_for()
    settle(page)
    return page.locator(".map")


def settle(page) -> None:
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()


def place_of_a_point(page, number: int = 0) -> tuple[float, float]:
    """Where a point lies in the window."""
    return tuple(
        page.locator(".map").evaluate(
            """(map, number) => {
              const point = map.numbers.indexOf(number), box = map.getBoundingClientRect();
              return [box.left + map.places[2 * point] / 65535 * box.width,
                      box.top + (1 - map.places[2 * point + 1] / 65535) * box.height];
            }""",
            number,
        )
    )


def test_a_point_of_the_map_shows_its_image_and_opens_it(page):
    visit(page, "Test images")
    open_map(page).scroll_into_view_if_needed()
    name = page.get_by_role("img", name="Map of 1,797 images")
    assert "178 of 0" in name.get_attribute("aria-label")
    x, y = place_of_a_point(page)
    number = r"\d+"
    if page.evaluate("navigator.maxTouchPoints"):
        page.touchscreen.tap(x, y)
    else:
        page.mouse.move(x, y)
        card = page.locator(".card")
        expect(card).to_be_visible()
        picture = card.get_by_role("img")
        expect(picture).to_have_attribute("aria-label", re.compile(r"Image \d+: a \d, read as \d"))
        assert "data:image/png" in picture.evaluate("it => it.style.background")
        number = card.inner_text().split()[1].rstrip(":")
        page.mouse.move(1, 1)
        expect(card).to_be_hidden()
        page.mouse.click(x, y)
    page.get_by_role("dialog").get_by_text(re.compile(f"Image {number} of")).wait_for()
    page.wait_for_url(re.compile(f"image={number}"))


def test_an_area_of_the_map_chooses_images_which_a_filter_and_a_link_keep(page):
    draw(page, SEVEN)
    expect_prediction(page, "7")
    visit(page, "Test images")
    open_map(page).scroll_into_view_if_needed()
    count = page.get_by_text("of 1,797 images")
    expect(count).to_contain_text("1,797 of 1,797")
    box = page.locator(".map").bounding_box()
    shares = ((0.05, 0.3), (0.5, 0.9))
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in shares]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=5)
    page.mouse.up()
    page.wait_for_url("**area=*")
    expect(count).not_to_contain_text("1,797 of 1,797")
    some = int(count.inner_text().split()[0].replace(",", ""))
    assert 0 < some < 1797
    expect(page.locator("button.tile").nth(2)).to_be_in_viewport()
    page.reload()
    count.wait_for()
    assert int(count.inner_text().split()[0].replace(",", "")) == some
    page.get_by_text("The points as a table").click()
    page.get_by_test_id("stDataFrame").wait_for()


def test_back_goes_back_a_view_and_past_dialogs(page):
    visit(page, "Test images")
    first = page.locator("button.tile").first
    page.get_by_role("button", name="Next page").click()
    expect(first).to_have_attribute("aria-label", re.compile("^Image 60:"))
    page.get_by_role("combobox", name="Result").click()
    page.get_by_role("option", name="wrong").click()
    count = page.get_by_text("of 1,797 images")
    expect(count).not_to_contain_text("1,797 of 1,797")
    dialog = page.get_by_role("dialog")
    for number in (0, 1):  # opened and closed, twice
        page.locator("button.tile").nth(number).click()
        dialog.get_by_text("True label:").wait_for()
        page.keyboard.press("ArrowRight")
        page.wait_for_url(re.compile("image="))
        settle(page)
        page.keyboard.press("Escape")
        dialog.wait_for(state="detached")
        page.wait_for_url(re.compile("^((?!image=).)*$"))
    first.click()
    dialog.get_by_text("True label:").wait_for()
    page.go_back()
    dialog.wait_for(state="detached")
    expect(count).not_to_contain_text("1,797 of 1,797")
    page.go_back()  # before the filter
    expect(first).to_have_attribute("aria-label", re.compile("^Image 60:"))
    expect(count).to_contain_text("1,797 of 1,797")
    open_map(page)
    page.go_back()
    page.locator(".map").wait_for(state="detached")
    page.go_back()
    expect(first).to_have_attribute("aria-label", re.compile("^Image 0:"))
    page.go_back()
    page.get_by_role("heading", name="DigitPad", exact=True).wait_for()
    assert page.evaluate("!('stop' in history.pushState)"), "other pages keep the browser's history"
