"""The Photo page."""

import operator

import pytest

from tests.model.ink.test_decode import saved
from tests.ui.pages import has_text, opened, settled
from ui.paper import photo


def with_photo(content: bytes):
    app = opened("photo")
    app.file_uploader[0].upload("sheet.png", content, "image/png")
    return settled(app.run())


def test_a_photo_is_read_and_a_bad_file_gets_a_sentence():
    assert "Choose a picture" in opened("photo").info[0].value
    app = with_photo(saved("PNG"))
    assert app.metric[0].value == "6" and len(app.code[0].value) == 6
    app.file_uploader[0].upload("broken.png", b"no picture", "image/png")
    assert "no whole PNG" in settled(app.run()).warning[0].value


def test_a_dozen_doubtful_digits_can_be_corrected(always_doubtful, monkeypatch):
    app = with_photo(saved("PNG"))
    first, *others = app.get("button_group")
    assert len(others) == 5
    was = app.code[0].value
    first.set_value(int(first.options[1]))
    app = settled(app.run())
    assert app.code[0].value == first.options[1] + was[1:]
    monkeypatch.setattr("ui.answer.MAX_ASKED", 4)
    app = settled(app.run())
    assert len(app.get("button_group")) == 4
    assert has_text(app.caption, "2 less doubtful digits are not listed")


@pytest.mark.parametrize("place", ["DECODER.decode", "read_sheet"])
def test_a_click_does_not_read_the_photo_again(always_doubtful, monkeypatch, place):
    calls, function = [], operator.attrgetter(place)(photo)
    monkeypatch.setattr(
        f"ui.paper.photo.{place}", lambda *args: calls.append(place) or function(*args)
    )
    app = with_photo(saved("PNG"))
    pills = app.get("button_group")[0]
    pills.set_value(int(pills.options[1]))
    settled(app.run())
    assert len(calls) == 1
    app.file_uploader[0].upload("sheet.png", saved("JPEG"), "image/jpeg")
    settled(app.run())
    assert len(calls) == 2
