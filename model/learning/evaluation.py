"""Measures predictions against labels: accuracy, confusion, calibration, refusals.

Everything takes arrays and returns numbers or arrays.
"""

import math

import numpy as np

Z_95 = 1.959964  # quantile of the standard normal distribution, two-sided 95 %
NUM_BINS = 15  # of equal width, as in C. Guo et al. 2017
SMALLEST = 1e-12  # keeps the logarithm of a probability finite

# MNIST's test images whose label fewer than 3 of 5 people confirmed (C. Northcutt et al.,
# arXiv:2103.14749; github.com/cleanlab/label-errors).
DISPUTED = (
    *(947, 1621, 1901, 2130, 2462, 2597, 2654, 3520, 3558, 5937, 6651, 6783, 8527, 9679, 9729),
)


def wilson_interval(num_right: int, num_all: int) -> tuple[float, float]:
    """Returns the 95 % interval of a proportion.

    Args:
        num_right: Successes, 0 to `num_all`.
        num_all: Trials; without any, the interval is 0 to 1.

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
    """Returns the share of frames read right, with its Wilson interval.

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
    """Counts pairs `[true label, predicted label]`; `int64` array of shape `(10, 10)`."""
    pairs = labels.astype(np.int64) * 10 + predicted
    return np.bincount(pairs, minlength=100).reshape(10, 10)


def per_class(confusion: np.ndarray) -> list[dict]:
    """Returns each digit's precision, recall and F1; 0 where the divisor is 0."""
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
    """Compares confidence with accuracy in 15 bins of confidence.

    Returns:
        One row for each bin that holds a frame: `{"confidence" (mean), "accuracy", "num_all"}`.
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
    """Returns expected calibration error, negative log-likelihood (nats) and Brier score.

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
    """Returns all figures on one labelled set, in JSON's types.

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
    """Returns the chance that a positive's score exceeds a negative's; ties count half.

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


def risk_coverage(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """Returns how often answers are wrong if only the surest are given.

    Args:
        probabilities: `(n, 10)`, n at least 1.
        labels: `(n,)`, 0 to 9.

    Returns:
        Three `float64` arrays with one entry per distinct confidence, the highest first:
        `"threshold"`, below which no answer is given; `"coverage"`, the share of frames that are
        answered; `"risk"`, the share of those answers that are wrong.

    Source: R. El-Yaniv and Y. Wiener, JMLR 11 (2010) 1605-1641; Y. Geifman and R. El-Yaniv,
    NeurIPS 2017, arXiv:1705.08500.

    Example:
        >>> three = np.eye(10)[[1, 2, 3]] * [[0.9], [0.8], [0.5]]
        >>> curve = risk_coverage(three, np.array([1, 2, 4]))
        >>> curve["coverage"].round(2).tolist(), curve["risk"].round(2).tolist()
        ([0.33, 0.67, 1.0], [0.0, 0.0, 0.33])
    """
    confidence = probabilities.max(axis=1)
    wrong = probabilities.argmax(axis=1) != labels
    order = np.argsort(-confidence, kind="stable")
    ordered = confidence[order]
    last = np.append(ordered[1:] != ordered[:-1], True)  # equally sure answers share an entry
    num_answered = np.arange(1, len(labels) + 1)[last]
    return {
        "threshold": ordered[last].astype(np.float64),
        "coverage": num_answered / len(labels),
        "risk": np.cumsum(wrong[order])[last] / num_answered,
    }


def answered_above(probabilities: np.ndarray, labels: np.ndarray, threshold: float) -> dict:
    """Returns one point of `risk_coverage`, with counts.

    Returns:
        `{"threshold", "coverage", "risk", "num_answered", "num_wrong"}`; the risk is 0 if no
        answer is given.
    """
    given = probabilities.max(axis=1) >= threshold
    num_answered = int(given.sum())
    num_wrong = int((probabilities.argmax(axis=1) != labels)[given].sum())
    return {
        "threshold": threshold,
        "coverage": num_answered / len(labels),
        "risk": num_wrong / num_answered if num_answered else 0.0,
        "num_answered": num_answered,
        "num_wrong": num_wrong,
    }


def mcnemar(misses_a: list[int], misses_b: list[int]) -> dict:
    """Tests whether two networks differ on the same frames by more than chance.

    Only frames that exactly one of them misreads count. If both were equally good, each such
    frame would be A's or B's mistake with probability one half.

    Args:
        misses_a: Indices of the frames that A misreads, each once.
        misses_b: The same for B.

    Returns:
        `{"only_a_right", "only_b_right", "p"}`: two counts, and the exact two-sided binomial
        probability of counts at least as unequal.

    Source: Q. McNemar, Psychometrika 12 (1947) 153-157.

    Example:
        >>> mcnemar([1, 2, 3, 4, 5, 6], [6, 7])
        {'only_a_right': 1, 'only_b_right': 5, 'p': 0.21875}
    """
    only_a_right = len(set(misses_b) - set(misses_a))
    only_b_right = len(set(misses_a) - set(misses_b))
    num = only_a_right + only_b_right
    tail = ways = 1  # `ways` is the number of ways to choose k of the frames
    for k in range(min(only_a_right, only_b_right)):
        ways = ways * (num - k) // (k + 1)
        tail += ways
    p = min(1.0, 2 * tail / 2**num)  # integers up to here, so nothing is rounded
    return {"only_a_right": only_a_right, "only_b_right": only_b_right, "p": p}
