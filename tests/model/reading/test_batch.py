"""Images that are read together get the same answers as those read one by one."""

import numpy as np
import pytest

from model.errors import NothingDrawn
from model.reading.batch import NONE, read_batch
from model.reading.one_digit import NO_DIGIT, read_one_digit
from model.reading.recognizer import Recognizer


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.load()


def test_rows_equal_pictures_read_one_by_one(mnist, recognizer):
    images = mnist[1].images[200:300].copy()  # with 247, which is no digit, and others in doubt
    images[3] = 255 - images[3]
    images[5] = np.roll(images[5], 4, axis=0)
    images[9] = 77
    images[11] = np.random.default_rng(0).integers(0, 256, (28, 28))
    batch = read_batch(images, recognizer)
    for row, image in enumerate(images):
        try:
            alone = read_one_digit(np.repeat(image[..., None], 3, axis=2), recognizer)
        except NothingDrawn as error:
            assert row == 9 and batch.reasons[row] == str(error)
            assert batch.digit[row] == NONE and not batch.is_digit[row]
            continue
        assert np.allclose(batch.probabilities[row], alone.probabilities, atol=1e-5)
        assert batch.answers[row] == alone.answer
        assert batch.reasons.get(row, "") == alone.reason
        assert batch.digit[row] == (alone.digits[0] if alone.digits else NONE)
    assert batch.reasons[47] == NO_DIGIT and set(batch.reasons) >= {9, 11, 47}


def test_no_images_give_no_rows(recognizer):
    batch = read_batch(np.zeros((0, 28, 28), np.uint8), recognizer)
    assert batch.probabilities.shape == (0, 10) and batch.digit.shape == (0,)


def test_other_arrays_are_refused(recognizer):
    for images in (np.zeros((2, 28, 28)), np.zeros((2, 8, 8), np.uint8)):
        with pytest.raises(ValueError, match="uint8 of shape"):
            read_batch(images, recognizer)
