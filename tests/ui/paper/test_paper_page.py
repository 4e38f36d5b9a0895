"""The page Paper: pictures become tables that a visitor corrects."""

import numpy as np
import pytest

from ops.corrections import Corrections
from tests.model.ink.test_decode import saved
from tests.ui.pages import has_text, opened, press_key, settled
from ui.paper import documents
from ui.paper.boxes import event_of
from ui.paper.page import shown_table


def with_picture(content: bytes, name: str = "sheet.png"):
    app = opened("paper")
    app.file_uploader[0].upload(name, content, "image/png")
    return settled(app.run())


def pages_of(app) -> list:
    return app.session_state["paper_pages"]


def test_a_picture_becomes_a_table_and_a_bad_file_gets_a_sentence():
    assert "Choose pictures" in opened("paper").info[0].value
    app = with_picture(saved("PNG"))
    (page,) = pages_of(app)
    assert len(page.reading.digits) == 6 and len(shown_table(page.reading)) == 2
    app.file_uploader[0].upload("broken.png", b"no picture", "image/png")
    app = settled(app.run())
    assert "broken.png: A file of this kind can't be read here" in app.warning[0].value
    assert len(pages_of(app)) == 1


def test_a_blank_picture_is_told_by_its_name():
    from tests.pictures_for_programs import saved as saved_picture

    app = with_picture(saved_picture(np.full((200, 300), 230, np.uint8)), "blank.png")
    assert "blank.png: No digit was found" in app.info[0].value and not pages_of(app)


def test_a_click_does_not_read_a_picture_again(monkeypatch):
    calls, read = [], documents.read_paper
    monkeypatch.setattr(documents, "read_paper", lambda *args: calls.append(1) or read(*args))
    app = with_picture(saved("PNG"))
    settled(app.run())
    assert len(calls) == 1
    app.file_uploader[0].upload("other.png", saved("JPEG"), "image/jpeg")
    settled(app.run())
    assert len(calls) == 2


def test_a_chosen_digit_shows_all_ten_and_takes_the_answer():
    app = with_picture(saved("PNG"))
    (page,) = pages_of(app)
    page.chosen = 1
    app = settled(app.run())
    keys = [button.key for button in app.button]
    assert [f"is-{page.number}-1-{digit}" in keys for digit in range(10)] == [True] * 10
    app = press_key(app, f"is-{page.number}-1-9")
    (page,) = pages_of(app)
    assert page.reading.digits[1].text == "9" and page.chosen is None
    page.chosen = 0
    app = press_key(settled(app.run()), f"Not a digit-{page.number}-0")
    assert len(pages_of(app)[0].reading.digits) == 5
    assert has_text(app.caption, "1 taken out by hand")


def test_an_answer_is_stored_only_if_the_visitor_wants_that(corrections_path):
    app = with_picture(saved("PNG"))
    for is_wanted, num in ((False, 0), (True, 1)):
        (page,) = pages_of(app)
        page.chosen = 1
        app = settled(app.run())
        app.toggle(key="paper_store").set_value(is_wanted)
        app = press_key(settled(app.run()), f"is-{page.number}-1-9")
        assert len(Corrections()) == num
    (kept,) = Corrections().load()
    assert kept.label == 9 and kept.frame.max() == 255
    assert has_text(app.caption, "Saved as a 9.")


def test_doubtful_cells_have_a_mark_in_the_table(always_doubtful):
    app = with_picture(saved("PNG"))
    (page,) = pages_of(app)
    filled = [text for row in shown_table(page.reading) for text in row if text]
    assert filled and all(text.endswith(" ?") for text in filled)
    assert has_text(app.caption, "6 digits · 6 doubtful")


def test_pages_stay_until_they_are_removed():
    app = with_picture(saved("PNG"))
    (page,) = pages_of(app)
    app = press_key(app, f"remove-{page.number}")
    assert pages_of(app) == []


def test_too_many_pages_get_a_sentence(monkeypatch):
    monkeypatch.setattr(documents, "MAX_KEPT", 0)
    app = with_picture(saved("PNG"))
    assert "download and remove some first" in app.warning[0].value


def test_a_drawn_box_adds_the_digit_inside():
    from model.reading.recognizer import Recognizer

    app = with_picture(saved("PNG"))
    (page,) = pages_of(app)
    box = page.reading.digits[2].box
    documents.add_missed_digit(page, box, Recognizer.load())
    assert len(page.reading.digits) == 7 and page.reading.digits[page.chosen].box == box


@pytest.mark.parametrize(
    "sent",
    [
        *(None, 7, "1", [], {}, {"pressed": 6}, {"pressed": -1}, {"pressed": True}),
        *({"pressed": "1"}, {"drawn": [0, 0, 1]}, {"drawn": [0, 0, float("nan"), 1]}),
        *({"drawn": [0.5, 0.5, 0, 0]}, {"drawn": [-1, 0, 1, 1]}, {"drawn": "0011"}),
    ],
    ids=repr,
)
def test_events_that_make_no_sense_do_nothing(sent):
    assert event_of(sent, (100, 50), 6) is None


def test_events_name_a_digit_or_a_box_in_pixels():
    assert event_of({"pressed": 5, "count": 1}, (100, 50), 6) == 5
    assert event_of({"drawn": [0.1, 0.2, 0.3, 0.4]}, (100, 50), 6) == (10, 10, 40, 30)
    assert event_of({"drawn": [0.9, 0.9, 0.9, 0.9]}, (100, 50), 6) == (90, 45, 100, 50)
