"""Load test: a hundred visitors draw at once; measures waiting times, memory and processor.

    python -m benchmarks.load [--visitors 100] [--minutes 10] [--browsers 2]
    python -m benchmarks.load --address URL [--process PID]

Starts `server.py`, or uses one that runs. A single visitor comes first, as the baseline. Then the
others arrive: sessions without a screen (`benchmarks/visitor.py`), and a few Chromium browsers with
a mouse. Each draws digits, waits, clears; now and then opens "Why", undoes, corrects and takes it
back, or opens another page. Each answer is compared with the network's own for that drawing,
including the frame. Exits with 1 if the 95th percentile from pen-up to answer is a second or more,
after any error, or if the server's memory grew after the first minute.
"""

import argparse
import asyncio
import contextlib
import itertools
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from websockets.exceptions import WebSocketException

from benchmarks.latency import UNTIL_SHOWN
from benchmarks.load_report import FIRST_MINUTE, Measurements, ServerMonitor, report
from benchmarks.page import ONE, SEVEN, chromium, draw, ready_to_draw, running_app
from benchmarks.visitor import (
    ShownAnswer,
    VisitError,
    Visitor,
    expected_answer,
    stroke_by_stroke,
    visiting,
)
from model.reading.recognizer import load_served
from ops.settings import settings

ARRIVAL = 20  # seconds in which all visitors arrive
NUM_DRAWINGS = 300  # prepared before; each visitor starts with another one
# A stroke takes about half a second, and so does moving to the next; after the last one a person
# reads the answer and decides what to draw next.
STROKE = (0.5, 1.0)  # seconds
THOUGHT = (3.0, 8.0)  # seconds
WHY, CORRECTION, UNDO, PAGE = 0.1, 0.05, 0.1, 0.05  # shares of all drawings
PAGES = ("Paper", "How it works", "Test images", "Results and runs")
# As in the Dockerfile: with several arenas, threads leave freed memory behind in each.
AS_DEPLOYED = {"MALLOC_ARENA_MAX": "1"}
NUM_BASELINE = 20  # drawings of the single visitor


Drawing = list[tuple[dict, ShownAnswer]]  # after each stroke: what is sent, the right answer


def main() -> int:
    options = parse()
    drawings = prepare(NUM_DRAWINGS)
    with contextlib.ExitStack() as stack:
        address, process = options.address, options.process
        if not address:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            kept = {"DIGITPAD_CORRECTIONS": str(folder / "corrections.sqlite3"), **AS_DEPLOYED}
            address, process = stack.enter_context(running_app(script="server.py", **kept))
        server = psutil.Process(process) if process else None
        measured, baseline, monitor = asyncio.run(run(address, server, drawings, options))
    return report(measured, baseline, monitor, options)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--visitors", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument(
        "--browsers", type=int, default=2, help="Chromium browsers beside the visitors"
    )
    parser.add_argument("--address", help="of a running app; default: starts one")
    parser.add_argument(
        "--process", type=int, help="its process id, to measure memory and processor time"
    )
    parser.add_argument(
        "--thought",
        nargs=2,
        type=float,
        default=THOUGHT,
        help="shortest and longest pause after an answer, seconds",
    )
    return parser.parse_args()


def prepare(num: int) -> list[Drawing]:
    """Drawings with the right answers; leaves out those read as several digits."""
    recognizer, rng = load_served(settings().runs), np.random.default_rng(0)
    drawings: list[Drawing] = []
    for digit in itertools.cycle(range(10)):
        steps = stroke_by_stroke(digit, rng)
        answers = [expected_answer(step, recognizer) for step in steps]
        if None not in answers:
            drawings.append(list(zip(steps, answers, strict=True)))
        if len(drawings) == num:
            return drawings


async def run(
    address: str, server: psutil.Process | None, drawings: list[Drawing], options
) -> tuple[Measurements, Measurements, "ServerMonitor"]:
    """Runs the single visitor, then all.

    Returns:
        Measurements of all, of the single visitor, and of the server.
    """
    baseline, measured = Measurements(), Measurements()
    async with visiting(address) as visitor:
        for page in (*PAGES, "Draw"):  # loads what the server loads only once
            await visitor.open(page)
        before = ServerMonitor(server)
        for drawing in drawings[:NUM_BASELINE]:
            await draw_and_check(visitor, drawing, baseline, thought=(0.2, 0.2))
        before.close()
        baseline.actions["ms of the server"] = 1000 * before.seconds[1]
    monitor, end = ServerMonitor(server), time.monotonic() + 60 * options.minutes
    browsers = Browsers(address, options.browsers, 60 * options.minutes)
    async with asyncio.TaskGroup() as group:
        for number in range(options.visitors):
            group.create_task(
                visit(address, number, drawings, measured, end, options), name=f"visitor {number}"
            )
        group.create_task(monitor.sample_until(end))
    monitor.close()
    browsers.collect(measured)
    return measured, baseline, monitor


