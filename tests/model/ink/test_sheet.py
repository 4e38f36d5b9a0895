"""Digits are found in photos of paper, whatever the light, in reading order."""

import io

import numpy as np
import pytest
from PIL import Image

from benchmarks.sheets import sheet
from model.errors import NothingDrawn, PictureError
from model.ink.sheet import MAX_BYTES, decode, find_digits
from model.reading.recognizer import Recognizer


def read(picture: np.ndarray) -> str:
    frames = np.stack([found.frame for found in find_digits(picture)])
    return "".join(map(str, Recognizer.load().probabilities(frames).argmax(axis=1)))


@pytest.mark.parametrize(
    "looks",
    [
        {},
        {"gradient": 0.6},
        {"noise": 8},
        {"gradient": 0.5, "noise": 6, "ground": 190, "ink": 90},
        {"ground": 30, "ink": 220},
    ],
    ids=["plain", "gradient light", "noise", "dim and grey", "light on dark"],
)
def test_digits_are_found_in_reading_order_in_any_light(looks):
    found = find_digits(sheet(**looks))
    assert len(found) == 6
    lefts, tops = np.array([item.box[:2] for item in found]).T
    assert (np.diff(lefts[:3]) > 100).all() and (np.diff(lefts[3:]) > 100).all()
    assert tops[:3].max() < tops[3:].min()


def test_photos_are_read():
    right = sum(
        a == b
        for seed in range(5)
        for a, b in zip(read(sheet(seed=seed, gradient=0.4, noise=4)), "317402", strict=True)
    )
    assert right >= 27  # of 30


def test_ruled_lines_are_no_digits():
    assert len(find_digits(sheet(ruled=True))) == 6


def test_jpeg_artefacts_and_exif_orientation_do_not_matter():
    picture = sheet(noise=3)
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.fromarray(np.rot90(picture)).save(buffer, "JPEG", quality=60, exif=exif)
    upright = decode(buffer.getvalue())
    assert upright.shape == picture.shape
    assert len(find_digits(upright)) == 6


def test_a_blank_sheet_and_a_speck_hold_no_digit():
    for picture in (np.full((300, 400, 3), 230, np.uint8), np.zeros((1, 1, 3), np.uint8)):
        with pytest.raises(NothingDrawn):
            find_digits(picture)
    speck = np.full((300, 400, 3), 230, np.uint8)
    speck[100:102, 100:102] = 0
    with pytest.raises(NothingDrawn):
        find_digits(speck)


def saved(kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(sheet()).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_png_jpeg_and_webp_are_read(kind):
    assert decode(saved(kind)).shape == sheet().shape


@pytest.mark.parametrize(
    "content",
    [b"", b"no picture", saved("GIF"), saved("PNG")[:5000], saved("JPEG")[:300]],
    ids=["empty", "text", "GIF", "half a PNG", "a JPEG's head"],
)
def test_other_and_damaged_files_are_told(content):
    with pytest.raises(PictureError, match="PNG, JPEG or WebP"):
        decode(content)


def test_too_many_bytes_or_pixels_are_told_before_decoding():
    with pytest.raises(PictureError, match="MB"):
        decode(b"x" * (MAX_BYTES + 1))
    buffer = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(buffer, "PNG")
    with pytest.raises(PictureError, match="pixels"):
        decode(buffer.getvalue())


def test_what_is_transparent_is_paper():
    alpha = Image.fromarray(255 - sheet()[..., 0])
    picture = Image.merge("RGBA", [Image.new("L", alpha.size, 0)] * 3 + [alpha])
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    assert len(find_digits(decode(buffer.getvalue()))) == 6


@pytest.mark.parametrize("shape", [(1, 5000, 3), (5000, 1, 3), (2, 30_000, 3)])
def test_a_picture_as_thin_as_a_hair_has_no_digit(shape):
    picture = np.full(shape, 255, np.uint8)
    picture[0, :3] = 0
    with pytest.raises(NothingDrawn):
        find_digits(picture)
