"""Makes the README's screenshots: `python docs/screenshots.py`, with Chromium installed.

The test set page shows the digits that ship inside scikit-learn: MNIST is not ours to copy.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "screenshots"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
TWO = ((85, 95), (110, 60), (160, 55), (190, 90), (165, 145), (85, 225), (205, 225))


def main() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"),
            *(f"--server.port={port}", "--server.address=127.0.0.1"),
        ],
        cwd=ROOT,
        env={**os.environ, "DIGITPAD_DATA": str(ROOT / "docs")},  # no MNIST there
    )
    try:
        wait_for(f"http://127.0.0.1:{port}")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
            )
            take(browser.new_page(viewport={"width": 1100, "height": 760}), port)
    finally:
        server.terminate()


def wait_for(address: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1)
            return
        except OSError:
            time.sleep(0.2)
    sys.exit("The server did not start.")


def take(page, port: int) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    page.goto(f"http://127.0.0.1:{port}")
    canvas = page.locator("canvas.upper-canvas")
    canvas.hover(position={"x": 140, "y": 140})
    page.wait_for_function(
        "canvas => getComputedStyle(canvas).cursor === 'crosshair'", arg=canvas.element_handle()
    )
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + TWO[0][0], box["y"] + TWO[0][1])
    page.mouse.down()
    for x, y in TWO[1:]:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=8)
    page.mouse.up()
    page.locator('[data-testid="stMetricValue"]').first.wait_for()
    shoot(page, "draw")
    page.get_by_role("link", name="Test set").click()
    page.locator("figure").first.wait_for()
    shoot(page, "test-set")
    page.get_by_role("link", name="Dashboard").click()
    page.get_by_text("Confusion matrix").first.wait_for()
    shoot(page, "dashboard")


def shoot(page, name: str) -> None:
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)  # charts draw themselves without telling
    page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
