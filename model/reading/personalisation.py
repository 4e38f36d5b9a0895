"""Adapts the network's answers to one person's handwriting, learned from a few drawings.

The network itself is unchanged. An added layer takes the network's features and changes the logits
of frames that are similar to one of the drawings. Other frames' logits stay the same.
"""

from dataclasses import dataclass

import numpy as np

from model.ink.distort import distort
from model.reading.confidence import NUM_CLASSES, Answer, logits, softmax
from model.reading.recognizer import Recognizer

# Radius of the layer's response in feature space, where every frame lies at distance 1 from the
# origin and two frames of one digit are about 0.5 apart. Of 0.3 to 0.7, tried on slanted and
# squeezed drawings, this corrected most without a loss on other people's digits.
RADIUS = 0.4
NUM_COPIES = 10  # distorted copies of each drawing; the drawing alone would be learnt by heart
STRENGTH = 0.5  # of their distortions
ANCHOR = 5e-4  # weight of the squared layer, which pulls it towards zero
NUM_STEPS = 80
STEP = 0.5  # Adam's first step; it falls linearly to zero
ALLOWED_LOSS = 0.001  # of other people's digits; a layer that costs more is not used
WEAKER = (1, 0.5, 0.25)  # a layer that costs more is tried again at these strengths
SEED = 0  # of the distortions


@dataclass(frozen=True)
class OtherDigits:
    """Other people's digits as a network reads them.

    Attributes:
        features: `float32` array of shape `(n, num_features)`.
        probabilities: `(n, 10)`.
        labels: `(n,)`, 0 to 9.
    """

    features: np.ndarray
    probabilities: np.ndarray
    labels: np.ndarray

    @classmethod
    def read(cls, frames: np.ndarray, labels: np.ndarray, recognizer: Recognizer) -> "OtherDigits":
        """Reads frames, `(n, 28, 28)`, whose labels are known."""
        return cls(recognizer.features(frames), recognizer.probabilities(frames), labels)


