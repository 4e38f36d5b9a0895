"""The browser, the server and the page of the browser tests."""

import os

import pytest

from benchmarks.page import CHROMIUM, ROOT, chromium, ready_to_draw, running_app
from ops.training_jobs import TrainingJobs
from tests.support import SCRIPTS, end_run


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
