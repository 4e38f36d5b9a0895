"""All digits on a sheet of paper are read, each with its box."""

import numpy as np

from benchmarks.sheets import sheet
from model.ink.layout import find_digits
from model.reading.recognizer import Recognizer
from model.reading.sheets import read_sheet


def test_photos_are_read():
    recognizer = Recognizer.load()
    right = 0
    for seed in range(5):
        found = read_sheet(sheet(seed=seed, gradient=0.4, noise=4), recognizer)
        right += sum(a.answer.digits[0] == int(b) for a, b in zip(found, "317402", strict=True))
    assert right >= 27  # of 30


def test_each_prediction_has_its_box_and_frame():
    picture = sheet()
    for one, located in zip(
        read_sheet(picture, Recognizer.load()), find_digits(picture), strict=True
    ):
        assert one.box == located.box and np.array_equal(one.frame, located.frame)
