"""The images that the network finds most like a drawing: the nearest in its feature space."""

from dataclasses import dataclass

import numpy as np

# Coordinates an image. Of 5 nearest images, as many show the same digit with 8 as with 512.
NUM_COORDINATES = 24


@dataclass(frozen=True)
class LookAlikes:
    """Where a data set's images lie in a network's feature space, in few coordinates.

    Attributes:
        mean: `float32` array of shape `(num_features,)`.
        basis: `float16` array of shape `(num_features, 24)`; its columns have length 1.
        coordinates: `float16` array of shape `(n, 24)`.
        labels: `uint8` array of shape `(n,)`, 0 to 9.
        network: SHA-256 of the network's file, in hexadecimal.
    """

    mean: np.ndarray
    basis: np.ndarray
    coordinates: np.ndarray
    labels: np.ndarray
    network: str

    def nearest(self, features: np.ndarray, num: int = 5) -> np.ndarray:
        """The images nearest to a frame.

        Args:
            features: `(num_features,)`, as `Recognizer.features` gives them for one frame.
            num: How many.

        Returns:
            Their indices in the data set, `(num,)`, the nearest first.
        """
        place = (features - self.mean) @ self.basis.astype(np.float32)
        distances = ((self.coordinates.astype(np.float32) - place) ** 2).sum(axis=1)
        return np.argsort(distances, kind="stable")[:num]


def fit(features: np.ndarray, labels: np.ndarray, network: str) -> LookAlikes:
    """Places images by the directions in which their features vary most.

    Args:
        features: `float32` array of shape `(n, num_features)`.
        labels: `(n,)`, 0 to 9.
        network: SHA-256 of the file of the network that made the features.

    Source: principal component analysis, H. Hotelling, J. Educ. Psychol. 24 (1933) 417-441.
    """
    mean = features.mean(axis=0)
    covariance = (features - mean).T @ (features - mean)
    basis = np.linalg.eigh(covariance)[1][:, ::-1][:, :NUM_COORDINATES].astype(np.float16)
    return LookAlikes(
        mean=mean.astype(np.float32),
        basis=basis,
        coordinates=((features - mean) @ basis.astype(np.float32)).astype(np.float16),
        labels=labels.astype(np.uint8),
        network=network,
    )
