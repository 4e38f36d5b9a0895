"""Measures the time from opening the dashboard to its first and last chart, in Chromium.

    python -m benchmarks.dashboard

The first visitor of a new server waits while the network reads all test images for the risk curve
(if MNIST is there: DIGITPAD_DATA). The others have an empty browser cache each. The baseline is
Corrections, a page without charts: what Streamlit itself needs.
"""

from statistics import median

from benchmarks.page import chromium, running_app

NUM_VISITS = 5
RUN_DONE = "document.querySelector('[data-test-script-state=notRunning]')"
CHARTS = "[...document.querySelectorAll('[data-testid=stVegaLiteChart]')]"
DRAWN = "chart.querySelector('svg.marks, canvas.marks')"

FIRST = f"() => {CHARTS}.some(chart => {DRAWN}) && performance.now()"
LAST = (
    f"() => {RUN_DONE} && {CHARTS}.length && {CHARTS}.every(chart => {DRAWN}) && performance.now()"
)
HEADING = f"() => {RUN_DONE} && document.querySelector('h1') && performance.now()"


def main() -> None:
    with running_app() as (address, _), chromium() as browser:
        first = visit(browser, f"{address}/dashboard", FIRST, LAST)
        later = [visit(browser, f"{address}/dashboard", FIRST, LAST) for _ in range(NUM_VISITS)]
        plain = [visit(browser, f"{address}/corrections", HEADING)[0] for _ in range(NUM_VISITS)]
    baseline = median(plain)
    print(f"opening a page without charts  {baseline:6.0f} ms, median of {NUM_VISITS}")
    for name, times in (
        ("the server's first visitor", first),
        (
            f"later visitors, median of {NUM_VISITS}",
            [median(each) for each in zip(*later, strict=True)],
        ),
    ):
        print(name)
        for chart, time in zip(("first chart", "last chart"), times, strict=True):
            print(
                f"  {chart:<28}{time:7.0f} ms   {time / baseline:.1f} times a page without charts"
            )


def visit(browser, address: str, *conditions: str) -> list[float]:
    """Milliseconds by the page's clock from opening an address until each condition is true."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(address, wait_until="commit")
    times = [
        page.wait_for_function(condition, timeout=60_000).json_value() for condition in conditions
    ]
    context.close()
    return times


if __name__ == "__main__":
    main()
