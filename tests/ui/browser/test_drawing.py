"""Draw, Lab and Handwriting in real Chromium, with mouse and finger, through a real server."""

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from streamlit.proto.BackMsg_pb2 import BackMsg

from benchmarks.page import (
    ANSWER,
    LOWER,
    ONE,
    PAGES,
    SEVEN,
    canvas_of,
    draw,
    expect_prediction,
    expect_strokes,
    places,
    ready_to_draw,
    visit,
)
from model.ink.frame import ink_from_picture, strokes_to_mnist, to_mnist
from tests.ui.browser.actions import DIGITS, draw_by_finger

pytestmark = pytest.mark.browser


def hint(page):
    """What the panel says while nothing is drawn."""
    return page.locator(".answer .note").filter(has_text="Draw a digit here")


def test_a_seven_and_a_one_are_read_cleared_and_undone(page):
    assert hint(page).is_visible()
    draw(page, SEVEN)
    expect_prediction(page, "7")
    page.get_by_role("button", name="Clear").click()
    hint(page).wait_for()
    expect(page.locator(ANSWER)).to_have_text("")
    draw(page, ONE)
    expect_prediction(page, "1")
    draw(page, ((60, 55), (140, 50)))
    expect(page.locator(ANSWER)).not_to_have_text("1")
    expect_strokes(page, 2)
    page.get_by_role("button", name="Undo").click()
    expect_prediction(page, "1")


def test_a_report_of_the_page_that_was_left_does_not_empty_the_next_one(browser, address):
    page, reports, visits = browser.new_page(), [], []
    is_holding = False

    def route(connection):
        server = connection.connect_to_server()

        def send_or_hold(message):
            rerun = BackMsg.FromString(message).rerun_script
            if not is_holding:
                server.send(message)
            elif rerun.fragment_id:
                reports.append(message)
            else:
                visits.append((server, message))

        connection.on_message(send_or_hold)

    page.route_web_socket(re.compile("/_stcore/stream"), route)
    page.goto(address)
    ready_to_draw(page)
    is_holding = True
    draw(page, SEVEN)
    page.get_by_test_id("stTopNavSection").filter(has_text="Understand").click()
    page.get_by_role("menuitem", name="My handwriting", exact=True).click()
    while not reports or not visits:
        page.wait_for_timeout(20)
    [(server, visit_message)] = visits
    num_late = len(reports)
    for message in (visit_message, *reports):  # the reports come while the next page runs
        server.send(message)
    page.get_by_role("heading", name="My handwriting", exact=True).wait_for()
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    is_holding = False
    for message in reports[num_late:]:
        server.send(message)
    ready_to_draw(page)
    draw(page, SEVEN)
    expect(page.get_by_role("button", name="Next")).to_be_enabled()
    page.close()


def test_the_drawing_and_its_answer_outlive_a_visit_to_the_other_pages(page):
    draw(page, SEVEN)
    expect_prediction(page, "7")
    for name in ("How it works", "Test images", "Results and runs", "Draw"):
        visit(page, name)
    expect_prediction(page, "7")
    ready_to_draw(page)
    page.wait_for_function(  # the canvas shows the strokes again a moment later
        f"upper => {{ const lower = {LOWER};"
        " const data = lower.getContext('2d').getImageData(0, 0, 280, 280).data;"
        " let inked = 0; for (let i = 0; i < data.length; i += 4) inked += data[i] > 128;"
        " return inked > 1000 }",
        arg=canvas_of(page).element_handle(),
    )
    draw(page, ((110, 140), (190, 140)))  # a crossed seven is still one
    expect_prediction(page, "7")


def test_every_page_opens_without_an_error_and_fits_the_width(page):
    for name in PAGES:
        visit(page, name)
        if name == "Test images":
            page.get_by_text("Shown instead").wait_for()
            page.locator("button.tile").first.wait_for()
        assert page.get_by_test_id("stException").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_answer_follows_the_pen_before_it_is_lifted(page):
    (x, y), *rest = places(page, SEVEN)
    page.mouse.move(x, y)
    page.mouse.down()
    for x, y in rest:
        page.mouse.move(x, y, steps=10)
    expect_prediction(page, "7")
    page.mouse.up()
    expect_prediction(page, "7")
    expect_strokes(page, 1)


@pytest.mark.parametrize("where", ["Redo", "outside"])
def test_a_stroke_released_over_a_disabled_button_or_outside_the_window_is_read(page, where):
    *_, (x, _) = places(page, SEVEN)
    redo = page.get_by_role("button", name="Redo")
    expect(redo).to_be_disabled()
    box = redo.bounding_box()
    draw(page, SEVEN, lift=False)
    if where == "Redo":
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    else:
        page.mouse.move(x, page.viewport_size["height"] + 60)
    page.mouse.up()
    expect_strokes(page, 1)
    expect(page.locator(ANSWER)).to_have_text(re.compile("[17]"))
    draw(page, ((40, 240), (60, 240)))
    expect_strokes(page, 2)  # the first one is still there


