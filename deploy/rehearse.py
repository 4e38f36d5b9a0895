"""Builds the image, runs two replicas behind nginx and kills one: `python -m deploy.rehearse`

It prints the size of the image, how soon a replica is healthy and the memory that it takes, runs
the browser tests through nginx, and kills replicas while visitors draw. It ends with status 1 if
anything fails, and takes four minutes. It needs Docker or Podman, nginx and Chromium.
"""

import argparse
import contextlib
import io
import os
import subprocess  # runs the browser tests  # nosec B404
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from benchmarks.page import ONE, chromium, draw, expect_prediction, places, ready_to_draw, visit
from benchmarks.sheets import sheet
from deploy import proxy
from deploy.engine import ROOT, Container, Engine, EngineError, find_engine

COOKIE = "digitpad_replica"  # deploy/nginx.conf names the replica in it
# The browser tests for a desktop; those for a phone take as long again. Replicas can't train.
TESTS = "page0 and not run_is_started"
BETWEEN_REQUESTS = 0.05  # seconds
LEFT, RIGHT = ((80, 60), (80, 220)), ((200, 60), (200, 220))  # two strokes, each reads as 1


@dataclass(frozen=True)
class Site:
    """nginx and the replicas behind it.

    Attributes:
        address: Of nginx.
        replicas: The containers by the name that the cookie has, "a" and "b".
        seconds: How long each took from its start until it was healthy.
    """

    address: str
    replicas: dict[str, Container]
    seconds: dict[str, float]


@contextlib.contextmanager
def running_site(engine: Engine) -> Iterator[Site]:
    """Runs two replicas of the image behind nginx with `deploy/nginx.conf`."""
    *ports, own = proxy.free_ports(3)
    with contextlib.ExitStack() as stack:
        replicas, seconds = {}, {}
        for name, port in zip(("a", "b"), ports, strict=True):
            # MNIST is not downloaded, and the browser tests look at the corrections.
            settings = {"DIGITPAD_DATA": "/nowhere", "DIGITPAD_CORRECTIONS_PAGE": "on"}
            before = time.monotonic()
            replicas[name] = stack.enter_context(engine.run(port, **settings))
            replicas[name].wait_until_healthy()
            seconds[name] = time.monotonic() - before
        stack.enter_context(proxy.nginx(proxy.two_replicas(*ports, own)))
        yield Site(f"http://127.0.0.1:{own}", replicas, seconds)


def check(claim: str, is_so: bool) -> None:
    """Raises an error unless a claim holds.

    Raises:
        RuntimeError: If it doesn't.
    """
    if not is_so:
        raise RuntimeError(f"This is not so: {claim}.")


class Requests(threading.Thread):
    """Sends requests to nginx as a visitor of one replica, and counts those that fail."""

    def __init__(self, address: str, replica: str):
        super().__init__(daemon=True)
        self.num = self.num_failed = 0
        self.slowest = 0.0  # seconds
        self._address, self._cookie = address, f"{COOKIE}={replica}"
        self._end = threading.Event()

    def run(self) -> None:
        while not self._end.wait(BETWEEN_REQUESTS):
            before = time.monotonic()
            status, _ = proxy.request(f"{self._address}/_stcore/health", self._cookie)
            self.num += 1
            self.num_failed += status != 200
            self.slowest = max(self.slowest, time.monotonic() - before)

    def end(self) -> None:
        self._end.set()
        self.join()


def replica_of(page) -> str:
    """The replica that a visitor's cookie names."""
    return {each["name"]: each["value"] for each in page.context.cookies()}.get(COOKIE, "")


def visitor(browser, address: str, replica: str):
    """Opens the Draw page for a new visitor of a replica."""
    context = browser.new_context()
    context.add_cookies([{"name": COOKIE, "value": replica, "url": address}])
    page = context.new_page()
    page.goto(address)
    ready_to_draw(page)
    return page


def wait_for_move(page, replica: str) -> float:
    """Waits until a visitor's page is connected to another replica; returns the seconds."""
    at_rest = '[data-test-connection-state="CONNECTED"][data-test-script-state="notRunning"]'
    app = page.locator(f'[data-testid="stApp"]{at_rest}')
    return proxy.wait_until(
        lambda: replica_of(page) == replica and app.count() == 1, f"the move to replica {replica}"
    )


