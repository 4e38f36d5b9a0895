"""Pictures are decoded in a process that can be ended, as they would be in this one."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from benchmarks.sheets import sheet
from model.errors import PictureError
from model.ink.decode import MAX_BYTES, decode
from ops import decoding
from ops.decoding import Decoder
from tests.model.ink.test_decode import saved


@pytest.fixture
def decoder():
    decoder = Decoder()
    yield decoder
    decoder.end()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_pictures_are_the_same_as_decoded_here(decoder, kind):
    assert np.array_equal(decoder.decode(saved(kind)), decode(saved(kind)))


def test_errors_are_the_same_sentences(decoder):
    for content in (b"no picture", saved("JPEG")[:300], b"x" * (MAX_BYTES + 1)):
        with pytest.raises(PictureError) as here:
            decode(content)
        with pytest.raises(PictureError) as there:
            decoder.decode(content)
        assert str(there.value) == str(here.value)


def test_a_picture_that_takes_too_long_ends_the_process_only(decoder, monkeypatch):
    decoder.decode(saved("PNG"))
    slow = decoder._process
    os.kill(slow.pid, signal.SIGSTOP)  # as if it decoded for ever
    monkeypatch.setattr(decoding, "SECONDS", 0.1)
    with pytest.raises(PictureError, match="takes more than"):
        decoder.decode(saved("PNG"))
    assert slow.poll() is not None
    monkeypatch.setattr(decoding, "SECONDS", 20)
    assert decoder.decode(saved("PNG")).shape == sheet().shape


def test_a_process_that_reads_nothing_ends_in_time(decoder, monkeypatch):
    decoder.decode(saved("PNG"))
    os.kill(decoder._process.pid, signal.SIGSTOP)
    monkeypatch.setattr(decoding, "SECONDS", 0.1)
    with pytest.raises(PictureError, match="takes more than"):
        decoder.decode(bytes(MAX_BYTES))  # far more than a pipe holds


def test_a_process_that_the_system_ended_is_replaced(decoder):
    decoder.decode(saved("PNG"))
    decoder._process.kill()
    decoder._process.wait()
    assert decoder.decode(saved("PNG")).shape == sheet().shape
    os.kill(decoder._process.pid, signal.SIGKILL)  # perhaps not noticed yet
    assert decoder.decode(saved("PNG")).shape == sheet().shape


def test_many_threads_share_one_process(decoder):
    with ThreadPoolExecutor(4) as pool:
        shapes = list(pool.map(lambda _: decoder.decode(saved("JPEG")).shape, range(8)))
    assert shapes == [sheet().shape] * 8


def test_the_process_ends_with_the_server(decoder):
    decoder.decode(saved("PNG"))
    decoder._process.stdin.close()  # as the system does when the server is killed
    assert decoder._process.wait(20) == 0
