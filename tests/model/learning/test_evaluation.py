"""The figures equal values computed by hand or published."""

import json
import math
import time

import numpy as np
import pytest

from model.learning import evaluation


def sure_of(digits, confidence=1.0) -> np.ndarray:
    """Probabilities with one confidence in the given digits."""
    probabilities = np.full((len(digits), 10), (1 - confidence) / 9, np.float32)
    probabilities[np.arange(len(digits)), digits] = confidence
    return probabilities


def test_wilson_interval_has_published_values():
    assert evaluation.wilson_interval(9975, 10000) == pytest.approx((0.99631, 0.99831), abs=5e-6)
    assert evaluation.wilson_interval(50, 100) == pytest.approx((0.4038, 0.5962), abs=5e-5)
    assert evaluation.wilson_interval(0, 10) == pytest.approx((0, 0.2775), abs=5e-5)
    assert evaluation.wilson_interval(0, 0) == (0, 1)
    assert evaluation.wilson_interval(10, 10)[1] == pytest.approx(1)
    assert evaluation.wilson_interval(0, 10)[0] == 0


def test_accuracy_counts_the_likeliest_digit():
    figures = evaluation.accuracy(sure_of([1, 2, 3, 4], 0.7), np.array([1, 2, 3, 9]))
    assert (figures["num_right"], figures["num_all"], figures["accuracy"]) == (3, 4, 0.75)
    assert figures["low"] < 0.75 < figures["high"]


def test_the_confusion_matrix_has_true_labels_in_rows():
    confusion = evaluation.confusion_matrix(np.array([7, 7, 1]), np.array([1, 1, 1]))
    assert confusion[1, 7] == 2 and confusion[1, 1] == 1 and confusion.sum() == 3


def test_one_byte_labels_do_not_overflow():
    predicted, labels = np.array([9, 9, 0]), np.array([9, 8, 9])
    small = evaluation.confusion_matrix(predicted, labels.astype(np.uint8))
    assert np.array_equal(small, evaluation.confusion_matrix(predicted, labels))
    assert small[9, 9] == small[8, 9] == small[9, 0] == 1  # 9 * 10 + 9 just fits a byte


def test_per_class_figures_of_a_digit():
    confusion = evaluation.confusion_matrix(np.array([1, 1, 1, 7, 7]), np.array([1, 1, 7, 1, 1]))
    one = evaluation.per_class(confusion)[1]
    assert one["precision"] == pytest.approx(2 / 3)
    assert one["recall"] == pytest.approx(2 / 4)
    assert one["f1"] == pytest.approx(4 / 7)
    assert one["num_images"] == 4


def test_a_digit_that_never_occurs_has_zeros():
    confusion = evaluation.confusion_matrix(np.array([1, 7]), np.array([1, 1]))
    assert evaluation.per_class(confusion)[7]["precision"] == 0  # answered, never true
    assert evaluation.per_class(confusion)[5] == {
        "digit": 5,
        "precision": 0.0,
        "recall": 0.0,
        "f1": 0.0,
        "num_images": 0,
    }


def test_calibration_of_80_percent_sure_and_half_right():
    figures = evaluation.calibration(sure_of([3, 3], 0.8), np.array([3, 4]))
    assert figures["ece"] == pytest.approx(0.3)
    assert figures["nll"] == pytest.approx((-np.log(0.8) - np.log(0.2 / 9)) / 2, rel=1e-5)
    one_right = 0.2**2 + 9 * (0.2 / 9) ** 2
    one_wrong = 0.8**2 + (1 - 0.2 / 9) ** 2 + 8 * (0.2 / 9) ** 2
    assert figures["brier"] == pytest.approx((one_right + one_wrong) / 2, rel=1e-5)


def test_reliability_has_15_bins_of_confidence():
    probabilities = np.concatenate([sure_of([1, 1], 0.61), sure_of([2], 0.65), sure_of([3], 1.0)])
    rows = evaluation.reliability(probabilities, np.array([1, 9, 2, 3]))
    assert [row["num_all"] for row in rows] == [3, 1]  # 9/15 to 10/15, and the last with 1 in it
    assert rows[0]["confidence"] == pytest.approx((0.61 + 0.61 + 0.65) / 3)
    assert rows[0]["accuracy"] == pytest.approx(2 / 3)
    assert rows[1] == {"confidence": 1, "accuracy": 1, "num_all": 1}


