"""Watch it learn in real Chromium, with a real training."""

import re

import pytest
from playwright.sync_api import expect

from benchmarks.page import SEVEN, draw, ready_to_draw, running_app

pytestmark = pytest.mark.browser

STARTED = 120_000  # milliseconds; TensorFlow takes 5 to 20 seconds on a quiet machine


@pytest.fixture
def address(mnist_folder, tmp_path):
    environment = {
        "DIGITPAD_TRAINING": "on",
        "DIGITPAD_DATA": str(mnist_folder),
        "DIGITPAD_RUNS": str(tmp_path / "runs"),
    }
    with running_app(**environment) as (address, _):
        yield address


@pytest.mark.parametrize("page", [{}], indirect=True)
def test_a_class_watches_a_network_learn_their_own_drawing(page, address):
    page.goto(f"{address}/watch")
    ready_to_draw(page)
    draw(page, SEVEN)
    expect(page.get_by_role("button", name="Clear")).to_be_enabled()
    page.get_by_role("button", name="Start").click()
    page.get_by_text(re.compile(r"Step \d+ of 300")).wait_for(timeout=STARTED)
    page.get_by_text(re.compile(r"Your drawing after step \d\d")).wait_for()
    expect(page.get_by_test_id("stMetricValue")).to_have_text(re.compile("^7"))
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("slider", name="Filters and reading after step").press("Home")
    page.get_by_text("after step 1, weights from").wait_for()
    page.get_by_text("Your drawing after step 1", exact=True).wait_for()