async def visit(
    address: str, number: int, drawings: list[Drawing], measured: Measurements, end: float, options
) -> None:
    """One visitor, from arrival to the end; after an error it connects again."""
    rng = np.random.default_rng(number)
    await asyncio.sleep(ARRIVAL * number / options.visitors)
    order = itertools.cycle(range(len(drawings)))
    order = itertools.islice(order, number * len(drawings) // options.visitors, None)
    # One address may not open all visits; this machine has many for its own servers.
    source = f"127.0.0.{2 + number % 40}" if "//127.0.0.1" in address else None
    while time.monotonic() < end:
        try:
            started = time.perf_counter()
            async with visiting(address, source) as visitor:
                measured.opened.append(1000 * (time.perf_counter() - started))
                while time.monotonic() < end:
                    drawing = drawings[next(order)]
                    await draw_and_check(visitor, drawing, measured, options.thought, rng)
        except (VisitError, WebSocketException, OSError) as error:
            measured.errors[f"{type(error).__name__}: {error}"] += 1
            await asyncio.sleep(1)  # as a browser waits before it connects again


async def draw_and_check(
    visitor: Visitor,
    drawing: Drawing,
    measured: Measurements,
    thought: tuple[float, float],
    rng: np.random.Generator | None = None,
) -> None:
    """Draws a digit, checks the answer, does other things at random, and clears.

    Args:
        thought: Shortest and longest pause after the answer, seconds.
        rng: For the pauses and other things; `None` for neither.
    """
    for step, right in drawing:
        answer = await visitor.draw(step, 0 if rng is None else rng.uniform(*STROKE))
        measured.answers.append(1000 * visitor.seconds)
        if answer != right:
            measured.errors[_difference(answer, right)] += 1
    await asyncio.sleep(thought[0] if rng is None else rng.uniform(*thought))
    if rng is not None and right.prediction:
        await do_more(visitor, drawing, measured, rng)
    if visitor.can_press("Clear"):
        await visitor.press("Clear")
    if visitor.answer() != ShownAnswer():
        measured.errors["an answer to a cleared canvas"] += 1


async def do_more(
    visitor: Visitor, drawing: Drawing, measured: Measurements, rng: np.random.Generator
) -> None:
    """Now and then opens "Why", corrects and takes it back, opens another page, undoes."""
    right = drawing[-1][1]
    if rng.random() < WHY:
        measured.actions["why"] += 1
        await visitor.explain("Why", True)
        if not any("supports" in text for text in visitor.texts()):
            measured.errors["no explanation"] += 1
        await visitor.explain("Why", False)
    if rng.random() < CORRECTION:
        measured.actions["corrections"] += 1
        await visitor.open_menu("Wrong?")
        label = int(rng.integers(10))
        await visitor.press(f"it-is-{label}")
        if f"Saved as a {label}." not in visitor.texts():
            measured.errors["a correction was not kept"] += 1
        await visitor.press("not-kept")
    if any(text.startswith("Kept") for text in visitor.texts()):
        measured.errors["someone else's correction is shown"] += 1
    if rng.random() < PAGE:
        measured.actions["pages"] += 1
        started = time.perf_counter()
        await visitor.open(PAGES[rng.integers(len(PAGES))])
        measured.opened.append(1000 * (time.perf_counter() - started))
        await visitor.open("Draw")
        if visitor.answer() != right:
            measured.errors["back from a page: " + _difference(visitor.answer(), right)] += 1
    if rng.random() < UNDO:
        measured.actions["undone strokes"] += 1
        await visitor.press("Undo")
        right = drawing[-2][1] if len(drawing) > 1 else ShownAnswer()
        if visitor.answer() != right:
            measured.errors["undone: " + _difference(visitor.answer(), right)] += 1


def _difference(answer: ShownAnswer, right: ShownAnswer) -> str:
    if answer.picture != right.picture:
        return "the answer to another drawing"
    return f"{answer.prediction!r}, {answer.sure}; not {right.prediction!r}, {right.sure}"


class Browsers:
    """Chromium browsers, each in a process of its own, beside the simulated visitors."""

    def __init__(self, address: str, num: int, seconds: float):
        context = multiprocessing.get_context("spawn")
        self._results = context.Queue()
        self._processes = [
            context.Process(target=_browse, args=(address, seconds, self._results))
            for _ in range(num)
        ]
        for process in self._processes:
            process.start()

    def collect(self, measured: Measurements) -> None:
        """Waits for them and adds their measurements."""
        for _ in self._processes:
            times, errors = self._results.get(timeout=2 * FIRST_MINUTE)
            measured.shown += times
            measured.errors.update(errors)
        for process in self._processes:
            process.join()


def _browse(address: str, seconds: float, results) -> None:
    """Draws 7 and 1 with the mouse; measures milliseconds from pen-up to the answer."""
    times, errors, rng = [], [], np.random.default_rng(os.getpid())
    end = time.monotonic() + seconds
    try:
        with chromium() as browser:
            page = browser.new_page()
            page.on("pageerror", lambda error: errors.append(f"in a browser: {error}"))
            page.goto(address)
            ready_to_draw(page)
            page.evaluate("addEventListener('mouseup', () => window.up = performance.now(), true)")
            for digit, points in itertools.cycle((("7", SEVEN), ("1", ONE))):
                draw(page, points)
                times.append(page.evaluate(UNTIL_SHOWN, digit) - page.evaluate("window.up"))
                if time.monotonic() > end:
                    break
                page.wait_for_timeout(1000 * rng.uniform(*THOUGHT))
                page.get_by_role("button", name="Clear").click()
                page.get_by_text("Draw a digit here").first.wait_for()
    except Exception as error:  # reported by the parent process
        errors.append(f"in a browser: {type(error).__name__}: {error}")
    results.put((times, errors))


if __name__ == "__main__":
    sys.exit(main())
