"""Lines and frames are found and taken out; strokes that cross or touch them stay."""

import cv2
import numpy as np
import pytest

from model.ink.frames import take_frames_out
from model.ink.ruling import find_ruling, ruled_area, tilt


def page(rows: int = 400, cols: int = 600) -> np.ndarray:
    return np.zeros((rows, cols), np.uint8)


def without_lines(mask: np.ndarray) -> np.ndarray:
    return find_ruling(mask).without_lines(mask, mask.astype(np.float32))


def digit(mask: np.ndarray, text: str, left: int, foot: int) -> np.ndarray:
    return cv2.putText(mask, text, (left, foot), cv2.FONT_HERSHEY_SIMPLEX, 2, 1, 6)


@pytest.mark.parametrize("slope", [0, 6, -6])
def test_long_lines_are_found_also_if_they_slope_a_little(slope):
    mask = page()
    for row in range(60, 400, 60):
        cv2.line(mask, (20, row), (580, row + slope), 1, 2)
    ruling = find_ruling(mask > 0)
    assert len(ruling.across) == 6 and not ruling.upright
    assert [round(line.middle) for line in ruling.across] == pytest.approx(
        [row + slope / 2 for row in range(60, 400, 60)], abs=2
    )


def test_a_stroke_that_crosses_a_line_stays_whole():
    mask = page()
    cv2.line(mask, (20, 200), (580, 200), 1, 3)
    cv2.line(mask, (300, 120), (300, 280), 1, 6)
    cleaned = without_lines(mask > 0)
    num, _, stats, _ = cv2.connectedComponentsWithStats(cleaned.astype(np.uint8))
    heights = sorted(stats[1:num, cv2.CC_STAT_HEIGHT])
    assert heights[-1] >= 155 and cleaned[200, 100:280].sum() == 0


def test_bars_of_fours_and_sevens_are_no_lines():
    mask = page()
    for left in (60, 160, 260, 360, 460):
        digit(mask, "7", left, 200)
        digit(mask, "4", left, 330)
    ruling = find_ruling(mask > 0)
    assert not ruling.across and not ruling.upright


def test_a_table_has_its_lines_both_ways_and_walls():
    mask = page()
    for row in (50, 150, 250, 350):
        cv2.line(mask, (40, row), (560, row), 1, 2)
    for col in (40, 300, 560):
        cv2.line(mask, (col, 50), (col, 350), 1, 2)
    ruling = find_ruling(mask > 0)
    walls = ruling.walls_at(200, 100)
    assert [round(x) for x in sorted(set(map(round, walls)))] == pytest.approx(
        [40, 300, 560], abs=2
    )
    assert ruling.walls_at(390, 100) == []
    assert without_lines(mask > 0).sum() < 0.02 * mask.sum()


def test_regular_lines_make_a_ruled_area_and_others_none():
    mask = page()
    for row in range(100, 340, 40):
        cv2.line(mask, (100, row), (500, row), 1, 2)
    area = ruled_area(find_ruling(mask > 0))
    assert cv2.pointPolygonTest(area, (300, 200), False) > 0
    assert cv2.pointPolygonTest(area, (40, 200), False) < 0
    few = page()
    cv2.line(few, (20, 100), (580, 100), 1, 2)
    assert ruled_area(find_ruling(few > 0)) is None


@pytest.mark.parametrize("degrees", [-12, -3, 5, 15])
def test_tilt_is_that_of_the_lines(degrees):
    mask = page(600, 600)
    for row in range(100, 560, 60):
        cv2.line(mask, (40, row), (560, row), 255, 2)
    turn = cv2.getRotationMatrix2D((300, 300), degrees, 1)
    assert tilt(cv2.warpAffine(mask, turn, (600, 600)) > 100) == pytest.approx(degrees, abs=0.8)


def test_writing_without_lines_has_no_tilt():
    assert tilt(digit(page(), "358", 100, 200) > 0) == 0


def test_frames_go_and_what_is_written_in_them_stays():
    mask = page()
    for place in range(4):
        cv2.rectangle(mask, (60 + 90 * place, 100), (130 + 90 * place, 200), 1, 3)
        digit(mask, "5", 76 + 90 * place, 172)
    cleaned, openings = take_frames_out(mask > 0)
    num, _, stats, _ = cv2.connectedComponentsWithStats(cleaned.astype(np.uint8))
    assert len(openings) == 4 and num - 1 == 4 and stats[1:, cv2.CC_STAT_HEIGHT].max() < 70


def test_a_zero_and_an_empty_box_are_no_frames():
    mask = digit(page(), "0", 100, 200)
    cv2.rectangle(mask, (300, 100), (370, 200), 1, 4)
    cleaned, openings = take_frames_out(mask > 0)
    assert openings == [] and (cleaned == (mask > 0)).all()
