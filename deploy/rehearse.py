"""Carries out what `Dockerfile` and `compose.yaml` say, without Docker, and tries what comes out.

    python -m deploy.rehearse

builds the image's folders by the Dockerfile's own instructions, starts two replicas as its user
with a read-only root file system and no rights, and nginx with `deploy/nginx.conf` before them.
Chromium then goes through it: the browser tests, a replica killed under a visitor's pen, a path
below another site's, and Community Cloud's entry. It takes five minutes or so, and needs Linux,
root, nginx, binutils and Chromium. It ends with 1 if anything is not as it should be.
"""

import argparse
import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess  # servers, proxy and tests are processes  # nosec B404
import sys
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.page import ONE, SEVEN, chromium, draw, expect_prediction, ready_to_draw
from deploy import dockerfile

ROOT = dockerfile.ROOT
FOLDERS = ("venv", "app", "build", "data")  # of the image's root that the Dockerfile writes to
BASE_MB = 124.85  # python:3.11.16-slim-trixie on disk, x86-64; docker-library/repo-info
MOST_MB = 600  # for the image, unpacked
ABSENT = {"keras", "scikit-learn", "scipy", "tensorflow", "pip"}  # from the environment
START_TIMEOUT = 60  # seconds
NGINX_USER = 101  # as in compose.yaml
TMPFS = "256m"  # as in compose.yaml
BETWEEN_ASKING = 0.05  # seconds
# On a desktop; `not a_run_is_started` takes a phone's as well, in twice the time. That one needs a
# server that may train.
TESTS = "page0 and not a_run_is_started"