@dataclass(frozen=True)
class Personalisation:
    """The layer for one person's handwriting.

    Attributes:
        features: Of the drawings that were learnt, `(num_drawings, num_features)`.
        weights: What nearness to each drawing adds to each logit, `(num_drawings, 10)`.
        network: `key` of the recognizer that it was learnt with; it fits no other.
    """

    features: np.ndarray
    weights: np.ndarray
    network: tuple[str, str]

    def adjust(self, features: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """Returns the probabilities for this person.

        Args:
            features: `(n, num_features)`, from `Recognizer.features`.
            probabilities: `(n, 10)`, from the network alone.

        Returns:
            `float32` array of shape `(n, 10)`; each row adds up to 1.
        """
        return _adjusted(_nearness(features, self.features), self.weights, probabilities)


@dataclass(frozen=True)
class PersonalisationReport:
    """What personalisation achieves, and the layer if it may be used.

    Attributes:
        labels: `(n,)`: what the drawings show.
        before: Their probabilities from the network alone, `(n, 10)`.
        after: Their probabilities, `(n, 10)`, each from a layer learnt without that drawing
            (leave-one-out), so that none is judged by what was learnt from itself.
        others_before: Share of other people's digits read right, 0 to 1.
        others_after: The same with the layer.
        personalisation: The layer, or `None` if it cost other people more than 0.1 point.
    """

    labels: np.ndarray
    before: np.ndarray
    after: np.ndarray
    others_before: float
    others_after: float
    personalisation: Personalisation | None

    @property
    def num_right_before(self) -> int:
        """How many drawings the network alone reads right."""
        return int((self.before.argmax(axis=1) == self.labels).sum())

    @property
    def num_right_after(self) -> int:
        """How many drawings are read right by a layer learnt from the others."""
        return int((self.after.argmax(axis=1) == self.labels).sum())


def contradiction(probabilities: np.ndarray, prompt: int, recognizer: Recognizer) -> Answer | None:
    """Checks whether a drawing looks like the digit that was asked for.

    Args:
        probabilities: The network's own, `(10,)`.
        prompt: The digit that was asked for, 0 to 9.
        recognizer: The network without personalisation.

    Returns:
        The network's answer if it refuses the drawing or rules the prompt out, else `None`.
    """
    answer = recognizer.answer(probabilities)
    return None if answer.is_digit and prompt in answer.digits else answer


def personalise(
    frames: np.ndarray,
    labels: np.ndarray,
    recognizer: Recognizer,
    rehearsed: OtherDigits,
    checked: OtherDigits,
) -> PersonalisationReport:
    """Learns one person's handwriting and checks what it costs other people.

    Takes about half a second for 20 drawings.

    Args:
        frames: `float32` array of shape `(n, 28, 28)`, 0 paper to 1 ink; n at least 1.
        labels: `(n,)`, 0 to 9: what they show.
        recognizer: The network without personalisation.
        rehearsed: Other people's digits to learn with, read by `recognizer`.
        checked: Other ones that are not learnt from, read by `recognizer`.
    """
    examples = _Examples.of(frames, labels, recognizer, rehearsed)
    full = Personalisation(examples.drawings, examples.learn(), recognizer.key)
    others_before = accuracy(checked)
    for strength in WEAKER:
        layer = Personalisation(full.features, strength * full.weights, full.network)
        others_after = accuracy(checked, layer)
        is_harmless = others_after >= others_before - ALLOWED_LOSS
        if is_harmless:
            break
    before = examples.before[: len(frames)]
    nearness = examples.nearness[: len(frames)]
    after = np.concatenate(
        [
            _adjusted(nearness[[index]], strength * weights, before[[index]])
            for index, weights in enumerate(examples.learn_without_each())
        ]
    )
    return PersonalisationReport(
        labels=labels,
        before=before,
        after=after,
        others_before=others_before,
        others_after=others_after,
        personalisation=layer if is_harmless else None,
    )


def accuracy(digits: OtherDigits, layer: Personalisation | None = None) -> float:
    """Returns the share of digits read right, with a layer or without, 0 to 1."""
    probabilities = digits.probabilities
    if layer:
        probabilities = layer.adjust(digits.features, probabilities)
    return float((probabilities.argmax(axis=1) == digits.labels).mean())


@dataclass(frozen=True)
class _Examples:
    """What the layer is learnt from: the drawings, distorted copies, other people's digits.

    Attributes:
        drawings: Features of the drawings, `(num_drawings, num_features)`.
        nearness: Of each example to each drawing, `(num_examples, num_drawings)`; the first
            examples are the drawings, then come their copies.
        before: The network's probabilities, `(num_examples, 10)`.
        targets: What they should become, `(num_examples, 10)`.
        owner: The drawing that an example is or was copied from, -1 for other people's,
            `(num_examples,)`.
    """

    drawings: np.ndarray
    nearness: np.ndarray
    before: np.ndarray
    targets: np.ndarray
    owner: np.ndarray

    @classmethod
    def of(
        cls, frames: np.ndarray, labels: np.ndarray, recognizer: Recognizer, others: OtherDigits
    ) -> "_Examples":
        rng = np.random.default_rng(SEED)
        copies = distort(np.repeat(frames, NUM_COPIES, axis=0), rng, STRENGTH)
        copies = np.concatenate([frames, np.clip(copies, 0, 1)])
        features = recognizer.features(copies)
        drawings = features[: len(frames)]
        digits = np.concatenate([labels, np.repeat(labels, NUM_COPIES)]).astype(np.int64)
        numbers = np.arange(len(frames))
        return cls(
            drawings=drawings,
            nearness=_nearness(np.concatenate([features, others.features]), drawings),
            before=np.concatenate([recognizer.probabilities(copies), others.probabilities]),
            targets=np.concatenate([np.eye(NUM_CLASSES)[digits], others.probabilities]),
            owner=np.concatenate(
                [numbers, np.repeat(numbers, NUM_COPIES), np.full(len(others.labels), -1)]
            ),
        )

    def learn(self) -> np.ndarray:
        """Fits the layer's weights, `(num_drawings, 10)`.

        They minimise the cross-entropy of the drawings and their copies, plus that of other
        people's digits against the network's own probabilities, plus the squared weights.

        Source: a pull towards the general model, W. Kienzle and K. Chellapilla, "Personalized
        handwriting recognition via biased regularization", ICML 2006; a layer of distances to
        stored examples, D. Broomhead and D. Lowe, Complex Systems 2 (1988) 321-355; old
        answers as targets, Z. Li and D. Hoiem, arXiv:1606.09282.
        """
        return self._minimise(np.ones((1, len(self.drawings)), bool), np.float64)[0]

    def learn_without_each(self) -> np.ndarray:
        """Fits one layer without each drawing and its copies, `(num_drawings, num_drawings, 10)`.

        The first axis tells which drawing was left out; its own row of weights is 0.
        """
        return self._minimise(~np.eye(len(self.drawings), dtype=bool), np.float32)

    def _minimise(self, used: np.ndarray, dtype: type) -> np.ndarray:
        """Fits several layers at once by Adam from zero.

        Args:
            used: Which drawings each layer learns from, `bool`, `(num_layers, num_drawings)`.
            dtype: To compute with.

        Source: D. Kingma and J. Ba, arXiv:1412.6980.
        """
        num_layers, num_drawings = used.shape
        is_other = self.owner < 0
        # Drawings and other people's digits count as much as each other, `(num_layers, n)`.
        shares = np.where(is_other, 1.0, used[:, self.owner])
        shares[:, is_other] /= is_other.sum()
        shares[:, ~is_other] /= np.maximum(shares[:, ~is_other].sum(axis=1, keepdims=True), 1)
        # The axis of digits comes first, so that sums over it run along memory.
        mask = np.broadcast_to(used, (NUM_CLASSES, *used.shape))
        start, targets = logits(self.before).T[:, None], self.targets.T[:, None]
        shares, start, targets, nearness = (
            np.ascontiguousarray(array, dtype) for array in (shares, start, targets, self.nearness)
        )
        weights = np.zeros(mask.shape, dtype)
        first, second = np.zeros_like(weights), np.zeros_like(weights)
        for step in range(1, NUM_STEPS + 1):
            scores = weights.reshape(-1, num_drawings) @ nearness.T
            scores = scores.reshape(NUM_CLASSES, num_layers, -1)
            scores += start
            scores -= scores.max(axis=0)
            np.exp(scores, out=scores)
            scores /= scores.sum(axis=0)
            scores -= targets
            scores *= shares
            slope = (scores.reshape(-1, len(nearness)) @ nearness).reshape(mask.shape)
            slope = mask * (slope + dtype(ANCHOR) * weights)
            first = dtype(0.9) * first + dtype(0.1) * slope
            second = dtype(0.99) * second + dtype(0.01) * slope**2
            length = dtype(STEP * (1 - step / NUM_STEPS) / (1 - 0.9**step))
            spread = np.sqrt(second / dtype(1 - 0.99**step)) + dtype(1e-8)
            weights = weights - length * first / spread
        return weights.transpose(1, 2, 0)


def _adjusted(nearness: np.ndarray, weights: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    return softmax(logits(probabilities) + nearness @ weights).astype(np.float32)


def _nearness(features: np.ndarray, drawings: np.ndarray) -> np.ndarray:
    """Returns 1 at a drawing, falling to 0 around it; `(n, num_drawings)`."""
    squared = 2 - 2 * features.astype(np.float64) @ drawings.T.astype(np.float64)
    return np.exp(-np.maximum(squared, 0) / (2 * RADIUS**2))
