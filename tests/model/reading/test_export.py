"""Contact sheet and table hold the images and predictions in the order shown."""

import csv
import io

import numpy as np
import pytest

from model.reading.export import contact_sheet, predictions_csv

LABELS = np.array([1, 2, 2])
PROBABILITIES = np.eye(10, dtype=np.float32)[[1, 2, 7]] * np.float32([[0.99], [0.6], [0.95]])


def rows(chosen: list[int]) -> list[dict]:
    text = predictions_csv(np.array(chosen, int), LABELS, PROBABILITIES)
    return list(csv.DictReader(io.StringIO(text)))


def test_a_contact_sheet_is_filled_row_by_row():
    images = np.arange(1, 6, dtype=np.uint8)[:, None, None] * np.ones((1, 2, 3), np.uint8)
    laid = contact_sheet(images, columns=2)
    assert laid.shape == (6, 6) and laid.dtype == np.uint8
    assert laid[::2, ::3].tolist() == [[1, 2], [3, 4], [5, 0]]


def test_the_table_has_one_row_per_image():
    first, second = rows([2, 0])
    assert (first["index"], first["label"], first["predicted"]) == ("2", "2", "7")
    assert float(first["confidence"]) == float(first["p7"]) == pytest.approx(0.95, abs=1e-6)
    assert second["index"] == "0" and len(second) == 14
    assert rows([]) == []
