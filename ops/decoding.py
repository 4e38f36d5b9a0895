"""Decodes visitors' pictures in a process of its own, which is ended if it takes too long.

The process is this module, started with Python itself: `multiprocessing` would run Streamlit's
present page again in the new process, because Streamlit replaces the main module with it.
"""

import atexit
import contextlib
import json
import signal
import socket
import subprocess  # starts this module itself  # nosec B404
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from model.errors import PictureError
from model.ink import decode as in_this_process

SECONDS = 5.0  # for one picture; one of 40 megapixels takes about one
ROOT = Path(__file__).parents[1]
TOO_SLOW = (
    f"Decoding this picture takes more than {SECONDS:.0f} seconds: save it again as a plain JPEG, "
    "or make it smaller."
)


class Decoder:
    """Decodes pictures in one other process, started when it is first needed."""

    def __init__(self):
        self._lock = threading.Lock()
        self._process: subprocess.Popen | None = None
        self._connection: Connection | None = None

    def decode(self, content: bytes) -> np.ndarray:
        """Decodes a picture file, as `model.ink.decode.decode` does.

        Args:
            content: A PNG, JPEG or WebP file, at most 10 MB and 40 megapixels.

        Returns:
            `uint8` array of shape `(rows, cols, 3)`, RGB.

        Raises:
            PictureError: If the file is damaged, too large, or takes too long.
        """
        in_this_process.check_size(content)
        with self._lock:
            for _ in range(2):  # the process may have been ended while it waited
                self._start()
                with contextlib.suppress(OSError, EOFError):
                    return self._ask(content)
                self.end()
        raise PictureError("This picture can't be decoded here: save it again or choose another.")

    def _ask(self, content: bytes) -> np.ndarray:
        self._connection.send_bytes(content)
        if not self._connection.poll(SECONDS):
            self.end()
            raise PictureError(TOO_SLOW)
        about = json.loads(self._connection.recv_bytes())
        if "problem" in about:
            raise PictureError(about["problem"])
        return np.frombuffer(self._connection.recv_bytes(), np.uint8).reshape(about["shape"])

    def _start(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        self.end()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # no shell, words of our own  # nosec B603
                [sys.executable, "-m", "ops.decoding", str(theirs.fileno())],
                cwd=ROOT,
                pass_fds=[theirs.fileno()],
            )
        self._connection = Connection(ours.detach())

    def end(self) -> None:
        """Ends the process; it starts again when there is another picture."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._connection = None


DECODER = Decoder()
atexit.register(DECODER.end)


def _serve(connection: Connection) -> None:
    """Decodes what comes over a connection until its other end is closed."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            content = connection.recv_bytes()
            try:
                picture = in_this_process.decode(content)
            except PictureError as error:
                connection.send_bytes(json.dumps({"problem": str(error)}).encode())
                continue
            connection.send_bytes(json.dumps({"shape": picture.shape}).encode())
            connection.send_bytes(picture.tobytes())


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the server, and that ends this
    _serve(Connection(int(sys.argv[1])))