def test_a_stroke_begun_before_the_canvas_is_ready_is_read_and_shown(browser, address):
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    canvas_of(page).wait_for()
    draw(page, SEVEN)  # at once
    expect_prediction(page, "7")
    expect_strokes(page, 1)
    context.close()


def test_a_reload_keeps_the_drawing(page):
    draw(page, SEVEN)
    expect_prediction(page, "7")
    expect_strokes(page, 1)
    page.reload()
    expect_prediction(page, "7")
    page.get_by_role("button", name="Clear").click()
    hint(page).wait_for()
    page.wait_for_function("sessionStorage.digitpad === '[]'")
    page.reload()
    ready_to_draw(page)
    hint(page).wait_for()


def test_a_phone_shows_answer_canvas_and_buttons_at_once(browser, address):
    for width, height in ((390, 664), (360, 640)):
        context = browser.new_context(
            viewport={"width": width, "height": height}, has_touch=True, is_mobile=True
        )
        page = context.new_page()
        page.goto(address)
        canvas_of(page).wait_for()
        page.get_by_role("button", name="Example").click()
        expect(page.locator(ANSWER)).not_to_have_text("")
        answer, canvas = page.locator(ANSWER).bounding_box(), canvas_of(page).bounding_box()
        button = page.get_by_role("button", name="Example").bounding_box()
        assert answer["y"] + answer["height"] <= canvas["y"]
        assert canvas["width"] >= width - 40 and canvas["width"] == canvas["height"]
        assert button["y"] + button["height"] <= height
        context.close()


def test_the_top_right_corner_can_be_drawn_on_with_a_finger(page):
    if not page.evaluate("navigator.maxTouchPoints"):
        pytest.skip("a mouse: the other visitor has the finger")
    draw_by_finger(page, ((20, 14), (270, 14), (200, 140), (130, 265)))
    expect_prediction(page, "7")


def test_the_ink_on_the_screen_is_where_the_strokes_say(page):
    draw(page, SEVEN)
    expect_prediction(page, "7")
    url = canvas_of(page).evaluate(f"upper => {LOWER}.toDataURL('image/png')")
    shown = np.array(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))))
    flat = shown[..., 0] * (shown[..., 3] / 255)  # white ink on black or on clear paper
    seen = to_mnist(ink_from_picture(flat.astype(np.uint8)))
    drawn = strokes_to_mnist([np.array(SEVEN, float)], 280)
    assert np.abs(seen - drawn).mean() < 0.03


def test_nothing_moves_while_the_answer_changes(page):
    def places():
        parts = (".digit", ".confidence", ".frame", ".bars")
        boxes = [page.locator(f".answer {part}").bounding_box() for part in parts]
        return [*boxes, canvas_of(page).bounding_box()]

    draw(page, SEVEN)
    expect_prediction(page, "7")
    before = places()
    draw(page, ((60, 140), (230, 100), (60, 60), (230, 200), (60, 220), (140, 30), (150, 250)))
    page.locator(".answer .note").filter(has_text="Not a digit?").wait_for()
    expect_strokes(page, 2)
    assert places() == before
    page.get_by_role("button", name="Undo").click()
    expect_prediction(page, "7")
    assert places() == before


def test_a_screen_reader_is_told_the_answer_each_time_it_changes(page):
    draw(page, SEVEN)
    spoken = page.get_by_role("status").filter(has_text="It reads")
    expect(spoken).to_contain_text("It reads 7")
    page.get_by_role("button", name="Clear").click()
    hint(page).wait_for()
    draw(page, ONE)
    expect(spoken).to_contain_text("It reads 1")
    draw(page, ((220, 80), (220, 200)))
    expect(spoken).to_contain_text("the number 11")


def test_two_digits_side_by_side_become_one_number(page):
    draw(page, ((60, 80), (60, 200)))
    expect_prediction(page, "1")
    draw(page, ((130, 80), (220, 80), (165, 200)))
    expect_prediction(page, "17")


def test_two_digits_that_touch_are_read_and_can_be_corrected(page):
    draw(page, [(75 + 35 * np.cos(t), 110 + 50 * np.sin(t)) for t in np.linspace(0, 6.28, 24)])
    expect_prediction(page, "0")
    draw(page, ((101, 80), (161, 80), (126, 180)))
    expect_prediction(page, "07")
    page.locator(".answer .runner-up").filter(has_text="digits 1 and 2 touch").wait_for()
    asked = page.get_by_role("radiogroup", name=re.compile("doubtful")).first
    other = asked.get_by_role("radio").nth(1)
    digit = other.inner_text()
    other.click()
    expect_prediction(page, f"{digit}7")


