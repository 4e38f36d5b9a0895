"""What a server is made of says the same everywhere, and nginx does what its file promises."""

import contextlib
import http.server
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import urllib.request

import pytest
import yaml

from deploy import dockerfile, rehearse, slim
from model.learning import upload
from tests.support import ROOT, until
from tests.test_architecture import imports

DOCKERFILE = dockerfile.instructions((ROOT / "Dockerfile").read_text())
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
NGINX_CONF = (ROOT / "deploy" / "nginx.conf").read_text()
REPLICAS = ("app-a", "app-b")
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
TRAINING = {"keras", "onnx", "scikit-learn", "tensorflow", "tf2onnx"}  # packages


def in_image() -> set[str]:
    """The files of the checkout that the image holds."""
    return {
        path.as_posix()
        for source, _ in dockerfile.copies(DOCKERFILE)
        for path in dockerfile.files(source)
    }


def packages(path) -> set[str]:
    """The packages that a file of requirements names, and those that it takes in."""
    lines = [line.split("#")[0].strip() for line in path.read_text().splitlines()]
    names = {re.split(r"[<>=\[ ]", line)[0].lower() for line in lines if re.match(r"\w", line)}
    further = [line.split()[1] for line in lines if line.startswith("-r")]
    return names.union(*(packages(path.parent / each) for each in further))


def test_the_image_is_pinned_has_no_root_and_starts_programs_without_a_shell():
    bases = {each.text.split()[0] for each in DOCKERFILE if each.keyword == "FROM"} - {"python"}
    assert all(re.fullmatch(r"python:3\.11\.\d+-slim-\w+", base) for base in bases) and bases
    user, group = map(int, dockerfile.last(DOCKERFILE, "USER").split(":"))
    assert user >= 1000 and group >= 1000
    health = dockerfile.last(DOCKERFILE, "HEALTHCHECK")
    for text in (dockerfile.last(DOCKERFILE, "CMD"), health.partition("CMD ")[2]):
        assert dockerfile.command(text)
    assert not any(each.keyword == "ADD" for each in DOCKERFILE)


def test_whatever_is_copied_exists_and_nothing_else_can_be():
    for source, _ in dockerfile.copies(DOCKERFILE):
        assert dockerfile.files(source), source
    names = in_image()
    assert {"app.py", "server.py", "model/trained/digits.onnx", "model/uci_digits.npz"} <= names
    kept_out = (
        *("corrections.sqlite3", "corrections.sqlite3-wal", ".env", ".git/config", "train.py"),
        *("runs/a/digits.onnx", "tests/conftest.py", "benchmarks/page.py", "model/former/a.onnx"),
        *("model/trained/digits.keras", "ui/__pycache__/a.pyc", ".streamlit/secrets.toml"),
        *(
            "model/learning/training.py",
            "shared/mnist/t10k-images-idx3-ubyte.gz",
            "requirements.txt",
        ),
    )
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert [path for path in kept_out if not dockerfile.is_ignored(path, patterns)] == []


def test_all_of_our_own_that_the_app_imports_is_in_the_image():
    names = in_image()
    for name in sorted(name for name in names if name.endswith(".py")):
        for module in imports(ROOT / name):
            place = module.replace(".", "/")
            for path in (f"{place}.py", f"{place}/__init__.py"):
                if (ROOT / path).is_file():
                    assert path in names, f"{name} imports {module}, which .dockerignore keeps out"


def test_what_serving_and_community_cloud_install_has_nothing_to_train_with():
    serving = packages(ROOT / "requirements-serve.txt")
    assert "streamlit" in serving and not serving & TRAINING
    cloud = ROOT / "deploy" / "cloud" / "requirements.txt"
    assert packages(cloud) == serving
    constraint = re.search(r"^-c (.*)$", cloud.read_text(), re.M)[1]
    assert (cloud.parent / constraint).is_file()
    assert packages(ROOT / "requirements.txt") >= serving | TRAINING


def test_the_replicas_have_no_rights_and_no_way_past_nginx():
    services = COMPOSE["services"]
    for name, service in services.items():
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"] and service["pids_limit"], name
        assert service["restart"] == "unless-stopped", name
        assert not service.get("privileged"), name
    assert [name for name in services if "ports" in services[name]] == ["nginx"]
    assert services["nginx"]["ports"] == ["127.0.0.1:8080:8080"] and "listen 8080;" in NGINX_CONF
    assert re.fullmatch(r"nginx:\d+\.\d+\.\d+-alpine\d+\.\d+", services["nginx"]["image"])
    waits = services["nginx"]["depends_on"]
    assert {name: waits[name]["condition"] for name in REPLICAS} == {
        name: "service_healthy" for name in REPLICAS
    }


def test_compose_nginx_and_the_rehearsal_mean_the_same_addresses():
    services = COMPOSE["services"]
    hosts = dict(each.split(":") for each in services["nginx"]["extra_hosts"])
    for name in REPLICAS:
        port = services[name]["environment"]["STREAMLIT_SERVER_PORT"]
        assert f"server {name}:{port} " in NGINX_CONF
        assert f'"~:{port}$" {name[-1]};' in NGINX_CONF
        assert hosts[name] == services[name]["networks"]["inside"]["ipv4_address"]
        assert services[name]["volumes"] == ["data:/data"]
        assert services[name]["tmpfs"] == [f"/tmp:size={rehearse.TMPFS}"]
    assert services["nginx"]["user"] == f"{rehearse.NGINX_USER}:{rehearse.NGINX_USER}"
    assert DOCKERFILE[0].text.split()[0] in (ROOT / "deploy" / "rehearse.py").read_text()


