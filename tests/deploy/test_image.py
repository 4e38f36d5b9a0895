"""The image, built from a checkout with private files in it, and two replicas behind nginx."""

import contextlib
import shutil
import subprocess

import pytest

from benchmarks.page import (
    CHROMIUM,
    SEVEN,
    chromium,
    draw,
    expect_prediction,
    ready_to_draw,
    running_app,
    visit,
)
from deploy import proxy, rehearse
from deploy.engine import EngineError, NoEngineError, find_engine
from tests.support import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

# What the image adds to its base, `python:3.11.16-slim-trixie` with 125 MB; 650 MB in all.
# HEIC, PDF and workbooks take 40 MB of it.
MAX_ADDED_MB = 525
PRIVATE = (
    *("corrections.sqlite3", ".env", "runs/a/digits.onnx", "runs/served.json"),
    *(".streamlit/secrets.toml", "ui/__pycache__/old.pyc", "model/trained/digits.keras"),
    *("shared/mnist/t10k-images-idx3-ubyte.gz", "tests/conftest.py", "train.py"),
)
SERVED = ("LICENSE", "app.py", "server.py", "predict.py", "deploy/healthcheck.py")
SERVED_FOLDERS = (".streamlit/", "app_pages/", "ui/", "ops/", "model/")
TRAINING_MODULES = {
    *("keras", "onnx", "optuna", "sklearn", "tensorboardX", "tensorflow", "tf2onnx"),
}
REQUIREMENTS = ("requirements-serve.txt", "requirements-serve.lock", "requirements.lock")
# Prints the modules that an app's module can't be imported without.
IMPORT_ALL = """
import importlib, pathlib
for path in pathlib.Path().glob("**/*.py"):
    if path.parts[0] in ("model", "ops", "ui") and path.name != "canvas.py":  # needs a page
        try:
            importlib.import_module(".".join(path.with_suffix("").parts))
        except ModuleNotFoundError as error:
            print(error.name)
"""
RUN_PAGES = """
from pathlib import Path
from streamlit.testing.v1 import AppTest
for path in Path("app_pages").glob("*.py"):
    app = AppTest.from_file(str(path.resolve()), default_timeout=60).run()
    assert not app.exception, app.exception
print("all pages ran")
"""


@pytest.fixture(scope="session")
def tracked() -> set[str]:
    """The files of the repository."""
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("needs a Git checkout")
    return {name for name in done.stdout.splitlines() if (ROOT / name).is_file()}


@pytest.fixture(scope="session")  # browser tests of other modules run in between
def built(tracked, tmp_path_factory):
    """The engine that has built the image, and the MB that the image adds to its base."""
    if problem := proxy.nginx_problem():
        pytest.skip(problem)
    context = tmp_path_factory.mktemp("context")
    for name in (*tracked, *PRIVATE):
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        if name in tracked:
            shutil.copy(ROOT / name, context / name)
        else:
            (context / name).write_text("private")
    with contextlib.ExitStack() as stack:
        try:
            engine = stack.enter_context(find_engine())
            base = engine.build(context)
        except NoEngineError as error:
            pytest.skip(str(error))
        yield engine, engine.megabytes() - base


@pytest.fixture(scope="module")
def site(built):
    """Two replicas behind nginx."""
    with rehearse.running_site(built[0]) as site:
        yield site
        for replica in site.replicas.values():
            assert "Traceback" not in replica.log()


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM:
        pytest.skip("needs Chromium: install it, or name it with CHROMIUM")
    with chromium() as browser:
        yield browser


def test_image_has_less_than_650_mb(built):
    assert built[1] < MAX_ADDED_MB


def test_image_holds_the_files_that_serve_and_no_others(site, tracked):
    found = site.replicas["a"].execute("find", ".", "-type", "f", "-not", "-name", "*.pyc")
    expected = {
        name
        for name in tracked - set(PRIVATE)
        if name in (*SERVED, *REQUIREMENTS) or name.startswith(SERVED_FOLDERS)
    }
    assert {name.removeprefix("./") for name in found.split()} == expected


