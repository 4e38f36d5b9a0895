"""Which images the Test set page shows: MNIST, corrections, uploads, the bundled digits."""

from model.learning import data
from ops.corrections import Corrections
from ops.corrections_export import as_npz
from tests.ui.pages import has_text, opened, settled, shown_images, store_corrections


def test_corrections_can_be_browsed(no_mnist, corrections_open):
    app = opened("test_set", data="Corrections")
    assert "No corrections yet" in app.info[0].value
    store_corrections(3)
    app = opened("test_set", data="Corrections", image="0")
    assert "of 3 images" in app.markdown[0].value and len(shown_images(app)) == 3
    assert has_text(app.markdown, "Image **0** of corrections")
    assert opened("test_set", data="Corrections", view="Map").get("vega_lite_chart")


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
