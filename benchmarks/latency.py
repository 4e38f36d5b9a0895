"""Measures how fast the Draw page answers, in Chromium.

    python -m benchmarks.latency [--drawings 40] [--strokes 10] [--visits 10] [--fresh 100]

Measured inside the page: from pen-up to the answer; different frames that are answered in each
second of a stroke of 1.5 s; from a reload to a page that can be drawn on; from a press in the menu
to the other page; and how many first strokes on fresh pages, drawn at once, are read right and
taken by the canvas. The canvas component itself waits 200 ms before it reports a stroke.
"""

import argparse
import time
from statistics import median, quantiles

from benchmarks.page import (
    ANSWER,
    ONE,
    SEVEN,
    canvas_of,
    chromium,
    drag_a_finger,
    draw,
    expect_prediction,
    expect_strokes,
    places,
    ready_to_draw,
    running_app,
    visit,
)

COMPONENT_WAIT = 200  # ms
STROKE = 1.5  # seconds
MOVES_A_SECOND = 60  # as a mouse reports them

# The answer panel's shadow root.
_PANEL = """
const panel = [...document.querySelectorAll('.st-key-answer *')]
  .map(node => node.shadowRoot).find(root => root?.querySelector('output.digit'));
"""
# Resolves with the page's clock when the panel shows the digit.
UNTIL_SHOWN = f"""
digit => new Promise(resolve => {{ {_PANEL}
  const shown = () => panel.querySelector('output.digit').textContent === digit;
  if (shown()) return resolve(performance.now());
  const observer = new MutationObserver(() => {{
    if (shown()) {{ observer.disconnect(); resolve(performance.now()); }}
  }});
  observer.observe(panel, {{subtree: true, childList: true, characterData: true}});
}})
"""
COUNT_FRAMES = f"""
() => {{ {_PANEL}
  window.frames_seen = new Set();
  const frame = panel.querySelector('img.frame');
  const watcher = new MutationObserver(() => window.frames_seen.add(frame.src));
  watcher.observe(frame, {{attributes: true}});
}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--drawings", type=int, default=40)
    parser.add_argument("--strokes", type=int, default=10)
    parser.add_argument("--visits", type=int, default=10)
    parser.add_argument("--fresh", type=int, default=100, help="fresh pages, by mouse and touch")
    options = parser.parse_args()
    with running_app() as (address, _), chromium() as browser:
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.goto(address)
        report("pen-up to answer, ms", pen_up(page, options.drawings), COMPONENT_WAIT)
        report("frames answered a second", frames_a_second(page, options.strokes))
        report("reload to ready, ms", reloads(page, options.visits))
        report("menu to the other page, ms", switches(page, options.visits))
        for name, has_touch in (("mouse", False), ("touch", True)):
            right = sum(
                is_first_stroke_read(browser, address, has_touch) for _ in range(options.fresh)
            )
            print(f"first strokes by {name}: {right} of {options.fresh} read and kept")


def pen_up(page, num: int) -> list[float]:
    """Milliseconds from pen-up to the answer, for each drawing."""
    ready_to_draw(page)
    page.evaluate("addEventListener('pointerup', () => { window.up = performance.now() }, true)")
    times = []
    for index in range(num + 2):
        digit, points = (("7", SEVEN), ("1", ONE))[index % 2]
        (x, y), *rest = places(page, points)
        page.mouse.move(x, y)
        page.mouse.down()
        for x, y in rest[:-1]:
            page.mouse.move(x, y, steps=8)
        # The last part comes at once, so that the answer needs it.
        page.mouse.move(*rest[-1])
        page.mouse.up()
        shown = page.evaluate(UNTIL_SHOWN, digit)
        times.append(max(shown - page.evaluate("window.up"), 0))
        clear(page)
    return times[2:]  # the first two load the network


def clear(page) -> None:
    expect_strokes(page, 1)
    page.get_by_role("button", name="Clear").click()
    expect_strokes(page, 0)
    time.sleep(0.3)  # a person's pause


def frames_a_second(page, num: int) -> list[float]:
    """Different frames that are shown in each second of a stroke."""
    rates = []
    for _ in range(num):
        page.evaluate(COUNT_FRAMES)
        corners = places(page, ((70, 60), (210, 70), (90, 220), (215, 225)))
        page.mouse.move(*corners[0])
        page.mouse.down()
        began, total = time.perf_counter(), len(corners) - 1
        while (share := (time.perf_counter() - began) / STROKE) < 1:
            leg = int(share * total)
            within = share * total - leg
            (x0, y0), (x1, y1) = corners[leg : leg + 2]
            page.mouse.move(x0 + (x1 - x0) * within, y0 + (y1 - y0) * within)
            time.sleep(1 / MOVES_A_SECOND)
        rates.append(page.evaluate("window.frames_seen.size") / STROKE)
        page.mouse.up()
        clear(page)
    return rates


def reloads(page, num: int) -> list[float]:
    """Milliseconds from a reload to a canvas that takes strokes."""
    times = []
    for _ in range(num):
        began = time.perf_counter()
        page.reload(wait_until="commit")
        canvas_of(page).wait_for()
        times.append(1000 * (time.perf_counter() - began))
        ready_to_draw(page)
        draw(page, ONE)
        expect_strokes(page, 1)
        clear(page)
    return times


def switches(page, num: int) -> list[float]:
    """Milliseconds from a press in the menu to the other page's heading, and back."""
    times = []
    for _ in range(num):
        for name in ("How it works", "Draw"):
            began = time.perf_counter()
            visit(page, name)
            times.append(1000 * (time.perf_counter() - began))
    return times


def is_first_stroke_read(browser, address: str, has_touch: bool) -> bool:
    """Draws on a fresh page as soon as its canvas is seen."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844} if has_touch else None, has_touch=has_touch
    )
    page = context.new_page()
    page.goto(address)
    canvas_of(page).wait_for()
    if has_touch:
        points = [(80 + 20 * step, 60) for step in range(7)]  # dense, as a finger's are
        points += [(200 - 13 * step, 60 + 28 * step) for step in range(1, 7)]
        drag_a_finger(page, places(page, points), 1 / MOVES_A_SECOND)
    else:
        draw(page, SEVEN)
    try:
        expect_strokes(page, 1)
        expect_prediction(page, "7")
        return True
    except Exception as error:  # it counts as missed, whatever it was
        shown = page.locator(ANSWER).inner_text()
        print(f"  missed, shown {shown!r}: {type(error).__name__}")
        return False
    finally:
        context.close()


def report(name: str, values: list[float], floor: float = 0.0) -> None:
    cuts = quantiles(values, n=20)
    ratio = f"   median {median(values) / floor:.2f} times the component's wait" if floor else ""
    print(
        f"{name:<28} median {median(values):7.1f}   5th percentile {cuts[0]:7.1f}   "
        f"95th {cuts[18]:7.1f}{ratio}",
        flush=True,
    )


if __name__ == "__main__":
    main()
