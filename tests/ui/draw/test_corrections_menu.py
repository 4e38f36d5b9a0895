"""The menu "Wrong?" on the Draw page."""

import numpy as np

from model.files import runs
from model.ink.frame import strokes_to_mnist
from model.reading.personalisation import Personalisation
from model.reading.recognizer import Recognizer
from ops.corrections import Corrections
from tests.support import TRAINED
from tests.ui.pages import (
    ONE,
    SEVEN,
    draw,
    drawing,
    has_text,
    page,
    prediction,
    press,
    press_key,
    settled,
)


def test_a_tapped_digit_is_stored_and_undo_deletes_only_it():
    store = Corrections()
    app = draw(SEVEN)
    assert not store.path.exists()  # nothing is kept unasked
    app = press(app, "1")
    (kept,) = store.load()
    assert (kept.label, kept.predicted) == (1, 7)
    assert kept.network == runs.load_report(TRAINED)["run"]
    assert np.allclose(kept.strokes[0], [[80, 60], [200, 60], [120, 230]])
    assert has_text(app.markdown, "Saved as a 1.")
    first = press(press(draw(ONE), "7"), "7")  # twice the same is once
    assert [each.label for each in store.load()] == [7, 1]
    first = press(first, "4")  # and another digit replaces it
    assert [each.label for each in store.load()] == [4, 1]
    app = press_key(first, "not-kept")
    assert [each.label for each in store.load()] == [1]
    assert prediction(app) == "1" and not has_text(app.markdown, "Kept")


def test_with_a_profile_the_plain_networks_answer_is_stored():
    network = Recognizer.load()
    frame = strokes_to_mnist([np.array([[80.0, 60], [200, 60], [120, 230]])], 280)
    nine = Personalisation(network.features(frame[None]), 50 * np.eye(10)[[9]], network.key)
    app = page("draw")
    app.session_state["wrong"] = True
    app.session_state["profile"], app.session_state["canvas"] = nine, drawing(SEVEN)
    app = settled(app.run())
    assert prediction(app) == "9"
    press(app, "1")
    (stored,) = Corrections().load()
    assert stored.network == network.version
    assert np.array_equal(stored.probabilities, network.probabilities(frame[None])[0])


def test_another_drawing_is_not_corrected_yet():
    app = press(draw(SEVEN), "1")
    app.session_state["canvas"] = drawing(SEVEN, (["M", 110, 140], ["L", 190, 140]))
    app = settled(app.run())
    assert not has_text(app.markdown, "Kept")
    press(app, "2")
    assert [each.label for each in Corrections().load()] == [2, 1]


def test_a_damaged_file_of_corrections_leaves_the_drawing(corrections_path, caplog):
    app = draw(SEVEN)
    corrections_path.parent.mkdir()
    corrections_path.write_bytes(b"no database" * 500)
    app = press(app, "1")
    assert "can't be used" in app.warning[0].value and "is damaged" in caplog.text
    assert prediction(app) == "7" and app.session_state["canvas_drawing"]
    corrections_path.unlink()
    app = press(app, "1")
    assert not app.warning and len(Corrections()) == 1
    corrections_path.write_bytes(b"no database" * 500)
    app = press_key(app, "not-kept")
    assert "can't be used" in app.warning[0].value
    assert has_text(app.markdown, "Saved as a 1.")


def test_a_silent_database_leaves_the_drawing_and_takes_it_later(postgres, corrections_database):
    app = draw(SEVEN)
    postgres.stop()
    try:
        app = press(app, "1")
    finally:
        postgres.start()
    assert "can't be used" in app.warning[0].value
    assert prediction(app) == "7" and app.session_state["canvas_drawing"]
    app = press(app, "1")
    assert not app.warning and [each.label for each in Corrections().load()] == [1]
    press_key(app, "not-kept")
    assert len(Corrections()) == 0
