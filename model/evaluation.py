"""Probabilities and labels in, figures out: accuracy, confusion, calibration, misses.

No files and no Keras: everything takes arrays and returns numbers or arrays.
"""

import math

import numpy as np

Z_95 = 1.959964  # standard normal quantile of a two-sided 95 % interval
NUM_BINS = 15  # of equal width; Guo et al. 2017
SMALLEST = 1e-12  # keeps the logarithm of a probability finite

# MNIST's test images whose label fewer than 3 of 5 people confirmed (C. Northcutt et al.,
# arXiv:2103.14749; github.com/cleanlab/label-errors).
DISPUTED = (
    *(947, 1621, 1901, 2130, 2462, 2597, 2654, 3520, 3558, 5937, 6651, 6783, 8527, 9679, 9729),
)


def wilson_interval(num_right: int, num_all: int) -> tuple[float, float]:
    """95 % interval of a proportion.

    Args:
        num_right: Successes, 0 to `num_all`.
        num_all: Trials; with none, the interval is all of 0 to 1.

    Returns:
        Lower and upper bound, 0 to 1.

    Source: E. B. Wilson, J. Amer. Statist. Assoc. 22 (1927) 209-212.

    Example:
        >>> low, high = wilson_interval(9970, 10000)
        >>> round(low, 4), round(high, 4)
        (0.9957, 0.9979)
    """
    if num_all == 0:
        return 0.0, 1.0
    share, z2 = num_right / num_all, Z_95**2
    centre = share + z2 / (2 * num_all)
    half = Z_95 * math.sqrt(share * (1 - share) / num_all + z2 / (4 * num_all**2))
    scale = 1 + z2 / num_all
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> dict:
    """Share of frames whose likeliest digit is their label, with its Wilson interval.

    Args:
        probabilities: `(n, 10)`.
        labels: `(n,)`, 0 to 9.

    Returns:
        `{"accuracy", "low", "high", "num_right", "num_all"}`.
    """
    num_right = int((probabilities.argmax(axis=1) == labels).sum())
    low, high = wilson_interval(num_right, len(labels))
    share = num_right / len(labels) if len(labels) else 0.0
    return {
        "accuracy": share,
        "low": low,
        "high": high,
        "num_right": num_right,
        "num_all": len(labels),
    }


def confusion_matrix(predicted: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Counts of `[true label, predicted label]`, an `int64` array of shape `(10, 10)`."""
    pairs = labels.astype(np.int64) * 10 + predicted
    return np.bincount(pairs, minlength=100).reshape(10, 10)


def per_class(confusion: np.ndarray) -> list[dict]:
    """Precision, recall and F1 of each digit; 0 where there is nothing to divide by."""
    rows = []
    for digit in range(10):
        hits = int(confusion[digit, digit])
        num_true, num_predicted = int(confusion[digit].sum()), int(confusion[:, digit].sum())
        rows.append(
            {
                "digit": digit,
                "precision": hits / num_predicted if num_predicted else 0.0,
                "recall": hits / num_true if num_true else 0.0,
                "f1": 2 * hits / (num_true + num_predicted) if num_true + num_predicted else 0.0,
                "num_images": num_true,
            }
        )
    return rows


def reliability(probabilities: np.ndarray, labels: np.ndarray) -> list[dict]:
    """How often the answer was right in each bin of stated confidence.

    Returns:
        One row for each of 15 bins of equal width that holds a frame: `{"confidence" (mean),
        "accuracy", "num_all"}`.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * NUM_BINS).astype(int), NUM_BINS - 1)
    return [
        {
            "confidence": float(confidence[bins == index].mean()),
            "accuracy": float(right[bins == index].mean()),
            "num_all": int((bins == index).sum()),
        }
        for index in range(NUM_BINS)
        if (bins == index).any()
    ]


def calibration(probabilities: np.ndarray, labels: np.ndarray) -> dict:
    """Expected calibration error, negative log-likelihood (nats) and Brier score.

    Source: C. Guo et al., "On calibration of modern neural networks", ICML 2017,
    arXiv:1706.04599.
    """
    labels = labels.astype(np.int64)
    gaps = [
        row["num_all"] * abs(row["accuracy"] - row["confidence"])
        for row in reliability(probabilities, labels)
    ]
    of_label = probabilities[np.arange(len(labels)), labels]
    missed = probabilities.astype(np.float64) - np.eye(10)[labels]
    return {
        "ece": sum(gaps) / len(labels),
        "nll": float(-np.log(np.maximum(of_label, SMALLEST)).mean()),
        "brier": float((missed**2).sum(axis=1).mean()),
    }


def evaluate(probabilities: np.ndarray, labels: np.ndarray) -> dict:
    """The whole report on one labelled set, ready to be written as JSON.

    Args:
        probabilities: `float32` array of shape `(n, 10)`, n at least 1.
        labels: Array of shape `(n,)`, 0 to 9.

    Returns:
        `accuracy()`, `calibration()`, `"confusion"`, `"per_class"`, `"reliability"` and
        `"misses"`, the indices of wrong answers in order.
    """
    predicted = probabilities.argmax(axis=1)
    confusion = confusion_matrix(predicted, labels)
    return {
        **accuracy(probabilities, labels),
        **calibration(probabilities, labels),
        "confusion": confusion.tolist(),
        "per_class": per_class(confusion),
        "reliability": reliability(probabilities, labels),
        "misses": np.flatnonzero(predicted != labels).tolist(),
    }


def auroc(positives: np.ndarray, negatives: np.ndarray) -> float:
    """Chance that a positive's score exceeds a negative's, ties counting half.

    Args:
        positives: `(n,)` scores, n at least 1.
        negatives: `(m,)` scores, m at least 1.

    Source: the Mann-Whitney statistic; T. Fawcett, Pattern Recognition Letters 27 (2006).

    Example:
        >>> auroc(np.array([0.9, 0.8]), np.array([0.1, 0.8]))
        0.875
    """
    ranked = np.sort(negatives)
    below = np.searchsorted(ranked, positives, side="left")
    not_above = np.searchsorted(ranked, positives, side="right")
    return float((below + not_above).mean() / (2 * len(negatives)))
