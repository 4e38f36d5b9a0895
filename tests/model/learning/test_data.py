"""MNIST is checked to the byte; anything else is refused with a remedy."""

import gzip
import hashlib
import http.server
import io
import shutil
import socket
import threading
import zipfile

import numpy as np
import pytest
from sklearn.datasets import load_digits

from model.errors import DataError
from model.ink.frame import to_mnist
from model.learning import data


@pytest.fixture
def copy(mnist_folder, tmp_path):
    for name in data.IDX_FILES.values():
        shutil.copy(mnist_folder / name, tmp_path)
    for path in tmp_path.iterdir():
        path.chmod(0o644)
    return tmp_path


def refusal(folder) -> str:
    """Returns the error message for a folder, which says what to do next."""
    with pytest.raises(DataError) as caught:
        data.load_mnist(folder)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert any(remedy in sentence for remedy in (data.REMEDY, ": name the one", ": put", "--data"))
    return sentence


def save_npz(folder, mnist, **changes):
    """Writes `mnist.npz` with MNIST's arrays, some of them changed; `None` leaves one out."""
    train, test = mnist
    arrays = {
        "x_train": train.images,
        "y_train": train.labels,
        "x_test": test.images,
        "y_test": test.labels,
        **changes,
    }
    np.savez(
        folder / "mnist.npz", **{key: array for key, array in arrays.items() if array is not None}
    )
    return folder / "mnist.npz"


def test_mnist_has_its_sizes_and_range(mnist):
    train, test = mnist
    assert (len(train), len(test)) == (60000, 10000)
    frames = test.frames
    assert frames.shape == (10000, 28, 28) and frames.dtype == np.float32
    assert (frames.min(), frames.max()) == (0, 1)


def test_a_missing_folder_or_file_is_named(copy):
    assert str(copy / "nowhere") in refusal(copy / "nowhere")
    (copy / data.IDX_FILES["y_test"]).unlink()
    assert data.IDX_FILES["y_test"] in refusal(copy)


def test_a_truncated_file_is_named(copy):
    path = copy / data.IDX_FILES["x_test"]
    path.write_bytes(path.read_bytes()[:100_000])
    assert path.name in refusal(copy) and "Fetch the file again" in refusal(copy)


@pytest.mark.parametrize("content", [b"", b"\x00\x00\x08", b"\x00\x00\x08\x03\x00", b"x" * 50])
def test_a_gzip_file_without_idx_is_named(copy, content):
    path = copy / data.IDX_FILES["y_train"]
    path.write_bytes(gzip.compress(content))
    assert path.name in refusal(copy)


def test_one_changed_pixel_is_noticed(copy):
    path = copy / data.IDX_FILES["x_test"]
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[5000] ^= 1
    path.write_bytes(gzip.compress(bytes(content), compresslevel=1))
    assert "SHA-256" in refusal(copy)


@pytest.mark.parametrize("place", [0, 2000, -8, -1])
def test_one_changed_bit_of_a_gzip_file_is_noticed(copy, place):
    path = copy / data.IDX_FILES["y_test"]
    content = bytearray(path.read_bytes())
    content[place] ^= 64
    path.write_bytes(content)
    assert path.name in refusal(copy)


def test_exchanged_files_are_noticed_by_their_shape(copy):
    shutil.copy(copy / data.IDX_FILES["y_train"], copy / data.IDX_FILES["y_test"])
    assert "(10000,)" in refusal(copy)
    shutil.copy(copy / data.IDX_FILES["x_train"], copy / data.IDX_FILES["y_train"])
    assert data.IDX_FILES["y_train"] in refusal(copy)


def test_an_npz_with_mnists_arrays_is_accepted(mnist, tmp_path):
    save_npz(tmp_path, mnist)
    for loaded, expected in zip(data.load_mnist(tmp_path), mnist, strict=True):
        assert np.array_equal(loaded.images, expected.images)
        assert np.array_equal(loaded.labels, expected.labels)


def test_changed_labels_are_noticed_by_their_counts(mnist, tmp_path):
    save_npz(tmp_path, mnist, y_test=(9 - mnist[1].labels).astype(np.uint8))
    assert "labels" in refusal(tmp_path)


def test_two_swapped_labels_are_noticed(mnist, tmp_path):
    labels = mnist[1].labels.copy()
    labels[[0, 1]] = labels[[1, 0]]
    save_npz(tmp_path, mnist, y_test=labels)
    assert "SHA-256 of y_test" in refusal(tmp_path)


def test_a_wrong_or_missing_array_is_named(mnist, tmp_path):
    test = mnist[1]
    path = save_npz(tmp_path, mnist, x_test=test.images.reshape(10000, 784))
    assert "(10000, 784)" in refusal(tmp_path) and str(path) in refusal(tmp_path)
    save_npz(tmp_path, mnist, y_test=test.labels.astype(np.int64))
    assert "int64" in refusal(tmp_path)
    save_npz(tmp_path, mnist, y_train=None)
    assert "y_train" in refusal(tmp_path)