def test_keys_undo_and_redo_and_an_example_explains_itself(page):
    page.get_by_role("button", name="Example").click()
    expect(page.locator(ANSWER)).not_to_have_text("")
    page.get_by_role("button", name="Why").click()
    page.get_by_text("supports").first.wait_for()
    page.get_by_role("button", name="Replay").click()
    page.get_by_text(re.compile("^Read as")).wait_for()
    page.get_by_role("button", name="Clear").click()
    draw(page, ONE)
    expect_prediction(page, "1")
    expect_strokes(page, 1)
    page.keyboard.press("Control+z")
    hint(page).wait_for()
    page.keyboard.press("Control+y")
    expect_prediction(page, "1")
    page.get_by_role("button", name="Download", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON").click()
    assert len(json.loads(download.value.path().read_text())["probabilities"]) == 10


def test_a_profile_is_learnt_from_twenty_drawings_used_and_stopped(page):
    draw(page, SEVEN)
    expect_prediction(page, "7")
    visit(page, "My handwriting")
    ready_to_draw(page)
    go_on = page.get_by_role("button", name="Next")
    for number in range(20):
        page.get_by_text(f"{number} of 20").wait_for()
        for stroke in DIGITS[number % 10]:
            draw(page, stroke)
        expect(go_on).to_be_enabled()
        go_on.click()
    page.get_by_text("Your profile is in use on all pages").wait_for()
    visit(page, "Draw")
    page.get_by_text("Using your handwriting profile.").wait_for()
    expect_prediction(page, "7")  # what was drawn before is still there
    visit(page, "My handwriting")
    page.get_by_role("button", name="Stop using my profile").click()
    page.get_by_text("Your profile is not in use").wait_for()


def test_back_clears_the_canvas_before_asking_again(page):
    visit(page, "My handwriting")
    ready_to_draw(page)
    go_on = page.get_by_role("button", name="Next")
    for stroke in DIGITS[0]:
        draw(page, stroke)
    expect(go_on).to_be_enabled()
    go_on.click()
    page.get_by_text("1 of 20").wait_for()
    draw(page, SEVEN)
    page.get_by_text("This looks like 7, not like 1.").wait_for()
    page.get_by_role("button", name="Back", exact=True).click()
    page.get_by_text("Draw a 0, as you usually write it").wait_for()
    expect(go_on).to_be_disabled()
    expect(page.get_by_text("This looks like")).to_have_count(0)


def test_a_number_on_the_wide_canvas_fits_the_square_one_afterwards(page):
    wide = page.get_by_role("radio", name="Wide canvas")
    if page.viewport_size["width"] < 900:
        expect(wide).to_be_hidden()  # there is no room for it
        return
    wide.click()
    page.locator(".st-key-canvas_wide").wait_for()
    ready_to_draw(page)
    draw(page, SEVEN)
    expect_prediction(page, "7")
    draw(page, ((500, 50), (498, 230)))
    expect_prediction(page, "71")
    page.get_by_role("radio", name="Canvas", exact=True).click()
    page.locator(".st-key-wide_pen").wait_for(state="detached")
    expect_prediction(page, "71")
    expect(page.get_by_role("button", name="Undo")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect_prediction(page, "71")


def test_the_replay_plays_to_its_end_and_stops(page):
    draw(page, SEVEN)
    page.get_by_role("button", name="Replay").click()
    player = page.locator(".replay")
    player.locator("output").filter(has_text="7").filter(
        has_text="100% of the pen's path"
    ).wait_for()
    player.get_by_role("button", name="Play").click()
    player.get_by_role("button", name="Pause").wait_for()
    player.get_by_role("button", name="Play").wait_for()
    expect(player.locator("output")).to_contain_text("100% of the pen's path")
    player.get_by_role("slider").press("Home")
    expect(player.locator("output")).not_to_contain_text("100% of the pen's path")


def test_a_look_alike_opens_on_its_page(page):
    draw(page, SEVEN)
    page.get_by_role("button", name="Look-alikes").click()
    tile = page.locator(".tile").first
    name = tile.get_attribute("aria-label")
    tile.click()
    number = re.match(r"Image (\d+): a \d", name)[1]
    page.get_by_role("dialog").get_by_text(f"Image {number} of").wait_for()


def test_a_wrong_answer_is_corrected_seen_and_deleted(page):
    draw(page, SEVEN)
    expect_prediction(page, "7")
    page.get_by_test_id("stPopoverButton").get_by_text("Wrong?").click()
    page.get_by_role("button", name="1", exact=True).click()
    page.get_by_text("Saved as a 1.").wait_for()
    page.keyboard.press("Escape")
    canvas_of(page).scroll_into_view_if_needed()
    draw(page, ((110, 140), (190, 140)))  # drawn on: nothing was said of this one
    page.get_by_test_id("stPopoverButton").get_by_text("Wrong?").click()
    page.get_by_text("Saved as a 1.").wait_for(state="hidden")
    page.get_by_role("button", name="2", exact=True).click()
    page.get_by_text("Saved as a 2.").wait_for()
    page.get_by_test_id("stPopoverBody").get_by_role("button", name="Undo").click()
    page.get_by_text("Saved as a 2.").wait_for(state="hidden")
    page.keyboard.press("Escape")
    visit(page, "Corrections")
    page.get_by_text("read 7, should be 1").click()
    assert page.get_by_role("checkbox").count() == 1
    page.get_by_text("Delete 1 selected").click()
    page.get_by_text("No corrections yet").wait_for()
