"""Results and runs in real Chromium, with a run beside the shipped network."""

import pytest

from benchmarks.page import running_app
from tests.ui.runs import add_other_run

pytestmark = pytest.mark.browser


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