def single_array() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


def pickled_objects() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, x_train=np.array([object()], dtype=object))
    return buffer.getvalue()


def petabytes() -> bytes:
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (10000000000000, 28, 28), }"
    array = b"\x93NUMPY\x01\x00" + bytes([118, 0]) + header.ljust(117) + b"\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for key in data.SHAPES:
            archive.writestr(f"{key}.npy", array)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"not a zip file", b"PK\x03\x04", single_array(), pickled_objects(), petabytes()],
    ids=["empty", "text", "a zip file's start", "one array", "pickled objects", "petabytes"],
)
def test_an_npz_that_is_no_whole_archive_is_refused(tmp_path, content):
    (tmp_path / "mnist.npz").write_bytes(content)
    assert "mnist.npz" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("place", "flip"), [(6, 1), (6, 255), (8, 1), (8, 32), (10, 1), (14, 1), (28, 1)]
)
def test_an_npz_with_a_damaged_member_is_refused(tmp_path, place, flip):
    np.savez(tmp_path / "mnist.npz", **dict.fromkeys(data.SHAPES, np.zeros(5, np.uint8)))
    content = bytearray((tmp_path / "mnist.npz").read_bytes())
    for signature, shift in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):  # header, table of contents
        content[content.index(signature) + shift + place] ^= flip
    (tmp_path / "mnist.npz").write_bytes(content)
    assert "mnist.npz" in refusal(tmp_path)


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    monkeypatch.delenv("DIGITPAD_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras"


@pytest.fixture
def web(tmp_path):
    """A server on this machine that serves `tmp_path/web`."""
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


def test_without_internet_the_error_says_what_to_do(keras_home, monkeypatch):
    with socket.socket() as free:  # a port where nothing listens
        free.bind(("127.0.0.1", 0))
        monkeypatch.setattr(
            data, "MNIST_URL", f"http://127.0.0.1:{free.getsockname()[1]}/mnist.npz"
        )
    assert data.needs_download()
    assert "--data" in refusal(None) and data.MNIST_URL in refusal(None)


def test_a_missing_download_is_refused(keras_home, web, monkeypatch):
    monkeypatch.setattr(data, "MNIST_URL", web[1])
    assert "HTTPError" in refusal(None)


def test_another_download_is_refused_and_not_kept(keras_home, web, monkeypatch):
    folder, url = web
    (folder / "mnist.npz").write_bytes(b"something else")
    monkeypatch.setattr(data, "MNIST_URL", url)
    assert "can't be had" in refusal(None)
    assert not (keras_home / "datasets" / "mnist.npz").exists()


def test_a_download_is_kept_where_keras_looks(keras_home, web, mnist, monkeypatch):
    folder, url = web
    content = save_npz(folder, mnist).read_bytes()
    monkeypatch.setattr(data, "MNIST_FILE_SHA256", hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(data, "MNIST_URL", url)
    kept = keras_home / "datasets" / "mnist.npz"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(content[:1000])  # part of an earlier download, which is replaced
    assert len(data.load_mnist()[1]) == 10000
    assert kept.read_bytes() == content
    (folder / "mnist.npz").unlink()
    assert not data.needs_download()
    assert len(data.load_mnist()[1]) == 10000


def test_no_writer_is_in_both_sets(mnist_folder):
    held_out = data.validation_mask()
    assert held_out.shape == (60000,) and held_out.sum() == 5707
    if not (mnist_folder / "writers.npz").exists():
        pytest.skip("needs QMNIST's table of writers beside MNIST")
    writers = np.load(mnist_folder / "writers.npz")
    names = writers["train_series"].astype(int) * 10_000 + writers["train_writer"]
    assert not set(names[held_out]) & set(names[~held_out])


def test_bundled_digits_have_mnists_format():
    digits = data.bundled_digits()
    assert len(digits) == 1797 and digits.labels.dtype == np.uint8
    for frame in digits.frames[::100]:
        assert np.abs(to_mnist(frame) - frame).max() < 1.001 / 255
    assert digits.images.shape == (1797, 28, 28) and digits.images.dtype == np.uint8
    assert np.bincount(digits.labels).min() > 170
    assert (digits.images.max(axis=(1, 2)) == 255).all()


def test_the_bundled_file_equals_scikit_learns_digits():
    theirs = load_digits()
    with np.load(data.BUNDLED_FILE, allow_pickle=False) as ours:
        assert ours["images"].dtype == ours["labels"].dtype == np.uint8
        assert np.array_equal(ours["images"], theirs.images)
        assert np.array_equal(ours["labels"], theirs.target)
    assert data.BUNDLED_FILE.stat().st_size < 100_000
