"""Measures the test set page in Chromium: grid, filter, one image, map.

    python -m benchmarks.browse [--times 7]

Needs MNIST in the folder DIGITPAD_DATA. Each time is from the click, or from opening the page,
until the result is visible. The ratio compares with a page that shows the same 60 pictures with one
`st.image` each (`benchmarks/one_by_one.py`).
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

from benchmarks.page import chromium, running_app, visit
from model.files.runs import load_report
from model.files.served import SHIPPED

# Whether exactly `num` pictures are on the page and all are loaded.
PICTURES = """
num => {
  const all = [...document.querySelectorAll('[data-testid="stImage"] img')];
  return all.length === num && all.every(one => one.complete && one.naturalWidth);
}
"""
MAP = ".map canvas[data-points]"  # set when the points are drawn
_TEST = load_report(SHIPPED)["test"]
NUM_WRONG = _TEST["num_all"] - _TEST["num_right"]  # of the shipped network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=7, help="measurements of each")
    num = parser.parse_args().times
    with chromium() as browser:
        with running_app(script="benchmarks/one_by_one.py", PYTHONPATH=".") as (address, _):
            baseline = one_by_one(browser, address, num)
        with running_app(DIGITPAD_CORRECTIONS_PAGE="on") as (address, _):
            ours = test_set(browser, address, num)
    print(f"{f'median of {num}, ms':<34}{'DigitPad':>10}{'one by one':>12}{'ratio':>8}")
    for name, times in ours.items():
        line = f"{name:<34}{median(times):10.0f}"
        if name in baseline:
            line += f"{median(baseline[name]):12.0f}{median(times) / median(baseline[name]):8.2f}"
        print(line)


def one_by_one(browser, address: str, num: int) -> dict[str, list[float]]:
    """Milliseconds on the page with one `st.image` for each picture."""

    def first_grid(page) -> None:
        page.goto(address)
        page.wait_for_function(PICTURES, arg=60)

    times = {"first grid, new server": [timed(browser, first_grid)]}
    times["first grid"] = [timed(browser, first_grid) for _ in range(num)]
    times["a filter"] = []
    for _ in range(num):
        page = browser.new_page()
        first_grid(page)
        times["a filter"].append(
            filtered(page, lambda page: page.wait_for_function(PICTURES, arg=NUM_WRONG))
        )
        page.close()
    return times


def test_set(browser, address: str, num: int) -> dict[str, list[float]]:
    """Milliseconds on the app's page."""

    def first_grid(page) -> None:
        page.goto(f"{address}/test_set")
        page.locator("button.tile").nth(59).wait_for()

    def from_another_page() -> float:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{address}/corrections")
        page.get_by_text("No corrections yet").or_(page.get_by_text("kept, the newest")).wait_for()
        begin = time.perf_counter()
        visit(page, "Test images")
        page.locator("button.tile").nth(59).wait_for()
        spent = since(begin)
        page.close()
        return spent

    def shared_map(page) -> None:
        page.goto(f"{address}/test_set?view=Map")
        page.locator(MAP).wait_for()

    times = {"first grid, new server": [timed(browser, first_grid)]}
    times["first grid"] = [timed(browser, first_grid) for _ in range(num)]
    times["first grid, from another page"] = [from_another_page() for _ in range(num)]
    times |= {"a filter": [], "opening an image": [], "the map, from the grid": []}
    for _ in range(num):
        page = browser.new_page()
        first_grid(page)
        times["a filter"].append(
            filtered(
                page,
                lambda page: page.locator("button.tile").nth(NUM_WRONG).wait_for(state="detached"),
            )
        )
        begin = time.perf_counter()
        page.locator("button.tile").first.click()
        page.get_by_text("True label:").wait_for()
        times["opening an image"].append(since(begin))
        page.keyboard.press("Escape")
        page.get_by_text("True label:").wait_for(state="detached")
        begin = time.perf_counter()
        page.get_by_role("radio", name="Map").click()
        page.locator(MAP).wait_for()
        times["the map, from the grid"].append(since(begin))
        page.close()
    times["the map, by a link"] = [timed(browser, shared_map) for _ in range(num)]
    return times


def filtered(page, until: Callable) -> float:
    """Milliseconds from choosing the result "wrong" until its pictures are there."""
    page.get_by_role("combobox", name="Result").click()
    choice = page.get_by_role("option", name="wrong")
    choice.wait_for()
    begin = time.perf_counter()
    choice.click()
    until(page)
    return since(begin)


def timed(browser, visit: Callable) -> float:
    """Milliseconds of `visit` in a new browser tab."""
    page = browser.new_page()
    begin = time.perf_counter()
    visit(page)
    spent = since(begin)
    page.close()
    return spent


def since(begin: float) -> float:
    return 1000 * (time.perf_counter() - begin)


if __name__ == "__main__":
    main()
