"""Decodes visitors' pictures in a process of its own, which is ended if it takes too long.

The process is this module, started with Python itself: `multiprocessing` would run Streamlit's
present page again in the new process, because Streamlit replaces the main module with it.
"""

import atexit
import contextlib
import json
import math
import signal
import subprocess  # starts this module itself  # nosec B404
import sys
import threading
from pathlib import Path
from typing import BinaryIO

import numpy as np

from model.errors import PictureError
from model.ink import decode as in_this_process

SECONDS = 5.0  # for one picture; one of 40 megapixels takes about one
ROOT = Path(__file__).parents[1]
LENGTH = 8  # bytes of a number; the page and the file's length are sent before it
TOO_SLOW = (
    f"Decoding this picture takes more than {SECONDS:.0f} seconds: save it again as a plain JPEG, "
    "or make it smaller."
)


class Decoder:
    """Decodes pictures in one other process, started when it is first needed."""

    def __init__(self):
        self._lock = threading.Lock()
        self._process: subprocess.Popen | None = None

    def decode(self, content: bytes) -> np.ndarray:
        """Decodes a picture file, as `model.ink.decode.decode` does."""
        return self.decode_page(content, 0)[0]

    def decode_page(self, content: bytes, page: int) -> tuple[np.ndarray, int]:
        """Decodes a page of a picture file, as `model.ink.decode.decode_page` does.

        Args:
            content: The file, at most 10 MB and 40 megapixels.
            page: Which page, from 0.

        Returns:
            `uint8` array of shape `(rows, cols, 3)`, RGB, and the number of pages.

        Raises:
            PictureError: If the file is damaged, too large, or takes too long.
        """
        in_this_process.check_size(content)
        with self._lock:
            for _ in range(2):  # the process may have been ended while it waited
                process, is_late = self._running(), threading.Event()
                timer = threading.Timer(SECONDS, _end, (process, is_late))
                timer.start()
                try:
                    return _ask(process, content, page)
                except OSError:
                    process.kill()
                    process.wait()
                    if is_late.is_set():
                        raise PictureError(TOO_SLOW) from None
                finally:
                    timer.cancel()
        raise PictureError("This picture can't be decoded here: save it again or choose another.")

    def _running(self) -> subprocess.Popen:
        if self._process is None or self._process.poll() is not None:
            self.end()
            self._process = subprocess.Popen(  # no shell, words of our own  # nosec B603
                [sys.executable, "-m", "ops.decoding"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
            )
        return self._process

    def end(self) -> None:
        """Ends the process; it starts again when there is another picture."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            self._process.stdout.close()
        self._process = None


def _end(process: subprocess.Popen, is_late: threading.Event) -> None:
    is_late.set()
    process.kill()


def _ask(process: subprocess.Popen, content: bytes, page: int) -> tuple[np.ndarray, int]:
    """Has a process decode a picture; raises `OSError` if it ends meanwhile."""
    head = page.to_bytes(LENGTH) + len(content).to_bytes(LENGTH)
    _write(process.stdin, head + content)
    answer = json.loads(_read(process.stdout, int.from_bytes(_read(process.stdout, LENGTH))))
    if "problem" in answer:
        raise PictureError(answer["problem"])
    pixels = _read(process.stdout, math.prod(answer["shape"]))
    return np.frombuffer(pixels, np.uint8).reshape(answer["shape"]), answer["num_pages"]


def _serve(files: BinaryIO, answers: BinaryIO) -> None:
    """Decodes each file that comes, until the server ends."""
    while True:
        pixels = b""
        page = int.from_bytes(_read(files, LENGTH))
        content = _read(files, int.from_bytes(_read(files, LENGTH)))
        try:
            picture, num_pages = in_this_process.decode_page(bytes(content), page)
            answer, pixels = {"shape": picture.shape, "num_pages": num_pages}, picture.tobytes()
        except PictureError as error:
            answer = {"problem": str(error)}
        text = json.dumps(answer).encode()
        _write(answers, len(text).to_bytes(LENGTH) + text + pixels)


def _read(file: BinaryIO, num: int) -> bytearray:
    """Reads `num` bytes from a pipe; raises `OSError` if its other end is closed."""
    content = bytearray(num)
    rest = memoryview(content)
    while rest:
        if not (received := file.readinto(rest)):
            raise BrokenPipeError
        rest = rest[received:]
    return content


def _write(file: BinaryIO, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


DECODER = Decoder()
atexit.register(DECODER.end)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the server, and that ends this
    with (
        contextlib.suppress(BrokenPipeError),
        open(0, "rb", buffering=0) as files,
        open(1, "wb", buffering=0) as answers,
    ):
        _serve(files, answers)
