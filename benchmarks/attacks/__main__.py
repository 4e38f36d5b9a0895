"""Attacks a server and measures whether an honest visitor notices.

    python -m benchmarks.attacks [--behind bare nginx] [--only NAME ...] [--seconds 10]

Starts `server.py` on this machine, once directly and once behind nginx, and runs each attack of
this folder against it from a process of its own. Meanwhile a visitor draws, and
the server's health is asked for. Prints for each attack the memory added to the server and its
helper processes, the longest wait for the health answer, the longest wait for a drawing's answer
and the bytes logged in a second. Exits with 1 if a row is over its bounds: 200 MB, 2 s, 2 s,
100 kB. A full disk is tried in `tests/ops/test_faults.py`, which mounts one.
"""

import argparse
import asyncio
import contextlib
import json
import os
import subprocess  # each attack is a process  # nosec B404
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from benchmarks.attacks.by_file import seven
from benchmarks.attacks.client import PASSWORD, post
from benchmarks.attacks.run_one import ATTACKS
from benchmarks.page import ROOT, running_app
from benchmarks.visitor import VisitError, stroke_by_stroke, visiting
from deploy import proxy

MEGABYTES, SECONDS, LOGGED = 200, 2.0, 100_000  # the bounds of a row
BETWEEN_DRAWINGS = 1.5  # seconds; a person needs longer
SETTLE = 1.0  # seconds before and after an attack
RESTART = 100  # MB left behind by an attack, after which the server starts anew
ENDED_LATE = 30  # seconds that an attack may take longer than it was asked to


@dataclass
class Server:
    """A running server.

    Attributes:
        address: Where visitors reach it.
        process: The server's own.
        log: Its log file.
    """

    address: str
    process: psutil.Process
    log: Path

    def memory(self) -> float:
        """The memory of the server and its helper processes in MB, shared parts counted once."""
        total = 0
        for process in (self.process, *self.process.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                total += process.memory_full_info().pss
        return total / 1e6


@dataclass
class Watch:
    """What an honest visitor and the operator see during an attack.

    Attributes:
        memory: The most, MB.
        health: The longest wait for the health answer, seconds.
        drawing: The longest wait for a drawing's answer, seconds.
        num_drawings: How many were answered.
    """

    server: Server
    memory: float = 0.0
    health: float = 0.0
    drawing: float = 0.0
    num_drawings: int = 0
    _end: threading.Event = field(default_factory=threading.Event)

    def _ask_for_health(self) -> None:
        while not self._end.is_set():
            before = time.monotonic()
            with contextlib.suppress(OSError):
                address = f"{self.server.address}/_stcore/health"
                urllib.request.urlopen(address, timeout=60).read()  # our own http  # nosec B310
            self.health = max(self.health, time.monotonic() - before)
            time.sleep(0.1)

    def _sample_memory(self) -> None:
        while not self._end.is_set():
            self.memory = max(self.memory, self.server.memory())
            time.sleep(0.1)

    async def _draw(self) -> None:
        rng = np.random.default_rng(0)
        async with visiting(self.server.address) as visitor:
            while not self._end.is_set():
                before = time.monotonic()
                try:
                    await visitor.draw(stroke_by_stroke(int(rng.integers(10)), rng)[-1])
                    self.num_drawings += 1
                except VisitError:
                    self.drawing = float("inf")
                self.drawing = max(self.drawing, time.monotonic() - before)
                await asyncio.sleep(BETWEEN_DRAWINGS)

    def _draw_until_end(self) -> None:
        try:
            asyncio.run(self._draw())
        except Exception as error:  # a connection that ended, for example
            print(f"  the visitor was cut off: {error!r}", file=sys.stderr)
            self.drawing = float("inf")

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Watches during the block."""
        jobs = (self._ask_for_health, self._sample_memory, self._draw_until_end)
        threads = [threading.Thread(target=job, daemon=True) for job in jobs]
        for thread in threads:
            thread.start()
        time.sleep(SETTLE)
        yield
        time.sleep(SETTLE)
        self._end.set()
        for thread in threads:
            thread.join(60)


@contextlib.contextmanager
def running_server(is_behind_nginx: bool) -> Iterator[Server]:
    """Runs a server with a password and its own file of corrections."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        log = stack.enter_context((folder / "log.txt").open("w"))
        settings = {
            "DIGITPAD_PASSWORD": PASSWORD,
            "DIGITPAD_CORRECTIONS": str(folder / "corrections.sqlite3"),
            "MALLOC_ARENA_MAX": "1",  # as in the Dockerfile
        }
        address, pid = stack.enter_context(running_app(log, script="server.py", **settings))
        if is_behind_nginx:
            port = int(address.rpartition(":")[2])
            # The second replica is down: all visitors reach the first one.
            other, own = proxy.free_ports(2)
            stack.enter_context(proxy.nginx(proxy.two_replicas(port, other, own)))
            address = f"http://127.0.0.1:{own}"
        server = Server(address, psutil.Process(pid), folder / "log.txt")
        asyncio.run(warm_up(server))
        yield server


async def warm_up(server: Server) -> None:
    """Draws and has a picture read, after which the server has loaded all that it needs."""
    async with visiting(server.address) as visitor:
        await visitor.draw(stroke_by_stroke(7, np.random.default_rng(0))[-1])
    await post(server.address, "/api/predict", seven(), "image/png")


def attack(name: str, address: str, seconds: float) -> dict[str, str]:
    """Runs an attack in a process of its own; returns what it prints."""
    try:
        done = subprocess.run(  # fixed arguments, no shell  # nosec B603
            [sys.executable, "-m", "benchmarks.attacks.run_one", name, address, str(seconds)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            timeout=seconds + ENDED_LATE,
            preexec_fn=lambda: os.nice(10),  # the server's cores are not the attacker's
        )
        return json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        return {"failed": "it did not end"}
    except IndexError:
        return {"failed": "it died"}


def run(name: str, server: Server, seconds: float) -> bool:
    """Runs one attack and prints its row; returns whether it stayed within the bounds."""
    before, logged = server.memory(), server.log.stat().st_size
    watch = Watch(server)
    with watch.running():
        result = attack(name, server.address, seconds)
    added = watch.memory - before
    logged = (server.log.stat().st_size - logged) / seconds
    failed = result.get("failed", "")
    is_within = added <= MEGABYTES and watch.health <= SECONDS and watch.drawing <= SECONDS
    is_ok = is_within and logged <= LOGGED and not failed and watch.num_drawings > 0
    print(
        f"{name:24} {added:+7.0f} MB {watch.health:7.2f} s {watch.drawing:7.2f} s "
        f"{logged / 1000:8.1f} kB/s  {'ok' if is_ok else 'OVER'}  {failed or result['note']}",
        flush=True,
    )
    return is_ok


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--behind", nargs="+", choices=("bare", "nginx"), default=["bare", "nginx"])
    parser.add_argument("--only", nargs="+", choices=ATTACKS, default=list(ATTACKS))
    parser.add_argument("--seconds", type=float, default=10, help="of each attack")
    options = parser.parse_args()
    is_ok = True
    for place in options.behind:
        print(f"\n{place:24} {'memory':>10} {'health':>9} {'drawing':>9} {'log':>13}")
        names = list(options.only)
        while names:
            with running_server(place == "nginx") as server:
                start = server.memory()
                while names:
                    is_ok &= run(names.pop(0), server, options.seconds)
                    if server.memory() > start + RESTART:
                        break
    return 0 if is_ok else 1


if __name__ == "__main__":
    sys.exit(main())
