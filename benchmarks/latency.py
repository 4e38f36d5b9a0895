"""Measures the time from pen-up to the new answer on the page, in Chromium.

    python -m benchmarks.latency [--drawings 40]

Draws 7 and 1 in turn with the mouse, clears in between, and measures inside the page. The canvas
component waits 200 ms before it sends a stroke, so that is the minimum.
"""

import argparse
import time
from statistics import quantiles

from benchmarks.page import ONE, SEVEN, chromium, draw, ready_to_draw, running_app

COMPONENT_WAIT = 200  # ms

# Resolves with the page's clock when the metric shows the digit.
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
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--drawings", type=int, default=40)
    num = parser.parse_args().drawings
    with running_app() as (address, _), chromium() as browser:
        report(measure(browser.new_page(), address, num))


def measure(page, address: str, num: int) -> list[float]:
    """Milliseconds from pen-up to the answer, for each drawing."""
    page.goto(address)
    ready_to_draw(page)
    page.evaluate("addEventListener('mouseup', () => { window.up = performance.now() }, true)")
    times = []
    for index in range(num + 2):
        digit, points = (("7", SEVEN), ("1", ONE))[index % 2]
        draw(page, points)
        shown = page.evaluate(UNTIL_SHOWN, digit)
        times.append(shown - page.evaluate("window.up"))
        page.get_by_role("button", name="Clear").click()
        page.get_by_text("Draw a digit here").wait_for()
        time.sleep(0.3)  # a person's pause
    return times[2:]  # the first two load the network and the chart


def report(times: list[float]) -> None:
    cuts = quantiles(times, n=20)
    print(f"pen-up to answer, {len(times)} drawings, ms")
    for name, value in (("median", cuts[9]), ("95th percentile", cuts[18]), ("worst", max(times))):
        print(f"  {name:<18}{value:7.0f}   {value / COMPONENT_WAIT:.2f} times the component's wait")


if __name__ == "__main__":
    main()
