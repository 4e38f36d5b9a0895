"""The nearest images come first, and a damaged or foreign file is refused."""

import dataclasses
import shutil

import numpy as np
import pytest

from model.errors import ArtifactError
from model.files.runs import LOOK_ALIKES_FILE, ONNX_FILE, REPORT_FILE
from model.reading import look_alikes
from model.reading.recognizer import Recognizer


def test_an_image_is_nearest_to_itself_and_its_cluster():
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(10, 512)).astype(np.float32)
    labels = np.repeat(np.arange(10), 20)
    features = centres[labels] + 0.1 * rng.normal(size=(200, 512)).astype(np.float32)
    placed = look_alikes.fit(features, labels, "a network")
    for index in (0, 77, 199):
        nearest = look_alikes.nearest_to(placed.coordinates, placed.coordinates_of(features[index]))
        assert nearest[0] == index and len(set(nearest)) == 5
        assert set(placed.labels[nearest]) == {labels[index]}
    assert placed.places.shape == (200, 2) and np.abs(placed.places).max() == 1
    # A frame's place on the map is among those of its own cluster.
    places = placed.places.astype(np.float32)
    near = placed.places_of(placed.coordinates_of(features))
    to_each = np.linalg.norm(near[:, None] - places, axis=2)
    assert np.array_equal(labels[to_each.argmin(axis=1)], labels)
    assert placed.places_of(np.empty((0, 24), np.float32)).shape == (0, 2)


def test_nearest_images_come_in_order_without_itself():
    coordinates = np.array([[0.0], [1], [3], [7]], np.float16)
    assert look_alikes.nearest_images(coordinates, 1, 2).tolist() == [0, 2]
    assert look_alikes.nearest_images(coordinates, 3).tolist() == [2, 1, 0]
    assert len(look_alikes.nearest_images(coordinates[:1], 0)) == 0


def test_test_images_find_themselves_and_mostly_their_digit(mnist, trained):
    frames, labels = mnist[1].frames[:200], mnist[1].labels[:200]
    placed = look_alikes.load_look_alikes(trained)
    assert np.array_equal(placed.labels, mnist[1].labels)
    places = placed.coordinates_of(Recognizer.load(trained).features(frames))
    nearest = np.stack([look_alikes.nearest_to(placed.coordinates, place) for place in places])
    assert (
        nearest[:, 0] == np.arange(200)
    ).mean() > 0.99  # in half precision, near duplicates may swap
    assert (placed.labels[nearest] == labels[:, None]).mean() > 0.97


def test_neighbours_on_the_map_show_the_same_digit(trained):
    placed = look_alikes.load_look_alikes(trained)
    places = placed.places[:1000].astype(np.float32)
    distances = np.linalg.norm(places[:, None] - places, axis=2) + 9 * np.eye(1000)
    assert (placed.labels[distances.argmin(axis=1)] == placed.labels[:1000]).mean() > 0.98


@pytest.fixture
def folder(trained, tmp_path):
    for name in (ONNX_FILE, LOOK_ALIKES_FILE, REPORT_FILE):
        shutil.copy(trained / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize("keep", [0, 10, 5000, -1])
def test_a_truncated_file_is_refused(folder, keep):
    path = folder / LOOK_ALIKES_FILE
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ArtifactError, match="can't be read"):
        look_alikes.load_look_alikes(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda placed: {"network": "another"}, "another network"),
        (lambda placed: {"labels": placed.labels[:3]}, "can't be read"),
        (lambda placed: {"places": placed.places[:3]}, "can't be read"),
        (lambda placed: {"places": placed.places * np.float16("nan")}, "can't be read"),
        (lambda placed: {"places": placed.coordinates}, "can't be read"),
    ],
    ids=["another network", "few labels", "few places", "NaN", "coordinates as places"],
)
def test_a_foreign_or_inconsistent_file_is_refused(folder, change, message):
    placed = look_alikes.load_look_alikes(folder)
    look_alikes.save_look_alikes(folder, dataclasses.replace(placed, **change(placed)))
    with pytest.raises(ArtifactError, match=message):
        look_alikes.load_look_alikes(folder)


def test_a_missing_file_is_refused(folder):
    (folder / LOOK_ALIKES_FILE).unlink()
    with pytest.raises(ArtifactError, match="no look-alikes"):
        look_alikes.load_look_alikes(folder)
