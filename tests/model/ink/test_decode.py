"""Picture files are decoded within limits; a damaged or foreign file is refused."""

import io
import time

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import ExifTags, Image, ImageDraw

from benchmarks.attacks.by_file import jpeg_of_scans
from benchmarks.sheets import sheet
from model.errors import PictureError
from model.ink.decode import MAX_BYTES, MAX_PAGES, decode, decode_page

pillow_heif.register_heif_opener()  # so that Pillow can save it


def saved(kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(sheet()).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "HEIF", "PDF"]
)
def test_each_format_is_decoded_to_the_same_picture(kind):
    picture, num_pages = decode_page(saved(kind))
    assert num_pages == 1
    small = cv2.resize(picture, sheet().shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - sheet()).mean() < 6


@pytest.mark.parametrize("kind", ["TIFF", "PDF"])
def test_pages_are_decoded_one_by_one(kind):
    pages = [Image.fromarray(sheet(seed=seed)) for seed in range(3)]
    buffer = io.BytesIO()
    pages[0].save(buffer, kind, save_all=True, append_images=pages[1:])
    for number, page in enumerate(pages):
        picture, num_pages = decode_page(buffer.getvalue(), number)
        small = cv2.resize(picture, page.size, interpolation=cv2.INTER_AREA)
        assert num_pages == 3 and np.abs(small.astype(int) - np.asarray(page)).mean() < 6
    with pytest.raises(PictureError):
        decode_page(buffer.getvalue(), 3)


def test_too_many_pages_are_refused_with_their_number():
    buffer = io.BytesIO()
    page = Image.new("1", (20, 20))
    page.save(buffer, "TIFF", save_all=True, append_images=[page] * MAX_PAGES)
    with pytest.raises(PictureError, match=f"{MAX_PAGES + 1} pages"):
        decode(buffer.getvalue())


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_picture_is_decoded(kind):
    first, other = Image.fromarray(sheet()), Image.new("RGB", sheet().shape[1::-1], "red")
    buffer = io.BytesIO()
    first.save(buffer, kind, save_all=True, append_images=[other], lossless=True)
    picture, num_pages = decode_page(buffer.getvalue())
    assert num_pages == 1 and np.abs(picture.astype(int) - sheet()).mean() < 6


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "An SVG drawing"),
        (b"8BPS\0\1", "A Photoshop file"),
        (b"PK\3\4", "A zip file or an office document"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "A film"),
        (b"no picture", "A file of this kind"),
        (b"", "An empty file"),
    ],
    ids=["SVG", "PSD", "zip", "film", "text", "empty"],
)
def test_another_format_is_named_with_the_remedy(content, name):
    with pytest.raises(PictureError, match=f"{name} can't be read here: save it as PNG"):
        decode(content)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF", "HEIF", "PDF"])
def test_half_a_file_is_refused_by_its_format(kind):
    whole = saved(kind)
    name = {"WEBP": "WebP", "HEIF": "HEIC"}.get(kind, kind)
    with pytest.raises(PictureError, match=f"no whole {name} file"):
        decode(whole[: min(len(whole) // 2, 300)])


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
    assert np.abs(upright.astype(int) - picture).mean() < 6


def test_a_mirrored_photo_is_turned_back():
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 2
    buffer = io.BytesIO()
    Image.fromarray(sheet()[:, ::-1]).save(buffer, "JPEG", exif=exif)
    assert np.abs(decode(buffer.getvalue()).astype(int) - sheet()).mean() < 6


@pytest.mark.parametrize("ink", ["black", "white", "yellow", "navy", "#ff2020"])
def test_transparent_ink_of_any_colour_shows_on_its_ground(ink):
    picture = Image.new("RGBA", (300, 300))
    ImageDraw.Draw(picture).line([(60, 60), (220, 60), (120, 240)], ink, 16)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    grey = decode(buffer.getvalue()).mean(axis=2)
    assert abs(grey[60, 100] - grey[10, 10]) > 100


def test_a_jpeg_with_thousands_of_scans_is_refused_at_once():
    content = jpeg_of_scans(4_000, 1000)
    before = time.process_time()
    with pytest.raises(PictureError, match=r"scans, too many .* save it again"):
        decode(content)
    assert time.process_time() - before < 1
    assert decode(jpeg_of_scans(10, 1000)).shape == (1000, 1000, 3)
