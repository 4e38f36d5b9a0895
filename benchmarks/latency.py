"""From pen-up to the new answer on the page, in real Chromium.

    python -m benchmarks.latency

Draws strokes with the mouse and waits, inside the page, for the answer to change: 7 and 1 in
turn, cleared in between. The canvas component itself waits 200 ms before it sends a stroke.
"""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from statistics import quantiles

from benchmarks.serving import wait_for

ROOT = Path(__file__).parent.parent
NUM_DRAWINGS = 40
DRAWINGS = {"7": ((80, 60), (200, 60), (120, 230)), "1": ((140, 50), (138, 230))}
COMPONENT_WAIT = 200  # ms

# Resolves with the page's own clock when the metric shows the digit.
UNTIL_SHOWN = """
digit => new Promise(resolve => {
  const shown = () => [...document.querySelectorAll('[data-testid="stMetricValue"]')]
    .some(node => node.innerText.trim() === digit);
  if (shown()) return resolve(performance.now());
  const observer = new MutationObserver(() => {
    if (shown()) { observer.disconnect(); resolve(performance.now()); }
  });
  observer.observe(document.body, {subtree: true, childList: true, characterData: true});
})
"""


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
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health")
        report(measure(f"http://127.0.0.1:{port}"))
    finally:
        server.terminate()
        server.wait()


def measure(address: str) -> list[float]:
    """Milliseconds from pen-up to the answer, for each drawing."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        page = browser.new_page()
        page.goto(address)
        canvas = page.locator("canvas.upper-canvas")
        canvas.hover(position={"x": 140, "y": 140})
        page.wait_for_function(
            "canvas => getComputedStyle(canvas).cursor === 'crosshair'",
            arg=canvas.element_handle(),
        )
        page.evaluate("addEventListener('mouseup', () => { window.up = performance.now() }, true)")
        box = canvas.bounding_box()
        times = []
        for index in range(NUM_DRAWINGS + 2):
            digit, points = list(DRAWINGS.items())[index % 2]
            (x, y), *rest = [(box["x"] + x, box["y"] + y) for x, y in points]
            page.mouse.move(x, y)
            page.mouse.down()
            for x, y in rest:
                page.mouse.move(x, y, steps=6)
            page.mouse.up()
            shown = page.evaluate(UNTIL_SHOWN, digit)
            times.append(shown - page.evaluate("window.up"))
            page.get_by_role("button", name="Clear").click()
            page.get_by_text("There is no digit yet").wait_for()
            time.sleep(0.3)  # as a person would pause; no condition to wait for
        browser.close()
    return times[2:]  # the first ones load the network and the chart


def report(times: list[float]) -> None:
    cuts = quantiles(times, n=20)
    print(f"pen-up to answer, {len(times)} drawings, ms")
    for name, value in (("median", cuts[9]), ("95th percentile", cuts[18]), ("worst", max(times))):
        print(f"  {name:<18}{value:7.0f}   {value / COMPONENT_WAIT:.2f} times the component's wait")


if __name__ == "__main__":
    main()
