"""A hand is learnt from twenty drawings, and other people's digits are not forgotten."""

import numpy as np
import pytest

from model.ink.frame import strokes_to_mnist
from model.learning import glyphs
from model.learning.data import bundled_digits
from model.reading import personalisation
from model.reading.personalisation import ALLOWED_LOSS, Hand, Known
from model.reading.recognizer import Recognizer

DIGITS = np.tile(np.arange(10), 2)


@pytest.fixture(scope="module")
def recognizer(trained):
    return Recognizer.load(trained)


@pytest.fixture(scope="module")
def others(recognizer):
    data = bundled_digits()
    rehearsed = np.arange(len(data)) % 3 == 0
    return tuple(
        Known.of(data.frames[part], data.labels[part], recognizer)
        for part in (rehearsed, ~rehearsed)
    )


def tilted(num_sets: int, seed: int, angle: float = np.pi / 4) -> np.ndarray:
    """Digits of a hand that writes far off the level, `(10 * num_sets, 28, 28)`."""
    rng = np.random.default_rng(seed)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.stack(
        [
            strokes_to_mnist([stroke @ turn.T * 100 for stroke in glyphs.draw_digit(k, rng)], 280)
            for _ in range(num_sets)
            for k in range(10)
        ]
    )


def test_a_tilted_hand_is_read_better_after_twenty_drawings_and_others_as_before(
    recognizer, others
):
    lesson = personalisation.teach(tilted(2, seed=1), DIGITS, recognizer, *others)
    assert lesson.hand is not None
    new, labels = tilted(20, seed=2), np.tile(np.arange(10), 20)
    before = (recognizer.probabilities(new).argmax(axis=1) == labels).mean()
    taught = recognizer.adapted(lesson.hand)
    after = (taught.probabilities(new).argmax(axis=1) == labels).mean()
    assert after > before + 0.03
    assert (lesson.after.argmax(axis=1) == DIGITS).sum() >= 19
    assert lesson.others_after >= lesson.others_before - ALLOWED_LOSS
    assert np.allclose(taught.probabilities(new).sum(axis=1), 1, atol=1e-5)
    assert taught.probabilities(new[:0]).shape == (0, 10)


def test_a_plain_hand_changes_nearly_nothing(recognizer, others):
    lesson = personalisation.teach(tilted(2, seed=1, angle=0), DIGITS, recognizer, *others)
    assert lesson.others_after == pytest.approx(lesson.others_before, abs=ALLOWED_LOSS)
    assert np.abs(lesson.after - lesson.before).max() < 0.2


def test_a_hand_that_would_cost_other_people_is_not_kept(recognizer, others, monkeypatch):
    harmful = Hand(others[1].features, 40 * np.eye(10)[(others[1].labels + 1) % 10])
    monkeypatch.setattr(personalisation, "learn", lambda *_: harmful)
    lesson = personalisation.teach(tilted(2, seed=1), DIGITS, recognizer, *others)
    assert lesson.hand is None and lesson.others_after < lesson.others_before - ALLOWED_LOSS


def test_a_layer_of_zeros_changes_nothing(recognizer):
    frames = tilted(1, seed=3)
    hand = Hand(recognizer.features(frames), np.zeros((10, 10)))
    before = recognizer.probabilities(frames)
    assert np.allclose(recognizer.adapted(hand).probabilities(frames), before, atol=1e-6)
    assert recognizer.probabilities(frames) == pytest.approx(before)  # the shared one is as it was


def test_the_same_drawings_give_the_same_hand(recognizer, others):
    hands = [personalisation.learn(tilted(2, 1), DIGITS, recognizer, others[0]) for _ in range(2)]
    assert np.array_equal(hands[0].weights, hands[1].weights)