def upload_photo(page) -> None:
    """Uploads a picture of six digits to the page Paper and waits until it is shown."""
    page.get_by_text("Choose pictures of handwritten numbers").wait_for()
    buffer = io.BytesIO()
    Image.fromarray(sheet(seed=8)).save(buffer, "PNG")
    picture = {"name": "sheet.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    page.locator("input[type=file]").set_input_files(picture)
    page.locator("button.box").first.wait_for()


def restart(site: Site, name: str) -> float:
    """Starts a killed replica; returns the seconds until nginx sends it new visitors."""
    site.replicas[name].start()

    def is_back() -> bool:
        cookie = proxy.request(site.address)[1].get("Set-Cookie") or ""
        return cookie.startswith(f"{COOKIE}={name}")

    return proxy.wait_until(is_back, f"the return of replica {name}")


def lose_replicas(site: Site, browser) -> str:
    """Kills replicas while visitors draw, and checks that they continue with the other one.

    Args:
        site: Its replicas are both running again afterwards.
        browser: Playwright's `Browser`, for the visitors.

    Returns:
        A sentence with the figures.

    Raises:
        RuntimeError: If a request fails, or a visitor can't continue.
    """
    senders = [Requests(site.address, name) for name in ("", *site.replicas)]
    for each in senders:
        each.start()
    first, second = site.replicas
    page, other_page = (visitor(browser, site.address, name) for name in (first, second))
    for each in (page, other_page):
        draw(each, LEFT)
        expect_prediction(each, "1")

    # The replica is killed in the middle of a stroke: both strokes are read by the other one.
    (x, top), (_, bottom) = places(page, RIGHT)
    page.mouse.move(x, top)
    page.mouse.down()
    page.mouse.move(x, (top + bottom) / 2, steps=5)
    site.replicas[first].kill()
    page.mouse.move(x, bottom, steps=5)
    page.mouse.up()
    moved = wait_for_move(page, second)
    expect_prediction(page, "11")
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("Draw a digit here").first.wait_for()
    ready_to_draw(page)
    draw(page, ONE)
    expect_prediction(page, "1")
    draw(other_page, RIGHT)
    expect_prediction(other_page, "11")

    # The killed replica returns; a visitor who moved stays.
    back = restart(site, first)
    visit(page, "Paper")
    upload_photo(page)
    check("a visitor who moved stays", replica_of(page) == second)

    # The other one is killed: the page asks for the photo again without a click.
    site.replicas[second].kill()
    wait_for_move(page, first)
    page.get_by_text("Choose pictures of handwritten numbers").wait_for()
    restart(site, second)

    # The replica of a page where nobody draws is killed: its drawing stays,
    # and the next stroke is read with it.
    visitor(browser, site.address, second).context.close()  # the replica loads its modules
    visit(page, "Draw")
    ready_to_draw(page)
    draw(page, LEFT)
    expect_prediction(page, "1")
    site.replicas[first].kill()
    wait_for_move(page, second)
    page.wait_for_timeout(1000)  # the new session's first run; nobody draws sooner
    draw(page, RIGHT)
    expect_prediction(page, "11")
    restart(site, first)
    for each in (page, other_page):
        check("no error is shown", each.get_by_test_id("stException").count() == 0)
    for each in senders:
        each.end()
    num, num_failed = (
        sum(values) for values in zip(*((s.num, s.num_failed) for s in senders), strict=True)
    )
    slowest = max(each.slowest for each in senders)
    text = f"{num} requests, {num_failed} failed, the slowest took {slowest:.2f} s"
    check(f"no request fails: {text}", num_failed == 0)
    return f"back after {moved:.1f} s, new visitors {back:.1f} s after the restart; {text}"


def run_browser_tests(address: str, expression: str) -> str:
    """Runs the browser tests through nginx; returns pytest's last line."""
    done = subprocess.run(  # no shell, words of our own  # nosec B603
        [sys.executable, "-m", "pytest", "-q", "tests/ui/browser", "-k", expression],
        cwd=ROOT,
        env={**os.environ, "DIGITPAD_ADDRESS": address},
        stdout=subprocess.PIPE,
        text=True,
    )
    check(f"the browser tests pass\n{done.stdout[-6000:]}", done.returncode == 0)
    return done.stdout.strip().splitlines()[-1].strip("= ")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tests", default=TESTS, help="pytest's -k (default: %(default)s)")
    options = parser.parse_args()
    try:
        with find_engine() as engine:
            before = time.monotonic()
            base = engine.build()
            took, size = time.monotonic() - before, engine.megabytes()
            print(f"{engine.name} built the image in {took:.0f} s")
            print(f"size: {size:.0f} MB, {base:.0f} MB of it the base image", flush=True)
            with running_site(engine) as site:
                for name, each in site.replicas.items():
                    print(f"replica {name}: healthy after {site.seconds[name]:.1f} s,", end=" ")
                    print(f"{each.memory():.0f} MB of memory", flush=True)
                print("browser tests:", run_browser_tests(site.address, options.tests), flush=True)
                for name, each in site.replicas.items():
                    print(f"replica {name}: {each.memory():.0f} MB after the tests", flush=True)
                with chromium() as browser:
                    print("after a kill:", lose_replicas(site, browser), flush=True)
                for name, each in site.replicas.items():
                    check("no log has a traceback", "Traceback" not in each.log())
                    print(f"replica {name}: stopped in {each.stop():.1f} s")
    except (EngineError, RuntimeError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
