"""Handwriting is learnt from twenty drawings, and other people's digits are not forgotten."""

import dataclasses

import numpy as np
import pytest

from model.ink.frame import strokes_to_mnist
from model.learning import glyphs
from model.learning.data import bundled_digits
from model.reading import personalisation
from model.reading.personalisation import (
    ALLOWED_LOSS,
    OtherDigits,
    Personalisation,
    contradiction,
    personalise,
)
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
        OtherDigits.read(data.frames[part], data.labels[part], recognizer)
        for part in (rehearsed, ~rehearsed)
    )


def tilted(num_sets: int, seed: int, angle: float = np.pi / 4) -> np.ndarray:
    """Digits 0 to 9, turned by an angle in radians, `(10 * num_sets, 28, 28)`."""
    rng = np.random.default_rng(seed)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.stack(
        [
            strokes_to_mnist([stroke @ turn.T * 100 for stroke in glyphs.draw_digit(k, rng)], 280)
            for _ in range(num_sets)
            for k in range(10)
        ]
    )


@pytest.fixture(scope="module")
def report(recognizer, others):
    return personalise(tilted(2, seed=1), DIGITS, recognizer, *others)


def test_new_tilted_digits_are_read_better(recognizer, report):
    new, labels = tilted(20, seed=2), np.tile(np.arange(10), 20)
    adapted = recognizer.adapted(report.personalisation)
    before, after = (each.probabilities(new).argmax(axis=1) for each in (recognizer, adapted))
    assert (after == labels).mean() > (before == labels).mean() + 0.03
    assert np.allclose(adapted.probabilities(new).sum(axis=1), 1, atol=1e-5)
    assert adapted.probabilities(new[:0]).shape == (0, 10)


def test_other_peoples_digits_are_not_forgotten(report):
    assert report.others_after >= report.others_before - ALLOWED_LOSS


def test_each_drawing_is_judged_without_itself(recognizer, others, report):
    frames = tilted(2, seed=1)
    learnt = recognizer.adapted(report.personalisation).probabilities(frames)
    by_heart = (learnt.argmax(axis=1) == DIGITS).sum()
    assert by_heart >= 19
    assert report.num_right_after < by_heart
    # A drawing under the wrong prompt is learnt by heart, but not by the others' layer.
    labels = DIGITS.copy()
    labels[3] = 8
    wrong = personalise(frames, labels, recognizer, *others)
    assert wrong.after[3].argmax() != 8
    assert np.array_equal(wrong.before, report.before)


def test_leaving_out_equals_learning_without_the_drawing(recognizer, others):
    examples = personalisation._Examples.of(tilted(1, 1), np.arange(10), recognizer, others[0])
    rest, columns = examples.owner != 4, np.arange(10) != 4
    without = dataclasses.replace(
        examples,
        drawings=examples.drawings[columns],
        nearness=examples.nearness[rest][:, columns],
        before=examples.before[rest],
        targets=examples.targets[rest],
        owner=examples.owner[rest] - (examples.owner[rest] > 4),
    )
    left_out = examples.learn_without_each()[4]
    assert (left_out[4] == 0).all()
    assert np.allclose(left_out[columns], without.learn(), atol=1e-3)


def test_upright_handwriting_changes_nearly_nothing(recognizer, others):
    report = personalise(tilted(2, seed=1, angle=0), DIGITS, recognizer, *others)
    assert report.others_after == pytest.approx(report.others_before, abs=ALLOWED_LOSS)
    assert np.abs(report.after - report.before).max() < 0.2


def test_a_layer_that_costs_others_is_not_used(recognizer, others, monkeypatch):
    harmful = 4000 * np.eye(10)[(DIGITS + 1) % 10]
    monkeypatch.setattr(personalisation._Examples, "learn", lambda _: harmful)
    report = personalise(tilted(2, seed=1, angle=0), DIGITS, recognizer, *others)
    assert report.personalisation is None
    assert report.others_after < report.others_before - ALLOWED_LOSS


def test_a_layer_of_zeros_changes_nothing(recognizer):
    frames = tilted(1, seed=3)
    layer = Personalisation(recognizer.features(frames), np.zeros((10, 10)), recognizer.key)
    before = recognizer.probabilities(frames)
    assert np.allclose(recognizer.adapted(layer).probabilities(frames), before, atol=1e-6)


def test_the_same_drawings_give_the_same_layer(recognizer, others, report):
    again = personalise(tilted(2, seed=1), DIGITS, recognizer, *others)
    assert np.array_equal(again.personalisation.weights, report.personalisation.weights)


def test_a_layer_of_another_network_is_refused(recognizer, report):
    other = dataclasses.replace(report.personalisation, network=("another run", "0" * 64))
    with pytest.raises(ValueError, match="another run"):
        recognizer.adapted(other)


@pytest.mark.parametrize(
    ("digits", "prompt", "contradicts"),
    [((7,), 7, False), ((4, 9), 9, False), ((7,), 1, True), ((4, 9), 7, True)],
)
def test_a_drawing_that_rules_its_prompt_out_contradicts_it(
    recognizer, digits, prompt, contradicts
):
    probabilities = np.full(10, 0.001)
    probabilities[list(digits)] = 0.99 / len(digits)
    answer = contradiction(probabilities, prompt, recognizer)
    assert (answer is not None) == contradicts
    if contradicts:
        assert answer.digits == digits


def test_a_refused_drawing_contradicts_every_prompt(recognizer):
    unlikely = np.full(10, 0.1)
    assert not recognizer.answer(unlikely).is_digit
    assert all(contradiction(unlikely, prompt, recognizer) for prompt in range(10))
