"""Finds the images most similar to a drawing: its nearest neighbours in feature space."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.errors import ArtifactError
from model.files.atomic import RETRAIN, read_bytes, write_atomically
from model.files.runs import LOOK_ALIKES_FILE, ONNX_FILE, load_report

NUM_COORDINATES = 24  # per image; with 8 as many of the 5 nearest show the same digit as with 512
NUM_NEAREST = 5  # images; their median is a drawing's place on the map
PERPLEXITY = 30  # about how many neighbours the map keeps near; scikit-learn's default
MAP_SEED = 0
MAX_FILE_BYTES = 20_000_000  # also unpacked; the shipped file has 0.6 million
BATCH = 500  # frames that are compared with all images at once


@dataclass(frozen=True)
class LookAlikes:
    """Places of a data set's images in a network's feature space, in few coordinates.

    Attributes:
        mean: `float32` array of shape `(num_features,)`.
        basis: `float16` array of shape `(num_features, 24)`; its columns have length 1.
        coordinates: `float16` array of shape `(n, 24)`.
        places: `float16` array of shape `(n, 2)`: x and y on a flat map, -1 to 1. It keeps
            neighbours near; distances between far places mean nothing.
        labels: `uint8` array of shape `(n,)`, 0 to 9.
        network: SHA-256 of the network's file, in hexadecimal.
    """

    mean: np.ndarray
    basis: np.ndarray
    coordinates: np.ndarray
    places: np.ndarray
    labels: np.ndarray
    network: str

    def coordinates_of(self, features: np.ndarray) -> np.ndarray:
        """Returns the coordinates of other frames.

        Args:
            features: `(m, num_features)`, from `Recognizer.features`.

        Returns:
            `float32` array of shape `(m, 24)`.

        Raises:
            ArtifactError: If the images were placed by another network's features.
        """
        if features.shape[-1] != len(self.mean):
            raise ArtifactError(
                f"The look-alikes were placed by {len(self.mean)} features, and the network has "
                f"{features.shape[-1]}: train again, or restore the files from the repository."
            )
        return (features - self.mean) @ self.basis.astype(np.float32)

    def places_of(self, coordinates: np.ndarray) -> np.ndarray:
        """Returns other frames' places on the map, the median of their five nearest images.

        Args:
            coordinates: `(m, 24)`, from `coordinates_of`.

        Returns:
            `float32` array of shape `(m, 2)`.
        """
        ours, places = self.coordinates.astype(np.float32), self.places.astype(np.float32)
        middles = [np.empty((0, 2), np.float32)]
        for at in range(0, len(coordinates), BATCH):
            some = coordinates[at : at + BATCH]
            # Squared distances without the term that is the same for all images.
            distances = (ours**2).sum(axis=1) - 2 * some @ ours.T
            nearest = np.argpartition(distances, NUM_NEAREST - 1, axis=1)[:, :NUM_NEAREST]
            middles.append(np.median(places[nearest], axis=1))
        return np.concatenate(middles)


def nearest_to(coordinates: np.ndarray, place: np.ndarray, num: int = NUM_NEAREST) -> np.ndarray:
    """Returns the images nearest to a place.

    Args:
        coordinates: `(n, num_coordinates)`.
        place: `(num_coordinates,)`, as from `LookAlikes.coordinates_of`.
        num: How many; fewer are returned if there are not as many.

    Returns:
        Their indices, the nearest first.
    """
    distances = ((coordinates.astype(np.float32) - place.astype(np.float32)) ** 2).sum(axis=1)
    return np.argsort(distances, kind="stable")[:num]


def nearest_images(coordinates: np.ndarray, index: int, num: int = NUM_NEAREST) -> np.ndarray:
    """Returns the images nearest to one of them, itself left out.

    Args:
        coordinates: `(n, num_coordinates)`.
        index: Of the image.
        num: How many; fewer are returned if there are not as many.

    Returns:
        Their indices, the nearest first.
    """
    nearest = nearest_to(coordinates, coordinates[index], num + 1)  # one may be the image itself
    return nearest[nearest != index][:num]


def fit(features: np.ndarray, labels: np.ndarray, network: str) -> LookAlikes:
    """Places images along the directions in which their features vary most.

    Args:
        features: `float32` array of shape `(n, num_features)`.
        labels: `(n,)`, 0 to 9.
        network: SHA-256 of the file of the network that made the features.

    Source: principal component analysis, H. Hotelling, J. Educ. Psychol. 24 (1933) 417-441.
    """
    mean = features.mean(axis=0)
    covariance = (features - mean).T @ (features - mean)
    basis = np.linalg.eigh(covariance)[1][:, ::-1][:, :NUM_COORDINATES].astype(np.float16)
    coordinates = ((features - mean) @ basis.astype(np.float32)).astype(np.float16)
    return LookAlikes(
        mean=mean.astype(np.float32),
        basis=basis,
        coordinates=coordinates,
        places=flat_map(coordinates),
        labels=labels.astype(np.uint8),
        network=network,
    )


def flat_map(coordinates: np.ndarray) -> np.ndarray:
    """Lays points out in a plane, keeping neighbours near; 10,000 points take a minute.

    Args:
        coordinates: `(n, num_coordinates)`, n at least 6.

    Returns:
        `float16` array of shape `(n, 2)`, -1 to 1.

    Source: t-SNE, L. van der Maaten and G. Hinton, J. Machine Learning Research 9 (2008).
    """
    from sklearn.manifold import TSNE  # takes a second, and only training needs it

    perplexity = min(PERPLEXITY, (len(coordinates) - 1) / 3)
    method = TSNE(perplexity=perplexity, init="pca", random_state=MAP_SEED)
    places = method.fit_transform(coordinates.astype(np.float32))
    places -= (places.min(axis=0) + places.max(axis=0)) / 2
    return (places / np.abs(places).max()).astype(np.float16)


def save_look_alikes(folder: Path, placed: LookAlikes) -> None:
    """Writes the look-alikes of a run's network into its folder."""

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez(file, **vars(placed))

    write_atomically(folder / LOOK_ALIKES_FILE, write)


