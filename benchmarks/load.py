"""A hundred visitors who draw at once: how long each waits, and what they cost.

    python -m benchmarks.load [--visitors 100] [--minutes 10] [--browsers 2]
    python -m benchmarks.load --address URL [--process PID]

Starts `server.py`, or goes to one that runs, and first sends a lone visitor, whose figures the rest
is compared with. Then the visitors arrive: real sessions of the server without a screen
(`benchmarks/visitor.py`), and beside them real Chromium with a mouse. Each draws digits, looks at
the answer, clears; now and then asks why, undoes, corrects and takes it back, or looks at another
page. Every answer is compared with what the network says of that drawing, down to the frame that
it saw. Ends with 1 if the 95th percentile from pen-up to answer is a second or more, if anything
went wrong, or if the server's memory grew after the first minute.
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
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from websockets.exceptions import WebSocketException

from benchmarks.latency import COMPONENT_WAIT, UNTIL_SHOWN
from benchmarks.page import ONE, SEVEN, chromium, draw, ready_to_draw, running_app
from benchmarks.visitor import Said, VisitError, Visitor, expected, stroke_by_stroke, visiting
from model.reading.recognizer import Recognizer

LONGEST = 1000  # ms from pen-up to the answer, at the 95th percentile: what was promised
# The allocator's free lists and Python's own never fall back to where they were; 16 MB is a
# sixth of a megabyte a visitor, and a leak of one drawing's page an answer would pass it in
# ten minutes twenty times over.
ALLOWED_GROWTH = 16  # MB, from the first minute to the end
FIRST_MINUTE = 60  # seconds
ARRIVAL = 20  # seconds in which all arrive; a class that is told "now" takes longer
NUM_DRAWINGS = 300  # made before the load begins; each visitor begins at another
# A stroke of a digit takes about half a second and so does the way to the next one; after the
# last one a person reads the answer, compares the bars and decides what to draw next.
STROKE = (0.5, 1.0)  # seconds
THOUGHT = (3.0, 8.0)  # seconds
WHY, CORRECTION, UNDO, PAGE = 0.1, 0.05, 0.1, 0.05  # how often, of all drawings
PAGES = ("Keyboard", "Lab", "Test set", "Dashboard")
# As the Dockerfile has it: threads that take memory from many places leave some behind in each.
AS_DEPLOYED = {"MALLOC_ARENA_MAX": "1"}
NUM_ALONE = 20  # drawings of the lone visitor
SAMPLE_EVERY = 5  # seconds between two looks at the memory


@dataclass
class Tally:
    """What was measured.

    Attributes:
        answers: Milliseconds from sending to the answer.
        opened: Milliseconds to open a page.
        shown: Milliseconds from pen-up to the answer, in real browsers.
        acts: How often each other thing was done.
        errors: What went wrong, and how often.
    """

    answers: list[float] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)
    shown: list[float] = field(default_factory=list)
    acts: Counter = field(default_factory=Counter)
    errors: Counter = field(default_factory=Counter)


Drawing = list[tuple[dict, Said]]  # after each stroke: what is sent, what must be said


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
        tally, alone, watch = asyncio.run(run(address, server, drawings, options))
    return report(tally, alone, watch, options)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--visitors", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--browsers", type=int, default=2, help="real ones beside the visitors")
    parser.add_argument("--address", help="of an app that runs; default: one is started")
    parser.add_argument("--process", type=int, help="its number, for memory and processor time")
    parser.add_argument(
        "--thought",
        nargs=2,
        type=float,
        default=THOUGHT,
        help="shortest and longest pause after an answer, seconds",
    )
    return parser.parse_args()


def prepare(num: int) -> list[Drawing]:
    """Drawings with what must be said of them; numbers of several digits are left out."""
    recognizer, rng = Recognizer.load(), np.random.default_rng(0)
    drawings: list[Drawing] = []
    for digit in itertools.cycle(range(10)):
        steps = stroke_by_stroke(digit, rng)
        said = [expected(step, recognizer) for step in steps]
        if None not in said:
            drawings.append(list(zip(steps, said, strict=True)))
        if len(drawings) == num:
            return drawings


async def run(
    address: str, server: psutil.Process | None, drawings: list[Drawing], options
) -> tuple[Tally, Tally, "Watch"]:
    """The lone visitor, then all; what both met, and what the server took meanwhile."""
    alone, tally = Tally(), Tally()
    async with visiting(address) as visitor:
        for page in (*PAGES, "Draw"):  # what is loaded once is no one's wait
            await visitor.open(page)
        before = Watch(server)
        for drawing in drawings[:NUM_ALONE]:
            await draw_and_look(visitor, drawing, alone, thought=(0.2, 0.2))
        before.close()
        alone.acts["ms of the server"] = 1000 * before.seconds[1]
    watch, end = Watch(server), time.monotonic() + 60 * options.minutes
    browsers = Browsers(address, options.browsers, 60 * options.minutes)
    async with asyncio.TaskGroup() as group:
        for number in range(options.visitors):
            group.create_task(
                visit(address, number, drawings, tally, end, options), name=f"visitor {number}"
            )
        group.create_task(watch.look_until(end))
    watch.close()
    browsers.collect(tally)
    return tally, alone, watch


async def visit(
    address: str, number: int, drawings: list[Drawing], tally: Tally, end: float, options
) -> None:
    """One visitor, from arrival to the end; one that fails is counted and comes again."""
    rng = np.random.default_rng(number)
    await asyncio.sleep(ARRIVAL * number / options.visitors)
    mine = itertools.cycle(range(len(drawings)))
    mine = itertools.islice(mine, number * len(drawings) // options.visitors, None)
    while time.monotonic() < end:
        try:
            started = time.perf_counter()
            async with visiting(address) as visitor:
                tally.opened.append(1000 * (time.perf_counter() - started))
                while time.monotonic() < end:
                    drawing = drawings[next(mine)]
                    await draw_and_look(visitor, drawing, tally, options.thought, rng)
        except (VisitError, WebSocketException, OSError) as error:
            tally.errors[f"{type(error).__name__}: {error}"] += 1
            await asyncio.sleep(1)  # as a browser waits before it connects again


async def draw_and_look(
    visitor: Visitor,
    drawing: Drawing,
    tally: Tally,
    thought: tuple[float, float],
    rng: np.random.Generator | None = None,
) -> None:
    """Draws a digit, looks at the answer, does what else comes to mind, and clears.

    Args:
        visitor: Who.
        drawing: What.
        tally: Where to note it.
        thought: Shortest and longest look at the answer, seconds.
        rng: Of what comes to mind and of the pace; `None` for nothing else, without pause.
    """
    for step, must in drawing:
        if rng is not None:
            await asyncio.sleep(rng.uniform(*STROKE))
        said = await visitor.draw(step)
        tally.answers.append(1000 * visitor.seconds)
        if said != must:
            tally.errors[_difference(said, must)] += 1
    await asyncio.sleep(thought[0] if rng is None else rng.uniform(*thought))
    if rng is not None and must.prediction:
        await do_more(visitor, drawing, tally, rng)
    if visitor.can_press("Clear"):
        await visitor.press("Clear")
    if visitor.said() != Said():
        tally.errors["an answer to a cleared canvas"] += 1


async def do_more(
    visitor: Visitor, drawing: Drawing, tally: Tally, rng: np.random.Generator
) -> None:
    """Now and then: why, a correction and its undoing, another page, undo."""
    must = drawing[-1][1]
    if rng.random() < WHY:
        tally.acts["why"] += 1
        await visitor.turn("Why", True)
        if not any("speaks for" in text for text in visitor.texts()):
            tally.errors["no word on why"] += 1
        await visitor.turn("Why", False)
    if rng.random() < CORRECTION and visitor.can_press("it-is-7"):
        tally.acts["corrections"] += 1
        label = int(rng.integers(10))
        await visitor.press(f"it-is-{label}")
        if f"Kept: this is a {label}." not in visitor.texts():
            tally.errors["a correction was not kept"] += 1
        await visitor.press("not-kept")
    if any(text.startswith("Kept") for text in visitor.texts()):
        tally.errors["someone else's correction is shown"] += 1
    if rng.random() < PAGE:
        tally.acts["pages"] += 1
        started = time.perf_counter()
        await visitor.open(PAGES[rng.integers(len(PAGES))])
        tally.opened.append(1000 * (time.perf_counter() - started))
        await visitor.open("Draw")
        if visitor.said() != must:
            tally.errors["back from a page: " + _difference(visitor.said(), must)] += 1
    if rng.random() < UNDO:
        tally.acts["undone strokes"] += 1
        await visitor.press("Undo")
        must = drawing[-2][1] if len(drawing) > 1 else Said()
        if visitor.said() != must:
            tally.errors["undone: " + _difference(visitor.said(), must)] += 1


def _difference(said: Said, must: Said) -> str:
    if said.picture != must.picture:
        return "the answer to another drawing"
    return f"said {said.prediction!r}, {said.sure}; not {must.prediction!r}, {must.sure}"


class Watch:
    """The server's memory and who used the processor, from now on.

    Attributes:
        memory: Seconds since the beginning, and MB of the server then.
        seconds: Of the clock; and processor time of the server, of this process, and of all else
            on the machine. Empty until closed.
    """

    def __init__(self, server: psutil.Process | None):
        self.server = server
        self.memory: list[tuple[float, float]] = []
        self._started = time.monotonic()
        self._before = self._processor()
        self.seconds: tuple[float, ...] = ()

    async def look_until(self, end: float) -> None:
        """Looks at the memory every few seconds."""
        while self.server and time.monotonic() < end:
            megabytes = self.server.memory_info().rss / 1e6
            self.memory.append((time.monotonic() - self._started, megabytes))
            await asyncio.sleep(SAMPLE_EVERY)

    def close(self) -> None:
        """Ends the measurement of processor time."""
        spent = (b - a for a, b in zip(self._before, self._processor(), strict=True))
        self.seconds = (time.monotonic() - self._started, *spent)

    def _processor(self) -> tuple[float, float, float]:
        """Processor seconds so far: the server's, this process', all else of this machine."""
        server = sum(self.server.cpu_times()[:2]) if self.server else 0.0
        own, all_cores = time.process_time(), psutil.cpu_times()
        return server, own, sum(all_cores) - all_cores.idle - all_cores.iowait - server - own


class Browsers:
    """Real browsers, each a process of its own: this one has a hundred visitors to serve."""

    def __init__(self, address: str, num: int, seconds: float):
        context = multiprocessing.get_context("spawn")
        self._results = context.Queue()
        self._processes = [
            context.Process(target=_browse, args=(address, seconds, self._results))
            for _ in range(num)
        ]
        for process in self._processes:
            process.start()

    def collect(self, tally: Tally) -> None:
        """Waits for them and adds what they met."""
        for _ in self._processes:
            times, errors = self._results.get(timeout=2 * FIRST_MINUTE)
            tally.shown += times
            tally.errors.update(errors)
        for process in self._processes:
            process.join()


def _browse(address: str, seconds: float, results) -> None:
    """Draws sevens and ones with the mouse; milliseconds from pen-up to the answer on screen."""
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
                page.get_by_text("There is no digit yet").wait_for()
    except Exception as error:  # whatever it is, the browser saw it
        errors.append(f"in a browser: {type(error).__name__}: {error}")
    results.put((times, errors))


def report(tally: Tally, alone: Tally, watch: Watch, options) -> int:
    """Prints the figures; 1 if a promise is broken."""
    broken = []
    clock, _, of_load, of_others = watch.seconds
    print(f"{options.visitors} visitors and {options.browsers} browsers, {clock:.0f} s")
    print(f"{len(tally.answers):,} answers, {len(tally.answers) / clock:.1f} a second; ", end="")
    print(", ".join(f"{num} {what}" for what, num in sorted(tally.acts.items())))
    print(f"\n{'from sending to the answer, ms':<36}{'alone':>9}{'all':>9}{'ratio':>8}")
    rows = zip(
        ("median", "95th percentile", "99th percentile", "worst"),
        *(percentiles(each.answers) for each in (alone, tally)),
        strict=True,
    )
    for name, a, b in rows:
        print(f"{name:<36}{a:9.0f}{b:9.0f}{b / a:8.1f}")
    felt = percentiles(tally.answers)[1] + COMPONENT_WAIT
    print(f"from pen-up, with the canvas' own wait of {COMPONENT_WAIT} ms: 95th {felt:.0f} ms")
    if felt >= LONGEST:
        broken.append(f"95 of 100 answers take up to {felt:.0f} ms, not below {LONGEST}")
    for name, times in (("on screen, real browsers", tally.shown), ("page opened", tally.opened)):
        if times:
            middle, high, *_, worst = percentiles(times)
            print(f"{name}, ms: median {middle:.0f}, 95th {high:.0f}, worst {worst:.0f}")
    if tally.shown and percentiles(tally.shown)[1] >= LONGEST:
        broken.append("real browsers wait longer")
    if watch.server:
        broken += report_costs(tally, alone, watch, options)
    print(f"processor, this script: {of_load / clock:.0%} of a core; all else on this machine,")
    print(f"  the browsers among it: {of_others / clock:.0%} of {psutil.cpu_count() * 100}%")
    for what, num in tally.errors.most_common(10):
        print(f"error, {num} times: {what}")
    if tally.errors:
        broken.append(f"{tally.errors.total()} errors")
    print("\n" + ("; ".join(broken) if broken else "All promises kept."))
    return 1 if broken else 0


def report_costs(tally: Tally, alone: Tally, watch: Watch, options) -> list[str]:
    """Memory and processor time of the server; what was promised of them and broken."""
    clock, of_server, *_ = watch.seconds
    each = 1000 * of_server / max(len(tally.answers), 1)
    lone = alone.acts["ms of the server"] / len(alone.answers)
    print(f"processor, server: {of_server / clock:.0%} of a core, {each:.0f} ms an answer with all")
    print(f"  that belongs to it; {lone:.0f} ms for the lone visitor")
    first, last = watch.memory[0][1], watch.memory[-1][1]
    after = [megabytes for seconds, megabytes in watch.memory if seconds >= FIRST_MINUTE]
    print(f"memory, server: {first:.0f} MB before, {last:.0f} MB at the end, ", end="")
    sessions = options.visitors + options.browsers
    if not after:
        print("too short a run to say whether it grows")
        return []
    print(f"{after[0]:.0f} MB after a minute: {(after[0] - first) / sessions:.2f} MB a session")
    minutes = itertools.groupby(watch.memory, lambda sample: int(sample[0] // 60))
    middles = [f"{np.median([size for _, size in samples]):.0f}" for _, samples in minutes]
    print(f"  its median in each minute, MB: {' '.join(middles)}")
    growth = last - after[0]
    print(f"  growth after the first minute {growth:+.1f} MB, allowed {ALLOWED_GROWTH}")
    return [f"memory grew by {growth:.1f} MB"] if growth > ALLOWED_GROWTH else []


def percentiles(times: list[float]) -> tuple[float, float, float, float]:
    """Median, 95th, 99th, worst."""
    return tuple(np.percentile(times or [0], (50, 95, 99, 100)))


if __name__ == "__main__":
    sys.exit(main())
