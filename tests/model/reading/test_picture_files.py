"""Picture files of one digit, and pages of paper, are read as programs and pages need them."""

import io

import numpy as np
import pytest
from PIL import Image

from benchmarks.sheets import sheet
from model.errors import NothingDrawn, PictureError
from model.ink.decode import decode
from model.reading.paper import PaperReading
from model.reading.paper_reader import read_paper
from model.reading.picture_files import read_file, read_pages
from model.reading.recognizer import Recognizer
from tests.pictures_for_programs import picture_of, saved


@pytest.fixture(scope="module")
def recognizer(trained) -> Recognizer:
    return Recognizer.load(trained)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize(("ink", "paper"), [(20, 240), (235, 15)])
@pytest.mark.parametrize("side", [28, 60, 700])
def test_any_format_shade_and_size_is_read(kind, ink, paper, side, recognizer):
    for digit in "2358":  # at 28 pixels OpenCV's 1, 6 and 9 are thinner than handwriting
        one = read_file(saved(picture_of(digit, ink, paper, side), kind), recognizer)
        assert one.digits == (int(digit),)


def test_a_page_is_read_as_its_picture(recognizer):
    content = saved(picture_of("30758"))
    (page,) = read_pages(content, recognizer)
    assert page.as_dict() == read_paper(decode(content), recognizer).as_dict()
    assert "".join(digit.text for digit in page.digits) == "30758"


@pytest.mark.parametrize("side", [120, 1200])
def test_boxes_are_in_pixels_of_the_file(side, recognizer):
    (page,) = read_pages(saved(picture_of("27", side=side)), recognizer)
    assert len(page.digits) == 2
    for place, one in enumerate(page.digits):
        left, top, right, bottom = one.box
        assert place * side < left < right < (place + 1) * side
        assert 0.12 * side < top < 0.32 * side and 0.68 * side < bottom < 0.87 * side


@pytest.mark.parametrize("kind", ["TIFF", "PDF"])
def test_each_page_of_a_document_is_read_and_a_blank_one_is_told(kind, recognizer):
    blank = Image.new("L", (600, 400), 240)
    pages = [Image.fromarray(picture_of("275")), blank, Image.fromarray(picture_of("38"))]
    buffer = io.BytesIO()
    pages[0].save(buffer, kind, save_all=True, append_images=pages[1:])
    first, second, third = read_pages(buffer.getvalue(), recognizer)
    assert "".join(digit.text for digit in first.digits) == "275"
    assert isinstance(second, NothingDrawn)
    assert "".join(digit.text for digit in third.digits) == "38"


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 2), (1, 5000), (5000, 1), (2, 40_000), (6000, 100)], ids=str
)
@pytest.mark.parametrize("read", [read_file, lambda *args: list(read_pages(*args))])
def test_odd_shapes_are_read_or_refused(shape, read, recognizer):
    picture = np.full(shape, 255, np.uint8)
    picture[: 1 + shape[0] // 2, : 1 + shape[1] // 3] = 0
    picture[-1, -1] = 255
    try:
        read(saved(picture), recognizer)
    except NothingDrawn as error:
        assert "digit" in str(error)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_damaged_pictures_are_read_or_refused(kind, recognizer):
    rng = np.random.default_rng(0)
    whole = saved(picture_of("5"), kind)
    for _ in range(100):
        content = bytearray(whole)
        for place in rng.integers(0, len(content), 3):
            content[place] = rng.integers(0, 256)
        try:
            one = read_file(bytes(content), recognizer)
        except (PictureError, NothingDrawn) as error:
            assert str(error).endswith((".", "page"))
        else:
            assert np.isclose(one.probabilities.sum(), 1, atol=1e-5)


def test_transparency_palette_and_16_bits_are_read_alike(recognizer):
    grey = Image.fromarray(picture_of("3", 0, 255))
    alpha = Image.merge("LA", [Image.new("L", grey.size, 0), Image.fromarray(255 - np.array(grey))])
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    for picture in (grey, grey.convert("RGB"), grey.convert("P"), alpha, deep):
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        assert read_file(buffer.getvalue(), recognizer).digits == (3,), picture.mode


def test_photos_are_read():
    recognizer = Recognizer.load()
    right = 0
    for seed in range(5):
        found = read_paper(sheet(seed=seed, gradient=0.4, noise=4), recognizer)
        assert isinstance(found, PaperReading)
        right += sum(a.text == b for a, b in zip(found.digits, "317402", strict=False))
    assert right >= 27  # of 30
