"""Pictures and arrays that are read together get the same answers as those read one by one."""

import io

import numpy as np
import pytest
from PIL import Image

from model.errors import DigitError, PictureError
from model.ink.decode import decode
from model.ink.picture import frame_of_array
from model.reading import batch
from model.reading.batch import read_batch
from model.reading.one_digit import NO_DIGIT
from model.reading.picture_files import read_file
from model.reading.prediction import read_frames
from model.reading.recognizer import Recognizer
from tests.pictures_for_programs import picture_of, saved


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.load()


def as_palette(image: np.ndarray, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).convert("P").save(buffer, kind)
    return buffer.getvalue()


def test_pictures_read_together_equal_those_read_alone(mnist, recognizer):
    images = mnist[1].images[200:280].copy()  # 247 is no digit, others are doubtful
    images[3] = 255 - images[3]
    images[5] = np.roll(images[5], 4, axis=0)
    images[9] = 77
    images[11] = np.random.default_rng(0).integers(0, 256, (28, 28))
    files = [saved(image) for image in images]
    files[20] = as_palette(images[20])
    files[21] = files[21][:-5]
    files[22] = saved(picture_of("7"), "JPEG")
    given = PictureError("It can't be read.")
    found = read_batch([*files, given], recognizer)
    assert found.pop() is given
    for file, one in zip(files, found, strict=True):
        try:
            alone = read_file(file, recognizer)
        except DigitError as error:
            assert str(one) == str(error)
            continue
        assert np.allclose(one.probabilities, alone.probabilities, atol=1e-5)
        assert (one.answer, one.reason) == (alone.answer, alone.reason)
    assert found[47].reason == NO_DIGIT and [isinstance(found[at], DigitError) for at in (9, 21)]


def test_arrays_read_together_equal_those_read_alone(mnist, recognizer):
    arrays = [*mnist[1].images[240:260]]
    arrays[4] = arrays[4] / 1.0  # numbers, but no bytes
    alone = read_frames([frame_of_array(one) for one in arrays], recognizer)
    bad = [np.zeros((28, 28), np.uint8), np.full((28, 28), 256.0), np.zeros((8, 8), np.uint8)]
    *found, blank, large, small = read_batch([*arrays, *bad], recognizer)
    for one, other in zip(found, alone, strict=True):
        assert np.allclose(one.probabilities, other.probabilities, atol=1e-5)
        assert one.answer == other.answer
    assert found[7].reason == NO_DIGIT
    assert "no digit in the array" in str(blank)
    assert "not from 0 to 255" in str(large) and isinstance(small, PictureError)


def test_only_whole_plain_files_are_decoded_the_fast_way(mnist, capfd):
    rng = np.random.default_rng(1)
    num_plain = 0
    for image in mnist[1].images[:200]:
        file = bytearray(saved(image))
        file[rng.integers(len(file))] ^= 1 << rng.integers(8)
        for content in (bytes(file), bytes(file[: rng.integers(len(file))]), saved(image)):
            fast = batch.decode_plain_png(content)
            if fast is not None:
                num_plain += 1
                assert np.array_equal(fast, decode(content)[..., 0])
    assert num_plain >= 200
    assert capfd.readouterr() == ("", "")  # OpenCV would name what is damaged


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("L", (28, 29)),
        Image.new("RGB", (28, 28)),
        Image.new("1", (28, 28)),
        Image.new("LA", (28, 28)),
        Image.new("I;16", (28, 28)),
    ],
)
def test_other_files_are_left_to_the_careful_decoder(picture):
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    assert batch.decode_plain_png(buffer.getvalue()) is None


def test_a_transparent_shade_is_left_to_the_careful_decoder():
    buffer = io.BytesIO()
    Image.new("L", (28, 28), 9).save(buffer, "PNG", transparency=9)
    assert batch.decode_plain_png(buffer.getvalue()) is None


def test_nothing_gives_nothing(recognizer):
    assert read_batch([], recognizer) == []
