"""nginx with deploy/nginx.conf, in front of two small servers that answer with their name."""

import contextlib
import http.server
import os
import socket
import struct
import subprocess
import sys
import threading
import urllib.request

import pytest

from deploy import proxy
from tests.support import ROOT, until


class Replica(http.server.BaseHTTPRequestHandler):
    """Answers all paths with its server's name."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.name.encode())

    def log_message(self, *_arguments):
        pass


@contextlib.contextmanager
def replica(name: str, port: int, address: str = "127.0.0.1"):
    with http.server.ThreadingHTTPServer((address, port), Replica) as server:
        server.name = name
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield
        server.shutdown()


needs_nginx = pytest.mark.skipif(
    not proxy.NGINX, reason='needs nginx: "apt-get install nginx-light"'
)
needs_new_nginx = pytest.mark.skipif(bool(proxy.nginx_problem()), reason=proxy.nginx_problem())


class NameServer(threading.Thread):
    """Answers on a port of 127.0.0.1 that every name has the addresses of `replicas`, as Docker's.

    Source: the messages are described in RFC 1035, section 4.
    """

    def __init__(self):
        super().__init__(daemon=True)
        self.replicas: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]

    def run(self) -> None:
        while True:
            query, client = self._socket.recvfrom(512)
            if query == b"end":
                return self._socket.close()
            found = [socket.inet_aton(address) for address in self.replicas]
            header = struct.pack("!HHHHH", 0x8180, 1, len(found), 0, 0)
            record = struct.pack("!HHHIH", 0xC00C, 1, 1, 1, 4)  # the name asked for, A, IN, 1 s
            records = b"".join(record + each for each in found)
            self._socket.sendto(query[:2] + header + query[12:] + records, client)

    def end(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.sendto(b"end", ("127.0.0.1", self.port))
        self.join(10)


@pytest.fixture
def name_server():
    server = NameServer()
    server.start()
    yield server
    server.end()


@pytest.fixture
def running_nginx():
    """nginx in front of two replicas' ports: its address, the two ports and its log."""
    a, b, own = proxy.free_ports(3)
    with proxy.nginx(proxy.two_replicas(a, b, own)) as log:
        yield f"http://127.0.0.1:{own}", a, b, log


def visit(address: str, cookie: str = "") -> tuple[str, str]:
    """The replica that answers, and the cookie that the browser then has."""
    request = urllib.request.Request(address, headers={"Cookie": cookie})
    with urllib.request.urlopen(request, timeout=10) as answer:
        new = answer.headers.get("Set-Cookie", "").split(";")[0]
        return answer.read().decode(), new or cookie


@needs_new_nginx
def test_a_visitor_keeps_the_replica_until_it_ends(running_nginx):
    address, a, b, _ = running_nginx
    with replica("b", b):
        with replica("a", a):
            first = [visit(address) for _ in range(4)]
            assert {name for name, _ in first} == {"a", "b"}  # they share the visitors
            assert all(cookie == f"digitpad_replica={name}" for name, cookie in first)
            for name, cookie in first:
                assert visit(f"{address}/media/x", cookie) == (name, cookie)
        moved = visit(address, "digitpad_replica=a")
        assert moved == ("b", "digitpad_replica=b")
        with replica("a", a):
            assert visit(address, moved[1]) == moved
    for path in ("/metrics", "/_stcore/metrics"):
        assert proxy.request(address + path)[0] == 404
    assert proxy.request(address)[0] == 502


@needs_new_nginx
def test_new_replicas_are_found_by_name_and_ended_ones_forgotten(name_server):
    port, own = proxy.free_ports(2)
    address, first, second, third = f"http://127.0.0.1:{own}", *(f"127.0.0.{n}" for n in (2, 3, 4))

    def answering() -> set[str]:
        """The replicas that answer six new visitors; "" if none does."""
        with contextlib.suppress(OSError):
            return {visit(address)[0] for _ in range(6)}
        return {""}

    configuration = proxy.replicas_by_name(name_server.port, port, own)
    with proxy.nginx(configuration), contextlib.ExitStack() as stack:
        assert answering() == {""}  # it starts before the replicas do
        for name in (first, second, third):
            stack.enter_context(replica(name, port, name))
        name_server.replicas = [first, second]
        until(lambda: answering() == {first, second})
        name, cookie = visit(address)
        name_server.replicas = [first, second, third]
        until(lambda: answering() == {first, second, third})
        assert {visit(address, cookie) for _ in range(6)} == {(name, cookie)}
        name_server.replicas = [each for each in (first, second, third) if each != name]
        until(lambda: visit(address, cookie)[0] != name)
        moved = visit(address, cookie)
        assert {visit(address, moved[1]) for _ in range(6)} == {moved}


@needs_new_nginx
def test_nginx_log_has_no_query(running_nginx):
    address, a, _, log = running_nginx
    with replica("a", a):
        visit(f"{address}/test_set?label=4")
    until(lambda: '"path":"/test_set"' in log.read_text())
    assert "label" not in log.read_text()


@needs_nginx
def test_nginx_accepts_the_documented_example_for_a_path():
    app, own = proxy.free_ports(2)
    with replica("app", app), proxy.nginx(proxy.below_a_path(app, own)):
        assert visit(f"http://127.0.0.1:{own}/digitpad")[0] == "app"


def test_health_check_tells_a_running_server_from_none():
    (port,) = proxy.free_ports(1)
    line = [sys.executable, ROOT / "deploy" / "healthcheck.py"]
    environment = {**os.environ, "STREAMLIT_SERVER_PORT": str(port)}
    with replica("a", port):
        assert subprocess.run(line, env=environment).returncode == 0
    done = subprocess.run(line, env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and f":{port}/_stcore/health" in done.stderr
