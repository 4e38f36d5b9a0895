"""Pictures and arrays of one digit become the same frames as MNIST's own and the pages'."""

import cv2
import numpy as np
import pytest

from model.errors import NothingDrawn
from model.ink.decode import decode
from model.ink.frame import ink_from_picture, to_mnist
from model.ink.picture import frame_of_array, frame_of_picture, frames_as_mnist, is_as_mnist
from model.reading.prediction import Prediction, read_frames
from model.reading.recognizer import Recognizer
from tests.pictures_for_programs import picture_of, saved


@pytest.fixture(scope="module")
def recognizer(trained) -> Recognizer:
    return Recognizer.load(trained)


def frame_of_file(content: bytes) -> np.ndarray:
    return frame_of_picture(decode(content))


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


@pytest.mark.parametrize(("paper", "ink"), [(0, 255), (255, 0), (200, 30), (20, 90), (140, 230)])
def test_frames_prepared_together_equal_those_prepared_alone(mnist, paper, ink):
    images = mnist[1].images[:300] / 255 * (ink - paper) + paper
    images = np.round(images).astype(np.uint8)
    images[::5] = np.roll(images[::5], 3, axis=1)  # no longer where MNIST has it
    images[7] = paper
    frames, are_as_mnist = frames_as_mnist(images)
    assert np.array_equal(np.flatnonzero(~are_as_mnist), sorted({7, *range(0, 300, 5)}))
    for image, frame in zip(images[are_as_mnist], frames[are_as_mnist], strict=True):
        assert np.array_equal(frame, frame_of_picture(image))


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


def test_programs_get_json_types(recognizer):
    (seven,) = read_frames([frame_of_picture(picture_of("7"))], recognizer)
    written = seven.as_dict()
    assert written["digit"] == 7 and written["digits"] == [7] and written["is_digit"] is True
    assert len(written["probabilities"]) == 10 and abs(sum(written["probabilities"]) - 1) < 1e-5
    assert written["network"] == recognizer.version and written["reason"] == ""


def test_a_refused_picture_has_no_digit(recognizer):
    flat = np.full(10, 0.1)
    frame = np.zeros((28, 28), np.float32)
    written = Prediction(frame, flat, recognizer.answer(flat), "a run").as_dict()
    assert (written["digit"], written["is_digit"], written["digits"]) == (None, False, [])


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_a_blank_picture_is_refused(shade):
    with pytest.raises(NothingDrawn, match="one shade"):
        frame_of_picture(np.full((50, 40, 3), shade, np.uint8))


def test_a_nearly_blank_array_is_refused_with_the_scale():
    with pytest.raises(NothingDrawn, match=r"largest number is 1, .* 25\.5 to 255"):
        frame_of_array(np.eye(28))


@pytest.mark.parametrize(
    "numbers", [np.zeros((28, 27)), np.eye(28) * 256, -np.eye(28), np.full((28, 28), np.nan)]
)
def test_other_arrays_are_value_errors(numbers):
    with pytest.raises(ValueError, match="28"):
        frame_of_array(numbers)
