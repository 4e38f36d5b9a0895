"""A person at the page: real Chromium, real mouse and finger, real server."""

import base64
import io
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

from model.preprocess import ink_from_rgba, strokes_to_mnist, to_mnist

pytestmark = pytest.mark.browser

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
SEVEN = ((80, 60), (200, 60), (120, 230))
ONE = ((140, 50), (138, 230))
# The layer with the ink, beside the one that takes the pen.
LOWER = "upper.parentNode.querySelector('canvas.lower-canvas')"
METRIC = '[data-testid="stMetricValue"]'
PAGES = {
    "Draw": "Draw a digit",
    "Photo": "Photo",
    "Lab": "Lab",
    "Test set": "Test set",
    "Dashboard": "Dashboard",
}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The address of a server of our own; MNIST is not given, so the bundled digits show."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "DIGITPAD_DATA": str(tmp_path_factory.mktemp("empty"))}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"]
    options = [f"--server.port={port}", "--server.address=127.0.0.1"]
    log = (tmp_path_factory.mktemp("server") / "log.txt").open("w+")
    server = subprocess.Popen(
        [*command, *options], cwd=ROOT, env=environment, stdout=log, stderr=log
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for_server(server, address)
        yield address
    finally:
        server.terminate()
        server.wait(10)
    log.seek(0)
    assert "Traceback" not in log.read()


def wait_for_server(server: subprocess.Popen, address: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1)
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the server did not start")


@pytest.fixture(scope="module")
def chromium():
    if not CHROMIUM:
        pytest.skip("needs Chromium: install it, or name it with CHROMIUM")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture(params=[{}, {"viewport": {"width": 390, "height": 844}, "has_touch": True}])
def page(chromium, address, request):
    """The first page, ready to draw on: on a desktop, and on a phone."""
    context = chromium.new_context(**request.param)
    page = context.new_page()
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(address)
    ready_to_draw(page)
    yield page
    assert not page.errors
    assert page.locator('[data-testid="stException"]').count() == 0
    context.close()


def canvas_of(page):
    return page.locator("canvas.upper-canvas")


def ready_to_draw(page) -> None:
    """A stroke begun before the component set its tool is lost; then the cursor changes."""
    canvas_of(page).wait_for()
    canvas_of(page).hover(position={"x": 140, "y": 140})
    handle = canvas_of(page).element_handle()
    page.wait_for_function("canvas => getComputedStyle(canvas).cursor === 'crosshair'", arg=handle)


def draw(page, points) -> None:
    box = canvas_of(page).bounding_box()
    (x, y), *rest = [(box["x"] + x, box["y"] + y) for x, y in points]
    page.mouse.move(x, y)
    page.mouse.down()
    for x, y in rest:
        page.mouse.move(x, y, steps=8)
    page.mouse.up()


def draw_by_finger(page, points) -> None:
    box = canvas_of(page).bounding_box()
    touch = page.context.new_cdp_session(page)
    places = [{"x": box["x"] + x, "y": box["y"] + y} for x, y in points]
    for kind, place in zip(["touchStart", *["touchMove"] * (len(places) - 1)], places, strict=True):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def expect_prediction(page, digit: str) -> None:
    page.locator(METRIC).get_by_text(digit, exact=True).first.wait_for()


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
