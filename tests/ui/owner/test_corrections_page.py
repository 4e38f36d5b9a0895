"""The Corrections page."""

from streamlit.testing.v1 import AppTest

from ops.corrections import Corrections
from tests.ui.pages import opened, press, settled, store_corrections


def labels(app: AppTest) -> list[str]:
    return [box.label for box in app.checkbox]


def test_without_corrections_the_page_says_how_to_make_one(corrections_path, corrections_open):
    app = opened("corrections")
    assert "Wrong?" in app.info[0].value
    assert str(corrections_path) in app.caption[0].value
    assert "train.py --corrections" in app.caption[0].value
    assert not corrections_path.exists()


def test_corrections_are_shown_in_pages_and_deleted_when_ticked(corrections_open):
    store_corrections(50)
    app = opened("corrections")
    assert len(app.checkbox) == 48 and labels(app)[:2] == [
        "read 7, should be 9",
        "read 7, should be 8",
    ]
    assert app.caption[0].value.endswith("UTC, a run")
    app.number_input[0].set_value(2)
    app = settled(app.run())
    assert labels(app) == ["read 7, should be 1", "read 7, should be 0"]
    assert next(each for each in app.button if each.label == "Delete selected").disabled
    app.checkbox[0].check()
    app = press(settled(app.run()), "Delete 1 selected")
    assert labels(app) == ["read 7, should be 0"]
    app.checkbox[0].check()
    app = press(settled(app.run()), "Delete 1 selected")  # the second page is gone with it
    assert len(app.checkbox) == 48 == len(Corrections())
    app = press(app, "Yes, delete all 48")
    assert app.info and len(Corrections()) == 0


def test_a_damaged_file_of_corrections_gets_a_sentence(corrections_path, corrections_open):
    store_corrections(2)
    app = opened("corrections")
    whole = corrections_path.read_bytes()
    corrections_path.write_bytes(b"no database" * 500)
    app = press(app, "Yes, delete all 2")
    assert all("is damaged" in warning.value for warning in app.warning) and app.warning
    corrections_path.write_bytes(whole)
    app = settled(app.run())
    assert len(app.checkbox) == 2 and not app.warning
