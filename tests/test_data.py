"""MNIST is MNIST to the byte, or one sentence says what is wrong."""

import gzip
import hashlib
import http.server
import shutil
import threading

import numpy as np
import pytest

from model import data
from model.errors import DataError


@pytest.fixture
def copy(mnist_folder, tmp_path):
    for name in data.IDX_FILES.values():
        shutil.copy(mnist_folder / name, tmp_path)
    for path in tmp_path.iterdir():
        path.chmod(0o644)
    return tmp_path


def refusal(folder) -> str:
    with pytest.raises(DataError) as caught:
        data.load_mnist(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_mnist_has_its_sizes_and_frames_from_0_to_1(mnist):
    train, test = mnist
    assert (len(train), len(test)) == (60000, 10000)
    frames = test.frames
    assert frames.shape == (10000, 28, 28) and frames.dtype == np.float32
    assert (frames.min(), frames.max()) == (0, 1)


def test_the_folder_may_come_from_the_environment(mnist_folder, monkeypatch):
    monkeypatch.setenv(data.FOLDER_VARIABLE, str(mnist_folder))
    assert len(data.load_mnist()[1]) == 10000


def test_a_missing_folder_or_file_is_named(copy):
    assert "no folder" in refusal(copy / "nowhere")
    (copy / data.IDX_FILES["y_test"]).unlink()
    assert data.IDX_FILES["y_test"] in refusal(copy)


def test_a_truncated_file_is_named_with_a_remedy(copy):
    path = copy / data.IDX_FILES["x_test"]
    path.write_bytes(path.read_bytes()[:100_000])
    assert path.name in refusal(copy) and "Fetch the file again" in refusal(copy)


@pytest.mark.parametrize("content", [b"", b"\x00\x00\x08", b"\x00\x00\x08\x03\x00", b"x" * 50])
def test_a_gzip_file_that_holds_no_idx_is_named(copy, content):
    path = copy / data.IDX_FILES["y_train"]
    path.write_bytes(gzip.compress(content))
    assert path.name in refusal(copy)


def test_one_changed_pixel_is_noticed(copy):
    path = copy / data.IDX_FILES["x_test"]
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[5000] ^= 1
    path.write_bytes(gzip.compress(bytes(content), compresslevel=1))
    assert "SHA-256" in refusal(copy)


def test_exchanged_label_files_are_noticed_by_their_shape(copy):
    shutil.copy(copy / data.IDX_FILES["y_train"], copy / data.IDX_FILES["y_test"])
    assert "(10000,)" in refusal(copy)


def test_changed_labels_are_noticed_by_their_counts(mnist, tmp_path):
    train, test = mnist
    labels = (9 - test.labels).astype(np.uint8)
    np.savez(
        tmp_path / "mnist.npz",
        x_train=train.images,
        y_train=train.labels,
        x_test=test.images,
        y_test=labels,
    )
    assert "labels" in refusal(tmp_path)


def test_an_npz_of_pickled_objects_is_refused(tmp_path):
    np.savez(tmp_path / "mnist.npz", x_train=np.array([object()], dtype=object))
    assert "mnist.npz" in refusal(tmp_path)


def test_an_npz_that_is_no_archive_is_refused(tmp_path):
    (tmp_path / "mnist.npz").write_bytes(b"not a zip file")
    assert "mnist.npz" in refusal(tmp_path)


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    monkeypatch.delenv(data.FOLDER_VARIABLE, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras"


@pytest.fixture
def web(tmp_path):
    """A server on this machine that hands out `tmp_path/web`."""
    folder = tmp_path / "web"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *_arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}/mnist.npz"
        server.shutdown()


def test_without_internet_one_sentence_says_what_to_do(keras_home, monkeypatch):
    monkeypatch.setattr(data, "MNIST_URL", "http://127.0.0.1:9/mnist.npz")
    assert data.needs_download()
    assert "--data" in refusal(None)


def test_a_download_of_something_else_is_refused(keras_home, web, monkeypatch):
    folder, url = web
    (folder / "mnist.npz").write_bytes(b"something else")
    monkeypatch.setattr(data, "MNIST_URL", url)
    assert "can't be had" in refusal(None)
    assert not (keras_home / "datasets" / "mnist.npz").exists()


def test_a_download_is_kept_where_keras_looks_and_used_again(keras_home, web, mnist, monkeypatch):
    folder, url = web
    train, test = mnist
    np.savez(
        folder / "mnist.npz",
        x_train=train.images,
        y_train=train.labels,
        x_test=test.images,
        y_test=test.labels,
    )
    content = (folder / "mnist.npz").read_bytes()
    monkeypatch.setattr(data, "MNIST_FILE_SHA256", hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(data, "MNIST_URL", url)
    assert len(data.load_mnist()[1]) == 10000
    (folder / "mnist.npz").unlink()
    assert not data.needs_download()
    assert len(data.load_mnist()[1]) == 10000


def test_no_writer_is_on_both_sides_of_the_validation_split(mnist_folder):
    held_out = data.validation_mask()
    assert held_out.shape == (60000,) and held_out.sum() == 5707
    if not (mnist_folder / "writers.npz").exists():
        pytest.skip("needs QMNIST's table of writers beside MNIST")
    writers = np.load(mnist_folder / "writers.npz")
    names = writers["train_series"].astype(int) * 10_000 + writers["train_writer"]
    assert not set(names[held_out]) & set(names[~held_out])


def test_the_bundled_digits_come_in_mnists_format():
    digits = data.bundled_digits()
    assert digits.images.shape == (1797, 28, 28) and digits.images.dtype == np.uint8
    assert np.bincount(digits.labels).min() > 170
    assert (digits.images.max(axis=(1, 2)) == 255).all()
