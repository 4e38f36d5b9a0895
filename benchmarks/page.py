"""Runs the app and drives it with Chromium, for benchmarks and tests."""

import contextlib
import os
import re
import shutil
import socket
import subprocess  # starts the app  # nosec B404
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
START_TIMEOUT = 60  # seconds

# The canvas layer that shows the ink; `canvas_of` finds the one that takes the pen.
LOWER = "upper.parentNode.querySelector('canvas.lower-canvas')"
ANSWER = ".answer output.digit"
CANVAS_SIDE = 280  # canvas pixels, however large the canvas is shown
# The heading of each page, and the group of the menu that it is in.
PAGES = {
    "Draw": ("DigitPad", "Read"),
    "Paper": ("Paper", "Read"),
    "How it works": ("How it works", "Understand"),
    "Test images": ("Test images", "Understand"),
    "My handwriting": ("My handwriting", "Understand"),
    "Results and runs": ("Results and runs", "Model"),
    "Corrections": ("Corrections", "Model"),
}
SEVEN = ((80, 60), (200, 60), (120, 230))
ONE = ((140, 50), (138, 230))


@contextlib.contextmanager
def running_app(
    log=subprocess.DEVNULL, script: str = "app.py", **environment: str
) -> Iterator[tuple[str, int]]:
    """Runs the app, or another script, on a free port; yields its address and process id.

    Raises:
        RuntimeError: If it does not start.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(  # fixed arguments, no shell  # nosec B603
        [
            *(sys.executable, "-m", "streamlit", "run", script, "--server.headless=true"),
            *(f"--server.port={port}", "--server.address=127.0.0.1"),
        ],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=log,
        stderr=log,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_TIMEOUT
        while not _answers(f"{address}/_stcore/health"):
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("The server did not start.")
            time.sleep(0.05)
        yield address, server.pid
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:  # it waits for clients that don't close
            server.kill()
            server.wait()


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address, timeout=1)  # our own http address  # nosec B310
        return True
    except OSError:
        return False


@contextlib.contextmanager
def chromium() -> Iterator:
    """A headless Chromium, Playwright's `Browser`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


def visit(page, name: str) -> None:
    """Opens a page by the menu, or by the drawer on a phone."""
    on_phone = page.viewport_size["width"] < 700
    sidebar = page.get_by_test_id("stSidebar")
    if on_phone and sidebar.get_attribute("data-collapsed") != "false":
        page.get_by_role("button", name="Menu", exact=True).click()
    heading, group = PAGES[name]
    if not on_phone:
        page.get_by_test_id("stTopNavSection").filter(has_text=group).click()
    page.get_by_role("link" if on_phone else "menuitem", name=name, exact=True).click()
    page.get_by_role("heading", name=heading, exact=True).wait_for()
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    if on_phone:  # the drawer closes by itself
        page.locator('[data-testid="stSidebar"][data-collapsed="true"]').wait_for(state="attached")


def canvas_of(page):
    """The layer of the canvas that takes the pen."""
    return page.locator("canvas.upper-canvas")


def ready_to_draw(page) -> None:
    """Waits until the canvas takes strokes: then its cursor changes; earlier ones are lost."""
    canvas_of(page).wait_for()
    canvas_of(page).hover(position={"x": 140, "y": 140})
    handle = canvas_of(page).element_handle()
    page.wait_for_function("canvas => getComputedStyle(canvas).cursor === 'crosshair'", arg=handle)


def places(page, points) -> list[tuple[float, float]]:
    """Where points x, y in canvas pixels are in the window."""
    box = canvas_of(page).bounding_box()
    scale = box["height"] / CANVAS_SIDE
    return [(box["x"] + scale * x, box["y"] + scale * y) for x, y in points]


def draw(page, points, lift: bool = True) -> None:
    """Draws a stroke with the mouse through points x, y in canvas pixels."""
    (x, y), *rest = places(page, points)
    page.mouse.move(x, y)
    page.mouse.down()
    for x, y in rest:
        page.mouse.move(x, y, steps=8)
    if lift:
        page.mouse.up()


def drag_a_finger(page, points, pause: float = 0.0) -> None:
    """Moves a finger through points x, y of the window, with a pause in seconds after each."""
    touch = page.context.new_cdp_session(page)
    for number, (x, y) in enumerate(points):
        kind = "touchMove" if number else "touchStart"
        places = [{"x": x, "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})
        time.sleep(pause)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def expect_strokes(page, num: int) -> None:
    """Waits until the canvas has reported so many strokes, 200 ms after the pen was lifted."""
    page.locator(f'.answer[data-strokes="{num}"]').wait_for()


def expect_prediction(page, digit: str) -> None:
    """Waits until the page shows this digit as its answer."""
    page.locator(ANSWER).filter(has_text=re.compile(f"^{digit}$")).wait_for()
