"""Pictures and arrays from programs become the same frames as MNIST's own and the pages'."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from benchmarks.sheets import sheet
from model.errors import NothingDrawn, PictureError
from model.ink.decode import decode
from model.ink.frame import ink_from_picture, to_mnist
from model.ink.layout import find_digits
from model.reading.picture_files import (
    frame_of_array,
    frame_of_file,
    frame_of_picture,
    is_as_mnist,
    read_file,
    read_sheet,
    read_sheet_file,
)
from model.reading.prediction import Prediction, read_frames
from model.reading.recognizer import Recognizer
from tests.pictures_for_programs import picture_of, saved


@pytest.fixture(scope="module")
def recognizer(trained) -> Recognizer:
    return Recognizer.load(trained)


def test_mnist_images_are_recognised_as_mnists_format(mnist):
    for data in mnist:
        assert all(is_as_mnist(frame) for frame in data.frames[::7])
    frame = mnist[1].frames[0]
    assert not is_as_mnist(np.roll(frame, 2, axis=0))
    assert not is_as_mnist(np.pad(frame, 1))
    assert not is_as_mnist(np.zeros((28, 28), np.float32))


@pytest.mark.parametrize("is_inverted", [False, True])
def test_mnist_images_are_their_own_frames(mnist, is_inverted):
    for image, frame in zip(mnist[1].images[:50], mnist[1].frames[:50], strict=True):
        read = frame_of_file(saved(255 - image if is_inverted else image))
        assert np.allclose(read, frame, atol=1e-6)
        assert np.allclose(frame_of_array(image), frame, atol=1e-6)


def test_grain_and_shadow_cost_little_accuracy(mnist, recognizer):
    rng = np.random.default_rng(0)
    frames = []
    for image in mnist[1].images[:200]:
        large = cv2.resize(255 - image, (168, 168), interpolation=cv2.INTER_CUBIC)
        shaded = np.pad(large, ((30, 70), (10, 50)), "edge") * np.linspace(0.8, 1, 228)
        grainy = np.clip(shaded + rng.normal(0, 8, shaded.shape), 0, 255).astype(np.uint8)
        frames.append(frame_of_file(saved(grainy, "JPEG")))
    read = np.array([one.probabilities.argmax() for one in read_frames(frames, recognizer)])
    assert (read == mnist[1].labels[:200]).mean() >= 0.98  # 0.18 if grain counts as ink


def test_a_clean_picture_equals_plain_preparation_within_a_pixel():
    for digit in "0123456789":
        picture = picture_of(digit, ink=0, paper=255)
        frame, plain = frame_of_picture(picture), to_mnist(ink_from_picture(picture))
        moved = [np.roll(frame, (row - 1, col - 1), axis=(0, 1)) for row, col in np.ndindex(3, 3)]
        assert min(np.abs(one - plain).mean() for one in moved) < 0.05


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize(("ink", "paper"), [(20, 240), (235, 15)])
@pytest.mark.parametrize("side", [28, 60, 700])
def test_any_format_shade_and_size_is_read(kind, ink, paper, side, recognizer):
    for digit in "2358":  # at 28 pixels OpenCV's 1, 6 and 9 are thinner than handwriting
        (one,) = read_file(saved(picture_of(digit, ink, paper, side), kind), recognizer)
        assert one.digits == (int(digit),) and one.box is None


def test_a_sheet_file_is_read_as_its_picture(recognizer):
    content = saved(picture_of("30758"))
    found, on_page = read_sheet_file(content, recognizer), read_sheet(decode(content), recognizer)
    assert [one.as_dict() for one in found] == [one.as_dict() for one in on_page]
    assert [one.digits[0] for one in found] == [3, 0, 7, 5, 8]
    lefts = [one.box[0] for one in found]
    assert lefts == sorted(lefts)


@pytest.mark.parametrize("side", [120, 1200])
def test_boxes_are_in_pixels_of_the_file(side, recognizer):
    for place, one in enumerate(read_sheet_file(saved(picture_of("27", side=side)), recognizer)):
        left, top, right, bottom = one.box
        assert place * side < left < right < (place + 1) * side
        assert 0.15 * side < top < 0.3 * side and 0.7 * side < bottom < 0.85 * side


def test_programs_get_json_types(recognizer):
    (seven,) = read_file(saved(picture_of("7")), recognizer)
    written = seven.as_dict()
    assert written["digit"] == 7 and written["digits"] == [7] and written["is_digit"] is True
    assert len(written["probabilities"]) == 10 and abs(sum(written["probabilities"]) - 1) < 1e-5
    assert written["network"] == recognizer.version and "box" not in written


def test_a_refused_picture_has_no_digit(recognizer):
    flat = np.full(10, 0.1)
    frame = np.zeros((28, 28), np.float32)
    written = Prediction(frame, flat, recognizer.answer(flat), "a run").as_dict()
    assert (written["digit"], written["is_digit"], written["digits"]) == (None, False, [])


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_a_blank_picture_is_refused(shade):
    with pytest.raises(NothingDrawn, match="one shade"):
        frame_of_picture(np.full((50, 40, 3), shade, np.uint8))


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 2), (1, 5000), (5000, 1), (2, 40_000), (6000, 100)], ids=str
)
@pytest.mark.parametrize("read", [read_file, read_sheet_file])
def test_odd_shapes_are_read_or_refused(shape, read, recognizer):
    picture = np.full(shape, 255, np.uint8)
    picture[: 1 + shape[0] // 2, : 1 + shape[1] // 3] = 0
    picture[-1, -1] = 255
    try:
        assert len(read(saved(picture), recognizer)) >= 1
    except NothingDrawn as error:
        assert "digit" in str(error)


def test_a_nearly_blank_array_is_refused_with_the_scale():
    with pytest.raises(NothingDrawn, match=r"largest number is 1, .* 25\.5 to 255"):
        frame_of_array(np.eye(28))


@pytest.mark.parametrize(
    "numbers", [np.zeros((28, 27)), np.eye(28) * 256, -np.eye(28), np.full((28, 28), np.nan)]
)
def test_other_arrays_are_value_errors(numbers):
    with pytest.raises(ValueError, match="28"):
        frame_of_array(numbers)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_damaged_pictures_are_read_or_refused(kind, recognizer):
    rng = np.random.default_rng(0)
    whole = saved(picture_of("5"), kind)
    for _ in range(100):
        content = bytearray(whole)
        for place in rng.integers(0, len(content), 3):
            content[place] = rng.integers(0, 256)
        try:
            (one,) = read_file(bytes(content), recognizer)
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
        (one,) = read_file(buffer.getvalue(), recognizer)
        assert one.digits == (3,), picture.mode


def test_photos_are_read():
    recognizer = Recognizer.load()
    right = 0
    for seed in range(5):
        found = read_sheet(sheet(seed=seed, gradient=0.4, noise=4), recognizer)
        right += sum(a.answer.digits[0] == int(b) for a, b in zip(found, "317402", strict=True))
    assert right >= 27  # of 30


def test_each_prediction_has_its_box_and_frame():
    picture = sheet()
    for one, located in zip(
        read_sheet(picture, Recognizer.load()), find_digits(picture), strict=True
    ):
        assert one.box == located.box and np.array_equal(one.frame, located.frame)
