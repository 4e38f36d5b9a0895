"""One's own hand: a few drawings with their labels change what the network answers to their like.

The network stays as it is. On its features sits one more layer, which answers to frames that lie
near one of the drawings, and adds to the logits; without any, all is as before.
"""

from dataclasses import dataclass

import numpy as np

from model.ink.distort import distort
from model.reading.confidence import logits, softmax
from model.reading.recognizer import NUM_CLASSES, Recognizer

# How near is near, in feature space, where every frame lies at distance 1 from the origin and
# two of one digit are about 0.5 apart. Of 0.3 to 0.7, tried on slanted and squeezed drawings,
# this mended most without a loss on other people's digits.
NEAR = 0.4
NUM_COPIES = 10  # gently distorted ones of each drawing; one drawing alone would be learnt by heart
STRENGTH = 0.5  # of their distortions
ANCHOR = 5e-4  # weight of the squared layer; it holds the layer at zero
NUM_STEPS = 80
STEP = 0.5  # Adam's first step; it falls to zero along a line
ALLOWED_LOSS = 0.001  # of the check set's accuracy; more is not kept
WEAKER = (1, 0.5, 0.25)  # a layer that costs more is tried again at these strengths


@dataclass(frozen=True)
class Known:
    """What the network makes of other people's digits.

    Attributes:
        features: `float32` array of shape `(n, num_features)`.
        probabilities: `(n, 10)`.
        labels: `(n,)`, 0 to 9.
    """

    features: np.ndarray
    probabilities: np.ndarray
    labels: np.ndarray

    @classmethod
    def of(cls, frames: np.ndarray, labels: np.ndarray, recognizer: Recognizer) -> "Known":
        """Lets the recognizer read frames, `(n, 28, 28)`."""
        return cls(recognizer.features(frames), recognizer.probabilities(frames), labels)


@dataclass(frozen=True)
class Hand:
    """The layer for one hand.

    Attributes:
        features: Of the drawings learnt from, `(num_drawings, num_features)`.
        weights: What nearness to each drawing adds to each logit, `(num_drawings, 10)`.
    """

    features: np.ndarray
    weights: np.ndarray

    def adjust(self, features: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """The probabilities for this hand.

        Args:
            features: `(n, num_features)`, as `Recognizer.features` gives them.
            probabilities: `(n, 10)`, the network's.

        Returns:
            `float32` array of shape `(n, 10)`; each row adds up to 1.
        """
        added = _nearness(features, self.features) @ self.weights
        return softmax(logits(probabilities) + added).astype(np.float32)


@dataclass(frozen=True)
class Lesson:
    """What came of learning a hand.

    Attributes:
        labels: `(n,)`: what the drawings are.
        before: Their probabilities, `(n, 10)`, as everyone's.
        after: The same with the hand's layer.
        others_before: Share of other people's digits read right, 0 to 1.
        others_after: The same with the hand's layer.
        hand: The layer, or `None` if it cost other people's digits more than 0.1 point.
    """

    labels: np.ndarray
    before: np.ndarray
    after: np.ndarray
    others_before: float
    others_after: float
    hand: Hand | None


def teach(
    frames: np.ndarray, labels: np.ndarray, recognizer: Recognizer, rehearsed: Known, checked: Known
) -> Lesson:
    """Learns a hand, and checks that other people's digits are not forgotten.

    Args:
        frames: `float32` array of shape `(n, 28, 28)`, 0 paper to 1 ink; n at least 1.
        labels: `(n,)`, 0 to 9: what they are.
        recognizer: Who read them so far.
        rehearsed: Other people's digits to learn with.
        checked: More of them, which are not learnt from.
    """
    full = learn(frames, labels, recognizer, rehearsed)
    features, before = recognizer.features(frames), recognizer.probabilities(frames)
    others_before = accuracy(checked)
    for strength in WEAKER:
        hand = Hand(full.features, strength * full.weights)
        others_after = accuracy(checked, hand)
        is_kept = others_after >= others_before - ALLOWED_LOSS
        if is_kept:
            break
    return Lesson(
        labels=labels,
        before=before,
        after=hand.adjust(features, before),
        others_before=others_before,
        others_after=others_after,
        hand=hand if is_kept else None,
    )


def learn(
    frames: np.ndarray, labels: np.ndarray, recognizer: Recognizer, others: Known, seed: int = 0
) -> Hand:
    """Fits the layer to drawings and their labels, with rehearsal of other people's digits.

    It minimises the cross-entropy of gently distorted copies of the drawings, plus that of
    other people's digits against what the network said of them before, plus the squared
    layer. Takes a fraction of a second.

    Args:
        frames: `float32` array of shape `(n, 28, 28)`, 0 paper to 1 ink; n at least 1.
        labels: `(n,)`, 0 to 9: what they are.
        recognizer: Who read them so far.
        others: Digits to rehearse.
        seed: Of the distortions.

    Source: a pull towards the general model, W. Kienzle and K. Chellapilla, "Personalized
    handwriting recognition via biased regularization", ICML 2006; a layer of distances to
    stored drawings, D. Broomhead and D. Lowe, Complex Systems 2 (1988) 321-355; old answers as
    targets, Z. Li and D. Hoiem, arXiv:1606.09282.
    """
    rng = np.random.default_rng(seed)
    copies = distort(np.repeat(frames, NUM_COPIES, axis=0), rng, STRENGTH)
    copies = np.concatenate([frames, np.clip(copies, 0, 1)])
    features = recognizer.features(copies)
    own = features[: len(frames)]
    digits = np.concatenate([labels, np.repeat(labels, NUM_COPIES)]).astype(np.int64)
    nearness = np.concatenate([_nearness(features, own), _nearness(others.features, own)])
    before = np.concatenate([recognizer.probabilities(copies), others.probabilities])
    targets = np.concatenate([np.eye(NUM_CLASSES)[digits], others.probabilities])
    shares = np.repeat(
        1 / np.array([len(copies), len(others.labels)]), [len(copies), len(others.labels)]
    )
    return Hand(own, _minimise(nearness, logits(before), targets, shares[:, None]))


def accuracy(known: Known, hand: Hand | None = None) -> float:
    """Share of digits read right, with a hand's layer or without, 0 to 1."""
    probabilities = known.probabilities
    if hand:
        probabilities = hand.adjust(known.features, probabilities)
    return float((probabilities.argmax(axis=1) == known.labels).mean())


def _minimise(
    nearness: np.ndarray, start: np.ndarray, targets: np.ndarray, shares: np.ndarray
) -> np.ndarray:
    """The layer, by Adam from zero; D. Kingma and J. Ba, arXiv:1412.6980."""
    weights = np.zeros((nearness.shape[1], NUM_CLASSES))
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, NUM_STEPS + 1):
        wrong = shares * (softmax(start + nearness @ weights) - targets)
        slope = nearness.T @ wrong + ANCHOR * weights
        first = 0.9 * first + 0.1 * slope
        second = 0.99 * second + 0.01 * slope**2
        length = STEP * (1 - step / NUM_STEPS)
        weights -= length * first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
    return weights


def _nearness(features: np.ndarray, drawings: np.ndarray) -> np.ndarray:
    """1 at a drawing, falling to 0 around it; `(n, num_drawings)`."""
    squared = 2 - 2 * features.astype(np.float64) @ drawings.T.astype(np.float64)
    return np.exp(-np.maximum(squared, 0) / (2 * NEAR**2))
