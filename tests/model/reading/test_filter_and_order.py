"""Filters keep the images they describe, and orders sort them."""

import numpy as np
import pytest

from model.reading.confidence import Confidence
from model.reading.filter_and_order import (
    COMPARISONS,
    ORDERS,
    Filter,
    compare_predictions,
    distance_to_class_mean,
    filter_images,
    inside_area,
    order_images,
    rank_of_label,
)

# Six images, of which the third and the last are read wrong.
LABELS = np.array([1, 2, 2, 3, 3, 9])
PREDICTED = np.array([1, 2, 7, 3, 3, 4])
CONFIDENCE = np.array([0.99, 0.6, 0.95, 0.8, 1.0, 0.55], np.float32)
PROBABILITIES = np.eye(10, dtype=np.float32)[PREDICTED] * CONFIDENCE[:, None]
DISTANCES = np.arange(6)[::-1].astype(np.float32)


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        (Filter(), [0, 1, 2, 3, 4, 5]),
        (Filter(label=2), [1, 2]),
        (Filter(label=0), []),
        (Filter(predicted=7), [2]),
        (Filter(label=2, predicted=2), [1]),
        (Filter(result="right"), [0, 1, 3, 4]),
        (Filter(result="wrong"), [2, 5]),
        (Filter(low=80, high=95.1), [2, 3]),
        (Filter(low=100), [4]),
        (Filter(low=60, high=50), []),
        (Filter(disputed=True), [2, 3]),
        (Filter(disputed=True, result="wrong"), [2]),
    ],
    ids=str,
)
def test_a_filter_keeps_what_it_describes(wanted, kept):
    assert filter_images(wanted, LABELS, PROBABILITIES, disputed=(2, 3, 99)).tolist() == kept


def test_refused_and_doubtful_images_are_those_that_the_answer_calls_so():
    rng = np.random.default_rng(3)
    probabilities = rng.dirichlet(np.full(10, 0.2), 500).astype(np.float32)
    confidence = Confidence(set_threshold=0.3, refusal_threshold=0.75)
    answers = [confidence.answer(row) for row in probabilities]
    labels = np.zeros(500, int)
    for result, wanted in (
        ("refused", [not answer.is_digit for answer in answers]),
        ("in doubt", [answer.is_digit and answer.is_doubtful for answer in answers]),
    ):
        kept = filter_images(Filter(result=result), labels, probabilities, (), confidence)
        assert 0 < len(kept) < 500 and kept.tolist() == np.flatnonzero(wanted).tolist()


def test_two_networks_are_compared_by_who_is_right():
    labels, served = np.array([1, 1, 1, 1, 1]), np.array([1, 1, 2, 2, 2])
    other = np.array([1, 3, 1, 2, 3])
    kept = {
        wanted: np.flatnonzero(compare_predictions(wanted, labels, served, other)).tolist()
        for wanted in COMPARISONS
    }
    assert list(kept.values()) == [[1, 2, 4], [1], [2], [3, 4]]


def test_a_probability_just_above_one_is_kept():
    probabilities = np.eye(10, dtype=np.float32)[[1]] * np.float32(1.0000001)
    assert filter_images(Filter(), np.array([1]), probabilities).tolist() == [0]


@pytest.mark.parametrize(
    ("order", "indices"),
    [
        ("Index", [0, 1, 2, 3, 4, 5]),
        ("Most confident mistakes", [2, 5, 1, 3, 0, 4]),
        ("Least sure first", [5, 1, 3, 2, 0, 4]),
        ("Most sure first", [4, 0, 2, 3, 1, 5]),
        ("Most typical first", [5, 4, 3, 2, 1, 0]),
    ],
)
def test_an_order_sorts_all_images(order, indices):
    shown = order_images(np.arange(6), order, LABELS, PROBABILITIES, DISTANCES)
    assert shown.tolist() == indices


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("chosen", [[3, 5], []])
def test_every_order_keeps_exactly_the_chosen_images(order, chosen):
    chosen = np.array(chosen, int)
    shown = order_images(chosen, order, LABELS, PROBABILITIES, DISTANCES)
    assert np.array_equal(np.sort(shown), chosen)


def test_an_unknown_order_is_a_value_error():
    with pytest.raises(ValueError, match="Received: 'Upside down'"):
        order_images(np.arange(6), "Upside down", LABELS, PROBABILITIES)


def test_a_filter_does_not_change_a_seeds_random_order():
    labels, probabilities = np.zeros(100, int), np.ones((100, 10))
    first, again, other = (
        order_images(np.arange(100), "Random", labels, probabilities, seed=seed)
        for seed in (1, 1, 2)
    )
    assert first.tolist() == again.tolist() != other.tolist()
    some = order_images(np.arange(0, 100, 3), "Random", labels, probabilities, seed=1)
    assert some.tolist() == [index for index in first if index % 3 == 0]


def test_the_mean_of_a_label_has_distance_0():
    coordinates = np.array([[0, 0], [2, 0], [1, 0], [9, 9], [9, 5], [9, 7]], np.float16)
    distances = distance_to_class_mean(coordinates, np.array([4, 4, 4, 6, 6, 6]))
    assert distances.tolist() == [1, 1, 0, 2, 2, 0]


def test_the_true_label_has_a_rank():
    assert rank_of_label(PROBABILITIES[0], 1) == 1
    assert rank_of_label(PROBABILITIES[2], 2) == 2


def test_an_area_includes_its_border():
    places = np.array([[0, 0], [1, 1], [0.5, 2], [-1, 0.5]], np.float16)
    assert inside_area(places, (0, 1, 0, 1)).tolist() == [True, True, False, False]
