"""Measures the visitors and the server of `benchmarks.load`, and prints the result."""

import asyncio
import itertools
import time
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import psutil

MAX_WAIT = 1000  # ms from pen-up to the answer, at the 95th percentile
# Freed memory stays in the allocator's and Python's free lists. 16 MB is a sixth of a megabyte a
# visitor; a leak of one page for each answer would be twenty times that in ten minutes.
MAX_GROWTH = 16  # MB, from the first minute to the end
FIRST_MINUTE = 60  # seconds
SAMPLE_EVERY = 5  # seconds between two samples of the memory


@dataclass
class Measurements:
    """Times, actions and errors of visitors.

    Attributes:
        answers: Milliseconds from sending to the answer.
        opened: Milliseconds to open a page.
        shown: Milliseconds from pen-up to the answer, in real browsers.
        actions: How often each other action was done.
        errors: Each error, and how often it happened.
    """

    answers: list[float] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)
    shown: list[float] = field(default_factory=list)
    actions: Counter = field(default_factory=Counter)
    errors: Counter = field(default_factory=Counter)


class ServerMonitor:
    """Measures the server's memory and the processor time of all, from its creation.

    Attributes:
        memory: Samples: seconds since the beginning, and the server's MB.
        seconds: Wall time; processor time of the server, of this process, of everything else.
            Empty until `close`.
    """

    def __init__(self, server: psutil.Process | None):
        self.server = server
        self.memory: list[tuple[float, float]] = []
        self._started = time.monotonic()
        self._before = self._processor()
        self.seconds: tuple[float, ...] = ()

    async def sample_until(self, end: float) -> None:
        """Samples the memory every few seconds."""
        while self.server and time.monotonic() < end:
            megabytes = self.server.memory_info().rss / 1e6
            self.memory.append((time.monotonic() - self._started, megabytes))
            await asyncio.sleep(SAMPLE_EVERY)

    def close(self) -> None:
        """Ends the measurement of processor time."""
        spent = (b - a for a, b in zip(self._before, self._processor(), strict=True))
        self.seconds = (time.monotonic() - self._started, *spent)

    def _processor(self) -> tuple[float, float, float]:
        """Processor seconds so far: of the server, this process, everything else."""
        server = sum(self.server.cpu_times()[:2]) if self.server else 0.0
        own, all_cores = time.process_time(), psutil.cpu_times()
        return server, own, sum(all_cores) - all_cores.idle - all_cores.iowait - server - own


def report(measured: Measurements, baseline: Measurements, monitor: ServerMonitor, options) -> int:
    """Prints the measurements; returns 1 if a limit is broken."""
    broken = []
    clock, _, of_load, of_others = monitor.seconds
    print(f"{options.visitors} visitors and {options.browsers} browsers, {clock:.0f} s")
    print(
        f"{len(measured.answers):,} answers, {len(measured.answers) / clock:.1f} a second; ", end=""
    )
    print(", ".join(f"{num} {what}" for what, num in sorted(measured.actions.items())))
    print(f"\n{'from pen-up to the answer, ms':<36}{'baseline':>9}{'all':>9}{'ratio':>8}")
    rows = zip(
        ("median", "95th percentile", "99th percentile", "worst"),
        *(percentiles(each.answers) for each in (baseline, measured)),
        strict=True,
    )
    for name, a, b in rows:
        print(f"{name:<36}{a:9.0f}{b:9.0f}{b / a:8.1f}")
    felt = percentiles(measured.answers)[1]
    if felt >= MAX_WAIT:
        broken.append(f"95 of 100 answers take up to {felt:.0f} ms, not below {MAX_WAIT}")
    for name, times in (
        ("on screen, real browsers", measured.shown),
        ("page opened", measured.opened),
    ):
        if times:
            middle, high, *_, worst = percentiles(times)
            print(f"{name}, ms: median {middle:.0f}, 95th {high:.0f}, worst {worst:.0f}")
    if measured.shown and percentiles(measured.shown)[1] >= MAX_WAIT:
        broken.append("real browsers wait longer")
    if monitor.server:
        broken += report_costs(measured, baseline, monitor, options)
    print(f"processor, this script: {of_load / clock:.0%} of a core; all else on this machine,")
    print(f"  the browsers among it: {of_others / clock:.0%} of {psutil.cpu_count() * 100}%")
    for what, num in measured.errors.most_common(10):
        print(f"error, {num} times: {what}")
    if measured.errors:
        broken.append(f"{measured.errors.total()} errors")
    print("\n" + ("; ".join(broken) if broken else "All limits kept."))
    return 1 if broken else 0


def report_costs(
    measured: Measurements, baseline: Measurements, monitor: ServerMonitor, options
) -> list[str]:
    """Prints memory and processor time of the server; returns the broken limits."""
    clock, of_server, *_ = monitor.seconds
    each = 1000 * of_server / max(len(measured.answers), 1)
    lone = baseline.actions["ms of the server"] / len(baseline.answers)
    print(f"processor, server: {of_server / clock:.0%} of a core, {each:.0f} ms an answer with all")
    print(f"  that belongs to it; {lone:.0f} ms for the lone visitor")
    first, last = monitor.memory[0][1], monitor.memory[-1][1]
    after = [megabytes for seconds, megabytes in monitor.memory if seconds >= FIRST_MINUTE]
    print(f"memory, server: {first:.0f} MB before, {last:.0f} MB at the end, ", end="")
    sessions = options.visitors + options.browsers
    if not after:
        print("too short a run to say whether it grows")
        return []
    print(f"{after[0]:.0f} MB after a minute: {(after[0] - first) / sessions:.2f} MB a session")
    minutes = itertools.groupby(monitor.memory, lambda sample: int(sample[0] // 60))
    middles = [f"{np.median([size for _, size in samples]):.0f}" for _, samples in minutes]
    print(f"  its median in each minute, MB: {' '.join(middles)}")
    growth = last - after[0]
    print(f"  growth after the first minute {growth:+.1f} MB, allowed {MAX_GROWTH}")
    return [f"memory grew by {growth:.1f} MB"] if growth > MAX_GROWTH else []


def percentiles(times: list[float]) -> tuple[float, float, float, float]:
    """Median, 95th, 99th, worst."""
    return tuple(np.percentile(times or [0], (50, 95, 99, 100)))
