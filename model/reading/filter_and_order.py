"""Labelled images and what a network says of them: which to show, in which order, to take along.

Arrays in, indices out; an index is the image's number in its data set.
"""

import io
from dataclasses import dataclass

import numpy as np

ORDERS = (
    "Index",
    "Sure mistakes first",
    "Least sure first",
    "Most sure first",
    "Most typical first",
    "Random",
)
SHEET_COLUMNS = 50


@dataclass(frozen=True)
class Filter:
    """Which images to keep; the default keeps all.

    Attributes:
        label: True label, 0 to 9, or `None` for any.
        predicted: Predicted label, 0 to 9, or `None` for any.
        verdict: `"all"`, `"right"` or `"wrong"`.
        low, high: Bounds of the confidence, both included, percent.
        disputed: Whether to keep only images whose label people dispute.
    """

    label: int | None = None
    predicted: int | None = None
    verdict: str = "all"
    low: float = 0
    high: float = 100
    disputed: bool = False


def matching(
    wanted: Filter, labels: np.ndarray, probabilities: np.ndarray, disputed: tuple[int, ...] = ()
) -> np.ndarray:
    """The images that a filter keeps.

    Args:
        wanted: The filter.
        labels: `(n,)`, 0 to 9.
        probabilities: `(n, 10)`.
        disputed: Indices of images with a disputed label.

    Returns:
        Their indices, rising.

    Example:
        >>> matching(Filter(verdict="wrong"), np.array([1, 1]), np.eye(10)[[1, 7]])
        array([1])
    """
    predicted, percent = probabilities.argmax(axis=1), 100 * probabilities.max(axis=1)
    keep = (percent >= wanted.low) & (percent <= wanted.high)
    if wanted.high >= 100:  # half a rounding error above 1 is still 100 %
        keep |= percent > 100
    if wanted.label is not None:
        keep &= labels == wanted.label
    if wanted.predicted is not None:
        keep &= predicted == wanted.predicted
    if wanted.verdict != "all":
        keep &= (predicted == labels) == (wanted.verdict == "right")
    if wanted.disputed:
        keep &= np.isin(np.arange(len(labels)), disputed)
    return np.flatnonzero(keep)


def arranged(
    chosen: np.ndarray,
    order: str,
    labels: np.ndarray,
    probabilities: np.ndarray,
    strangeness: np.ndarray | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Puts images in an order; equals stay in the order that they had.

    Args:
        chosen: Indices.
        order: One of `ORDERS`.
        labels: `(n,)`, 0 to 9.
        probabilities: `(n, 10)`.
        strangeness: `(n,)`, as `strangeness` gives it; only for "Most typical first".
        seed: Of the random order.

    Returns:
        The same indices, `int64`.

    Raises:
        ValueError: If there is no such order.
    """
    if order not in ORDERS:
        raise ValueError(f"order must be one of {ORDERS}. Received: {order!r}")
    if order == "Index":
        return chosen
    if order == "Random":
        # A place in the shuffle of all, so that a filter does not shuffle what it leaves.
        place = np.random.default_rng(seed).permutation(len(labels))
        return chosen[np.argsort(place[chosen])]
    confidence = probabilities.max(axis=1)
    if order == "Sure mistakes first":  # behind them what is right, the least sure first
        wrong = probabilities.argmax(axis=1) != labels
        key = np.where(wrong, -confidence, confidence)
    else:
        key = {
            "Least sure first": confidence,
            "Most sure first": -confidence,
            "Most typical first": strangeness,
        }[order]
    return chosen[np.argsort(key[chosen], kind="stable")]


def strangeness(coordinates: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How far each image lies from the mean of those with its label, in feature space.

    Args:
        coordinates: `(n, num_coordinates)`, as `model.reading.look_alikes` has them.
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


def nearest_others(coordinates: np.ndarray, index: int, num: int = 5) -> np.ndarray:
    """The images nearest to one of them in feature space, itself left out.

    Args:
        coordinates: `(n, num_coordinates)`.
        index: Which one.
        num: How many; fewer if there are not as many.

    Returns:
        Their indices, the nearest first.
    """
    places = coordinates.astype(np.float32)
    distances = ((places - places[index]) ** 2).sum(axis=1)
    distances[index] = np.inf
    return np.argsort(distances, kind="stable")[: min(num, len(places) - 1)]


def rank_of_label(probabilities: np.ndarray, label: int) -> int:
    """At which place the network has the true label: 1 if it is its answer.

    Args:
        probabilities: `(10,)`.
        label: 0 to 9.

    Example:
        >>> rank_of_label(np.array([0.1, 0.7, 0.2]), 2)
        2
    """
    return int((probabilities > probabilities[label]).sum()) + 1


def inside(places: np.ndarray, area: tuple[float, float, float, float]) -> np.ndarray:
    """Which points lie in a rectangle, its border included.

    Args:
        places: `(n, 2)`, x and y.
        area: Left, right, lower and upper bound.

    Returns:
        `bool` array of shape `(n,)`.
    """
    left, right, lower, upper = area
    x, y = places.astype(np.float32).T
    return (x >= left) & (x <= right) & (y >= lower) & (y <= upper)


def sheet(images: np.ndarray, columns: int = SHEET_COLUMNS) -> np.ndarray:
    """Lays images side by side, row by row, the last row filled up with paper.

    Args:
        images: `uint8` array of shape `(n, rows, cols)`, n at least 1.
        columns: How many in a row.

    Returns:
        `uint8` array of shape `(ceil(n / columns) * rows, columns * cols)`.
    """
    num, rows, cols = images.shape
    lines = -(-num // columns)
    full = np.zeros((lines * columns, rows, cols), np.uint8)
    full[:num] = images
    grid = full.reshape(lines, columns, rows, cols).transpose(0, 2, 1, 3)
    return grid.reshape(lines * rows, columns * cols)


def as_csv(chosen: np.ndarray, labels: np.ndarray, probabilities: np.ndarray) -> str:
    """A row for each image: index, label, predicted, confidence and ten probabilities, 0 to 1.

    Args:
        chosen: Indices, in the order of the rows.
        labels: `(n,)`, 0 to 9.
        probabilities: `(n, 10)`.
    """
    some = probabilities[chosen]
    columns = [chosen, labels[chosen], some.argmax(axis=1), some.max(axis=1), *some.T]
    names = ["index", "label", "predicted", "confidence", *(f"p{digit}" for digit in range(10))]
    text = io.StringIO()
    np.savetxt(
        text,
        np.column_stack(columns),
        fmt=["%d"] * 3 + ["%.6f"] * 11,
        delimiter=",",
        header=",".join(names),
        comments="",
    )
    return text.getvalue()
