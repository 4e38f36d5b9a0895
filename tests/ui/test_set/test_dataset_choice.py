"""Which images the page Test images shows: MNIST, corrections, uploads, the bundled digits."""

import io
import zlib

import numpy as np

from model.learning import data
from ops.corrections import Corrections
from ops.corrections_export import as_npz
from tests.ui.pages import has_text, opened, settled, shown_images, shown_map, store_corrections
from ui import datasets


def test_corrections_can_be_browsed(no_mnist, corrections_open):
    app = opened("test_set", data="Corrections")
    assert "No corrections yet" in app.info[0].value
    store_corrections(3)
    app = opened("test_set", data="Corrections", image="0")
    assert "of 3 images" in app.markdown[0].value and len(shown_images(app)) == 3
    assert has_text(app.markdown, "Image **0** of corrections")
    on_map = shown_map(opened("test_set", data="Corrections", view="Map"))
    assert "Map of 3 images" in on_map["title"]


def test_uploaded_images_are_read_and_bad_files_get_a_sentence(no_mnist):
    app = opened("test_set", data="Your own")
    assert "MNIST's format" in app.info[0].value
    app.file_uploader[0].upload("mine.npz", b"nothing", "application/zip")
    app = settled(app.run())
    assert "not a whole NumPy archive" in app.warning[0].value
    store_corrections(4)
    app = opened("test_set", data="Your own")
    app.file_uploader[0].upload("mine.npz", as_npz(Corrections().load()), "application/zip")
    app = settled(app.run())
    assert "of 4 images" in app.markdown[0].value and len(shown_images(app)) == 4


def test_a_forged_file_is_not_taken_for_another_one(no_mnist):
    """It has the same name, length and CRC."""
    shown = []
    for digit in (3, 8):
        file = io.BytesIO()
        images = np.full((1, 28, 28), digit, np.uint8)
        np.savez(file, images=images, labels=np.array([digit], np.uint8))
        content = file.getvalue()
        # A file that ends with its own CRC always has the same CRC.
        content += zlib.crc32(content).to_bytes(4, "little")
        assert zlib.crc32(content) == 0x2144DF1C
        app = opened("test_set", data="Your own", image="0")
        app.file_uploader[0].upload("mine.npz", content, "application/zip")
        app = settled(app.run())
        shown.append((len(content), has_text(app.markdown, f"True label: **{digit}**")))
    assert shown == [(len(content), True)] * 2


def test_own_images_are_read_again_when_they_are_no_longer_cached(no_mnist, monkeypatch):
    reads, read = [], datasets.read_upload
    monkeypatch.setattr(datasets, "read_upload", lambda its: reads.append(its) or read(its))
    store_corrections(4)
    app = opened("test_set", data="Your own", image="1")
    app.file_uploader[0].upload("mine.npz", as_npz(Corrections().load()), "application/zip")
    app = settled(app.run())
    assert has_text(app.markdown, "Image **1**") and len(reads) == 1
    datasets._uploaded.clear()
    app = settled(app.run())
    assert has_text(app.markdown, "Image **1**") and len(reads) == 2


def test_without_mnist_the_bundled_digits_are_shown(no_mnist):
    app = opened("test_set")
    assert "UCI's digits" in app.warning[0].value
    assert "1,797" in app.markdown[0].value
    assert "Try again" in app.button[0].label


def test_mnist_is_tried_again_only_when_asked(no_mnist, mnist_folder, monkeypatch):
    app = opened("test_set")
    monkeypatch.setenv("DIGITPAD_DATA", str(mnist_folder))
    assert settled(app.run()).warning
    app = settled(app.button[0].click().run())
    assert not app.warning and "10,000" in app.markdown[0].value


def test_a_truncated_mnist_is_replaced_by_the_bundled_digits(
    mnist_folder, tmp_path, monkeypatch, caplog
):
    for name in data.IDX_FILES.values():
        content = (mnist_folder / name).read_bytes()
        (tmp_path / name).write_bytes(content[: len(content) // 2])
    monkeypatch.setenv("DIGITPAD_DATA", str(tmp_path))
    app = opened("test_set")
    assert "not a whole gzip file" in caplog.text
    assert "not available" in app.warning[0].value
    assert "1,797" in app.markdown[0].value