def test_auroc_counts_pairs_and_half_of_ties():
    high, low = np.array([0.8, 0.9]), np.array([0.1, 0.2, 0.3])
    assert evaluation.auroc(high, low) == 1 and evaluation.auroc(low, high) == 0
    assert evaluation.auroc(low, low) == 0.5
    assert evaluation.auroc(np.array([0.2, 0.4]), np.array([0.1, 0.3])) == 0.75


def test_a_perfect_network_has_no_calibration_error():
    figures = evaluation.calibration(sure_of([3, 4]), np.array([3, 4]))
    assert figures == {"ece": 0, "nll": 0, "brier": 0}
    assert np.isfinite(evaluation.calibration(sure_of([3]), np.array([4]))["nll"])


def test_evaluate_lists_misses_in_json_types():
    report = evaluation.evaluate(sure_of([1, 2, 3, 4], 0.9), np.array([1, 5, 3, 0]))
    assert report["misses"] == [1, 3]
    assert (report["num_right"], report["num_all"]) == (2, 4)
    assert sum(row["num_all"] for row in report["reliability"]) == 4
    assert json.loads(json.dumps(report)) == report


def test_risk_falls_with_coverage():
    probabilities = np.concatenate(
        [sure_of([1], 0.9), sure_of([2, 3], 0.8), sure_of([4], 0.5), sure_of([5], 0.3)]
    )
    labels = np.array([1, 2, 9, 4, 9])
    curve = evaluation.risk_coverage(probabilities, labels)
    assert curve["threshold"] == pytest.approx([0.9, 0.8, 0.5, 0.3])
    assert curve["coverage"].tolist() == [0.2, 0.6, 0.8, 1]  # the two of 0.8 share an entry
    assert curve["risk"] == pytest.approx([0, 1 / 3, 1 / 4, 2 / 5])
    for threshold, coverage, risk in zip(*curve.values(), strict=True):
        point = evaluation.answered_above(probabilities, labels, threshold)
        assert (point["coverage"], point["risk"]) == (coverage, risk)
    none = evaluation.answered_above(probabilities, labels, 0.95)
    assert (none["coverage"], none["risk"], none["num_wrong"]) == (0, 0, 0)


def test_full_coverage_has_one_minus_accuracy_as_risk():
    rng = np.random.default_rng(0)
    probabilities, labels = rng.dirichlet(np.ones(10), 500), rng.integers(0, 10, 500)
    curve = evaluation.risk_coverage(probabilities, labels)
    assert curve["coverage"][-1] == 1
    assert curve["risk"][-1] == pytest.approx(
        1 - evaluation.accuracy(probabilities, labels)["accuracy"]
    )


def test_mcnemar_has_values_computed_by_hand():
    assert evaluation.mcnemar([], []) == {"only_a_right": 0, "only_b_right": 0, "p": 1}
    assert evaluation.mcnemar([3, 5], [5, 3])["p"] == 1  # the same mistakes count for neither
    assert evaluation.mcnemar([1], [2])["p"] == 1
    six = evaluation.mcnemar([], [1, 2, 3, 4, 5, 6])
    assert six == {"only_a_right": 6, "only_b_right": 0, "p": 2 / 2**6}
    # 12 against 20: SciPy's binomtest(12, 32, 0.5) says 0.21533
    figures = evaluation.mcnemar(list(range(20)), list(range(20, 32)))
    assert (figures["only_a_right"], figures["only_b_right"]) == (12, 20)
    assert figures["p"] == pytest.approx(0.2153, abs=1e-4)


def test_mcnemar_is_symmetric_on_whole_test_sets():
    one, other = list(range(300)), list(range(200, 4000))
    forth, back = evaluation.mcnemar(one, other), evaluation.mcnemar(other, one)
    assert forth["p"] == back["p"] < 1e-300
    assert forth["only_a_right"] == back["only_b_right"] == 3700


def test_mcnemar_of_60_000_misses_takes_less_than_two_seconds():
    start = time.process_time()
    assert evaluation.mcnemar(list(range(30_000)), list(range(30_000, 60_000)))["p"] == 1
    assert time.process_time() - start < 2


@pytest.mark.parametrize(("only_a", "only_b"), [(3, 9), (0, 5), (20, 21), (0, 0)])
def test_mcnemar_equals_the_exact_binomial_sum(only_a, only_b):
    found = evaluation.mcnemar(list(range(only_b)), list(range(100, 100 + only_a)))
    num, few = only_a + only_b, min(only_a, only_b)
    tail = sum(math.comb(num, k) for k in range(few + 1))
    assert found["p"] == min(1.0, 2 * tail / 2**num)
