"""Results and runs in real Chromium, with a run beside the shipped network."""

import pytest

from benchmarks.page import running_app
from tests.ui.runs import add_other_run

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 664}
SCREENS = 4  # of a phone, before the details


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A server with a run; it serves the shipped network."""
    folder = tmp_path_factory.mktemp("server")
    add_other_run(folder / "runs", "a-run")
    with running_app(DIGITPAD_DATA=str(folder), DIGITPAD_RUNS=str(folder / "runs")) as (it, _):
        yield it


def test_the_difference_of_two_confusion_matrices_is_a_named_chart(page, address):
    page.goto(f"{address}/dashboard")
    page.get_by_text("12 images that a-run misreads").wait_for()
    page.get_by_text("Confusion matrices: shipped network against a-run").click()
    chart = page.locator('[aria-label^="Images that shipped network reads more often than a-run"]')
    chart.wait_for()
    assert "4 read as 9: -12" in chart.get_attribute("aria-label")


def test_details_begin_within_four_phone_screens_and_open_when_pressed(browser, address):
    page = browser.new_context(viewport=PHONE, has_touch=True).new_page()
    page.goto(f"{address}/dashboard")
    sets = page.locator('[aria-label^="Read right, by data set"]')
    sets.wait_for()
    assert "MNIST test" in sets.get_attribute("aria-label")
    details = page.get_by_text("Mistakes: confusion matrix")
    assert details.bounding_box()["y"] < SCREENS * PHONE["height"]
    matrix = page.locator('[aria-label*="lie on the diagonal"]')
    assert matrix.count() == 0
    details.tap()
    matrix.wait_for()
    page.wait_for_url("**mistakes=true")
    page.reload()  # a link opens the same details
    matrix.wait_for()
    page.context.close()
