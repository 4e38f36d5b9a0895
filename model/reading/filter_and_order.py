"""Filters and sorts labelled images.

Everything takes arrays and returns indices; an index is an image's number in its data set.
"""

from dataclasses import dataclass

import numpy as np

from model.reading.confidence import Confidence, in_doubt, refused

RESULTS = ("all", "right", "wrong", "refused", "in doubt")
# With two networks: which of them is right.
DIFFERENT, BOTH_WRONG = "read differently", "both wrong"
ONLY_SERVED, ONLY_OTHER = "only the served one right", "only the other one right"
COMPARISONS = (DIFFERENT, ONLY_SERVED, ONLY_OTHER, BOTH_WRONG)
EVERYTHING = Confidence()
ORDERS = (
    "Index",
    "Most confident mistakes",
    "Least sure first",
    "Most sure first",
    "Most typical first",
    "Random",
)


@dataclass(frozen=True)
class Filter:
    """Which images to keep; the default keeps all.

    Attributes:
        label: True label, 0 to 9, or `None` for any.
        predicted: Predicted label, 0 to 9, or `None` for any.
        result: One of `RESULTS`.
        low, high: Bounds of the confidence, both included, percent.
        disputed: Whether to keep only images whose label people dispute.
    """

    label: int | None = None
    predicted: int | None = None
    result: str = "all"
    low: float = 0
    high: float = 100
    disputed: bool = False


def filter_images(
    wanted: Filter,
    labels: np.ndarray,
    probabilities: np.ndarray,
    disputed: tuple[int, ...] = (),
    confidence: Confidence = EVERYTHING,
) -> np.ndarray:
    """Returns the indices of the images that a filter keeps, ascending.

    Args:
        wanted: The filter.
        labels: `(n,)`, 0 to 9.
        probabilities: `(n, 10)`.
        disputed: Indices of images with a disputed label.
        confidence: The network's, which refuses and doubts; the default does neither.

    Example:
        >>> filter_images(Filter(result="wrong"), np.array([1, 1]), np.eye(10)[[1, 7]])
        array([1])
    """
    predicted, percent = probabilities.argmax(axis=1), 100 * probabilities.max(axis=1)
    keep = (percent >= wanted.low) & (percent <= wanted.high)
    if wanted.high >= 100:  # rounding may give a little more than 100 %
        keep |= percent > 100
    if wanted.label is not None:
        keep &= labels == wanted.label
    if wanted.predicted is not None:
        keep &= predicted == wanted.predicted
    if wanted.result in ("right", "wrong"):
        keep &= (predicted == labels) == (wanted.result == "right")
    if wanted.result == "refused":
        keep &= refused(probabilities, confidence)
    if wanted.result == "in doubt":
        keep &= in_doubt(probabilities, confidence)
    if wanted.disputed:
        keep &= np.isin(np.arange(len(labels)), disputed)
    return np.flatnonzero(keep)


def compare_predictions(
    wanted: str, labels: np.ndarray, served: np.ndarray, other: np.ndarray
) -> np.ndarray:
    """Tells which images two networks' predictions compare as wanted on; `bool`, `(n,)`.

    Args:
        wanted: One of `COMPARISONS`.
        labels: `(n,)`, 0 to 9.
        served, other: Predicted labels, `(n,)`.
    """
    return {
        DIFFERENT: served != other,
        ONLY_SERVED: (served == labels) & (other != labels),
        ONLY_OTHER: (served != labels) & (other == labels),
        BOTH_WRONG: (served != labels) & (other != labels),
    }[wanted]


def order_images(
    chosen: np.ndarray,
    order: str,
    labels: np.ndarray,
    probabilities: np.ndarray,
    distances: np.ndarray | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Sorts images; equal ones keep their order.

    Args:
        chosen: Indices.
        order: One of `ORDERS`.
        labels: `(n,)`, 0 to 9.
        probabilities: `(n, 10)`.
        distances: `(n,)`, from `distance_to_class_mean`; only "Most typical first" needs it.
        seed: Of the random order.

    Returns:
        The same indices, `int64`.

    Raises:
        ValueError: If `order` is not one of `ORDERS`.
    """
    if order not in ORDERS:
        raise ValueError(f"order must be one of {ORDERS}. Received: {order!r}")
    if order == "Index":
        return chosen
    if order == "Random":
        # All images are shuffled, so that a filter doesn't change the order of what it keeps.
        place = np.random.default_rng(seed).permutation(len(labels))
        return chosen[np.argsort(place[chosen])]
    confidence = probabilities.max(axis=1)
    if order == "Most confident mistakes":  # then the right ones, the least sure first
        wrong = probabilities.argmax(axis=1) != labels
        key = np.where(wrong, -confidence, confidence)
    else:
        key = {
            "Least sure first": confidence,
            "Most sure first": -confidence,
            "Most typical first": distances,
        }[order]
    return chosen[np.argsort(key[chosen], kind="stable")]


def distance_to_class_mean(coordinates: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Returns each image's distance to the mean of all images with its label.

    Args:
        coordinates: `(n, num_coordinates)`, from `model.reading.look_alikes`.
        labels: `(n,)`, 0 to 9.

    Returns:
        `float32` array of shape `(n,)`; 0 is the mean itself.
    """
    places = coordinates.astype(np.float32)
    distance = np.zeros(len(labels), np.float32)
    for label in np.unique(labels):
        own = labels == label
        distance[own] = np.linalg.norm(places[own] - places[own].mean(axis=0), axis=1)
    return distance


def rank_of_label(probabilities: np.ndarray, label: int) -> int:
    """Returns the true label's rank among the network's answers; 1 is the first.

    Args:
        probabilities: `(10,)`.
        label: 0 to 9.

    Example:
        >>> rank_of_label(np.array([0.1, 0.7, 0.2]), 2)
        2
    """
    return int((probabilities > probabilities[label]).sum()) + 1


def inside_area(places: np.ndarray, area: tuple[float, float, float, float]) -> np.ndarray:
    """Tells which points lie in a rectangle or on its border.

    Args:
        places: `(n, 2)`, x and y.
        area: Left, right, lower and upper bound.

    Returns:
        `bool` array of shape `(n,)`.
    """
    left, right, lower, upper = area
    x, y = places.astype(np.float32).T
    return (x >= left) & (x <= right) & (y >= lower) & (y <= upper)
