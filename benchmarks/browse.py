"""How long the test set page takes, in real Chromium: grid, filter, one image, map.

    python -m benchmarks.browse

Needs MNIST in the folder that DIGITPAD_DATA names. From the click, or from asking for the page,
until what was asked for can be seen. The ratio is against a page that shows the same 60 pictures
with one `st.image` each (`benchmarks/one_by_one.py`).
"""

import time
from collections.abc import Callable
from statistics import median

from benchmarks.page import chromium, running_app

NUM = 7  # times each
# Resolves when all pictures below a selector have arrived and there are as many as wanted.
PICTURES = """
num => new Promise(resolve => {
  const look = () => {
    const all = [...document.querySelectorAll('[data-testid="stImage"] img')];
    if (all.length === num && all.every(one => one.complete && one.naturalWidth)) resolve();
    else requestAnimationFrame(look);
  };
  look();
})
"""
MAP = '[data-testid="stVegaLiteChart"] canvas'
NUM_WRONG = 35  # of the shipped network


def main() -> None:
    with chromium() as browser:
        with running_app(script="benchmarks/one_by_one.py", PYTHONPATH=".") as (address, _):
            base = one_by_one(browser, address)
        with running_app(DIGITPAD_CORRECTIONS_PAGE="on") as (address, _):
            ours = test_set(browser, address)
    print(f"{'median of ' + str(NUM) + ', ms':<34}{'DigitPad':>10}{'one by one':>12}{'ratio':>8}")
    for name, times in ours.items():
        line = f"{name:<34}{median(times):10.0f}"
        if name in base:
            line += f"{median(base[name]):12.0f}{median(times) / median(base[name]):8.2f}"
        print(line)


def one_by_one(browser, address: str) -> dict[str, list[float]]:
    """Milliseconds of the page with one `st.image` a picture."""

    def first_grid(page) -> None:
        page.goto(address)
        page.evaluate(PICTURES, 60)

    times = {"first grid, new server": [timed(browser, first_grid)]}
    times["first grid"] = [timed(browser, first_grid) for _ in range(NUM)]
    times["a filter"] = []
    for _ in range(NUM):
        page = browser.new_page()
        first_grid(page)
        times["a filter"].append(filtered(page, lambda page: page.evaluate(PICTURES, NUM_WRONG)))
        page.close()
    return times


def test_set(browser, address: str) -> dict[str, list[float]]:
    """Milliseconds of the app's page."""

    def first_grid(page) -> None:
        page.goto(f"{address}/test_set")
        page.locator("button.tile").nth(59).wait_for()

    def from_another_page() -> float:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{address}/corrections")
        page.get_by_text("No corrections yet").or_(page.get_by_text("kept, the newest")).wait_for()
        begin = time.perf_counter()
        page.get_by_role("link", name="Test set").click()
        page.locator("button.tile").nth(59).wait_for()
        spent = since(begin)
        page.close()
        return spent

    def shared_map(page) -> None:
        page.goto(f"{address}/test_set?view=Map")
        page.locator(MAP).wait_for()

    times = {"first grid, new server": [timed(browser, first_grid)]}
    times["first grid"] = [timed(browser, first_grid) for _ in range(NUM)]
    times["first grid, from another page"] = [from_another_page() for _ in range(NUM)]
    times |= {"a filter": [], "opening an image": [], "the map, from the grid": []}
    for _ in range(NUM):
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
    times["the map, by a link"] = [timed(browser, shared_map) for _ in range(NUM)]
    return times


def filtered(page, until: Callable) -> float:
    """Milliseconds from choosing "wrong" until its pictures are there."""
    page.get_by_role("combobox", name="Result").click()
    choice = page.get_by_role("option", name="wrong")
    choice.wait_for()
    begin = time.perf_counter()
    choice.click()
    until(page)
    return since(begin)


def timed(browser, visit: Callable) -> float:
    """Milliseconds of a visit in a new browser page."""
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
