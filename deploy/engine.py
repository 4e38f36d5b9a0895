"""Builds the image and runs its containers with Docker or, without its daemon, with Podman.

Podman keeps images and containers in a temporary folder here. Where it can't pull the Dockerfile's
base image, Debian's own Python of the same version stands in for it.
"""

import contextlib
import os
import re
import shutil
import subprocess  # the engines are programs  # nosec B404
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
IMAGE = "digitpad-rehearsal"
# The stand-in for the base image: Debian 12 has the Python version that the Dockerfile asks for.
DEBIAN = "bookworm"
DEBIAN_PACKAGES = "python3-venv,python3-pip,python-is-python3,ca-certificates"
# As in compose.yaml; only the network differs, see `Engine.run`.
CONTAINER_OPTIONS = (
    *("--read-only", "--tmpfs=/tmp:size=256m", "--cap-drop=ALL"),
    *("--security-opt=no-new-privileges", "--memory=2g", "--pids-limit=1024"),
)
START_TIMEOUT = 60  # seconds until a replica is healthy; it takes 2
BUILD_TIMEOUT = 900  # seconds for one command; a build with downloads takes one or two minutes
LOG_LINES = 15  # of a failed command that are shown


class EngineError(Exception):
    """A command of an engine failed."""


class NoEngineError(EngineError):
    """This machine has no engine that works, or no base image."""


@dataclass(frozen=True)
class Engine:
    """A container engine.

    Attributes:
        name: "docker" or "podman".
        command: The program, and the options that each of its commands needs here.
    """

    name: str
    command: tuple[str, ...]

    def __call__(self, *arguments: str) -> str:
        """Runs a command of the engine and returns what it prints.

        Raises:
            EngineError: If the command fails.
        """
        return _run(*self.command, *arguments)

    def works(self) -> bool:
        """Whether it is installed and, for Docker, its daemon answers."""
        return self._succeeds("info")

    def has(self, image: str) -> bool:
        """Whether an image was pulled or built before."""
        return self._succeeds("image", "inspect", image)

    def _succeeds(self, *arguments: str) -> bool:
        with contextlib.suppress(EngineError):
            self(*arguments)
            return True
        return False

    def build(self, context: Path = ROOT) -> float:
        """Builds `IMAGE` from the Dockerfile in a folder.

        Returns:
            The size of the base image in MB.

        Raises:
            NoEngineError: If the base image can't be pulled and nothing stands in for it.
            EngineError: If the build fails.
        """
        base = re.search(r"^FROM (\S+)", (context / "Dockerfile").read_text(), re.M)[1]
        options = ["--network=host"]
        if self.name == "podman":
            # chroot needs no rights on cgroups; "docker" is the format that keeps HEALTHCHECK.
            options += ["--isolation=chroot", "--format=docker", "--layers=false"]
            options += [f"--volume={path}:{path}:ro" for path in _pip_files()]
        if not self.has(base):
            try:
                self("pull", "--quiet", base)
            except EngineError as error:
                if self.name != "podman" or not shutil.which("mmdebstrap"):
                    raise NoEngineError(f"The base image can't be pulled. {error}") from error
                stand_in = self._debian()
                options += [f"--build-context={base}=container-image://{stand_in}"]
                base = stand_in
        base_size = self.megabytes(base)  # Podman removes it after the build
        self("build", "--tag", IMAGE, *options, str(context))
        return base_size

    def _debian(self) -> str:
        """Makes an image of Debian with Python and returns its name."""
        name = "localhost/debian-python"
        with tempfile.TemporaryDirectory() as folder:
            archive = f"{folder}/debian.tar"
            _run("mmdebstrap", "--variant=apt", f"--include={DEBIAN_PACKAGES}", DEBIAN, archive)
            self("import", "--quiet", archive, name)
        return name

    def megabytes(self, image: str = IMAGE) -> float:
        """The size of an image on disk, unpacked, in MB."""
        return int(self("image", "inspect", "--format={{.Size}}", image)) / 1e6

    @contextlib.contextmanager
    def run(self, port: int, **environment: str) -> Iterator["Container"]:
        """Runs a container that listens on a port of 127.0.0.1, and removes it at the end.

        It shares the machine's network: a bridge needs a firewall that not every machine lets an
        engine change, and without one nothing but 127.0.0.1 can be reached from outside.
        """
        variables = {
            "STREAMLIT_SERVER_ADDRESS": "127.0.0.1",
            "STREAMLIT_SERVER_PORT": str(port),
            **environment,
        }
        options = [*CONTAINER_OPTIONS, "--network=host", "--no-healthcheck"]
        # A process without rights can't raise limits, and the engines' own defaults are higher.
        options += ["--ulimit=nofile=4096:4096", "--ulimit=nproc=4096:4096"]
        options += [f"--env={name}={value}" for name, value in variables.items()]
        container = Container(self, self("run", "--detach", *options, IMAGE).strip(), port)
        try:
            yield container
        finally:
            self("rm", "--force", "--volumes", container.id)


