"""The page How it works."""

from tests.ui.pages import SEVEN, drawing, opened, page, settled


def test_the_lab_shows_the_steps_and_other_preparations():
    app = page("lab")
    app.session_state["canvas"] = drawing(SEVEN)
    app = settled(app.run())
    assert [heading.value for heading in app.subheader] == [
        "From your pen to the answer",
        "The same drawing in other demos",
    ]
    assert len(app.get("image")) == 3 + 2 + 4  # steps, layers, other ways
    assert opened("lab").info
