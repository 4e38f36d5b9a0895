"""Runs every page once, in the folder of the app, and ends with an error if one fails.

What the pages import is compiled on the way, and nothing else: an image with a read-only file
system can't do so later, and the rest of the packages' modules would take three times the room.
"""

import contextlib
import os
import socket
import subprocess  # the server is tried as it will run  # nosec B404
import sys
import time
import urllib.request
from pathlib import Path

TIMEOUT = 120  # seconds for a page or the server; it takes a few


def try_pages() -> None:
    """Runs the pages without a browser.

    Raises:
        SystemExit: If one fails.
    """
    from streamlit.testing.v1 import AppTest

    for page in sorted(Path("app_pages").glob("[!_]*.py")):
        app = AppTest.from_file(str(page.resolve()), default_timeout=TIMEOUT).run()
        if app.exception:
            sys.exit(f"{page}: {app.exception[0].value}")


def try_server() -> None:
    """Starts the server and waits until it answers.

    Raises:
        SystemExit: If it doesn't.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(  # the words are ours  # nosec B603
        [
            *(sys.executable, "-m", "streamlit", "run", "server.py", "--server.headless=true"),
            *(f"--server.port={port}", "--server.address=127.0.0.1"),
        ]
    )
    deadline = time.monotonic() + TIMEOUT
    try:
        while server.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(  # our own http address  # nosec B310
                    f"http://127.0.0.1:{port}/_stcore/health", timeout=1
                )
                return
            time.sleep(0.1)
        sys.exit("The server did not start.")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    os.environ["DIGITPAD_DATA"] = "nowhere"  # the pages are tried without MNIST
    sys.path.insert(0, os.getcwd())
    try_server()
    try_pages()
