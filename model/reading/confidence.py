"""Turns probabilities into an answer: a digit, several, probably a digit, or no digit.

A temperature and two thresholds decide. Training fits them on validation digits and stores them
in the network's file; the recognizer applies them.
"""

from dataclasses import dataclass

import numpy as np

NUM_CLASSES = 10  # the digits
# Share of held-out digits whose answer set must hold the true one. Visitors' drawings are harder;
# for them the goal is 99 %.
COVERAGE = 0.997
REFUSED = 0.006  # share of held-out digits refused; for visitors' drawings at most 1 %
SURE = 0.8  # least probability of the only digit of a sure answer
SMALLEST = 1e-12  # keeps the logarithm of a probability finite


@dataclass(frozen=True)
class Answer:
    """What is said about one drawing.

    Attributes:
        digits: The answer set: digits that it may be, the likeliest first; at least one.
        is_digit: Whether it looks like a digit at all.
        is_sure: Whether it is one digit, far likelier than all others. If not, it is one of
            several, probably the only one of the set, or no digit.
    """

    digits: tuple[int, ...]
    is_digit: bool = True
    is_sure: bool = True

    @property
    def is_doubtful(self) -> bool:
        """Whether a person should check it."""
        return len(self.digits) > 1 or not (self.is_digit and self.is_sure)


_SURE = [Answer((digit,)) for digit in range(NUM_CLASSES)]
_BOUNDS = {"temperature": (0.01, 100.0), "set_threshold": (0, 1), "refusal_threshold": (0, 1)}


@dataclass(frozen=True)
class Confidence:
    """The fitted figures. With the defaults, the answer is always the likeliest digit.

    Attributes:
        temperature: Divides the logarithms of the probabilities; above 1 lowers confidence.
        set_threshold: A digit at least this probable joins the answer set, 0 to 1.
        refusal_threshold: If not even the two likeliest digits together are this probable, the
            drawing is no digit, 0 to 1. A digit that could be one of two is not refused.

    Raises:
        ValueError: If a figure is out of range.
    """

    temperature: float = 1.0
    set_threshold: float = 1.0
    refusal_threshold: float = 0.0

    def __post_init__(self):
        for name, (low, high) in _BOUNDS.items():
            figure = getattr(self, name)
            is_number = isinstance(figure, int | float) and not isinstance(figure, bool)
            if not (is_number and low <= figure <= high):  # NaN fails this too
                raise ValueError(f"{name} must be {low} to {high}. Received: {figure!r}")

    def soften(self, probabilities: np.ndarray) -> np.ndarray:
        """Applies the temperature to `(n, 10)` probabilities; returns `float32` ones.

        Source: C. Guo et al., ICML 2017, arXiv:1706.04599.
        """
        return softmax(logits(probabilities) / self.temperature).astype(np.float32)

    def answer(self, probabilities: np.ndarray) -> Answer:
        """Returns the answer for one frame's softened probabilities, `(10,)`.

        Example:
            >>> Confidence(set_threshold=0.2).answer(np.eye(10)[4] * 0.7 + np.eye(10)[9] * 0.3)
            Answer(digits=(4, 9), is_digit=True, is_sure=False)
        """
        order = np.argsort(-probabilities, kind="stable")
        digits = [int(order[0])]
        digits += [int(k) for k in order[1:] if probabilities[k] >= self.set_threshold]
        is_digit = bool(probabilities[order[:2]].sum() >= self.refusal_threshold)
        is_sure = is_digit and len(digits) == 1 and bool(probabilities[order[0]] >= SURE)
        return Answer(tuple(digits), is_digit, is_sure)

    def answers(self, probabilities: np.ndarray) -> list[Answer]:
        """What `answer` returns for each of many frames' softened probabilities, `(n, 10)`."""
        doubtful = refused(probabilities, self) | in_doubt(probabilities, self)
        return [
            self.answer(row) if is_doubtful else _SURE[digit]
            for row, is_doubtful, digit in zip(
                probabilities, doubtful, probabilities.argmax(axis=1), strict=True
            )
        ]


def refused(probabilities: np.ndarray, confidence: Confidence) -> np.ndarray:
    """Which of many frames are no digit, as `Confidence.answer` says; `bool`, `(n,)`.

    Args:
        probabilities: Softened ones, `(n, 10)`.
        confidence: The network's.
    """
    return np.sort(probabilities, axis=1)[:, -2:].sum(axis=1) < confidence.refusal_threshold


def in_doubt(probabilities: np.ndarray, confidence: Confidence) -> np.ndarray:
    """Which of many frames are a digit that a person should check; like `refused`."""
    ranked = np.sort(probabilities, axis=1)
    is_one_of_several = ranked[:, -2] >= confidence.set_threshold
    is_unsure = is_one_of_several | (ranked[:, -1] < SURE)
    return is_unsure & ~refused(probabilities, confidence)


def logits(probabilities: np.ndarray) -> np.ndarray:
    """Returns the logarithms of `(n, 10)` probabilities, finite, as `float64`."""
    return np.log(np.maximum(probabilities.astype(np.float64), SMALLEST))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Returns the `(n, 10)` probabilities of `(n, 10)` logits."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def fit(probabilities: np.ndarray, labels: np.ndarray) -> Confidence:
    """Fits temperature and thresholds on held-out digits.

    Args:
        probabilities: The network's own, `(n, 10)`, n at least 1.
        labels: `(n,)`, 0 to 9.

    Source: temperature, C. Guo et al., ICML 2017, arXiv:1706.04599; answer set, split conformal
    prediction with a threshold on the probability, M. Sadinle, J. Lei and L. Wasserman, JASA
    114 (2019) 223-234, to which the likeliest digit always belongs.
    """
    of_label = np.arange(len(labels)), labels.astype(np.int64)
    temperatures = np.exp(np.linspace(np.log(0.25), np.log(4), 161))
    losses = [
        -np.log(np.maximum(Confidence(t).soften(probabilities)[of_label], SMALLEST)).mean()
        for t in temperatures
    ]
    temperature = float(temperatures[int(np.argmin(losses))])
    softened = Confidence(temperature).soften(probabilities)
    is_right = softened.argmax(axis=1) == labels
    # Frames whose likeliest digit is right are covered already. The threshold must cover as
    # many of the others as are missing; the + 1 stands for the new frame.
    missing = int(np.ceil((len(labels) + 1) * COVERAGE)) - int(is_right.sum())
    missed = np.sort(softened[of_label][~is_right])[::-1]
    set_threshold = 1.0
    if missing > 0 and len(missed):
        set_threshold = float(missed[min(missing, len(missed)) - 1])
    refusal_threshold = float(np.quantile(np.sort(softened, axis=1)[:, -2:].sum(axis=1), REFUSED))
    return Confidence(temperature, set_threshold, refusal_threshold)