@dataclass(frozen=True)
class Container:
    """A running container of the image.

    Attributes:
        engine: What runs it.
        id: Its number.
        port: Where it listens, on 127.0.0.1.
    """

    engine: Engine
    id: str
    port: int

    def execute(self, *command: str) -> str:
        """Runs a command in the container and returns what it prints."""
        return self.engine("exec", self.id, *command)

    def kill(self) -> None:
        """Ends the server without warning, as a lack of memory would."""
        self.engine("kill", self.id)

    def start(self) -> None:
        """Starts it again."""
        self.engine("start", self.id)

    def wait_until_healthy(self) -> float:
        """Waits until the image's health check passes; returns the seconds it took.

        Raises:
            EngineError: If it does not in `START_TIMEOUT`; with the end of the container's log.
        """
        before = time.monotonic()
        while True:
            try:
                self.execute("python", "/app/deploy/healthcheck.py")
                return time.monotonic() - before
            except EngineError as error:
                if time.monotonic() - before > START_TIMEOUT:
                    raise EngineError(f"{error}\n{_end(self.log())}") from error
                time.sleep(0.1)

    def stop(self) -> float:
        """Asks it to end; returns the seconds until it did, 10 at most."""
        before = time.monotonic()
        self.engine("stop", "-t", "10", self.id)
        return time.monotonic() - before

    def log(self) -> str:
        """What it has written to standard output and standard error."""
        return _run(*self.engine.command, "logs", self.id, stderr=subprocess.STDOUT)

    def memory(self) -> float:
        """The memory that its only process occupies (resident set), in MB."""
        process = self.engine("inspect", "--format={{.State.Pid}}", self.id).strip()
        status = Path(f"/proc/{process}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024 / 1e6


@contextlib.contextmanager
def find_engine() -> Iterator[Engine]:
    """Finds an engine that works on this machine.

    Raises:
        NoEngineError: If there is none.
    """
    docker = Engine("docker", ("docker",))
    if docker.works():
        yield docker
        return
    # Not the default folder, so that nothing remains and nobody else's containers are touched.
    with tempfile.TemporaryDirectory(prefix="podman-", ignore_cleanup_errors=True) as folder:
        command = ["podman", f"--root={folder}/root", f"--runroot={folder}/run"]
        if shutil.which("runc"):  # crun can't handle machines with both versions of cgroups
            command += ["--runtime=runc", "--cgroup-manager=cgroupfs"]
        engine = Engine("podman", tuple(command))
        if not engine.works():
            raise NoEngineError(
                "Neither Docker's daemon nor Podman works here. Start the daemon, or "
                '"apt-get install podman runc mmdebstrap" and become root.'
            )
        try:
            yield engine
        finally:
            engine("rm", "--all", "--force", "--volumes")
            # Podman may not have unmounted this yet; then the folder couldn't be removed.
            with contextlib.suppress(EngineError):
                _run("umount", "--lazy", f"{folder}/root/overlay")


def _pip_files() -> list[str]:
    """The files of this machine's pip configuration, and those that they name.

    A build that can't use this machine's package index or its certificates would fail.
    """
    text = _run(sys.executable, "-m", "pip", "config", "debug", PIP_QUIET="0")
    return sorted(path for path in set(re.findall(r"/[^\s,']+", text)) if Path(path).is_file())


def _run(*command: str, stderr: int = subprocess.PIPE, **environment: str) -> str:
    try:
        done = subprocess.run(  # no shell, words of our own  # nosec B603
            command,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            timeout=BUILD_TIMEOUT,
            env={**os.environ, **environment},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"{command[0]} could not be run: {error}") from error
    if done.returncode:
        raise EngineError(
            f"`{' '.join(command)}` ended with status {done.returncode}:\n"
            f"{_end(done.stdout + (done.stderr or ''))}"
        )
    return done.stdout


def _end(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-LOG_LINES:])
