"""A PostgreSQL server of the tests' own, in a temporary folder, reached by a Unix socket."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

USER = "postgres"  # Debian's; PostgreSQL refuses to run as root
TIMEOUT = 60  # seconds for one command


def programs() -> Path | None:
    """The folder of the newest installed version's programs; `None` if there is none."""
    found = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    return Path(found).resolve().parent if found else debian[-1].parent if debian else None


def _version(initdb: Path) -> float:
    return float(initdb.parts[-3])


class PostgresServer:
    """A server that a test may stop and start again.

    Attributes:
        socket: The folder of its Unix socket.
    """

    def __init__(self, folder: Path):
        self.socket, self._data = folder, folder / "data"
        self._user = {}
        if os.geteuid() == 0:
            account = pwd.getpwnam(USER)
            os.chown(folder, account.pw_uid, account.pw_gid)
            self._user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        self._run("initdb", "--no-sync", "--auth=trust", f"--username={USER}", "--locale=C.UTF-8")

    def address(self, database: str = "postgres") -> str:
        """The value of `DIGITPAD_CORRECTIONS` for one of its databases."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self.socket}"

    def start(self) -> None:
        """Starts it and waits until it answers."""
        listen = f"-c listen_addresses= -c unix_socket_directories={self.socket}"
        log = f"--log={self._data}/log.txt"
        self._run("pg_ctl", "start", "--wait", "--silent", log, f"--options={listen}")

    def stop(self) -> None:
        """Ends it at once, as a crash would, and drops all connections."""
        self._run("pg_ctl", "stop", "--mode=immediate", "--wait", "--silent")

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Runs a statement in a session of its own; returns what it gives, without a heading."""
        where = [f"--host={self.socket}", f"--username={USER}", f"--dbname={database}"]
        return self._run("psql", "-qAt", *where, f"--command={statement}", data=False).strip()

    def _run(self, program: str, *arguments: str, data: bool = True) -> str:
        command = [str(programs() / program), *arguments, *([f"--pgdata={self._data}"] * data)]
        # The server inherits the output: in a pipe it would never end.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=TIMEOUT,
                **self._user,
            )
            output.seek(0)
            text = output.read()
        assert done.returncode == 0, f"{command}\n{text}"
        return text


@contextlib.contextmanager
def running_server() -> Iterator[PostgresServer]:
    # Not in pytest's folder, which the server's user can't enter; its name would be too long, too.
    with tempfile.TemporaryDirectory(prefix="digitpad-") as folder:
        server = PostgresServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
