"""Confidence is fitted on held-out digits and keeps its promises on new ones."""

import numpy as np
import pytest

from model.reading.confidence import COVERAGE, Confidence, fit


def overconfident(num: int, rng) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of a network whose logits are twice too large, and true labels."""
    logits = rng.normal(0, 1.5, (num, 10))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(10, p=row) for row in true])
    too_sure = np.exp(2 * logits) / np.exp(2 * logits).sum(axis=1, keepdims=True)
    return too_sure.astype(np.float32), labels


def test_logits_twice_too_large_get_temperature_2():
    assert fit(*overconfident(4000, np.random.default_rng(0))).temperature == pytest.approx(2, 0.1)


def test_answer_sets_keep_their_coverage_on_new_frames():
    rng = np.random.default_rng(1)
    fitted = fit(*overconfident(4000, rng))
    probabilities, labels = overconfident(4000, rng)
    answers = [fitted.answer(row) for row in fitted.soften(probabilities)]
    covered = [label in answer.digits for label, answer in zip(labels, answers, strict=True)]
    assert COVERAGE - 0.005 < np.mean(covered) < COVERAGE + 0.002
    assert np.mean([not answer.is_digit for answer in answers]) < 0.01


def test_softening_keeps_order_and_sum():
    probabilities = np.random.default_rng(2).dirichlet(np.ones(10), 50).astype(np.float32)
    softened = Confidence(temperature=1.7).soften(probabilities)
    assert np.array_equal(softened.argsort(axis=1), probabilities.argsort(axis=1))
    assert np.allclose(softened.sum(axis=1), 1, atol=1e-5) and softened.dtype == np.float32
    assert np.allclose(Confidence().soften(probabilities), probabilities, atol=1e-6)
    assert np.isfinite(Confidence().soften(np.eye(10, dtype=np.float32))).all()


@pytest.mark.parametrize(
    ("probable", "digits", "is_digit"),
    [({7: 0.91}, (7,), True), ({4: 0.7, 9: 0.22}, (4, 9), True), ({}, (0,), False)],
    ids=["one digit", "two digits", "no digit"],
)
def test_an_answer_is_one_digit_several_or_none(probable, digits, is_digit):
    probabilities = np.full(10, 0.01)
    probabilities[list(probable)] = list(probable.values())
    answer = Confidence(1.0, set_threshold=0.1, refusal_threshold=0.5).answer(probabilities)
    assert answer.digits == digits and answer.is_digit == is_digit
    assert answer.is_doubtful == (digits != (7,))


def test_without_a_fit_the_likeliest_digit_is_the_answer():
    answer = Confidence().answer(np.full(10, 0.1) + np.eye(10)[3] * 0.001)
    assert answer.digits == (3,) and answer.is_digit