@dataclass
class Report:
    """What was found: a table, and whether all is well."""

    rows: list[tuple[str, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def tell(self, what: str, value: str) -> None:
        """Adds a row and shows it."""
        self.rows.append((what, value))
        print(f"  {what}: {value}", flush=True)

    def check(self, what: str, is_so: bool) -> None:
        """Notes a failure unless it is so."""
        print(f"  {'ok' if is_so else 'FAILED'}: {what}", flush=True)
        if not is_so:
            self.failures.append(what)


@dataclass(frozen=True)
class Image:
    """What `docker build` would make, in a folder.

    Attributes:
        folder: Holds the image's folders `FOLDERS`.
        instructions: The Dockerfile's.
    """

    folder: Path
    instructions: list[dockerfile.Instruction]

    def here(self, text: str) -> str:
        """A text with the image's absolute paths where they lie on this machine."""
        names = "|".join(FOLDERS)
        return re.sub(rf"(?<![\w./-])/({names})\b", rf"{self.folder}/\1", text)

    def environment(self) -> dict[str, str]:
        """The variables of a process in the image; nothing of this machine's."""
        found = dockerfile.environment(self.instructions)
        path = "/usr/local/bin:/usr/bin:/bin"
        return {key: self.here(value).replace("$PATH", path) for key, value in found.items()}

    def command(self, keyword: str) -> list[str]:
        """The command of `CMD` or `HEALTHCHECK`."""
        text = dockerfile.last(self.instructions, keyword)
        return dockerfile.command(self.here(text[text.index("[") :]))

    @property
    def user(self) -> int:
        """The number of the user, who is in the group of the same number."""
        return int(dockerfile.last(self.instructions, "USER").split(":")[0])


def build(folder: Path, python: str) -> Image:
    """Carries out the Dockerfile's instructions.

    Args:
        folder: An empty folder.
        python: The Python that stands for the base image's.

    Raises:
        subprocess.CalledProcessError: If one fails.
    """
    image = Image(folder, dockerfile.instructions((ROOT / "Dockerfile").read_text()))
    tools = folder / "tools"  # what the base image has on its path
    tools.mkdir()
    for name, line in (("python", f"exec {python}"), ("pip", f"exec {sys.executable} -m pip")):
        (tools / name).write_text(f'#!/bin/sh\n{line} "$@"\n')
        (tools / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "HOME": str(tools)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # the base image doesn't set it
    workdir = folder
    for each in image.instructions:
        text = image.here(each.text)
        if each.keyword == "WORKDIR":
            workdir = Path(text)
            workdir.mkdir(exist_ok=True)
        elif each.keyword == "COPY" and not text.startswith("--from="):
            *sources, target = text.split()
            for source in sources:
                copy(source, Path(target))
        elif each.keyword == "RUN" and not text.startswith("apt-get"):
            line = text.replace("--no-cache-dir ", "")  # packages that are here already do
            print(f"  {line[:90]}", flush=True)
            subprocess.run(  # as the Dockerfile says it  # nosec B603 B607
                ["sh", "-ec", line], cwd=workdir, env=environment, check=True
            )
    for path in (folder, folder / "tools"):
        path.chmod(0o755)
    shutil.rmtree(folder / "build")
    return image


def copy(source: str, target: Path) -> None:
    """Copies what `.dockerignore` leaves of a file or a folder to a folder, as `COPY` does."""
    files = dockerfile.files(source)
    if not files:
        raise FileNotFoundError(f"COPY {source}: there is no such file, or it is ignored.")
    is_folder = (ROOT / source).is_dir()
    for path in files:
        place = target / (path.relative_to(source) if is_folder else path.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, place)
        place.chmod(0o644)


def megabytes(folder: Path) -> float:
    """What the files in a folder hold, in MB."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir()) / 1e6


def sandboxed(
    image: Image, command: list[str], user: int, environment: dict[str, str]
) -> list[str]:
    """A command that runs another one as a container would: read-only root, no rights, its user.

    Args:
        image: Where its data folder is: that and a fresh `/tmp` can be written to.
        command: What to run.
        user: Its user and group.
        environment: Its variables; it gets no others.
    """
    data = image.folder / "data"
    variables = [f"{key}={value}" for key, value in environment.items()]
    script = (
        f"mount --bind {data} {data} && mount -o remount,bind,ro / && "
        f"mount -t tmpfs -o size={TMPFS},mode=1777 tmpfs /tmp && cd {image.folder}/app && "
        f"exec setpriv --reuid={user} --regid={user} --clear-groups --no-new-privs "
        f"--bounding-set=-all --inh-caps=-all env -i {shlex.join(variables + command)}"
    )
    return ["unshare", "--mount", "sh", "-ec", script]


class Server:
    """A replica, or nginx: started, watched and stopped."""

    def __init__(self, image: Image, log: Path, command: list[str], user: int, **more: str):
        self.log = log
        self._line = sandboxed(image, command, user, {**image.environment(), **more})
        self.process = None

    def start(self) -> "Server":
        self.log.touch()
        self.log.chmod(0o666)  # nginx opens it once more by its name, as its user
        with self.log.open("a") as log:
            self.process = subprocess.Popen(  # the words are ours  # nosec B603
                self._line, stdout=log, stderr=log
            )
        return self

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> float:
        """Asks it to end; seconds until it did."""
        before = time.monotonic()
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)  # stop_grace_period
            except subprocess.TimeoutExpired:
                self.kill()
        return time.monotonic() - before

    @property
    def memory(self) -> float:
        """What it holds in memory, MB; it is one process."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1e3


def ask(address: str, cookie: str = "", data: bytes | None = None, **headers: str):
    """Status and headers of an answer; status 0 if there was none. With data it is a `PUT`."""
    method = "GET" if data is None else "PUT"
    request = urllib.request.Request(address, data, {"Cookie": cookie, **headers}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # http, our own  # nosec B310
            answer.read()
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.headers
    except OSError:
        return 0, {}


def until(is_so: Callable[[], bool], what: str) -> float:
    """Waits until something is so; seconds that it took.

    Raises:
        TimeoutError: If it never is.
    """
    before = time.monotonic()
    while not is_so():
        if time.monotonic() - before > START_TIMEOUT:
            raise TimeoutError(f"{what} took longer than {START_TIMEOUT} s")
        time.sleep(BETWEEN_ASKING)
    return time.monotonic() - before


def answers(address: str) -> bool:
    """Whether a server says that it is well."""
    return ask(f"{address}/_stcore/health")[0] == 200


def ports(num: int) -> list[int]:
    """Free ports of this machine."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(num)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def configured(a: int, b: int, own: int) -> str:
    """`deploy/nginx.conf` with this machine's addresses and ports in place of compose's."""
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    for name, port in (("app-a:", "8501"), ("app-b:", "8502")):
        text = text.replace(f"{name}{port}", f"127.0.0.1:{port}")
    text = text.replace("listen 8080", f"listen 127.0.0.1:{own}")
    return text.replace(":8501", f":{a}").replace(":8502", f":{b}")


def subpath_configuration(app: int, own: int) -> str:
    """A site that has the app below a path, by the example of `docs/deployment.md`."""
    text = (ROOT / "docs" / "deployment.md").read_text()
    example = re.search(r"```nginx\n(.*?)```", text, re.S)[1].replace("8501", str(app))
    return (
        "pid /tmp/nginx.pid;\nerror_log /dev/stderr warn;\nevents {}\nhttp {\n"
        "include /etc/nginx/mime.types;\naccess_log off;\nclient_body_temp_path /tmp/body;\n"
        "proxy_temp_path /tmp/proxy;\nfastcgi_temp_path /tmp/fastcgi;\nuwsgi_temp_path /tmp/uwsgi;"
        f"\nscgi_temp_path /tmp/scgi;\nserver {{\nlisten 127.0.0.1:{own};\n{example}\n}}\n}}\n"
    )


@contextlib.contextmanager
def nginx(image: Image, name: str, text: str) -> Iterator[Server]:
    """Runs nginx with a configuration, as a user without rights."""
    path = image.folder / f"{name}.conf"
    path.write_text(text)
    line = [shutil.which("nginx") or "nginx", "-c", str(path), "-g", "daemon off;"]
    server = Server(image, image.folder / f"{name}.log", line, NGINX_USER).start()
    try:
        yield server
    finally:
        server.stop()


def replica(image: Image, name: str, port: int, **more: str) -> Server:
    """A server process as the image starts it."""
    more = {"STREAMLIT_SERVER_PORT": str(port), "STREAMLIT_SERVER_ADDRESS": "127.0.0.1", **more}
    # The browser tests look at the corrections.
    more["DIGITPAD_CORRECTIONS_PAGE"] = "on"
    log = image.folder / f"{name}.log"
    return Server(image, log, image.command("CMD"), image.user, **more)


def look_at_image(report: Report, image: Image) -> None:
    """Sizes, and what is not in it."""
    sizes = {name: megabytes(image.folder / name) for name in ("venv", "app")}
    total = BASE_MB + sum(sizes.values())
    report.tell("environment", f"{sizes['venv']:.0f} MB")
    report.tell("app and network", f"{sizes['app']:.1f} MB")
    report.tell("image, with its base of 125 MB", f"{total:.0f} MB")
    report.check(f"the image has less than {MOST_MB} MB", total < MOST_MB)
    script = (
        "from importlib.metadata import distributions as all;"
        "print(*{each.metadata['Name'].lower() for each in all()})"
    )
    line = [image.folder / "venv/bin/python", "-c", script]
    there = subprocess.check_output(line, text=True)  # ours  # nosec B603
    report.check(f"none of {', '.join(sorted(ABSENT))} is in it", not ABSENT & set(there.split()))
    writable = [
        path
        for name in ("venv", "app")
        for path in (image.folder / name).rglob("*")
        if not path.is_symlink() and (path.stat().st_mode & 0o022 or path.stat().st_uid)
    ]
    report.check("all of it is root's, and written by nobody else", not writable)
    elsewhere = Path("/var/tmp")  # it is only tried whether it can be written  # nosec B108
    for what, place in (("app", image.folder / "app"), ("root", elsewhere)):
        line = sandboxed(image, ["touch", f"{place}/written"], image.user, image.environment())
        said = subprocess.run(line, capture_output=True, text=True)  # ours  # nosec B603
        report.check(f"the {what} folder is read-only", "Read-only file system" in said.stderr)


def look_at_proxy(report: Report, address: str) -> None:
    """What nginx lets through, and what it adds."""
    status, headers = ask(address)
    report.check("the page comes through nginx", status == 200)
    for name in ("X-Content-Type-Options", "X-Frame-Options", "Permissions-Policy"):
        report.check(f"it has the header {name}", name in headers)
    cookie = headers.get("Set-Cookie", "").split(";")[0]
    report.check("a cookie names the replica", cookie.startswith("digitpad_replica="))
    again = [ask(address, cookie)[1].get("Set-Cookie") for _ in range(4)]
    report.check("whoever has it stays", again == [None] * 4)
    forged = ask(address, "digitpad_replica=http://elsewhere")[0]
    report.check("a cookie of someone's own making changes nothing", forged == 200)
    for path in ("/metrics", "/_stcore/metrics", "/_stcore/metrics/"):
        report.check(f"{path} is not for the public", ask(address + path)[0] == 404)
    upload = f"{address}/_stcore/upload_file/x/y"
    announced = {"Content-length": "23000000"}  # nginx needs no more to refuse it
    report.check("23 MB are too much", ask(upload, data=b"x", **announced)[0] == 413)
    report.check("20 MB reach the app", ask(upload, data=bytes(20_000_000))[0] not in (0, 413))


def run_tests(report: Report, address: str, expression: str) -> None:
    """The browser tests, through nginx."""
    said = subprocess.run(  # the words are ours  # nosec B603
        [sys.executable, "-m", "pytest", "-q", "tests/test_browser.py", "-k", expression],
        cwd=ROOT,
        env={**os.environ, "DIGITPAD_ADDRESS": address},
        capture_output=True,
        text=True,
    )
    summary = said.stdout.strip().splitlines()[-1]
    if said.returncode:
        print(said.stdout[-6000:])
    report.tell("browser tests", summary.strip("= "))
    report.check("the browser tests pass through nginx", said.returncode == 0)


class Asker(threading.Thread):
    """Asks for a page over and over, as a visitor of one replica, and counts what fails."""

    def __init__(self, address: str, cookie: str):
        super().__init__(daemon=True)
        self.address, self.cookie = address, cookie
        self.asked = self.failed = 0
        self.slowest = 0.0
        self._end = threading.Event()

    def run(self) -> None:
        while not self._end.wait(BETWEEN_ASKING):
            before = time.monotonic()
            self.asked += 1
            self.failed += ask(f"{self.address}/_stcore/health", self.cookie)[0] != 200
            self.slowest = max(self.slowest, time.monotonic() - before)

    def end(self) -> None:
        self._end.set()
        self.join()


def replica_of(context) -> str:
    """The replica that a browser's cookie names."""
    names = {each["name"]: each["value"] for each in context.cookies()}
    return names.get("digitpad_replica", "")


def connected(page) -> bool:
    """Whether the page has a connection and is at rest."""
    app = '[data-testid="stApp"][data-test-connection-state="CONNECTED"]'
    return page.locator(f'{app}[data-test-script-state="notRunning"]').count() == 1


def warm_up(browser, address: str, name: str) -> None:
    """Has a replica import its packages, as its first visitor does."""
    context = browser.new_context()
    context.add_cookies([{"name": "digitpad_replica", "value": name, "url": address}])
    page = context.new_page()
    page.goto(address)
    ready_to_draw(page)
    context.close()


LEFT, RIGHT = ((80, 60), (80, 220)), ((200, 60), (200, 220))  # two ones


def lose_a_replica(report: Report, address: str, replicas: dict[str, Server]) -> None:
    """Kills the replica of a visitor who is drawing; the other takes over."""
    with chromium() as browser:
        visitors = {}
        while len(visitors) < 2:  # least_conn gives the second one the other replica
            context = browser.new_context()
            page = context.new_page()
            page.goto(address)
            ready_to_draw(page)
            visitors.setdefault(replica_of(context), (context, page))
        (name, (context, page)), (other, (_, unharmed)) = visitors.items()
        for each in (page, unharmed):
            draw(each, LEFT)
            expect_prediction(each, "1")
        askers = [Asker(address, f"digitpad_replica={each}") for each in ("", name, other)]
        for asker in askers:
            asker.start()
        box = page.locator("canvas.upper-canvas").bounding_box()
        x, (top, bottom) = box["x"] + RIGHT[0][0], (box["y"] + y for _, y in RIGHT)
        page.mouse.move(x, top)
        page.mouse.down()
        page.mouse.move(x, (top + bottom) / 2, steps=5)
        replicas[name].kill()
        page.mouse.move(x, bottom, steps=5)
        page.mouse.up()
        before = time.monotonic()
        until(lambda: replica_of(context) == other, "the move to the other replica")
        until(lambda: connected(page), "the page's connection")
        report.tell("the visitor is back after", f"{time.monotonic() - before:.1f} s")
        expect_prediction(page, "11")
        report.tell("their drawing", "read as 11: the stroke from before and the one meanwhile")
        page.get_by_role("button", name="Clear").click()
        page.get_by_text("There is no digit yet").wait_for()
        ready_to_draw(page)
        draw(page, ONE)
        expect_prediction(page, "1")
        report.check("the next drawing is read", True)
        draw(unharmed, RIGHT)
        expect_prediction(unharmed, "11")
        for each in (page, unharmed):
            errors = each.locator('[data-testid="stException"]').count()
            report.check("no traceback is shown", errors == 0)
        replicas[name].start()
        took = until(lambda: f"={name}" in (ask(address)[1].get("Set-Cookie") or ""), "the return")
        report.tell("a new visitor comes to the restarted replica after", f"{took:.1f} s")
        page.get_by_role("link", name="Photo").click()
        upload_a_sheet(page)
        report.check("whoever moved stays where they are", replica_of(context) == other)
        replicas[other].kill()
        until(lambda: replica_of(context) == name, "the move back")
        until(lambda: connected(page), "the page's connection")
        page.get_by_text("Choose a picture of handwritten digits").wait_for()
        errors = page.locator('[data-testid="stException"]').count()
        report.check("a page left alone asks for its photo once more by itself", errors == 0)
        replicas[other].start()
        until(lambda: f"={other}" in (ask(address)[1].get("Set-Cookie") or ""), "the return")
        warm_up(browser, address, other)
        page.get_by_role("link", name="Draw").click()
        ready_to_draw(page)
        draw(page, LEFT)
        expect_prediction(page, "1")
        replicas[name].kill()
        until(lambda: replica_of(context) == other, "the second move")
        until(lambda: connected(page), "the page's connection")
        page.wait_for_timeout(1000)  # its run begins; nobody draws sooner
        draw(page, RIGHT)
        expect_prediction(page, "11")
        report.check("a drawing left alone is kept, and the next stroke read with it", True)
        replicas[name].start()
        for asker in askers:
            asker.end()
        asked, failed = sum(each.asked for each in askers), sum(each.failed for each in askers)
        slowest = max(asker.slowest for asker in askers)
        report.tell("requests meanwhile", f"{asked}, {failed} failed, slowest {slowest:.2f} s")
        report.check("no request failed while the replica was away", failed == 0)


def try_subpath(report: Report, image: Image) -> None:
    """The app below a path of another site, by the example in the documentation."""
    app, own = ports(2)
    more = {key: os.environ[key] for key in ("DIGITPAD_DATA",) if key in os.environ}
    server = replica(image, "below", app, STREAMLIT_SERVER_BASE_URL_PATH="digitpad", **more)
    server.start()
    with nginx(image, "site", subpath_configuration(app, own)):
        try:
            address = f"http://127.0.0.1:{own}/digitpad"
            until(lambda: answers(address), "the server below a path")
            with chromium() as browser:
                page = browser.new_page()
                failed = []
                # From an inner page Streamlit tries several places for its own base.
                tried = ("_stcore/health", "_stcore/host-config")
                page.on(
                    "response",
                    lambda got: (
                        got.status >= 400 and not got.url.endswith(tried) and failed.append(got.url)
                    ),
                )
                page.goto(f"{address}/")
                ready_to_draw(page)
                draw(page, SEVEN)
                expect_prediction(page, "7")
                page.goto(f"{address}/test_set")
                page.locator("button.tile").first.wait_for()
                page.goto(f"{address}/photo")
                upload_a_sheet(page)
            mnist = "with MNIST" if more else "without MNIST"
            report.tell(f"memory {mnist}, a test set and a photo", f"{server.memory:.0f} MB")
            report.check(f"all is found below a path {failed or ''}", not failed)
        finally:
            server.stop()


def upload_a_sheet(page) -> None:
    """Sends a photo of six digits and waits for them."""
    import io

    from PIL import Image as Picture

    from benchmarks.sheets import sheet

    buffer = io.BytesIO()
    Picture.fromarray(sheet(seed=8)).save(buffer, "PNG")
    page.locator("input[type=file]").set_input_files(
        {"name": "sheet.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    )
    page.get_by_test_id("stImage").first.wait_for()


def try_cloud(report: Report, image: Image) -> None:
    """Community Cloud's entry, from the checkout, with the image's packages."""
    python = str(image.folder / "venv/bin/python")
    requirements = ["-r", str(ROOT / "deploy/cloud/requirements.txt")]
    said = subprocess.check_output(  # the words are ours  # nosec B603
        [
            *(sys.executable, "-m", "pip", "--python", python, "install", "--dry-run"),
            *("--quiet", "--report", "-", *requirements),
        ],
        text=True,
    )
    report.check("its requirements are the image's", json.loads(said)["install"] == [])
    (port,) = ports(1)
    server = subprocess.Popen(  # the words are ours  # nosec B603
        [
            *(python, "-m", "streamlit", "run", "deploy/cloud/streamlit_app.py"),
            *(f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true"),
        ],
        cwd=ROOT,
        env={**image.environment(), "HOME": str(image.folder / "tools")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        until(lambda: answers(address), "Community Cloud's entry")
        with chromium() as browser:
            page = browser.new_page()
            page.goto(address)
            ready_to_draw(page)
            draw(page, SEVEN)
            expect_prediction(page, "7")
            page.get_by_role("link", name="Dashboard").click()
            page.get_by_role("heading", name="Dashboard", exact=True).wait_for()
        report.check("Community Cloud's entry shows the pages", True)
    finally:
        server.terminate()
        server.wait(10)


def rehearse(report: Report, folder: Path, python: str, tests: str) -> None:
    """Does it all.

    Args:
        report: What is found goes there.
        folder: An empty folder that every user can reach.
        python: The Python that stands for the base image's.
        tests: Which browser tests, as pytest's `-k`.
    """
    print("Build")
    before = time.monotonic()
    image = build(folder, python)
    report.tell("built in", f"{time.monotonic() - before:.0f} s, with packages at hand")
    look_at_image(report, image)
    print("Start")
    *pair, own = ports(3)
    replicas = {
        name: replica(image, name, port) for name, port in zip(("a", "b"), pair, strict=True)
    }
    address = f"http://127.0.0.1:{own}"
    with nginx(image, "proxy", configured(*pair, own)):
        try:
            for name, port in zip(replicas, pair, strict=True):
                direct = f"http://127.0.0.1:{port}"
                replicas[name].start()
                took = until(lambda direct=direct: answers(direct), f"replica {name}")
                report.tell(f"replica {name} answers after", f"{took:.1f} s")
                report.tell(f"replica {name}, memory", f"{replicas[name].memory:.0f} MB")
            line = sandboxed(
                image,
                image.command("HEALTHCHECK"),
                image.user,
                {**image.environment(), "STREAMLIT_SERVER_PORT": str(pair[0])},
            )
            said = subprocess.run(line)  # the Dockerfile's own words  # nosec B603
            report.check("the health check says so", said.returncode == 0)
            look_at_proxy(report, address)
            print("Browser tests")
            run_tests(report, address, tests)
            for name, server in replicas.items():
                report.tell(f"replica {name}, memory after the tests", f"{server.memory:.0f} MB")
            print("A replica is killed")
            lose_a_replica(report, address, replicas)
            for name, server in replicas.items():
                report.tell(f"replica {name} ends within", f"{server.stop():.1f} s")
        finally:
            for server in replicas.values():
                server.stop()
    print("Below a path")
    try_subpath(report, image)
    print("Community Cloud")
    try_cloud(report, image)
    logs = "".join(path.read_text() for path in folder.glob("*.log"))
    report.check("no log has a traceback", "Traceback" not in logs)


def for_everyone(python: str) -> bool:
    """Whether every user can run a program."""
    path = Path(python).resolve()
    return all(each.stat().st_mode & 0o001 for each in (path, *path.parents))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    own = sys.executable if for_everyone(sys.executable) else "/usr/bin/python3"
    parser.add_argument("--python", default=own, help="for the image (default: %(default)s)")
    parser.add_argument("--tests", default=TESTS, help="pytest's -k (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="leave the folder, with its logs")
    options = parser.parse_args()
    needed = [name for name in ("nginx", "strip", "unshare", "setpriv") if not shutil.which(name)]
    if needed or os.geteuid():
        sys.exit(f"The rehearsal needs {', '.join(needed) or 'root'}.")
    report = Report()
    # Not below /tmp: each server has its own there.
    shared = "/var/tmp"  # mkdtemp makes a folder in it that is ours alone  # nosec B108
    folder = Path(tempfile.mkdtemp(prefix="digitpad-", dir=shared))
    before = time.monotonic()
    try:
        rehearse(report, folder, os.path.realpath(options.python), options.tests)
    except Exception:  # whatever it is, the table and the end say so
        traceback.print_exc()
        report.failures.append("it did not come to its end")
    finally:
        if options.keep:
            print(folder)
        else:
            shutil.rmtree(folder)
    report.tell("all of it took", f"{time.monotonic() - before:.0f} s")
    print("\n| | |\n|---|---|")
    for what, value in report.rows:
        print(f"| {what} | {value} |")
    for failure in report.failures:
        print(f"FAILED: {failure}")
    return bool(report.failures)


if __name__ == "__main__":
    sys.exit(main())
