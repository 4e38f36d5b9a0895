"""Runs nginx on this machine with the configurations of this project, for tests and rehearsals."""

import contextlib
import os
import re
import shutil
import socket
import subprocess  # nginx is a program  # nosec B404
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Debian has it in a folder that only root has on the path.
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
NEEDED_VERSION = (1, 29, 6)  # the first with `sticky`
START_TIMEOUT = 60  # seconds
# What `deploy/nginx.conf` has around a server; an example in the documentation has none.
AROUND_A_SERVER = """pid /tmp/nginx.pid;
error_log /dev/stderr warn;
events {}
http {
    include /etc/nginx/mime.types;
    access_log off;
    client_body_temp_path /tmp/body;
    proxy_temp_path /tmp/proxy;
    fastcgi_temp_path /tmp/fastcgi;
    uwsgi_temp_path /tmp/uwsgi;
    scgi_temp_path /tmp/scgi;
    server { listen 127.0.0.1:%d; %s }
}
"""


def nginx_problem() -> str:
    """Why nginx can't be run here with `deploy/nginx.conf`; `""` if it can."""
    needed = f"nginx {'.'.join(map(str, NEEDED_VERSION))} or newer"
    if not NGINX:
        return f"needs {needed}"
    told = subprocess.run([NGINX, "-v"], capture_output=True, text=True)  # as below  # nosec B603
    version = re.search(r"nginx/([\d.]+)", told.stderr)[1]
    is_new = tuple(map(int, version.split("."))) >= NEEDED_VERSION
    return "" if is_new else f"needs {needed}, and {NGINX} is {version}"


def two_replicas(a: int, b: int, own: int) -> str:
    """`deploy/nginx.conf` for replicas on two ports of this machine, listening on a third.

    The cookie names the replicas "a" and "b".
    """
    text = _configuration(own)
    line = re.search(r"server replicas:.*;", text)[0]
    servers = [
        line.replace("replicas:8501 resolve", f"127.0.0.1:{port} route={name}")
        for name, port in (("a", a), ("b", b))
    ]
    return re.sub(r"resolver .*;", "", text.replace(line, " ".join(servers)))


def replicas_by_name(dns: int, port: int, own: int) -> str:
    """`deploy/nginx.conf` with another name server than Docker's.

    Args:
        dns: Its port on this machine, UDP.
        port: Of the replicas, on all addresses that it gives for `replicas`.
        own: Where nginx listens.
    """
    text = _configuration(own).replace("resolver 127.0.0.11 ", f"resolver 127.0.0.1:{dns} ")
    return text.replace("replicas:8501", f"replicas:{port}")


def _configuration(own: int) -> str:
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    return text.replace("listen 8080;", f"listen 127.0.0.1:{own};")


def below_a_path(app: int, own: int) -> str:
    """The example of `docs/deployment.md` for a site with the app below a path."""
    text = (ROOT / "docs" / "deployment.md").read_text()
    example = re.search(r"```nginx\n(.*?)```", text, re.S)[1]
    return AROUND_A_SERVER % (own, example.replace("8501", str(app)))


@contextlib.contextmanager
def nginx(configuration: str) -> Iterator[Path]:
    """Runs nginx with the text of a configuration; a temporary folder serves as its `/tmp`.

    Yields:
        The file that it writes its log to.

    Raises:
        RuntimeError: If it is not installed, too old or does not start.
    """
    if not NGINX:
        raise RuntimeError('nginx is missing: "apt-get install nginx-light".')
    if "sticky" in configuration and (problem := nginx_problem()):
        raise RuntimeError(f"This {problem}.")
    port = int(re.search(r"listen 127\.0\.0\.1:(\d+)", configuration)[1])
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # nginx's workers run as another user  # nosec B103
        path, log = Path(folder, "nginx.conf"), Path(folder, "nginx.log")
        path.write_text(configuration.replace(" /tmp/", f" {folder}/"))
        with log.open("w") as file:
            server = subprocess.Popen(  # no shell, words of our own  # nosec B603
                [NGINX, "-c", str(path), "-g", "daemon off;"], stdout=file, stderr=file
            )
        try:
            wait_until(lambda: server.poll() is not None or _listens(port), "nginx")
            if server.poll() is not None:
                raise RuntimeError(f"nginx did not start: {log.read_text()}")
            yield log
        finally:
            server.terminate()
            server.wait(10)


def request(address: str, cookie: str = "", data: bytes | None = None, **headers: str):
    """Sends a request: `GET`, or `PUT` if there are data.

    Returns:
        The status and the headers of the answer; the status is 0 if there is no answer.
    """
    asked = urllib.request.Request(
        address, data, {"Cookie": cookie, **headers}, method="GET" if data is None else "PUT"
    )
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:  # http, our own  # nosec B310
            answer.read()
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.headers
    except OSError:
        return 0, {}


def wait_until(is_so: Callable[[], bool], what: str) -> float:
    """Waits for a condition; returns the seconds that it took.

    Raises:
        RuntimeError: If it takes more than `START_TIMEOUT`.
    """
    before = time.monotonic()
    while not is_so():
        if time.monotonic() - before > START_TIMEOUT:
            raise RuntimeError(f"Waited {START_TIMEOUT} s for {what}.")
        time.sleep(0.05)
    return time.monotonic() - before


def free_ports(num: int) -> list[int]:
    """Ports of this machine that nothing listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(num)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
