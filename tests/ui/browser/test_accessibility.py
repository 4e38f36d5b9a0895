"""All pages pass axe-core's rules, and the first page works by keyboard alone."""

from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import expect

from benchmarks.page import (
    PAGES,
    SEVEN,
    draw,
    expect_prediction,
    expect_strokes,
    ready_to_draw,
    visit,
)
from tests.ui.browser.actions import FOCUSED

pytestmark = pytest.mark.browser

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")


def serious_faults(page) -> list[str]:
    """What axe-core finds on a page, with the first place of each.

    The drawer of a phone is Streamlit's own, whose lists hold other elements than items.
    """
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run({exclude: '[data-testid=stSidebar]'})")["violations"]
    return [
        f"{fault['id']}: {fault['nodes'][0]['html'][:200]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, [*PAGES]),
        ({"color_scheme": "dark"}, ["Draw", "Results and runs"]),
        ({"viewport": {"width": 390, "height": 844}, "has_touch": True}, ["Draw", "Paper"]),
    ],
    ids=["desktop", "dark", "phone"],
)
def test_no_page_has_a_serious_fault(browser, address, settings, names):
    context = browser.new_context(**settings)
    page = context.new_page()
    page.goto(address)
    ready_to_draw(page)
    draw(page, SEVEN)
    expect_strokes(page, 1)
    for name in names:
        visit(page, name)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(500)  # charts draw themselves without telling
        assert serious_faults(page) == [], name
    context.close()


def test_the_first_stop_of_the_tab_key_offers_the_keyboard(page):
    page.get_by_role("heading", name="DigitPad").click()
    page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name="Canvas", exact=True)).to_be_focused()
    keyboard = page.get_by_role("radio", name="Keyboard")
    for _ in range(2):  # the wide canvas lies between, where there is room for it
        if not keyboard.evaluate("radio => radio === document.activeElement"):
            page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.get_by_role("grid").wait_for()
    for _ in range(20):
        page.keyboard.press("Tab")
        if (page.evaluate(FOCUSED) or "").startswith("Row"):
            break
    for _ in range(9):
        page.keyboard.press("Shift+ArrowRight")
    for _ in range(16):
        page.keyboard.press("Shift+ArrowDown")
    expect_prediction(page, "7")
