"""nginx with deploy/nginx.conf, in front of two small servers that answer with their name."""

import contextlib
import http.server
import os
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
def replica(name: str, port: int):
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Replica) as server:
        server.name = name
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield
        server.shutdown()


needs_nginx = pytest.mark.skipif(
    not proxy.NGINX, reason='needs nginx: "apt-get install nginx-light"'
)


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


@needs_nginx
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


@needs_nginx
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