def load_look_alikes(folder: Path) -> LookAlikes:
    """Loads the look-alikes of the network in a folder.

    Raises:
        ArtifactError: If the file is missing, damaged, or was made with another network.
    """
    path = folder / LOOK_ALIKES_FILE
    try:
        placed = _parsed(read_bytes(path, MAX_FILE_BYTES))
    except FileNotFoundError as error:
        raise ArtifactError(f"There are no look-alikes at {path}. {RETRAIN}") from error
    except Exception as error:  # a zip, NumPy or type error, depending on the damage
        raise ArtifactError(
            f"The look-alikes at {path} can't be read ({type(error).__name__}). {RETRAIN}"
        ) from error
    if placed.network != load_report(folder)["network"]["sha256"]:
        raise ArtifactError(
            f"The look-alikes at {path} belong to another network than {ONNX_FILE}. {RETRAIN}"
        )
    return placed


def _parsed(content: bytes) -> LookAlikes:
    """Unpacks and checks the file; raises whatever its damage leads to."""
    file = io.BytesIO(content)
    with zipfile.ZipFile(file) as archive:
        if sum(item.file_size for item in archive.infolist()) > MAX_FILE_BYTES:
            raise ValueError("too large")
    with np.load(file, allow_pickle=False) as arrays:
        fields = {key: arrays[key] for key in arrays.files}
    placed = LookAlikes(**fields | {"network": str(fields["network"])})
    num_features, num = len(placed.mean), len(placed.labels)
    for array in (placed.mean, placed.basis, placed.coordinates, placed.places):
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ValueError("odd numbers")
    if placed.labels.dtype.kind not in "iu" or placed.mean.ndim != 1:
        raise ValueError("odd kinds")
    if num < NUM_NEAREST or not 0 <= placed.labels.min() <= placed.labels.max() <= 9:
        raise ValueError("odd labels")
    if placed.basis.shape != (num_features, NUM_COORDINATES):
        raise ValueError("odd basis")
    if placed.coordinates.shape != (num, NUM_COORDINATES):
        raise ValueError("odd coordinates")
    if placed.places.shape != (num, 2) or not (np.abs(placed.places) <= 1).all():
        raise ValueError("odd places")
    return placed
