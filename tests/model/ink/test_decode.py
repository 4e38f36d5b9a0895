"""Picture files are decoded within limits; a damaged or foreign file is refused."""

import io
import time

import numpy as np
import pytest
from PIL import ExifTags, Image

from benchmarks.attacks.by_file import jpeg_of_scans
from benchmarks.sheets import sheet
from model.errors import PictureError
from model.ink.decode import MAX_BYTES, decode


def saved(kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(sheet()).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_png_jpeg_and_webp_are_decoded(kind):
    assert decode(saved(kind)).shape == sheet().shape


@pytest.mark.parametrize(
    "content",
    [b"", b"no picture", saved("GIF"), saved("PNG")[:5000], saved("JPEG")[:300]],
    ids=["empty", "text", "GIF", "half a PNG", "a JPEG's head"],
)
def test_other_and_damaged_files_are_refused(content):
    with pytest.raises(PictureError, match="PNG, JPEG or WebP"):
        decode(content)


def test_too_many_bytes_or_pixels_are_refused():
    with pytest.raises(PictureError, match="MB"):
        decode(b"x" * (MAX_BYTES + 1))
    buffer = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(buffer, "PNG")
    with pytest.raises(PictureError, match="pixels"):
        decode(buffer.getvalue())


@pytest.mark.parametrize(("orientation", "quarters"), [(6, 1), (3, 2), (8, 3)])
def test_a_rotated_and_compressed_photo_is_turned_upright(orientation, quarters):
    picture = sheet(noise=3)
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    Image.fromarray(np.rot90(picture, quarters)).save(buffer, "JPEG", quality=60, exif=exif)
    upright = decode(buffer.getvalue())
    assert upright.shape == picture.shape
    assert len(find_digits(upright)) == 6


def test_transparent_pixels_become_paper():
    alpha = Image.fromarray(255 - sheet()[..., 0])
    picture = Image.merge("RGBA", [Image.new("L", alpha.size, 0)] * 3 + [alpha])
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    assert len(find_digits(decode(buffer.getvalue()))) == 6


def test_a_jpeg_with_thousands_of_scans_is_refused_at_once():
    content = jpeg_of_scans(4_000, 1000)
    before = time.process_time()
    with pytest.raises(PictureError, match=r"scans, too many .* save it again"):
        decode(content)
    assert time.process_time() - before < 1
    assert decode(jpeg_of_scans(10, 1000)).shape == (1000, 1000, 3)
