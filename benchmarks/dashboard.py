"""Measures the time from opening the dashboard to its first and last chart, in Chromium.

    python -m benchmarks.dashboard

The first visitor of a new server also waits for imports. All have an empty browser cache. The
baseline is Corrections, a page without charts: what Streamlit itself needs.
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
        opened = [open_details(browser, f"{address}/dashboard") for _ in range(NUM_VISITS)]
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
    print(f"opening the mistakes            {median(opened):6.0f} ms, until their chart is drawn")


def open_details(browser, address: str) -> float:
    """Milliseconds from pressing the first of the page's details until its chart is drawn."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address)
    page.wait_for_function(LAST, timeout=60_000)
    num = page.evaluate(f"{CHARTS}.length")
    begin = page.evaluate("performance.now()")
    page.get_by_text("Mistakes:").click()
    drawn = f"num => {CHARTS}.length > num && {CHARTS}.every(chart => {DRAWN}) && performance.now()"
    end = page.wait_for_function(drawn, arg=num, timeout=60_000).json_value()
    page.close()
    return end - begin


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
