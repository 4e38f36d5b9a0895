"""How it works in real Chromium: the arithmetic, the sliding window, live maps."""

import re

import pytest
from playwright.sync_api import expect

from benchmarks.page import SEVEN, draw, expect_prediction, ready_to_draw, visit

pytestmark = pytest.mark.browser

NUMBERS = "element => [element.dataset.total, element.dataset.value]"


def test_each_number_of_a_map_is_the_sum_of_what_is_shown(page):
    draw(page, SEVEN)
    expect_prediction(page, "7")
    visit(page, "How it works")
    expect_prediction(page, "7")
    for step in (1, 2, 5, 8):
        page.locator(".row button").nth(step).click()
        page.locator(".maps button").nth(3).click()
        page.get_by_text(re.compile("Convolution .*, map 4$")).wait_for()
        window = page.get_by_role("application")
        window.focus()
        for key in ("ArrowRight", "ArrowDown", "ArrowRight"):
            window.press(key)
            total, value = map(float, page.locator(".total").evaluate(NUMBERS))
            assert abs(max(total, 0) - value) < 1e-4
    page.locator(".row button").nth(3).click()
    page.get_by_text("The largest of the four stays").wait_for()
    page.locator(".row button").nth(9).click()
    page.get_by_text("Softmax compares it").wait_for()


def test_the_window_slides_by_itself_until_it_is_stopped(page):
    visit(page, "How it works")
    total = page.locator(".total")
    page.get_by_role("button", name="Slide the window").click()
    before = total.text_content()
    expect(total).not_to_have_text(before)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Slide the window").wait_for()


def test_the_network_follows_the_pen(page):
    visit(page, "How it works")
    ready_to_draw(page)
    page.get_by_role("button", name="Clear").click()
    frame = page.locator(".row button").first
    expect(frame).to_have_attribute("aria-label", re.compile("ink in 0$"))
    draw(page, SEVEN, lift=False)
    expect(frame).not_to_have_attribute("aria-label", re.compile("ink in 0$"))
    expect_prediction(page, "7")
    page.mouse.up()
