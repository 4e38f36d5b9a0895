"""A sheet's ink is found in any light, without its lines, frames, edges and specks."""

import cv2
import numpy as np
import pytest

from benchmarks.sheets import sheet
from model.ink.page import DRAWINGS, prepare
from model.ink.sheet import find_panel, find_sheet, whole_picture


def pieces_of(picture: np.ndarray) -> list:
    return prepare(whole_picture(picture)).pieces


@pytest.mark.parametrize(
    "looks",
    [
        {},
        {"gradient": 0.6},
        {"noise": 8},
        {"gradient": 0.5, "noise": 6, "ground": 190, "ink": 90},
        {"ground": 30, "ink": 220},
        {"ground": 95, "ink": 25, "gradient": 0.3},
        {"ground": 230, "ink": 190},
        {"ruled": True},
        {"ruled": True, "gradient": 0.5},
    ],
    ids=[
        *("plain", "uneven light", "noise", "dim and grey", "light on dark", "underexposed"),
        *("pencil", "ruled", "ruled and uneven"),
    ],
)
def test_six_digits_are_found_in_any_light(looks):
    found = pieces_of(sheet(**looks))
    large = [piece for piece in found if piece.height > 60]
    assert len(large) == 6 and len(found) <= 7  # the bar of a 5 may stay apart


@pytest.mark.parametrize("degrees", [-8, -3, 4, 9])
def test_ruled_paper_is_levelled(degrees):
    picture = sheet(ruled=True)
    rows, cols = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((cols / 2, rows / 2), degrees, 1)
    turned = cv2.warpAffine(picture, turn, (cols, rows), borderMode=cv2.BORDER_REPLICATE)
    page = prepare(whole_picture(turned))
    back = page.sheet.to_picture
    angle = np.rad2deg(np.arctan2(-back[1, 0], back[0, 0]))
    assert angle == pytest.approx(degrees, abs=1)


@pytest.mark.parametrize("ground", [20, 90])
def test_a_sheet_on_a_dark_desk_is_straightened(ground):
    picture = sheet()
    rows, cols = picture.shape[:2]
    desk = np.full((rows + 400, cols + 500, 3), ground, np.uint8)
    corners = np.float32(
        [[180, 150], [cols + 220, 190], [cols + 170, rows + 210], [140, rows + 160]]
    )
    whole = np.float32([[0, 0], [cols, 0], [cols, rows], [0, rows]])
    warp = cv2.getPerspectiveTransform(whole, corners)
    cv2.warpPerspective(
        picture, warp, desk.shape[1::-1], dst=desk, borderMode=cv2.BORDER_TRANSPARENT
    )
    found = find_sheet(desk)
    assert found is not None
    box = found.box_in_picture((0, 0, found.grey.shape[1], found.grey.shape[0]))
    assert box == pytest.approx((140, 150, cols + 220, rows + 210), abs=25)
    assert len([piece for piece in prepare(found).pieces if piece.height > 60]) == 6


def test_paper_that_fills_the_picture_and_glare_are_no_sheet():
    assert find_sheet(sheet()) is None
    glare = sheet().astype(float) * 0.6
    rows, cols = np.ogrid[: glare.shape[0], : glare.shape[1]]
    glare += 90 * np.exp(-((rows - 250) ** 2 + (cols - 300) ** 2) / 2 / 90**2)[..., None]
    assert find_sheet(np.clip(glare, 0, 255).astype(np.uint8)) is None


def test_a_dark_panel_on_a_light_page_is_found():
    page = np.full((500, 700, 3), 250, np.uint8)
    page[120:400, 200:500] = 10
    found = find_panel(page)
    assert found.box_in_picture((0, 0, found.grey.shape[1], found.grey.shape[0])) == pytest.approx(
        (200, 120, 500, 400), abs=12
    )


def test_turning_and_levelling_map_places_back():
    whole = whole_picture(sheet())
    for quarters in range(4):
        turned = whole.turned(quarters)
        rows, cols = turned.grey.shape
        assert turned.box_in_picture((0, 0, cols, rows)) == whole.box_in_picture(
            (0, 0, *whole.grey.shape[::-1])
        )
    level = whole.levelled(5)
    assert level.grey.shape[0] > whole.grey.shape[0]
    rows, cols = level.grey.shape
    left, top, right, bottom = level.box_in_picture((cols / 2, rows / 2, cols / 2, rows / 2))
    assert (left + right) / 2 == pytest.approx(whole.grey.shape[1] / 2, abs=2)
    assert (top + bottom) / 2 == pytest.approx(whole.grey.shape[0] / 2, abs=2)


def test_a_frame_is_taken_off_and_its_digit_stays():
    picture = np.full((300, 300, 3), 240, np.uint8)
    cv2.rectangle(picture, (40, 40), (260, 260), (30, 30, 30), 5)
    cv2.putText(picture, "4", (110, 200), cv2.FONT_HERSHEY_SIMPLEX, 4, (20, 20, 20), 8)
    found = [piece for piece in pieces_of(picture) if piece.height > 30]
    assert len(found) == 1 and found[0].height < 0.5 * 500 / 300 * 300


def test_bars_of_sevens_on_a_ruled_line_stay():
    page = np.full((400, 600, 3), 235, np.uint8)
    for row in range(50, 400, 60):
        page[row : row + 2] = 150
    for left in (60, 200, 340):
        strokes = np.array([[left, 172], [left + 70, 172], [left + 20, 280]])
        cv2.polylines(page, [strokes], False, (30, 30, 30), 7)
    found = [piece for piece in pieces_of(page) if piece.height > 60]
    assert len(found) == 3 and all(piece.width > 55 for piece in found)


def test_a_shadow_at_the_edge_is_left_out():
    picture = sheet()
    picture[:, -40:] = 20
    page = prepare(whole_picture(picture))
    assert len([piece for piece in page.pieces if piece.height > 60]) == 6
    assert page.left_out[DRAWINGS] <= 1


def test_bare_paper_has_no_ink():
    rng = np.random.default_rng(0)
    noise = np.clip(220 + rng.normal(0, 6, (600, 800)), 0, 255).astype(np.uint8)
    assert prepare(whole_picture(np.repeat(noise[..., None], 3, axis=2))).pieces == []