def test_every_module_can_be_imported_and_every_page_runs(site):
    replica = site.replicas["a"]
    assert set(replica.execute("python", "-c", IMPORT_ALL).split()) <= TRAINING_MODULES
    assert "all pages ran" in replica.execute("python", "-c", RUN_PAGES)


def test_image_has_no_training_packages_and_no_pip(site):
    script = "import importlib.metadata as m; print(*(d.name.lower() for d in m.distributions()))"
    names = set(site.replicas["a"].execute("python", "-c", script).split())
    assert "streamlit" in names
    assert not names & {"keras", "onnx", "pip", "scikit-learn", "scipy", "tensorflow"}


def test_replica_has_no_privileges_and_can_write_only_its_data(site):
    replica = site.replicas["a"]
    assert replica.execute("id", "--user").strip() == "10001"
    capabilities = replica.execute("grep", "^Cap", "/proc/self/status").split()[1::2]
    assert set(capabilities) == {"0" * 16}
    others = ("(", "-not", "-user", "root", "-o", "-perm", "/022", ")", "-not", "-type", "l")
    assert replica.execute("find", "/app", "/venv", *others) == ""
    for path in ("/app/new", "/usr/new", "/venv/new"):
        with pytest.raises(EngineError, match="Read-only file system"):
            replica.execute("touch", path)
    replica.execute("touch", "/data/new", "/tmp/new")


def test_nginx_passes_pages_on_limits_uploads_and_hides_metrics(site):
    status, headers = proxy.request(site.address)
    assert status == 200
    for name in ("X-Content-Type-Options", "X-Frame-Options", "Permissions-Policy"):
        assert name in headers
    cookie = headers["Set-Cookie"].split(";")[0]
    assert cookie in ("digitpad_replica=a", "digitpad_replica=b")
    again = [proxy.request(site.address, cookie)[1]["Set-Cookie"] for _ in range(4)]
    assert all(each.startswith(f"{cookie};") for each in again)
    assert proxy.request(site.address, "digitpad_replica=http://elsewhere")[0] == 200
    for path in ("/metrics", "/_stcore/metrics", "/_stcore/metrics/"):
        assert proxy.request(site.address + path)[0] == 404
    upload = f"{site.address}/_stcore/upload_file/x/y"
    announced = {"Content-length": "23000000"}  # nginx refuses it before the data come
    assert proxy.request(upload, data=b"x", **announced)[0] == 413
    assert proxy.request(upload, data=bytes(20_000_000))[0] not in (0, 413)


@pytest.mark.browser
def test_visitors_of_a_killed_replica_continue_with_the_other(site, browser):
    print(rehearse.lose_replicas(site, browser))


@pytest.mark.browser
def test_all_files_are_found_below_a_path(built, browser):
    app, own = proxy.free_ports(2)
    with (
        built[0].run(app, STREAMLIT_SERVER_BASE_URL_PATH="digitpad") as container,
        proxy.nginx(proxy.below_a_path(app, own)),
    ):
        container.wait_until_healthy()
        page = browser.new_page()
        failed = []
        # From an inner page, Streamlit tries several addresses for its own.
        tried = ("_stcore/health", "_stcore/host-config")
        page.on(
            "response",
            lambda got: (
                got.status >= 400 and not got.url.endswith(tried) and failed.append(got.url)
            ),
        )
        page.goto(f"http://127.0.0.1:{own}/digitpad/")
        ready_to_draw(page)
        draw(page, SEVEN)
        expect_prediction(page, "7")
        page.goto(f"http://127.0.0.1:{own}/digitpad/test_set")
        page.locator("button.tile").first.wait_for()
        page.goto(f"http://127.0.0.1:{own}/digitpad/paper")
        rehearse.upload_photo(page)
        assert failed == []


@pytest.mark.browser
def test_community_clouds_entry_shows_the_pages(browser):
    with running_app(script="deploy/cloud/streamlit_app.py") as (address, _):
        page = browser.new_page()
        page.goto(address)
        ready_to_draw(page)
        draw(page, SEVEN)
        expect_prediction(page, "7")
        visit(page, "Results and runs")