def test_nginx_lets_the_largest_upload_through_and_little_more():
    most = int(re.search(r"client_max_body_size (\d+)m;", NGINX_CONF)[1]) * 2**20
    assert upload.MAX_BYTES < most < 1.2 * upload.MAX_BYTES
    example = (ROOT / "docs" / "deployment.md").read_text()
    assert f"client_max_body_size {most // 2**20}m;" in example


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        ("a.py", False),
        ("model/a.py", False),
        ("model/deep/a.py", False),
        ("model/learning/training.py", True),
        ("model/deep/training.py", False),
        ("model/deep/__pycache__/a.pyc", True),
        ("other/a.py", True),
        ("b.py", True),
    ],
)
def test_the_last_line_that_fits_a_file_or_its_folder_counts(path, ignored):
    patterns = ["*", "!a.py", "!model", "model/learning/training.py", "**/__pycache__"]
    assert dockerfile.is_ignored(path, patterns) is ignored


def test_what_serving_reads_is_left_and_the_rest_is_taken_out(tmp_path):
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    left = ("numpy/core.py", "numpy/testing/a.py", "pyarrow/libarrow_python.pyd")
    gone = ("numpy/tests/a.py", "pyarrow/libarrow_flight.x", "pydeck/nbextension/a.js", "a/b.pyi")
    for name in (*left, *gone):
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).touch()
    slim.slim(tmp_path)
    there = {path.relative_to(packages).as_posix() for path in packages.rglob("*.*")}
    assert there == set(left)


class _Replica(http.server.BaseHTTPRequestHandler):
    """Stands for a replica: answers all paths with its own name."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.name.encode())

    def log_message(self, *_arguments):
        pass


@contextlib.contextmanager
def stand_in(name: str, port: int):
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), _Replica) as server:
        server.name = name
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield
        server.shutdown()


def test_the_health_check_tells_a_server_that_answers_from_none():
    (port,) = rehearse.ports(1)
    line = [sys.executable, ROOT / "deploy" / "healthcheck.py"]
    environment = {**os.environ, "STREAMLIT_SERVER_PORT": str(port)}
    with stand_in("a", port):
        assert subprocess.run(line, env=environment).returncode == 0
    said = subprocess.run(line, env=environment, capture_output=True, text=True)
    assert said.returncode == 1 and f":{port}/_stcore/health" in said.stderr


@pytest.fixture
def proxy(tmp_path):
    """nginx before two replicas' ports: its address, and the two ports."""
    if not NGINX:
        pytest.skip("needs nginx: install it, Debian's nginx-light will do")
    a, b, own = rehearse.ports(3)
    text = rehearse.configured(a, b, own).replace("/tmp/", f"{tmp_path}/")
    path = tmp_path / "nginx.conf"
    path.write_text(text)
    log = (tmp_path / "log").open("w")
    server = subprocess.Popen(
        [NGINX, "-c", str(path), "-g", "daemon off; master_process off;"],
        stdout=log,
        stderr=log,
    )

    def listens() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", own), 1):
            return True
        return server.poll() is not None

    until(listens)
    yield f"http://127.0.0.1:{own}", a, b
    server.terminate()
    server.wait(10)
    log.close()


def reader(address: str, cookie: str = "") -> tuple[str, str]:
    """Which replica answered, and the cookie that the browser then has."""
    request = urllib.request.Request(address, headers={"Cookie": cookie})
    with urllib.request.urlopen(request, timeout=10) as answer:
        new = answer.headers.get("Set-Cookie", "").split(";")[0]
        return answer.read().decode(), new or cookie


def test_a_visitor_keeps_their_replica_moves_when_it_ends_and_then_stays(proxy):
    address, a, b = proxy
    with stand_in("b", b):
        with stand_in("a", a):
            first = [reader(address) for _ in range(4)]
            assert {name for name, _ in first} == {"a", "b"}  # they share the visitors
            assert all(cookie == f"digitpad_replica={name}" for name, cookie in first)
            for name, cookie in first:
                assert reader(f"{address}/media/x", cookie) == (name, cookie)
        moved = reader(address, "digitpad_replica=a")
        assert moved == ("b", "digitpad_replica=b")
        with stand_in("a", a):
            assert reader(address, moved[1]) == moved
    for path in ("/metrics", "/_stcore/metrics"):
        assert rehearse.ask(address + path)[0] == 404
    assert rehearse.ask(address)[0] == 502


def test_the_log_has_no_query(proxy, tmp_path):
    address, a, _ = proxy
    with stand_in("a", a):
        reader(f"{address}/test_set?label=4")
    until(lambda: '"path":"/test_set"' in (tmp_path / "log").read_text())
    assert "label" not in (tmp_path / "log").read_text()


def test_nginx_understands_the_example_for_a_path(tmp_path):
    if not NGINX:
        pytest.skip("needs nginx: install it, Debian's nginx-light will do")
    path = tmp_path / "nginx.conf"
    text = rehearse.subpath_configuration(8501, 8080).replace("/tmp/", f"{tmp_path}/")
    path.write_text(text)
    said = subprocess.run([NGINX, "-t", "-c", str(path)], capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
