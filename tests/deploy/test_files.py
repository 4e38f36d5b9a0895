"""Dockerfile, compose.yaml, nginx.conf and the requirements agree with each other and the code."""

import re

import yaml

from deploy import engine, proxy
from model.files.runs import INT8_FILE, KERAS_FILE, NETWORK_FILES
from model.learning import upload
from tests.support import ROOT, TRAINED
from tests.test_architecture import imports

DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
NGINX_CONF = (ROOT / "deploy" / "nginx.conf").read_text()
TRAINING = {"keras", "onnx", "scikit-learn", "tensorflow", "tf2onnx"}  # packages


def packages(path) -> set[str]:
    """The packages that a requirements file names, those of the files it includes among them."""
    lines = [line.split("#")[0].strip() for line in path.read_text().splitlines()]
    names = {re.split(r"[<>=\[ ]", line)[0].lower() for line in lines if re.match(r"\w", line)}
    further = [line.split()[1] for line in lines if line.startswith("-r")]
    return names.union(*(packages(path.parent / each) for each in further))


def test_image_is_pinned_runs_without_root_and_without_a_shell():
    assert re.search(r"^FROM python:3\.11\.\d+-slim-\w+ AS python$", DOCKERFILE, re.M)
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)[1:]) == {"python"}
    user, group = map(int, re.findall(r"^USER (\d+):(\d+)$", DOCKERFILE, re.M)[-1])
    assert user >= 1000 and group >= 1000
    commands = re.findall(r"^(?: +|HEALTHCHECK.*)?CMD (.)", DOCKERFILE, re.M)
    assert commands == ["[", "["]  # a shell would not pass signals on
    assert not re.search(r"^ADD ", DOCKERFILE, re.M)


def test_every_project_import_of_the_image_is_in_the_image():
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] != "#"]
    assert lines[0] == "*"
    allowed = [ROOT / line[1:] for line in lines if line.startswith("!")]
    ignored = {ROOT / line for line in lines if line[0] not in "!*"}

    def is_copied(path) -> bool:
        return any(path.is_relative_to(each) for each in allowed) and path not in ignored

    assert all(path.exists() for path in [*allowed, *ignored])
    for path in filter(is_copied, ROOT.rglob("*.py")):
        for module in imports(path):
            place = ROOT / module.replace(".", "/")
            for imported in (place.with_suffix(".py"), place / "__init__.py"):
                assert is_copied(imported) or not imported.is_file(), f"{path} imports {module}"


def test_the_image_installs_only_files_with_known_hashes():
    assert "--require-hashes -r /build/requirements-serve.lock" in DOCKERFILE
    lines = (ROOT / "requirements-serve.lock").read_text().replace("\\\n", " ").splitlines()
    pins = {line.split("==")[0]: line for line in lines if "==" in line}
    assert set(pins) >= packages(ROOT / "requirements-serve.txt")
    assert all("--hash=sha256:" in line for line in pins.values())
    tested = (ROOT / "requirements.lock").read_text()
    for name, line in pins.items():
        version = line.split("==")[1].split()[0]
        assert re.search(rf"^{re.escape(name)}=={re.escape(version)}(\s|$)", tested, re.M), name


def test_serving_and_community_cloud_install_no_training_packages():
    serving = packages(ROOT / "requirements-serve.txt")
    assert "streamlit" in serving and not serving & TRAINING
    cloud = ROOT / "deploy" / "cloud" / "requirements.txt"
    assert packages(cloud) == serving
    constraint = re.search(r"^-c (.*)$", cloud.read_text(), re.M)[1]
    assert (cloud.parent / constraint).is_file()
    assert packages(ROOT / "requirements.txt") >= serving | TRAINING


def test_replicas_have_no_privileges_and_are_reached_through_nginx_only():
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
    assert services["nginx"]["depends_on"] == {"app": {"condition": "service_healthy"}}


def test_a_third_replica_is_a_number_and_nginx_finds_it_by_name():
    app = COMPOSE["services"]["app"]
    assert set(COMPOSE["services"]) == {"app", "nginx"}
    assert app["deploy"] == {"replicas": "${REPLICAS:-2}"}
    # Nothing that two replicas can't both have.
    assert not {"container_name", "hostname", "ports"} & set(app)
    (alias,) = app["networks"]["inside"]["aliases"]
    assert "ipv4_address" not in app["networks"]["inside"] and app["networks"]["outside"] == {}
    port = re.search(r"STREAMLIT_SERVER_PORT=(\d+)", DOCKERFILE)[1]
    assert f"server {alias}:{port} resolve " in NGINX_CONF
    assert set(re.findall(r"proxy_pass (.*);", NGINX_CONF)) == {"http://replicas"}
    assert "upstream replicas {" in NGINX_CONF and "sticky cookie" in NGINX_CONF
    version = re.match(r"nginx:([\d.]+)-", COMPOSE["services"]["nginx"]["image"])[1]
    assert tuple(map(int, version.split("."))) >= proxy.NEEDED_VERSION


def test_compose_and_rehearsal_use_the_same_options():
    app = COMPOSE["services"]["app"]
    assert app["volumes"] == ["data:/data"]
    (tmpfs,) = app["tmpfs"]
    options = {
        "--read-only",
        f"--tmpfs={tmpfs}",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        f"--memory={app['mem_limit']}",
        f"--pids-limit={app['pids_limit']}",
    }
    assert options == set(engine.CONTAINER_OPTIONS)


def test_the_image_has_the_network_so_replicas_need_no_volume():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "!model" in lines
    left_out = {line for line in lines if line.startswith("model/")}
    assert left_out == {f"model/trained/{KERAS_FILE}"}
    assert "DIGITPAD_RUNS" not in DOCKERFILE  # so the shipped network is served
    for name in {*NETWORK_FILES, INT8_FILE} - {KERAS_FILE}:
        assert (TRAINED / name).is_file(), name


def test_nginx_accepts_the_largest_upload_and_little_more():
    most = int(re.search(r"client_max_body_size (\d+)m;", NGINX_CONF)[1]) * 2**20
    assert upload.MAX_BYTES < most < 1.2 * upload.MAX_BYTES
    example = (ROOT / "docs" / "deployment.md").read_text()
    assert f"client_max_body_size {most // 2**20}m;" in example
